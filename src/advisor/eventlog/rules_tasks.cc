// What the tasks of a stage tell: how their times, data and memory are spread.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "advisor/eventlog/rules.h"
#include "advisor/figures.h"

namespace tidemill::advisor::eventlog {
namespace {

using Findings = std::vector<Finding>;

std::string Bytes(int64_t bytes) { return std::to_string(bytes); }
double Number(int64_t value) { return static_cast<double>(value); }

bool ReadsShuffle(const Stage& stage) { return stage.sums.shuffle_read_rows > 0 || stage.sums.shuffle_read_bytes > 0; }

// The same work in as many tasks.
Tasks Even(const Stage& stage, int64_t count) {
  return {count, stage.seconds.sum() / Number(std::max<int64_t>(count, 1))};
}

bool HasNode(const Case& now, const Stage& stage, std::string_view part) {
  for (const auto& execution : now.log.executions) {
    if (execution.id != stage.execution) continue;
    for (const auto& node : execution.nodes) {
      if (node.name.find(part) != std::string::npos) return true;
    }
  }
  return false;
}

// ---- Skew and stragglers ----

constexpr double kSkewed = 2, kSlow = 3, kUneven = 3, kEven = 1.5;

constexpr Threshold kSkew[] = {
    {"slowest task by median", kSkewed, "a task of twice the median is the stage's last wave by itself"},
    {"its rows by median", kUneven,
     "below Spark's own spark.sql.adaptive.skewJoin.skewedPartitionFactor (5), which also asks for 256 MB"},
};

Findings Skew(const Rule& rule, const Case& now) {
  Findings out;
  for (const Stage* stage : now.LongStages()) {
    const double median = stage->seconds.median(), rows = stage->rows.median();
    if (!ReadsShuffle(*stage) || stage->seconds.count() < 3 ||
        stage->slowest < rule.At("slowest task by median") * median ||
        stage->rows.largest() < rule.At("its rows by median") * rows) {
      continue;
    }
    const bool join = HasNode(now, *stage, "Join");
    Finding finding;
    finding.what =
        fmt::format("One task of {} takes {:.0f} times the median, with {:.0f} times its rows", Called(*stage),
                    stage->slowest / std::max(median, 0.001), stage->rows.largest() / std::max(rows, 1.0));
    finding.stages = {stage->id};
    finding.figures = {{"slowest task", SecondsText(stage->slowest)},
                       {"median task", SecondsText(median)},
                       {"its rows", CountText(stage->rows.largest())},
                       {"median rows", CountText(rows)}};
    const double piece = std::max(stage->bytes.median() * 1.5, 64.0 * 1024);
    if (join) {
      finding.settings = {{"spark.sql.adaptive.enabled", "true"},
                          {"spark.sql.adaptive.skewJoin.enabled", "true"},
                          {"spark.sql.adaptive.skewJoin.skewedPartitionFactor", "2"},
                          {"spark.sql.adaptive.skewJoin.skewedPartitionThresholdInBytes",
                           Bytes(static_cast<int64_t>(std::min(256.0 * (1 << 20), piece)))},
                          {"spark.sql.adaptive.advisoryPartitionSizeInBytes",
                           Bytes(static_cast<int64_t>(
                               std::clamp(stage->bytes.largest() / (2 * now.slots), 64.0 * 1024, 64.0 * (1 << 20))))}};
      finding.advice =
          "or salt the hot key: join on (key, pmod(hash(other columns), n)) against n copies of the small side";
    } else {
      finding.advice =
          "group in two steps: first BY key, pmod(hash(other columns), n), then BY key; a window over one hot key "
          "needs a "
          "finer PARTITION BY";
    }
    finding.seconds = Around(now.Gain(*stage, Even(*stage, std::max<int64_t>(stage->seconds.count(), 3 * now.slots))),
                             rule.confidence);
    out.push_back(std::move(finding));
  }
  return out;
}

constexpr Threshold kStragglers[] = {
    {"slowest task by median", kSlow, "twice Spark's own spark.speculation.multiplier of 1.5 (4.x: 3)"},
    {"its rows by median", kEven, "up to here the data does not explain the time"},
    {"its GC share", 0.3, "above it, memory explains the time: rule gc"},
};

Findings Stragglers(const Rule& rule, const Case& now) {
  Findings out;
  for (const Stage* stage : now.LongStages()) {
    const double median = stage->seconds.median();
    const bool enough = stage->seconds.count() >= 4 && stage->slowest - median >= now.worth;
    if (!enough || stage->slowest < rule.At("slowest task by median") * median ||
        Number(stage->slowest_bytes) > rule.At("its rows by median") * std::max(stage->bytes.median(), 4096.0) ||
        stage->rows.largest() > rule.At("its rows by median") * std::max(stage->rows.median(), 1000.0) ||
        stage->slowest_gc > rule.At("its GC share") * stage->slowest) {
      continue;
    }
    Finding finding;
    finding.what = fmt::format("Task {} of {} takes {:.0f} times the median for no more data, on executor {}",
                               stage->slowest_index, Called(*stage), stage->slowest / std::max(median, 0.001),
                               stage->slowest_executor);
    finding.stages = {stage->id};
    finding.figures = {{"slowest task", SecondsText(stage->slowest)},
                       {"median task", SecondsText(median)},
                       {"its data", BytesText(Number(stage->slowest_bytes))},
                       {"median data", BytesText(stage->bytes.median())}};
    finding.settings = {
        {"spark.speculation", "true"}, {"spark.speculation.multiplier", "2"}, {"spark.speculation.quantile", "0.75"}};
    finding.advice =
        "where it is the same executor each time, look at its node; where it is the same partition, at its rows";
    finding.seconds =
        Around(now.Gain(*stage, {stage->seconds.count(), (stage->seconds.sum() - stage->slowest + 2 * median) /
                                                             Number(stage->seconds.count())}),
               rule.confidence);
    out.push_back(std::move(finding));
  }
  return out;
}

constexpr Threshold kBadNode[] = {
    {"its tasks by the others'", 1.5, "nodes of one type differ by less than a fifth"},
    {"tasks on it", 10, "fewer are chance"},
};

Findings BadNode(const Rule& rule, const Case& now) {
  struct Sum {
    double weighed = 0;
    double tasks = 0;
    double lost = 0;
    std::vector<int64_t> stages;
  };
  std::map<std::string, Sum> hosts;
  for (const auto& stage : now.log.stages) {
    if (stage.hosts.size() < 2) continue;
    for (const auto& [host, times] : stage.hosts) {
      const double others = Number(stage.seconds.count() - times.tasks);
      const double mean = (stage.seconds.sum() - times.seconds) / std::max(others, 1.0);
      if (others < 1 || mean <= 0) continue;
      auto& sum = hosts[host];
      sum.weighed += times.seconds / mean;
      sum.tasks += Number(times.tasks);
      sum.lost += times.seconds - mean * Number(times.tasks);
      sum.stages.push_back(stage.id);
    }
  }
  Findings out;
  for (auto& [host, sum] : hosts) {
    const double ratio = sum.tasks > 0 ? sum.weighed / sum.tasks : 0;
    if (sum.tasks < rule.At("tasks on it") || ratio < rule.At("its tasks by the others'")) continue;
    Finding finding;
    finding.what = fmt::format("Tasks on {} take {:.1f} times what the same stages' tasks take elsewhere", host, ratio);
    finding.stages = std::move(sum.stages);
    finding.figures = {{"tasks on it", CountText(sum.tasks)}, {"lost there", SecondsText(sum.lost)}};
    finding.settings = {{"spark.excludeOnFailure.enabled", "true"}, {"spark.speculation", "true"}};
    finding.advice = fmt::format("take {} out of the cluster, or look at its disks and neighbours", host);
    finding.seconds = Around(sum.lost / now.slots, rule.confidence);
    out.push_back(std::move(finding));
  }
  return out;
}

// ---- Memory ----

constexpr double kDiskRate = 150e6;  // bytes a second that a task's spill is written and read with
constexpr Threshold kSpill[] = {
    {"spilled by read", 0.2, "what is spilled is written once more and read once more"},
    {"bytes", 64e6, "below it the page cache hides it"},
};

Findings Spill(const Rule& rule, const Case& now) {
  Findings out;
  for (const Stage* stage : now.LongStages()) {
    const auto& sums = stage->sums;
    if (Number(sums.spill_disk_bytes) < rule.At("bytes") ||
        Number(sums.spill_disk_bytes) < rule.At("spilled by read") * Number(stage->read_bytes())) {
      continue;
    }
    const auto tasks = std::max<int64_t>(stage->seconds.count(), 1);
    // So many more tasks that each one's part fits into what a task had.
    const double had = std::max(Number(sums.peak_memory_bytes), 1.0 * (1 << 20));
    const double needs = (Number(sums.spill_memory_bytes) / Number(tasks) + had) / had;
    const auto partitions =
        static_cast<int64_t>(std::ceil(Number(tasks) * std::clamp(needs, 2.0, 50.0) / now.slots)) * now.slots;
    Finding finding;
    finding.what = fmt::format("{} spills {} to disk, {:.1f} times what it reads", Called(*stage),
                               BytesText(Number(sums.spill_disk_bytes)),
                               Number(sums.spill_disk_bytes) / std::max(Number(stage->read_bytes()), 1.0));
    finding.stages = {stage->id};
    finding.figures = {{"spilled, in memory", BytesText(Number(sums.spill_memory_bytes))},
                       {"spilled, on disk", BytesText(Number(sums.spill_disk_bytes))},
                       {"tasks", CountText(Number(tasks))},
                       {"peak of a task", BytesText(had)}};
    if (ReadsShuffle(*stage)) {
      finding.settings.emplace_back("spark.sql.shuffle.partitions", std::to_string(partitions));
      finding.settings.emplace_back("spark.sql.adaptive.coalescePartitions.enabled", "false");
    }
    const double fraction = 0.6, memory = Number(now.log.executor_memory());
    if (const std::string set = now.log.Conf("spark.memory.fraction");
        !set.empty() && std::strtod(set.c_str(), nullptr) < fraction) {
      finding.settings.emplace_back("spark.memory.fraction", "0.6");
    } else {
      finding.settings.emplace_back(now.log.local() ? "spark.driver.memory" : "spark.executor.memory",
                                    fmt::format("{}m", static_cast<int64_t>(memory * 1.5) >> 20));
    }
    finding.advice = "or fewer columns before the sort or the group";
    const double each = std::min(0.5 * sums.run, 2 * Number(sums.spill_disk_bytes) / kDiskRate +
                                                     Number(sums.spill_memory_bytes) / (2 * kDiskRate));
    const double left = std::max(0.0, stage->seconds.sum() - each);
    finding.seconds = Around(now.Gain(*stage, {tasks, left / Number(tasks)}), rule.confidence);
    out.push_back(std::move(finding));
  }
  return out;
}

constexpr Threshold kGc[] = {
    {"GC by run time", 0.2,
     "Spark's own page of executors turns red at 0.1; healthy runs of a serial collector were seen at 0.16"},
    {"GC of a healthy run", 0.03, "usual with enough memory"},
};

Findings Gc(const Rule& rule, const Case& now) {
  const auto& sums = now.log.sums;
  if (sums.gc < rule.At("GC by run time") * sums.run) return {};
  std::vector<const Stage*> worst;
  for (const auto& stage : now.log.stages) {
    if (stage.sums.gc >= rule.At("GC by run time") * stage.sums.run) worst.push_back(&stage);
  }
  std::ranges::sort(worst, std::greater<>(), [](const Stage* stage) { return stage->sums.gc; });
  std::map<const Stage*, Tasks> changed;
  Finding finding;
  for (const Stage* stage : worst) {
    if (finding.stages.size() < 5) finding.stages.push_back(stage->id);
    const double left =
        1 - std::min(0.9, stage->sums.gc / std::max(stage->sums.run, 0.001) - rule.At("GC of a healthy run"));
    const auto tasks = std::max<int64_t>(stage->seconds.count(), 1);
    changed[stage] = {tasks, stage->seconds.sum() * left / Number(tasks)};
  }
  finding.what = fmt::format("Tasks spend {} of their time collecting garbage", ShareText(sums.gc / sums.run));
  finding.figures = {{"GC", SecondsText(sums.gc)},
                     {"run time", SecondsText(sums.run)},
                     {"heap", BytesText(Number(now.log.executor_memory()))}};
  finding.settings = {{now.log.local() ? "spark.driver.memory" : "spark.executor.memory",
                       fmt::format("{}m", (now.log.executor_memory() * 2) >> 20)}};
  finding.advice =
      "or fewer cores an executor (spark.executor.cores), a narrower cache, no collect_list of large groups";
  finding.seconds = Around(now.Gain(changed), rule.confidence);
  return {finding};
}

// ---- Counts of tasks ----

constexpr double kTargetBytes = 64.0 * (1 << 20);
constexpr Threshold kTooFew[] = {
    {"rows", 200'000, "less is not worth two tasks"},
    {"tasks a core, after", 3, "Spark's tuning guide: 2 to 3 tasks a core"},
};

Findings TooFew(const Rule& rule, const Case& now) {
  Findings out;
  for (const Stage* stage : now.LongStages()) {
    if (!ReadsShuffle(*stage) || stage->seconds.count() >= now.slots || stage->seconds.count() == 0 ||
        Number(stage->sums.shuffle_read_rows) < rule.At("rows")) {
      continue;
    }
    const auto count = static_cast<int64_t>(rule.At("tasks a core, after")) * now.slots;
    Finding finding;
    finding.what =
        fmt::format("{} shuffles into {} where {} cores wait", Called(*stage),
                    stage->seconds.count() == 1 ? "one task" : fmt::format("{} tasks", stage->seconds.count()),
                    now.slots - stage->seconds.count());
    finding.stages = {stage->id};
    finding.figures = {{"tasks", CountText(Number(stage->seconds.count()))},
                       {"cores", CountText(now.slots)},
                       {"slowest task", SecondsText(stage->slowest)},
                       {"rows", CountText(Number(stage->sums.shuffle_read_rows))}};
    finding.settings = {{"spark.sql.shuffle.partitions",
                         std::to_string(std::max<int64_t>(
                             count, static_cast<int64_t>(Number(stage->sums.shuffle_read_bytes) / kTargetBytes)))}};
    finding.advice = "an ORDER BY or a window without PARTITION BY puts all rows into one task whatever the setting";
    finding.seconds = Around(now.Gain(*stage, Even(*stage, count)), rule.confidence);
    out.push_back(std::move(finding));
  }
  return out;
}

constexpr Threshold kTiny[] = {
    {"median task, seconds", 0.1, "half of what Spark's tuning guide calls efficient (200 ms)"},
    {"tasks a core", 8, "twice what evens out differences between tasks"},
};

// As many tasks as the data needs, without what each of the others cost by being one.
Finding TinyOf(const Rule& rule, const Case& now, const Stage& stage, int64_t count) {
  const double each = stage.seconds.median();
  const double left =
      std::max(0.1 * stage.seconds.sum(), stage.seconds.sum() - each * Number(stage.seconds.count() - count));
  Finding finding;
  finding.stages = {stage.id};
  finding.figures = {{"tasks", CountText(Number(stage.seconds.count()))},
                     {"cores", CountText(now.slots)},
                     {"median task", SecondsText(stage.seconds.median())},
                     {"median data", BytesText(stage.bytes.median())}};
  finding.seconds = Around(now.Gain(stage, {count, left / Number(count)}), rule.confidence);
  return finding;
}

bool IsTiny(const Rule& rule, const Case& now, const Stage& stage) {
  return Number(stage.seconds.count()) >= rule.At("tasks a core") * now.slots && stage.seconds.count() >= 16 &&
         stage.seconds.median() < rule.At("median task, seconds");
}

int64_t EnoughTasks(const Case& now, const Stage& stage) {
  return std::max<int64_t>(3 * now.slots, static_cast<int64_t>(Number(stage.read_bytes()) / kTargetBytes));
}

Findings TooMany(const Rule& rule, const Case& now) {
  Findings out;
  for (const Stage* stage : now.LongStages()) {
    if (!ReadsShuffle(*stage) || !IsTiny(rule, now, *stage)) continue;
    const int64_t count = EnoughTasks(now, *stage);
    Finding finding = TinyOf(rule, now, *stage, count);
    finding.what = fmt::format("{} shuffles into {} tasks of {}", Called(*stage), stage->seconds.count(),
                               SecondsText(stage->seconds.median()));
    finding.settings = {{"spark.sql.shuffle.partitions", std::to_string(count)},
                        {"spark.sql.adaptive.enabled", "true"},
                        {"spark.sql.adaptive.coalescePartitions.enabled", "true"}};
    out.push_back(std::move(finding));
  }
  return out;
}

Findings TinyTasks(const Rule& rule, const Case& now) {
  Findings out;
  for (const Stage* stage : now.LongStages()) {
    if (ReadsShuffle(*stage) || !IsTiny(rule, now, *stage)) continue;
    const int64_t count = EnoughTasks(now, *stage);
    Finding finding = TinyOf(rule, now, *stage, count);
    finding.what = fmt::format("{} runs {} tasks of {}", Called(*stage), stage->seconds.count(),
                               SecondsText(stage->seconds.median()));
    if (stage->sums.input_bytes > 0) {
      finding.settings = {{"spark.sql.files.maxPartitionBytes", Bytes(static_cast<int64_t>(128) << 20)},
                          {"spark.sql.files.minPartitionNum", std::to_string(count)}};
    }
    finding.advice =
        fmt::format("read or make it in {} partitions (numPartitions, numSlices, coalesce({}))", count, count);
    out.push_back(std::move(finding));
  }
  return out;
}

// ---- Lost work ----

constexpr Threshold kLost[] = {{"lost by run time", 0.02, "a job that works loses none"}};

bool IsLostExecutor(std::string_view reason) {
  return reason.starts_with("ExecutorLostFailure") || reason.starts_with("FetchFailed");
}

Findings FailedTasks(const Rule& rule, const Case& now) {
  double lost = 0;
  int64_t failed = 0;
  std::string why;
  Finding finding;
  std::map<const Stage*, Tasks> changed;
  for (const auto& stage : now.log.stages) {
    int64_t own = 0;
    for (const auto& [reason, count] : stage.failures) {
      if (IsLostExecutor(reason)) continue;
      own += count;
      if (why.empty()) why = reason;
    }
    if (own == 0) continue;
    failed += own;
    lost += stage.sums.failed_seconds;
    finding.stages.push_back(stage.id);
    changed[&stage] = Even(stage, std::max<int64_t>(stage.seconds.count(), 1));
  }
  if (failed == 0 || lost < rule.At("lost by run time") * (now.log.sums.run + lost)) return {};
  finding.what = fmt::format("{} of {} tasks fail and are done again: {}", failed, now.log.sums.tasks, why);
  finding.figures = {
      {"failed tasks", CountText(Number(failed))}, {"time in them", SecondsText(lost)}, {"the first says", why}};
  finding.advice = "repair what it says; each failure is one of spark.task.maxFailures on the way to the job's own";
  finding.seconds = Around(std::max(now.Gain(changed), lost / now.slots), rule.confidence);
  return {finding};
}

Findings Speculation(const Rule& rule, const Case& now) {
  const auto& sums = now.log.sums;
  if (sums.speculative == 0 || sums.killed_seconds < rule.At("lost by run time") * sums.run) return {};
  Finding finding;
  for (const auto& stage : now.log.stages) {
    if (stage.sums.speculative > 0) finding.stages.push_back(stage.id);
  }
  finding.what = fmt::format("{} copies of tasks were started to be faster, and {} of work thrown away",
                             sums.speculative, SecondsText(sums.killed_seconds));
  finding.figures = {{"copies", CountText(Number(sums.speculative))}, {"killed tasks", CountText(Number(sums.killed))}};
  finding.settings = {{"spark.speculation.multiplier", "3"}, {"spark.speculation.quantile", "0.9"}};
  finding.advice = "or without spark.speculation where tasks differ by their data";
  finding.core_hours = sums.killed_seconds / 3600;
  finding.seconds = Around(sums.killed_seconds / now.slots * 0.5, rule.confidence);
  return {finding};
}

constexpr Threshold kWait[] = {{"waited by run time", 0.25, "a quarter of the tasks' time is the network's"}};

Findings FetchWait(const Rule& rule, const Case& now) {
  Findings out;
  for (const Stage* stage : now.LongStages()) {
    if (stage->sums.fetch_wait < rule.At("waited by run time") * stage->sums.run) continue;
    Finding finding;
    finding.what = fmt::format("{} waits {} of its tasks' time for shuffled data", Called(*stage),
                               ShareText(stage->sums.fetch_wait / stage->sums.run));
    finding.stages = {stage->id};
    finding.figures = {{"waited", SecondsText(stage->sums.fetch_wait)},
                       {"read", BytesText(Number(stage->sums.shuffle_read_bytes))}};
    finding.settings = {{"spark.reducer.maxSizeInFlight", "96m"}, {"spark.shuffle.io.numConnectionsPerPeer", "4"}};
    finding.advice = "or less to shuffle: filter and group before the join";
    const auto tasks = std::max<int64_t>(stage->seconds.count(), 1);
    finding.seconds =
        Around(now.Gain(*stage, {tasks, (stage->seconds.sum() - 0.5 * stage->sums.fetch_wait) / Number(tasks)}),
               rule.confidence);
    out.push_back(std::move(finding));
  }
  return out;
}

constexpr Rule kRules[] = {
    {"skew", "one task of a shuffle with many times the median's time and rows", "split skewed partitions, or a salt",
     "the stage in even tasks, three a core at least", kSkew, Confidence::kHigh, Skew},
    {"stragglers", "one task many times the median's time for no more data", "speculation",
     "the stage with that task twice the median", kStragglers, Confidence::kMedium, Stragglers},
    {"bad_node", "a host whose tasks are slower than the same stages' elsewhere", "leave the node out",
     "its tasks as fast as the others", kBadNode, Confidence::kMedium, BadNode},
    {"spill", "tasks that write what does not fit into memory", "more partitions, or more memory",
     "without writing and reading it, at 150 MB/s, at most half", kSpill, Confidence::kMedium, Spill},
    {"gc", "garbage collection's share of the tasks' time", "more memory, or fewer cores an executor",
     "the tasks with 3 % of it", kGc, Confidence::kMedium, Gc},
    {"too_few_partitions", "a shuffle into fewer tasks than cores", "spark.sql.shuffle.partitions",
     "the same work in three tasks a core", kTooFew, Confidence::kHigh, TooFew},
    {"too_many_partitions", "a shuffle into many tasks of milliseconds", "spark.sql.shuffle.partitions, coalescing",
     "three tasks a core, without the median task's time for each of the others", kTiny, Confidence::kMedium, TooMany},
    {"tiny_tasks", "many tasks of milliseconds that read no shuffle", "fewer partitions of the input",
     "three tasks a core, without the median task's time for each of the others", kTiny, Confidence::kMedium,
     TinyTasks},
    {"failed_tasks", "tasks that fail and are done again", "what the error says", "without the failed tasks", kLost,
     Confidence::kMedium, FailedTasks},
    {"speculation_waste", "copies of tasks that were killed", "speculate later", "half of the killed tasks' time",
     kLost, Confidence::kLow, Speculation},
    {"fetch_wait", "tasks that wait for shuffled data", "larger fetches, fewer bytes", "half of the waiting", kWait,
     Confidence::kLow, FetchWait},
};

}  // namespace

std::span<const Rule> TaskRules() { return kRules; }

}  // namespace tidemill::advisor::eventlog
