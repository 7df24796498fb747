#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "advisor/figures.h"
#include "advisor/plan.h"

namespace tidemill::advisor {
namespace {

constexpr double kGib = 1024.0 * 1024 * 1024;
constexpr double kOverhead = 1.1;    // memory outside the heap, of it
constexpr double kNodeShare = 0.85;  // of a node's memory, what YARN gives out
constexpr double kMuchGc = 0.10, kMuchIdle = 0.30;

std::string Gib(double bytes) { return fmt::format("{}g", std::max(1, static_cast<int>(bytes / kGib))); }

// A setting as the ADR has it, and what this run makes of it.
struct Fitted {
  std::string value;
  std::string reason;
};

class Fitter {
 public:
  Fitter(const Situation& now, const Plan& plan) : now_(now), shape_(ShapeOf(now, plan)), plan_(plan) {}

  Fitted DriverMemory() const {
    if (shape_.local) {
      const double rest = static_cast<double>(now_.facts.machine.memory_bytes) / kOverhead - OffHeapBytes();
      return {Gib(rest), "on one machine the driver does the tasks: what the budget leaves beside off-heap memory"};
    }
    return {"8g", "enough for the plan and the file lists: the driver does no tasks"};
  }
  Fitted DriverCores() const {
    if (shape_.local && shape_.cores < 4) return {std::to_string(shape_.cores), "this machine's cores"};
    return {"4", "planning and committing of many files go side by side"};
  }
  Fitted ExecutorMemory() const {
    if (shape_.local) return {"14g", "not used on one machine"};
    const double node = NodeBytes();
    const double room = (node / ExecutorsPerNode() - 4 * kGib) / kOverhead;
    if (room < 14 * kGib) {
      return {Gib(room), fmt::format("{} executors of {} cores share the {} of an {}", ExecutorsPerNode(), 4,
                                     BytesText(node), plan_.cluster.core)};
    }
    if (Spilled() || MuchGc()) {
      return {Gib(std::min(room, 21 * kGib)),
              fmt::format("an earlier run {}; an {} has room for more than the default 14g",
                          Spilled() ? "spilled" : "spent its time in garbage collection", plan_.cluster.core)};
    }
    return {"14g", fmt::format("{} of them fit an {} beside off-heap memory and overhead", ExecutorsPerNode(),
                               plan_.cluster.core)};
  }
  Fitted ExecutorCores() const {
    if (MuchGc())
      return {"3", fmt::format("an earlier run spent {} of its time in garbage collection; fewer tasks share a heap",
                               ShareText(Worst(&RunFacts::gc_share)))};
    return {"4", "tasks that share broadcast tables, and few enough for the heap"};
  }
  Fitted OffHeap() const {
    if (shape_.local && OffHeapBytes() < 4 * kGib) return {Gib(OffHeapBytes()), "a fifth of this machine's budget"};
    return {"4g", "room beside the heap for rows that are sorted and joined"};
  }
  Fitted IdleTimeout() const {
    const double idle = Worst(&RunFacts::idle_executor_share);
    if (idle > kMuchIdle) {
      return {"30s", fmt::format("executors of an earlier run were idle for {} of their time", ShareText(idle))};
    }
    return {"60s", "no earlier run had idle executors"};
  }
  Fitted BroadcastThreshold() const {
    const double limit = BroadcastLimit(shape_);
    return {fmt::format("{}", static_cast<int64_t>(limit)), "a quarter of a task's memory, in place of Spark's 10 MB"};
  }
  Fitted ShufflePartitions() const { return {std::to_string(plan_.shuffle_partitions), "see shuffle partitions"}; }

 private:
  double OffHeapBytes() const { return std::min(4 * kGib, static_cast<double>(now_.facts.machine.memory_bytes) / 5); }
  double NodeBytes() const {
    const auto found = now_.prices.instances.find(plan_.cluster.core);
    return found == now_.prices.instances.end() ? 64e9 * kNodeShare : found->second.memory_gb * 1e9 * kNodeShare;
  }
  int ExecutorsPerNode() const { return std::max(1, plan_.cluster.cores_of_core / 4); }
  double Worst(double RunFacts::* share) const {
    double worst = -1;
    for (const auto& run : now_.facts.runs) {
      if (run.engine != "native") worst = std::max(worst, run.*share);
    }
    return worst;
  }
  bool MuchGc() const { return Worst(&RunFacts::gc_share) > kMuchGc; }
  bool Spilled() const {
    return std::any_of(now_.facts.runs.begin(), now_.facts.runs.end(),
                       [](const auto& run) { return run.engine != "native" && run.spill_bytes > 0; });
  }

  const Situation& now_;
  SparkShape shape_;
  const Plan& plan_;
};

// The ADR's value for every run.
std::function<Fitted(const Fitter&)> Always(const char* value, const char* reason) {
  return [=](const Fitter&) { return Fitted{value, reason}; };
}

constexpr const char* kGc = "-XX:+UseG1GC -XX:MaxGCPauseMillis=200 -XX:G1HeapRegionSize=16m";
constexpr const char* kGcReason = "short pauses for heaps of many gigabytes; regions hold the large arrays of columns";

// Every setting in the order it is shown.
struct Setting {
  const char* name;
  const char* adr;  // the ADR's value; empty: it names none
  std::function<Fitted(const Fitter&)> fit;
};

const std::vector<Setting>& Settings() {
  static const auto* settings = new std::vector<Setting>{
      {"spark.driver.memory", "8g", &Fitter::DriverMemory},
      {"spark.driver.cores", "4", &Fitter::DriverCores},
      {"spark.driver.maxResultSize", "2g",
       Always("2g", "rows go to the table, not to the driver: this stops a stray collect()")},
      {"spark.executor.memory", "14g", &Fitter::ExecutorMemory},
      {"spark.executor.cores", "4", &Fitter::ExecutorCores},
      {"spark.dynamicAllocation.enabled", "true", Always("true", "executors come and go with the tasks that wait")},
      {"spark.dynamicAllocation.executorIdleTimeout", "", &Fitter::IdleTimeout},
      {"spark.memory.offHeap.enabled", "true",
       Always("true", "rows outside the heap are not the garbage collector's work")},
      {"spark.memory.offHeap.size", "4g", &Fitter::OffHeap},
      {"spark.sql.columnVector.offheap.enabled", "true",
       Always("true", "columns read from Parquet are not the garbage collector's work")},
      {"spark.sql.adaptive.enabled", "true",
       Always("true", "joins and partitions are decided again from sizes seen at run time")},
      {"spark.sql.adaptive.coalescePartitions.enabled", "true",
       Always("true", "shuffle partitions that turn out small are read together")},
      {"spark.sql.adaptive.skewJoin.enabled", "true",
       Always("true", "partitions that turn out large are split, where salting has not done it")},
      {"spark.sql.shuffle.partitions", "", &Fitter::ShufflePartitions},
      {"spark.sql.autoBroadcastJoinThreshold", "", &Fitter::BroadcastThreshold},
      {"spark.driver.extraJavaOptions", kGc, Always(kGc, kGcReason)},
      {"spark.executor.extraJavaOptions", kGc, Always(kGc, kGcReason)},
  };
  return *settings;
}

}  // namespace

SparkShape ShapeOf(const Situation& now, const Plan& plan) {
  SparkShape shape;
  shape.local = plan.place != "spark on EMR, spot";
  shape.cores = std::max(1, shape.local ? now.facts.machine.threads : plan.cluster.cores());
  shape.executor_cores = shape.local ? shape.cores : 4;
  shape.executor_bytes = shape.local ? static_cast<double>(now.facts.machine.memory_bytes) / kOverhead : 14 * kGib;
  return shape;
}

double BroadcastLimit(const SparkShape& shape) {
  constexpr double kMostBroadcast = 8e9;  // Spark's own limit
  return std::min(kMostBroadcast, shape.executor_bytes * 0.6 / std::max(1, shape.executor_cores) / 4);
}

void DecideSparkConf(const Situation& now, Plan& plan) {
  const Fitter fitter(now, plan);
  for (const auto& setting : Settings()) {
    Fitted fitted = setting.fit(fitter);
    const auto chosen = now.facts.choices.conf.find(setting.name);
    if (chosen != now.facts.choices.conf.end()) fitted = {chosen->second, "the job's conf says so"};
    plan.spark_conf[setting.name] = fitted.value;
    Decision decision{setting.name, "", fitted.value, fitted.reason, {}, "", fmt::format("conf: {}", setting.name)};
    if (setting.adr[0] != 0 && fitted.value != setting.adr)
      decision.why += fmt::format("; the default is {}", setting.adr);
    plan.decisions.push_back(std::move(decision));
  }
  for (const auto& [name, value] : now.facts.choices.conf) plan.spark_conf.try_emplace(name, value);
}

}  // namespace tidemill::advisor
