#include "advisor/eventlog/rules.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/result.h"

namespace tidemill::advisor::eventlog {
namespace {

// Below them a change is not worth the talk: runs of the same job differ by more.
constexpr double kWorthSeconds = 1, kWorthShare = 0.04;

// Findings of one rule as one: the largest speaks, the others are counted.
Finding Merge(std::vector<Finding> same) {
  std::ranges::sort(same, std::greater<>(), [](const Finding& f) { return std::pair(f.seconds.mid, f.core_hours); });
  Finding out = std::move(same.front());
  for (size_t i = 1; i < same.size(); ++i) {
    out.stages.insert(out.stages.end(), same[i].stages.begin(), same[i].stages.end());
    out.seconds.low += same[i].seconds.low;
    out.seconds.mid += same[i].seconds.mid;
    out.seconds.high += same[i].seconds.high;
    out.core_hours += same[i].core_hours;
  }
  if (same.size() > 1) out.figures.emplace_back("as in", fmt::format("{} more places", same.size() - 1));
  return out;
}

double Weight(const Finding& finding) {
  constexpr double kSure[] = {0.4, 0.7, 1};
  return finding.seconds.mid * kSure[static_cast<int>(finding.confidence)];
}

}  // namespace

std::string_view Name(Confidence confidence) {
  constexpr std::string_view kNames[] = {"low", "medium", "high"};
  return kNames[static_cast<int>(confidence)];
}

Case::Case(const Log& of)
    : log(of), seconds(Model(of).seconds), slots(of.slots()), worth(std::max(kWorthSeconds, kWorthShare * of.ended)) {}

double Case::Gain(const std::map<const Stage*, Tasks>& changed) const {
  return std::max(0.0, seconds - Model(log, {.slots = 0, .stages = changed}).seconds);
}

std::vector<const Stage*> Case::LongStages() const {
  std::vector<const Stage*> out;
  for (const auto& stage : log.stages) {
    const double last = stage.completed >= 0 ? stage.completed : stage.last_finish;
    if (last - stage.submitted >= worth) out.push_back(&stage);
  }
  return out;
}

double Rule::At(std::string_view threshold) const {
  const auto found = std::ranges::find(thresholds, threshold, &Threshold::name);
  CHECK(found != thresholds.end());
  return found->value;
}

std::vector<const Rule*> AllRules() {
  std::vector<const Rule*> out;
  for (const auto rules : {TaskRules(), FileRules(), PlanRules(), ClusterRules()}) {
    for (const auto& rule : rules) out.push_back(&rule);
  }
  return out;
}

std::vector<Finding> FindAll(const Log& log) {
  const Case now(log);
  std::vector<Finding> out;
  for (const Rule* rule : AllRules()) {
    auto found = rule->find(*rule, now);
    if (found.empty()) continue;
    Finding merged = Merge(std::move(found));
    if (merged.seconds.mid < now.worth && merged.core_hours <= 0) continue;
    merged.rule = rule->name;
    merged.confidence = rule->confidence;
    merged.seconds.high = std::min(merged.seconds.high, log.ended);
    merged.seconds.mid = std::min(merged.seconds.mid, merged.seconds.high);
    out.push_back(std::move(merged));
  }
  Rank(out);
  return out;
}

void Rank(std::vector<Finding>& findings) { std::ranges::stable_sort(findings, std::greater<>(), Weight); }

Interval Around(double seconds, Confidence confidence) {
  constexpr std::pair<double, double> kSpread[] = {{0.1, 1.6}, {0.4, 1.4}, {0.6, 1.25}};
  const auto [low, high] = kSpread[static_cast<int>(confidence)];
  return {seconds * low, seconds, seconds * high};
}

std::string Called(const Stage& stage) { return fmt::format("stage {} ({})", stage.id, stage.name); }

}  // namespace tidemill::advisor::eventlog
