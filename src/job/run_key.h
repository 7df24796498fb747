// Who a run is: one job over one window with one effective spec. The key is the same on every machine and in every
// attempt, and it is stamped into every commit, which is what makes running again harmless.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/units.h"
#include "job/spec.h"

namespace tidemill::job {

// [start, end) of event time; without a value the run takes all data.
struct Window {
  Timestamp start{};
  Timestamp end{};
  bool operator==(const Window&) const = default;
};

// "2013-01-01T05:00:00Z/2013-01-01T06:00:00Z".
std::string WindowText(const std::optional<Window>& window);  // "all" without a window
// The text of WindowText, or START/END or START (then `size` gives the end) as a user writes it.
Result<Window> ParseWindow(std::string_view text, std::optional<Micros> size = std::nullopt);
// The windows of `size` that cover [from, to). Both must lie on a window's edge.
Result<std::vector<Window>> SplitWindows(Timestamp from, Timestamp to, Micros size);
// kInvalidArgument naming the windows around it, unless `window` is exactly one of the job's.
Status CheckAligned(const Window& window, Micros size);

struct RunKey {
  std::string job;
  std::optional<Window> window;
  std::string spec_hash;  // 16 hexadecimal digits: 8 of what is read (the sources' paths), 8 of everything else
  // An append without a window is one run per input: other paths are other data, not a changed job.
  bool by_input = false;

  // Delta's application id: "tidemill:<job>:<window>:<spec hash>".
  std::string ToString() const;
  // What all runs of this job over this window have in common.
  std::string Prefix() const;
  // What all runs over the same data have in common, however the job was spelled: the window, or the input.
  std::string SlicePrefix() const;
  static std::string JobPrefix(std::string_view job);
  // Undoes ToString; nothing when the text is not ours.
  static std::optional<RunKey> Parse(std::string_view text);
};

RunKey KeyOf(const Job& job, const std::optional<Window>& window);

// Whether the windows of two runs of one job share time without being the same. All data shares time with every window.
bool Overlap(const RunKey& one, const RunKey& other);

// What decides the rows (and which of them are tested) in a fixed order and spelling. Left out: what people read
// (description, tags), what changes no row (class, sla, cache, file sizes, sort order, compression) and where the
// sink lies, since the key lives in the sink itself.
std::string CanonicalSpec(const Job& job);
// What is read: every source's paths (and Delta version) as written, after profile, --set and variables.
std::string CanonicalInput(const Job& job);

}  // namespace tidemill::job
