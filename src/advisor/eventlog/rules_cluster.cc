// How the executors, the driver and the money were used.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "advisor/eventlog/rules.h"
#include "advisor/figures.h"

namespace tidemill::advisor::eventlog {
namespace {

using Findings = std::vector<Finding>;

double Number(int64_t value) { return static_cast<double>(value); }
double LifeOf(const Log& log, const Executor& executor) {
  return (executor.removed < 0 ? log.ended : executor.removed) - executor.added;
}

// ---- Executors that die ----

constexpr Threshold kLost[] = {{"lost executors", 1, "a healthy run loses none"},
                               {"start of another, seconds", 10, "a container, a JVM and its first tasks"}};

bool IsLoss(std::string_view reason) {
  // What Spark itself ends says so: idle ones, those of a stopped application, decommissioned ones.
  for (const std::string_view meant :
       {"idle", "Driver command", "killed by driver", "decommission", "shutdown", "stopped"}) {
    if (reason.find(meant) != std::string_view::npos) return false;
  }
  return !reason.empty();
}

Findings LostExecutors(const Rule& rule, const Case& now) {
  int64_t lost = 0;
  bool memory = false;
  std::string why;
  for (const auto& executor : now.log.executors) {
    if (executor.removed < 0 || !IsLoss(executor.removed_because)) continue;
    ++lost;
    if (why.empty()) why = executor.removed_because;
    for (const std::string_view sign : {"137", "143", "memory", "OOM", "OutOfMemory", "52"}) {
      memory |= executor.removed_because.find(sign) != std::string::npos;
    }
  }
  double redone = 0;
  Finding finding;
  for (const auto& stage : now.log.stages) {
    for (const auto& [reason, count] : stage.failures) {
      if (reason.starts_with("ExecutorLostFailure") || reason.starts_with("FetchFailed")) {
        redone += stage.sums.failed_seconds * Number(count) / Number(std::max<int64_t>(stage.sums.failed, 1));
        finding.stages.push_back(stage.id);
      }
      memory |= reason.find("OutOfMemory") != std::string::npos;
    }
  }
  if (Number(lost) < rule.At("lost executors")) return {};
  finding.what = fmt::format("{} lost: {}", lost == 1 ? "An executor is" : fmt::format("{} executors are", lost), why);
  finding.figures = {{"lost", CountText(Number(lost))},
                     {"time of their tasks", SecondsText(redone)},
                     {"the first says", why},
                     {"heap", BytesText(Number(now.log.executor_memory()))}};
  if (memory) {
    const auto heap = now.log.executor_memory();
    const auto overhead = now.log.ConfBytes("spark.executor.memoryOverhead", std::max<int64_t>(384 << 20, heap / 10));
    finding.settings = {{"spark.executor.memory", fmt::format("{}m", (heap * 3 / 2) >> 20)},
                        {"spark.executor.memoryOverhead", fmt::format("{}m", (overhead * 2) >> 20)}};
    finding.advice = "or fewer cores an executor, so that fewer tasks share its memory";
  } else {
    finding.advice = "look at the node's own log; spot nodes are better lost with spark.decommission.enabled=true";
    finding.settings = {{"spark.decommission.enabled", "true"}, {"spark.storage.decommission.enabled", "true"}};
  }
  finding.seconds =
      Around(redone / now.slots + Number(lost) * rule.At("start of another, seconds") * 0.5, rule.confidence);
  return {finding};
}

// ---- Executors that idle ----

constexpr Threshold kIdleExecutors[] = {
    {"busy by its life", 0.1, "nine tenths of what is paid for it is for nothing"},
    {"life, seconds", 5, "shorter ones have hardly begun"},
};

Findings IdleExecutors(const Rule& rule, const Case& now) {
  if (now.log.local()) return {};
  Finding finding;
  int64_t idle = 0, all = 0;
  double seconds = 0;
  for (const auto& executor : now.log.executors) {
    const double life = LifeOf(now.log, executor);
    if (life < rule.At("life, seconds")) continue;
    ++all;
    if (executor.busy >= rule.At("busy by its life") * life * executor.cores) continue;
    ++idle;
    seconds += life * executor.cores - executor.busy;
  }
  if (idle == 0) return {};
  finding.what = fmt::format("{} of {} executors have next to nothing to do", idle, all);
  finding.figures = {{"idle executors", CountText(Number(idle))}, {"their idle core time", SecondsText(seconds)}};
  finding.settings = {{"spark.dynamicAllocation.enabled", "true"},
                      {"spark.dynamicAllocation.shuffleTracking.enabled", "true"},
                      {"spark.dynamicAllocation.minExecutors", "1"},
                      {"spark.dynamicAllocation.maxExecutors", std::to_string(std::max<int64_t>(all - idle, 1))}};
  finding.advice = fmt::format("or spark.executor.instances={}", std::max<int64_t>(all - idle, 1));
  finding.core_hours = seconds / 3600;
  return {finding};
}

constexpr Threshold kIdleCores[] = {
    {"idle by paid", 0.6, "the ADR asks for well used clusters; half is what a chain of stages leaves idle by itself"},
    {"core seconds", 300, "less costs less than a cent"},
};

Findings IdleCores(const Rule& rule, const Case& now) {
  if (now.log.local()) return {};
  const double paid = now.log.core_seconds();
  double busy = 0;
  for (const auto& executor : now.log.executors) busy += executor.busy;
  if (paid < rule.At("core seconds") || paid - busy < rule.At("idle by paid") * paid) return {};
  // The smallest cluster that takes at most a tenth longer.
  int slots = now.slots;
  while (slots > 1 && Model(now.log, {.slots = slots * 3 / 4, .stages = {}}).seconds < now.seconds * 1.1)
    slots = slots * 3 / 4;
  const double saved = (1 - slots / static_cast<double>(now.slots)) * paid;
  if (saved <= 0) return {};
  Finding finding;
  finding.what = fmt::format("Cores are busy {} of the time they are paid for; {} would do in place of {}",
                             ShareText(busy / paid), slots, now.slots);
  finding.figures = {{"paid core time", SecondsText(paid)}, {"busy", SecondsText(busy)}};
  finding.settings = {{"spark.dynamicAllocation.enabled", "true"},
                      {"spark.dynamicAllocation.shuffleTracking.enabled", "true"}};
  finding.advice = "fewer executors; `--shape` shows what others would take";
  finding.core_hours = saved / 3600;
  return {finding};
}

// ---- Memory and instances ----

constexpr Threshold kOver[] = {
    {"peak by heap", 0.35, "after it, half of the heap would do with room to spare"},
    {"heap", 2.0 * (int64_t{1} << 30), "smaller ones are no matter"},
};

int64_t PeakHeap(const Log& log) {
  int64_t peak = 0;
  for (const auto& executor : log.executors) peak = std::max(peak, executor.peak_heap_bytes);
  return peak;
}

bool ShortOfMemory(const Log& log) { return log.sums.spill_disk_bytes > 0 || log.sums.gc > 0.08 * log.sums.run; }

Findings OverMemory(const Rule& rule, const Case& now) {
  const double heap = Number(now.log.executor_memory()), peak = Number(PeakHeap(now.log));
  if (now.log.local() || heap < rule.At("heap") || peak <= 0 || peak > rule.At("peak by heap") * heap ||
      ShortOfMemory(now.log))
    return {};
  const double enough = std::max(1.0 * (1 << 30), peak * 1.5);
  Finding finding;
  finding.what = fmt::format("Executors have {} of heap and use {}", BytesText(heap), BytesText(peak));
  finding.figures = {{"heap", BytesText(heap)}, {"most used", BytesText(peak)}};
  finding.settings = {
      {"spark.executor.memory", fmt::format("{}m", static_cast<int64_t>(std::ceil(enough / (1 << 20))))}};
  finding.advice = "more executors fit on a node, or the node can be a smaller one";
  finding.core_hours = now.log.core_seconds() / 3600 * (1 - enough / heap) * 0.3;
  return {finding};
}

constexpr Threshold kInstance[] = {
    {"CPU by run time", 0.85, "tasks wait for nothing but cores"},
    {"peak by heap", 0.35, "memory is not what they need"},
    {"CPU of short memory", 0.6, "with spill or GC: they wait for memory"},
    {"core seconds", 600, "less costs less than a cent or two"},
};

Findings InstanceType(const Rule& rule, const Case& now) {
  const auto& sums = now.log.sums;
  if (now.log.local() || sums.run < rule.At("core seconds")) return {};
  const double cpu = sums.cpu / sums.run, heap = Number(now.log.executor_memory()), peak = Number(PeakHeap(now.log));
  Finding finding;
  finding.figures = {{"CPU", ShareText(cpu)},
                     {"heap", BytesText(heap)},
                     {"most used", BytesText(peak)},
                     {"spilled", BytesText(Number(sums.spill_disk_bytes))}};
  if (cpu >= rule.At("CPU by run time") && peak > 0 && peak < rule.At("peak by heap") * heap &&
      !ShortOfMemory(now.log)) {
    finding.what = fmt::format("The run is bound by its cores ({} CPU) and leaves its memory alone", ShareText(cpu));
    finding.advice =
        "a type with more cores for its memory: c6g or c6i in place of r or m; the same cores for about a fifth less";
  } else if (cpu < rule.At("CPU of short memory") && ShortOfMemory(now.log)) {
    finding.what = fmt::format("The run is bound by its memory: {} CPU, {} spilled", ShareText(cpu),
                               BytesText(Number(sums.spill_disk_bytes)));
    finding.advice = "a type with more memory for its cores: r6g or r6i in place of c or m";
  } else {
    return {};
  }
  finding.core_hours = 0.2 * now.log.core_seconds() / 3600;
  return {finding};
}

// ---- The driver ----

constexpr Threshold kStart[] = {
    {"seconds", 30, "a warm cluster gives an executor in less"},
    {"by the run", 0.1, "below it, it is no matter"},
};

Findings SlowStart(const Rule& rule, const Case& now) {
  if (now.log.local() || now.log.busy.empty()) return {};
  double first = now.log.ended;
  for (const auto& executor : now.log.executors) first = std::min(first, executor.added);
  if (first < rule.At("seconds") || first < rule.At("by the run") * now.log.ended) return {};
  Finding finding;
  finding.what = fmt::format("The first executor is there after {}", SecondsText(first));
  finding.figures = {{"first executor", SecondsText(first)}, {"first task", SecondsText(now.log.busy.front().first)}};
  finding.settings = {{"spark.dynamicAllocation.initialExecutors",
                       std::to_string(std::max<int64_t>(1, std::ssize(now.log.executors)))}};
  finding.advice =
      "a cluster that is up (EMR: an idle timeout; EMR Serverless: pre-initialised capacity), spark.yarn.archive in "
      "place "
      "of an upload of Spark's jars";
  finding.seconds = Around(first * 0.7, rule.confidence);
  return {finding};
}

constexpr Threshold kDriver[] = {
    {"idle by the run", 0.3, "planning and committing leave a tenth, on a busy machine two"},
    {"longest pause, seconds", 1, "shorter ones are planning"},
    {"what can go", 0.7, "the rest is planning, listing and committing"},
};

Findings DriverBound(const Rule& rule, const Case& now) {
  const auto& busy = now.log.busy;
  if (busy.size() < 2) return {};
  double idle = 0, longest = 0, at = 0;
  for (size_t i = 1; i < busy.size(); ++i) {
    const double pause = busy[i].first - busy[i - 1].second;
    idle += pause;
    if (pause > longest) {
      longest = pause;
      at = busy[i - 1].second;
    }
  }
  const double span = busy.back().second - busy.front().first;
  if (idle < rule.At("idle by the run") * span || longest < rule.At("longest pause, seconds")) return {};
  double planning = 0;  // of it, inside a query of SQL
  for (const auto& execution : now.log.executions) {
    for (size_t i = 1; i < busy.size(); ++i) {
      const double from = std::max(busy[i - 1].second, execution.started);
      const double to = std::min(busy[i].first, execution.ended < 0 ? now.log.ended : execution.ended);
      planning += std::max(0.0, to - from);
    }
  }
  Finding finding;
  finding.what = fmt::format("No task runs for {} of {}: the driver works alone", SecondsText(idle), SecondsText(span));
  for (const auto& stage : now.log.stages) {
    if (std::abs(stage.last_finish - at) < 0.01) finding.stages.push_back(stage.id);
  }
  finding.figures = {{"without a task", SecondsText(idle)},
                     {"longest pause", fmt::format("{}, from {} on", SecondsText(longest), SecondsText(at))},
                     {"inside queries", SecondsText(std::min(planning, idle))},
                     {"jobs", CountText(Number(std::ssize(now.log.jobs)))}};
  finding.advice =
      planning > 0.5 * idle
          ? "queries plan, list files, broadcast or commit for long: fewer files and partitions, smaller plans"
          : "the program between the queries: loops over collect() or count(), pandas, calls of other services; do it "
            "in "
            "one query, or run independent queries side by side";
  finding.seconds = Around(idle * rule.At("what can go"), rule.confidence);
  return {finding};
}

constexpr Threshold kResult[] = {
    {"bytes", 200e6, "a fifth of spark.driver.maxResultSize (1 GB), at which Spark stops the job"}};

Findings BigResult(const Rule& rule, const Case& now) {
  Findings out;
  for (const Stage* stage : now.LongStages()) {
    if (Number(stage->sums.result_bytes) < rule.At("bytes")) continue;
    Finding finding;
    finding.what =
        fmt::format("{} sends {} to the driver", Called(*stage), BytesText(Number(stage->sums.result_bytes)));
    finding.stages = {stage->id};
    finding.figures = {{"result", BytesText(Number(stage->sums.result_bytes))}, {"rows", CountText(stage->rows.sum())}};
    finding.advice = "write the result to a table in place of collect() or toPandas(), or LIMIT it";
    finding.seconds = Around(0.5 * stage->wall(), rule.confidence);
    out.push_back(std::move(finding));
  }
  return out;
}

constexpr Threshold kSlots[] = {
    {"free slots while stages ran", 0.5, "half of the cores wait for the other half"},
    {"queries side by side", 2, "two that do not need each other"},
};

// Queries one after another, each too small for the cluster.
Findings NarrowJobs(const Rule& rule, const Case& now) {
  if (now.slots < 4) return {};
  std::map<const Stage*, Tasks> narrow;
  double waiting = 0, wall = 0;
  std::set<int64_t> executions;
  for (const auto& stage : now.log.stages) {
    if (stage.execution < 0 || stage.seconds.count() == 0) continue;
    const double span = stage.last_finish - stage.first_launch;
    wall += span;
    if (static_cast<double>(stage.seconds.count()) > (1 - rule.At("free slots while stages ran")) * now.slots) continue;
    waiting += span * (1 - static_cast<double>(stage.seconds.count()) / now.slots);
    executions.insert(stage.execution);
  }
  if (Number(std::ssize(executions)) < rule.At("queries side by side") ||
      waiting < rule.At("free slots while stages ran") * wall)
    return {};
  Finding finding;
  finding.what =
      fmt::format("{} queries run one after another and fill less than half of {} cores", executions.size(), now.slots);
  finding.figures = {{"waiting", SecondsText(waiting)}, {"stages' time", SecondsText(wall)}};
  finding.settings = {{"spark.scheduler.mode", "FAIR"}};
  finding.advice = "start those that do not need each other side by side (threads in the driver), or use fewer cores";
  finding.seconds = Around(0.4 * waiting, rule.confidence);
  return {finding};
}

constexpr Rule kRules[] = {
    {"lost_executors", "executors that died, most often for want of memory", "more memory and overhead",
     "their tasks' time, and the start of others", kLost, Confidence::kMedium, LostExecutors},
    {"idle_executors", "executors without work", "dynamic allocation, fewer executors", "their idle core hours",
     kIdleExecutors, Confidence::kHigh, IdleExecutors},
    {"idle_cores", "cores that are paid for and wait", "a smaller cluster",
     "the smallest that takes a tenth longer at most", kIdleCores, Confidence::kMedium, IdleCores},
    {"memory_over", "heap that nothing uses", "a smaller spark.executor.memory",
     "a third of the core hours' price, by share", kOver, Confidence::kLow, OverMemory},
    {"instance_type", "runs bound by cores or by memory alone", "another instance family", "a fifth of the core hours",
     kInstance, Confidence::kLow, InstanceType},
    {"slow_start", "time until the first executor", "a warm cluster", "70 % of it", kStart, Confidence::kLow,
     SlowStart},
    {"driver_bound", "time without any task", "one query in place of many, side by side", "70 % of the pauses", kDriver,
     Confidence::kMedium, DriverBound},
    {"big_result", "results collected into the driver", "write them", "half of the stage", kResult, Confidence::kLow,
     BigResult},
    {"narrow_queries", "queries in a row, each too small for the cores", "side by side", "40 % of the waiting", kSlots,
     Confidence::kLow, NarrowJobs},
};

}  // namespace

std::span<const Rule> ClusterRules() { return kRules; }

}  // namespace tidemill::advisor::eventlog
