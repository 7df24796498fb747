#include "job/costs.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <sstream>

namespace tidemill::job {
namespace {

std::vector<std::string> Groups(const LedgerRun& run, const std::string& by) {
  if (by == "class") return {run.job_class};
  if (by == "day") return {run.started.substr(0, 10)};
  if (by != "tag") return {run.job};
  std::vector<std::string> tags;
  std::stringstream text(run.tags);
  for (std::string tag; std::getline(text, tag, ',');) tags.push_back(tag);
  return tags.empty() ? std::vector<std::string>{"(none)"} : tags;
}

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

}  // namespace

std::vector<Cost> CostsBy(const std::vector<LedgerRun>& runs, const std::string& by, Timestamp since) {
  std::map<std::string, Cost> costs;
  std::map<std::string, std::vector<double>> errors;
  for (const auto& run : runs) {
    const auto started = ParseTimestamp(run.started);
    if (run.dollars < 0 || (started.ok() && *started < since)) continue;
    const double seconds = static_cast<double>(run.figures.duration.count()) / 1e6;
    for (const auto& group : Groups(run, by)) {
      Cost& cost = costs[group];
      cost.group = group;
      ++cost.runs;
      cost.bytes_read += run.figures.bytes_read;
      cost.seconds += seconds;
      cost.dollars += run.dollars;
      const bool done = run.outcome == Name(Outcome::kCommitted);
      if (done && run.quoted_seconds > 0) errors[group].push_back(std::abs(seconds / run.quoted_seconds - 1));
    }
  }
  std::vector<Cost> list;
  for (auto& [group, cost] : costs) {
    if (const auto found = errors.find(group); found != errors.end()) cost.median_quote_error = Median(found->second);
    list.push_back(std::move(cost));
  }
  return list;
}

}  // namespace tidemill::job
