// The report's drawings, as SVG and HTML text.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/units.h"
#include "job/run.h"

namespace tidemill::job {

// A stage from `start` to `end`, counted from the run's beginning.
struct StageSpan {
  std::string name;
  Micros start{};
  Micros end{};
};
std::string TimeLine(const std::vector<StageSpan>& stages, Micros total);

// Reached beside the target, GB/min; the scale is logarithmic, for the two may be far apart.
std::string RateGauge(double reached, double target, std::string_view target_name);

// Bytes read over time: (since the beginning, bytes so far). Empty when there is nothing to draw.
std::string RateCurve(const std::vector<std::pair<Micros, int64_t>>& points);

// One bar a partition; more than fit are drawn several to a bar.
std::string PartitionChart(const std::vector<PartitionRows>& partitions);

// How many files are how large, beside the band of 128 MB to 1 GB.
std::string FileSizeChart(const std::vector<int64_t>& sizes);

}  // namespace tidemill::job
