#include "app/job_windows.h"

#include <fmt/format.h>

namespace tidemill::app {

Result<std::vector<std::optional<job::Window>>> WindowsOf(const job::Job& job, const WindowFlags& flags) {
  const bool range = !flags.from.empty() || !flags.to.empty();
  if (!flags.window.empty() && range) return InvalidArgument("write --window, or --from and --to, not both");
  if (!job.window) {
    if (!flags.window.empty() && flags.window != "all") {
      return InvalidArgument(fmt::format("the job has no `window`, so it cannot be cut to {}", flags.window));
    }
    if (range) return InvalidArgument("the job has no `window`, so --from and --to cut nothing");
    return std::vector<std::optional<job::Window>>{std::nullopt};
  }
  const Micros size = job.window->size;
  if (range) {
    if (flags.from.empty() || flags.to.empty()) return InvalidArgument("write both --from and --to");
    ASSIGN_OR_RETURN(const Timestamp from, ParseTimestamp(flags.from));
    ASSIGN_OR_RETURN(const Timestamp to, ParseTimestamp(flags.to));
    ASSIGN_OR_RETURN(const auto windows, job::SplitWindows(from, to, size));
    return std::vector<std::optional<job::Window>>(windows.begin(), windows.end());
  }
  if (flags.window == "all") return std::vector<std::optional<job::Window>>{std::nullopt};
  if (flags.window.empty()) {
    return InvalidArgument(
        fmt::format("the job runs in windows of {}: say which with --window START, --from T --to T, or "
                    "take everything at once with --window all",
                    FormatDuration(size)));
  }
  ASSIGN_OR_RETURN(const job::Window window, job::ParseWindow(flags.window, size));
  RETURN_IF_ERROR(job::CheckAligned(window, size));
  return std::vector<std::optional<job::Window>>{window};
}

}  // namespace tidemill::app
