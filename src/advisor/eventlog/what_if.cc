#include "advisor/eventlog/what_if.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "advisor/eventlog/model.h"
#include "advisor/figures.h"

namespace tidemill::advisor::eventlog {
namespace {

// Rules of thumb; AWS tells how often spot nodes are taken by type and month, not by hour.
constexpr double kSpotLossesPerHour = 0.05;  // of a node
constexpr double kSpotNotice = 120;          // seconds until another node works
constexpr double kErrorPerDoubling = 0.1;    // how far off the model may be, a doubling of the cores away
constexpr double kLeastError = 0.05;
constexpr double kNativeUse = 0.8;     // of the cores, by the native engine
constexpr double kNativeMemory = 0.6;  // of a machine, as its budget
constexpr double kOtherThanSql = 0.1;  // of the tasks' time: readers of schemas and the like are no query's
constexpr double kLeastMemory = 256e6;
constexpr double kUnpacked = 3;  // bytes in memory of one byte of a shuffle

Shape OwnShape(const Log& log) {
  int cores = 1;
  for (const auto& executor : log.executors) cores = std::max(cores, executor.cores);
  return {std::max(1, (log.slots() + cores - 1) / cores), cores};
}

double Hourly(const Prices& prices, const std::string& instance, bool spot) {
  const auto found = prices.instances.find(instance);
  if (found == prices.instances.end()) return 0;
  return found->second.hourly * (spot ? found->second.spot_share : 1) + found->second.emr_hourly;
}

Outcome OutcomeOf(const Log& log, const Prices& prices, const Shape& shape, const Modelled& modelled, double scale,
                  double doublings) {
  Outcome out{.shape = shape};
  const double memory_gb = static_cast<double>(log.executor_memory()) * 1.1 / (1 << 30);
  out.instance = SmallestInstance(prices, shape.cores, memory_gb);
  const double mid = modelled.seconds * scale;
  const double error = std::abs(1 - scale) + kLeastError + kErrorPerDoubling * doublings;
  out.seconds = {mid * std::max(0.1, 1 - error), mid, mid * (1 + error)};
  const double slots = shape.executors * shape.cores;
  out.utilisation = mid > 0 ? std::min(1.0, modelled.task_seconds / (slots * mid)) : 0;
  const auto dollars = [&](double seconds, bool spot) {
    return (shape.executors * Hourly(prices, out.instance, spot) + Hourly(prices, out.instance, false)) * seconds /
           3600;
  };
  out.dollars = dollars(mid, false);
  // A node that is taken away takes its part of what was shuffled with it, half of the run on average.
  const double losses = shape.executors * mid / 3600 * kSpotLossesPerHour;
  out.spot_seconds = mid + losses * (kSpotNotice + mid / 2) / shape.executors;
  out.spot_dollars = dollars(out.spot_seconds, true);
  return out;
}

OneMachine NativeOf(const Log& log, const Prices& prices, const Rates& rates) {
  OneMachine out;
  for (const auto& execution : log.executions) {
    for (const auto& node : execution.nodes) {
      if (node.name.find("Python") != std::string::npos || node.name.find("InPandas") != std::string::npos) {
        out.why = "it calls Python functions: " + node.name;
        return out;
      }
    }
  }
  double seconds = 0, other = 0;
  for (const auto& stage : log.stages) (stage.execution < 0 ? other : seconds) += stage.seconds.sum();
  if (other > kOtherThanSql * (seconds + other)) {
    out.why = fmt::format("{} of its tasks' time is no SQL", ShareText(other / (seconds + other)));
    return out;
  }
  out.memory_bytes = kLeastMemory;
  for (const auto& stage : log.stages) {
    const double shuffled = static_cast<double>(stage.sums.shuffle_read_bytes) * kUnpacked;
    const double worked =
        static_cast<double>(stage.sums.peak_memory_bytes) * static_cast<double>(stage.seconds.count());
    out.memory_bytes = std::max(out.memory_bytes, std::min(std::max(shuffled, 1.0), std::max(worked, 1.0)));
  }
  const double memory_gb = out.memory_bytes / kNativeMemory / (1 << 30);
  out.instance = SmallestInstance(prices, 2, memory_gb);
  const auto found = prices.instances.find(out.instance);
  if (found == prices.instances.end()) {
    out.why = "the price list names no machine";
    return out;
  }
  out.possible = true;
  const double mid = rates.native_start + log.sums.cpu / rates.spark_factor / (found->second.vcpus * kNativeUse);
  out.seconds = {mid * 0.5, mid, mid * 2.5};
  out.dollars = mid * found->second.hourly / 3600;
  out.why = fmt::format(
      "{} of Spark's CPU time, of which the native engine needs about a {}th; `tidemill verify` shows "
      "whether it takes the job",
      SecondsText(log.sums.cpu), static_cast<int>(std::lround(rates.spark_factor)));
  if (found->second.memory_gb < memory_gb) out.why += "; it would spill";
  return out;
}

}  // namespace

WhatIf AskWhatIf(const Log& log, const Prices& prices, const Rates& rates, const std::vector<Shape>& asked) {
  WhatIf out;
  out.measured = log.ended;
  out.own = OwnShape(log);
  const Modelled own = Model(log);
  out.modelled = own.seconds;
  out.task_seconds = own.task_seconds;
  const auto all = static_cast<int>(std::clamp<int64_t>(log.sums.tasks, 1, 1'000'000));
  out.critical_path = Model(log, {.slots = all, .stages = {}}).seconds;
  const double scale = own.seconds > 0 ? log.ended / own.seconds : 1;
  const int slots = out.own.executors * out.own.cores;
  std::vector<Shape> shapes = {out.own};
  if (out.own.executors == 1) {
    for (const int cores : {1, 2, 4, 8, 16}) {
      if (cores != out.own.cores) shapes.push_back({1, cores});
    }
  } else {
    for (const double factor : {0.5, 2.0, 4.0}) {
      shapes.push_back({std::max(1, static_cast<int>(std::lround(out.own.executors * factor))), out.own.cores});
    }
  }
  shapes.insert(shapes.end(), asked.begin(), asked.end());
  for (const Shape& shape : shapes) {
    const int now = shape.executors * shape.cores;
    const bool same = out.outcomes.empty();
    const Modelled modelled = same ? own : Model(log, {.slots = now, .stages = {}});
    out.outcomes.push_back(
        OutcomeOf(log, prices, shape, modelled, scale, std::abs(std::log2(static_cast<double>(now) / slots))));
  }
  out.native = NativeOf(log, prices, rates);
  return out;
}

}  // namespace tidemill::advisor::eventlog
