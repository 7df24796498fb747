#include "advisor/native_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "advisor/facts.h"
#include "advisor/figures.h"

namespace tidemill::advisor {
namespace {

using eventlog::Confidence;
using eventlog::Finding;

constexpr double kSpillRate = 400e6;    // bytes a second, there and back, of a local disk
constexpr int64_t kManyFiles = 50;      // as for Spark's runs
constexpr double kFileSeconds = 0.004;  // Rates::file_seconds
constexpr double kQuoteOff = 0.5;       // of what was quoted
constexpr double kLittleMemory = 0.25;  // of the budget
constexpr int64_t kSmallBudget = int64_t{2} << 30;

double Number(int64_t value) { return static_cast<double>(value); }

}  // namespace

std::vector<Finding> FindInNativeRun(const NativeRun& run) {
  std::vector<Finding> out;
  if (run.peak_spill_bytes > 0) {
    const double seconds = std::min(0.5 * run.seconds, 2 * Number(run.peak_spill_bytes) / kSpillRate);
    Finding finding{"spill", fmt::format("It spilled {} to disk", BytesText(Number(run.peak_spill_bytes)))};
    finding.figures = {{"spilled", BytesText(Number(run.peak_spill_bytes))},
                       {"budget", BytesText(Number(run.memory_bytes))}};
    finding.advice = fmt::format("--memory {}", BytesText(Number(run.memory_bytes + run.peak_spill_bytes)));
    finding.seconds = {seconds * 0.3, seconds, seconds * 1.5};
    out.push_back(std::move(finding));
  }
  if (run.files_written >= kManyFiles && run.bytes_written < kSmallFile * run.files_written) {
    const double seconds = Number(run.files_written) * kFileSeconds;
    Finding finding{"small_files_written",
                    fmt::format("It wrote {} files of {}", run.files_written,
                                BytesText(Number(run.bytes_written) / Number(run.files_written)))};
    finding.figures = {{"files", CountText(Number(run.files_written))},
                       {"bytes", BytesText(Number(run.bytes_written))}};
    finding.advice =
        "a coarser sink.partition_by (month in place of day), or larger windows; `tidemill table optimize` for what is "
        "there";
    finding.seconds = {seconds * 0.5, seconds, seconds * 4};
    out.push_back(std::move(finding));
  }
  if (run.quoted_seconds > 0 && std::abs(run.seconds / run.quoted_seconds - 1) > kQuoteOff) {
    Finding finding{"quote_off", fmt::format("It took {} where {} were quoted", SecondsText(run.seconds),
                                             SecondsText(run.quoted_seconds))};
    finding.figures = {{"took", SecondsText(run.seconds)}, {"quoted", SecondsText(run.quoted_seconds)}};
    finding.advice = "`tidemill calibrate` measures this machine; the job's next quotes learn from this run";
    finding.confidence = Confidence::kLow;
    out.push_back(std::move(finding));
  }
  if (run.memory_bytes >= kSmallBudget && run.peak_memory_bytes > 0 &&
      Number(run.peak_memory_bytes) < kLittleMemory * Number(run.memory_bytes)) {
    Finding finding{"memory_over", fmt::format("It used {} of {}", BytesText(Number(run.peak_memory_bytes)),
                                               BytesText(Number(run.memory_bytes)))};
    finding.figures = {{"peak", BytesText(Number(run.peak_memory_bytes))},
                       {"budget", BytesText(Number(run.memory_bytes))}};
    finding.advice =
        fmt::format("--memory {}: more runs side by side fit", BytesText(2 * Number(run.peak_memory_bytes)));
    finding.confidence = Confidence::kLow;
    out.push_back(std::move(finding));
  }
  return out;
}

}  // namespace tidemill::advisor
