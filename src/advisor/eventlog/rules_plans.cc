// What the physical plans of the queries do.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "advisor/eventlog/plan_tree.h"
#include "advisor/eventlog/rules.h"
#include "advisor/figures.h"

namespace tidemill::advisor::eventlog {
namespace {

using Findings = std::vector<Finding>;

double Number(int64_t value) { return static_cast<double>(value); }

// The stages that gave a metric of the subtree's nodes.
std::set<const Stage*> StagesOf(const Log& log, const Execution& execution, size_t node) {
  std::set<const Stage*> out;
  for (size_t i = node; i < execution.EndOf(node); ++i) {
    for (const auto& [name, metric] : execution.nodes[i].metrics) {
      if (const Stage* stage = metric.stage < 0 ? nullptr : log.FindStage(metric.stage)) out.insert(stage);
    }
  }
  return out;
}

Tasks Scaled(const Stage& stage, double share) {
  const auto tasks = std::max<int64_t>(stage.seconds.count(), 1);
  return {tasks, stage.seconds.sum() * share / Number(tasks)};
}

std::vector<size_t> ChildrenOf(const Execution& execution, size_t node) {
  std::vector<size_t> out;
  for (size_t i = node + 1; i < execution.EndOf(node); ++i) {
    if (execution.nodes[i].parent == static_cast<int>(node)) out.push_back(i);
  }
  return out;
}

// The shuffle a join's side comes from, through what neither filters nor joins; npos: there is none.
size_t ExchangeOf(const Execution& execution, size_t node) {
  for (size_t at = node; at < execution.nodes.size();) {
    const auto& name = execution.nodes[at].name;
    if (name == "Exchange") return at;
    if (name != "Sort" && !IsWrapper(name)) break;
    const auto children = ChildrenOf(execution, at);
    if (children.size() != 1) break;
    at = children.front();
  }
  return std::string::npos;
}

// The smallest name a person would know: the file or table below a node.
std::string SourceOf(const Execution& execution, size_t node) {
  for (size_t i = node; i < execution.EndOf(node); ++i) {
    const auto location = execution.nodes[i].metadata.find("Location");
    if (location == execution.nodes[i].metadata.end()) continue;
    std::string path = location->second.substr(0, location->second.find_last_not_of(']') + 1);
    return path.substr(path.find_last_of("/[") + 1);
  }
  return "the small side";
}

// ---- Joins ----

constexpr Threshold kMissed[] = {
    {"bytes of the small side", 128.0 * (1 << 20),
     "twelve times spark.sql.autoBroadcastJoinThreshold, far below Spark's limit of 8 GB"},
    {"of an executor's memory", 0.125, "the table is there once packed and once as a hash table"},
    {"large side by small side", 3, "below it both are shuffled for the same price"},
    {"time of the join's stages that goes", 0.5, "sorting and reading the shuffled large side"},
};

bool MaySend(const std::string& join, bool left) {
  const auto has = [&](std::string_view type) { return join.find(type) != std::string::npos; };
  if (has("FullOuter")) return false;
  if (has("LeftOuter") || has("LeftSemi") || has("LeftAnti")) return !left;
  if (has("RightOuter")) return left;
  return true;
}

Findings MissedBroadcast(const Rule& rule, const Case& now) {
  Findings out;
  for (const auto& execution : now.log.executions) {
    for (size_t i = 0; i < execution.nodes.size(); ++i) {
      const auto& join = execution.nodes[i];
      if (join.name != "SortMergeJoin" && join.name != "ShuffledHashJoin") continue;
      const auto children = ChildrenOf(execution, i);
      if (children.size() != 2) continue;
      const size_t sides[] = {ExchangeOf(execution, children[0]), ExchangeOf(execution, children[1])};
      if (sides[0] == std::string::npos || sides[1] == std::string::npos) continue;
      const auto bytes = [&](size_t side) { return execution.nodes[side].Value("data size"); };
      const bool left = bytes(sides[0]) < bytes(sides[1]);
      const size_t small = left ? sides[0] : sides[1], large = left ? sides[1] : sides[0];
      const double most = std::min(rule.At("bytes of the small side"),
                                   rule.At("of an executor's memory") * Number(now.log.executor_memory()));
      if (!MaySend(join.text, left) || bytes(small) <= 0 || bytes(small) > most ||
          bytes(large) < rule.At("large side by small side") * bytes(small)) {
        continue;
      }
      const Stage* writes = now.log.FindStage(execution.nodes[large].StageOf("data size"));
      const Stage* joins = now.log.FindStage(join.StageOf("number of output rows"));
      std::map<const Stage*, Tasks> changed;
      if (joins != nullptr) changed[joins] = Scaled(*joins, 1 - rule.At("time of the join's stages that goes"));
      if (writes != nullptr) changed[writes] = Scaled(*writes, 0.8);
      Finding finding;
      finding.what = fmt::format("A join sorts and shuffles {} to meet {} of {}", BytesText(bytes(large)),
                                 BytesText(bytes(small)), SourceOf(execution, small));
      if (joins != nullptr) finding.stages.push_back(joins->id);
      if (writes != nullptr) finding.stages.push_back(writes->id);
      const auto threshold = std::max<int64_t>(10 << 20, static_cast<int64_t>(bytes(small) * 1.5));
      finding.figures = {{"small side", BytesText(bytes(small))},
                         {"large side", BytesText(bytes(large))},
                         {"join", WithoutIds(join.text).substr(0, 200)}};
      finding.settings = {{"spark.sql.autoBroadcastJoinThreshold", std::to_string(threshold)}};
      finding.advice = "or the hint SELECT /*+ BROADCAST(t) */ with the small side's name for t";
      finding.seconds = Around(now.Gain(changed), rule.confidence);
      out.push_back(std::move(finding));
    }
  }
  return out;
}

constexpr Threshold kOversized[] = {
    {"bytes", 128.0 * (1 << 20), "twelve times spark.sql.autoBroadcastJoinThreshold"},
    {"collected and built, seconds", 2, "the driver collects it, builds it and sends it, alone"},
};

Findings OversizedBroadcast(const Rule& rule, const Case& now) {
  Findings out;
  for (const auto& execution : now.log.executions) {
    for (size_t i = 0; i < execution.nodes.size(); ++i) {
      const auto& node = execution.nodes[i];
      if (node.name != "BroadcastExchange") continue;
      const double bytes = node.Value("data size");
      const double seconds =
          (node.Value("time to collect") + node.Value("time to build") + node.Value("time to broadcast")) / 1000;
      if (bytes < rule.At("bytes") || seconds < rule.At("collected and built, seconds")) continue;
      Finding finding;
      finding.what = fmt::format("The driver collects {} of {} and sends it to every executor", BytesText(bytes),
                                 SourceOf(execution, i));
      for (const Stage* stage : StagesOf(now.log, execution, i)) finding.stages.push_back(stage->id);
      finding.figures = {{"broadcast", BytesText(bytes)},
                         {"rows", CountText(node.Value("number of output rows"))},
                         {"collected", SecondsText(node.Value("time to collect") / 1000)},
                         {"built", SecondsText(node.Value("time to build") / 1000)},
                         {"sent", SecondsText(node.Value("time to broadcast") / 1000)}};
      if (now.log.ConfBytes("spark.sql.autoBroadcastJoinThreshold", 10 << 20) > 10 << 20) {
        finding.settings = {{"spark.sql.autoBroadcastJoinThreshold", "10485760"}};
      }
      finding.advice =
          "without its BROADCAST hint, or with /*+ MERGE(t) */ for its name t; or filter it before the join";
      finding.seconds = Around(seconds * 0.6, rule.confidence);
      out.push_back(std::move(finding));
    }
  }
  return out;
}

constexpr Threshold kCross[] = {
    {"time that a key saves", 0.8, "a hash or merge join looks at each row once"},
};

Findings CrossJoin(const Rule& rule, const Case& now) {
  Findings out;
  for (const auto& execution : now.log.executions) {
    for (const auto& node : execution.nodes) {
      if (node.name != "CartesianProduct" && node.name != "BroadcastNestedLoopJoin") continue;
      const Stage* stage = now.log.FindStage(node.StageOf("number of output rows"));
      if (stage == nullptr || stage->wall() < now.worth) continue;
      Finding finding;
      finding.what = fmt::format("{} compares every row with every row: {}", Called(*stage), node.name);
      finding.stages = {stage->id};
      finding.figures = {{"rows out", CountText(node.Value("number of output rows"))},
                         {"join", WithoutIds(node.text).substr(0, 200)}};
      finding.advice =
          "give the join an equality: JOIN ... ON a.key = b.key AND ...; for ranges, equal buckets: ON "
          "floor(a.x / w) = b.bucket AND a.x BETWEEN ...";
      finding.seconds = Around(now.Gain(*stage, Scaled(*stage, 1 - rule.At("time that a key saves"))), rule.confidence);
      out.push_back(std::move(finding));
    }
  }
  return out;
}

// ---- The same again ----

constexpr Threshold kRepeated[] = {
    {"times", 2, "the second time is for nothing"},
    {"time of reading a cache", 0.1, "a tenth of computing it, as a rule"},
};

Findings RepeatedWork(const Rule& rule, const Case& now) {
  struct Place {
    const Execution* execution;
    size_t node;
  };
  std::map<uint64_t, std::vector<Place>> places;
  const auto heavy = [](const std::string& name) {
    return name == "Exchange" || name.find("Aggregate") != std::string::npos ||
           name.find("Join") != std::string::npos || name == "Window" || name == "Sort" || name == "Generate" ||
           name.ends_with("EvalPython");
  };
  for (const auto& execution : now.log.executions) {
    for (size_t i = 0; i < execution.nodes.size(); ++i) {
      const auto& node = execution.nodes[i];
      if (!heavy(node.name)) continue;
      bool cached = false;
      for (size_t j = i; j < execution.EndOf(i); ++j) cached |= execution.nodes[j].name == "InMemoryTableScan";
      if (!cached) places[node.fingerprint].push_back({&execution, i});
    }
  }
  // The largest of the equal subtrees speak for those inside them.
  std::set<std::pair<const Execution*, size_t>> inside;
  Findings out;
  for (const auto& execution : now.log.executions) {
    for (size_t i = 0; i < execution.nodes.size(); ++i) {
      const auto found = places.find(execution.nodes[i].fingerprint);
      if (found == places.end() || inside.contains({&execution, i})) continue;
      std::map<const Stage*, Tasks> again;
      std::set<const Stage*> first;
      int64_t times = 0;
      for (const Place& place : found->second) {
        if (inside.contains({place.execution, place.node})) continue;
        const auto stages = StagesOf(now.log, *place.execution, place.node);
        if (stages.empty()) continue;
        if (times++ == 0) {
          first = stages;
          continue;
        }
        for (const Stage* stage : stages) {
          if (!first.contains(stage)) again[stage] = Scaled(*stage, rule.At("time of reading a cache"));
        }
      }
      if (Number(times) < rule.At("times") || again.empty()) continue;
      for (const Place& place : found->second) {
        for (size_t j = place.node; j < place.execution->EndOf(place.node); ++j) inside.insert({place.execution, j});
      }
      Finding finding;
      finding.what = fmt::format("The same {} over {} is computed {} times", execution.nodes[i].name,
                                 SourceOf(execution, i), times);
      for (const auto& [stage, tasks] : again) finding.stages.push_back(stage->id);
      finding.figures = {{"times", CountText(Number(times))},
                         {"node", WithoutIds(execution.nodes[i].text).substr(0, 200)}};
      finding.advice = "CACHE TABLE t AS SELECT ... (df.cache()), or `cache: true` on the step, or write it once";
      finding.seconds = Around(now.Gain(again), rule.confidence);
      out.push_back(std::move(finding));
    }
  }
  return out;
}

// ---- Python ----

constexpr Threshold kPython[] = {
    {"Python by run time", 0.3, "rows leave the JVM, one pickled batch after another, and come back"},
    {"time that Arrow saves", 0.5, "columns in place of pickled rows; SQL functions save nearly all"},
};

Findings PythonOverhead(const Rule& rule, const Case& now) {
  Findings out;
  for (const auto& execution : now.log.executions) {
    for (const auto& node : execution.nodes) {
      const bool python = node.name.find("Python") != std::string::npos ||
                          node.name.find("InPandas") != std::string::npos ||
                          node.name.find("InArrow") != std::string::npos;
      if (!python) continue;
      const Stage* stage = now.log.FindStage(node.StageOf("number of output rows"));
      if (stage == nullptr) stage = now.log.FindStage(node.StageOf("data sent to Python workers"));
      if (stage == nullptr) continue;
      // Spark 4 times the workers; before, what the JVM did not compute is taken for theirs.
      const double told = (node.Value("time to run Python workers") + node.Value("time to start Python workers") +
                           node.Value("time to initialize Python workers")) /
                          1000;
      const double spent =
          std::min(told > 0 ? told : stage->sums.run - stage->sums.cpu - stage->sums.fetch_wait, stage->sums.run);
      if (spent < rule.At("Python by run time") * stage->sums.run) continue;
      Finding finding;
      finding.what = fmt::format("{} spends {} of its time in Python: {}", Called(*stage),
                                 ShareText(spent / stage->sums.run), node.name);
      finding.stages = {stage->id};
      finding.figures = {{"in Python", SecondsText(spent)},
                         {"sent there", BytesText(node.Value("data sent to Python workers"))},
                         {"rows", CountText(node.Value("number of output rows"))}};
      finding.settings = {{"spark.sql.execution.pythonUDF.arrow.enabled", "true"}};
      finding.advice = "a built-in SQL function where there is one; else a pandas_udf over whole columns";
      finding.seconds =
          Around(now.Gain(*stage, Scaled(*stage, 1 - rule.At("time that Arrow saves") * spent / stage->sums.run)),
                 rule.confidence);
      out.push_back(std::move(finding));
    }
  }
  return out;
}

constexpr Rule kRules[] = {
    {"missed_broadcast", "a join that shuffles a large side to meet a small one",
     "spark.sql.autoBroadcastJoinThreshold, or a hint",
     "half of the join's stage, a fifth of the one that writes the large side", kMissed, Confidence::kMedium,
     MissedBroadcast},
    {"oversized_broadcast", "a large table collected and sent whole", "no hint, a lower threshold",
     "60 % of collecting and sending", kOversized, Confidence::kMedium, OversizedBroadcast},
    {"cross_join", "nested loops or a Cartesian product", "an equality in the join", "80 % of its stage", kCross,
     Confidence::kMedium, CrossJoin},
    {"repeated_work", "equal subtrees of plans that ran several times", "a cache", "all but the first, and a tenth",
     kRepeated, Confidence::kMedium, RepeatedWork},
    {"python_overhead", "tasks that wait for Python", "Arrow, or SQL functions", "half of the time in Python", kPython,
     Confidence::kLow, PythonOverhead},
};

}  // namespace

std::span<const Rule> PlanRules() { return kRules; }

}  // namespace tidemill::advisor::eventlog
