#include "advisor/eventlog/rules.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "advisor/eventlog/what_if.h"

namespace tidemill::advisor::eventlog {
namespace {

// Twenty minutes of one stage after another on 4 executors of 4 cores, each stage 160 even tasks of 10 seconds.
Log Healthy() {
  Log log;
  log.conf = {{"spark.master", "yarn"}, {"spark.executor.memory", "8g"}};
  for (int i = 0; i < 4; ++i)
    log.executors.push_back({.id = std::to_string(i), .host = "h" + std::to_string(i), .cores = 4, .added = 5});
  double at = 6;
  for (int i = 0; i < 10; ++i) {
    Stage stage;
    stage.id = i;
    stage.name = "work";
    stage.planned = 160;
    stage.submitted = at;
    stage.first_launch = at + 0.01;
    stage.last_finish = at + 100.1;
    stage.completed = at + 100.1;
    stage.job = i;
    stage.sums = {.tasks = 160, .run = 1600, .cpu = 1100, .gc = 20, .input_bytes = 160 << 20, .input_rows = 1'600'000};
    stage.seconds.Add(10, 160);
    stage.bytes.Add(1 << 20, 160);
    stage.rows.Add(10'000, 160);
    stage.slowest = 10;
    for (auto& executor : log.executors) {
      stage.hosts[executor.host] = {40, 400};
      executor.busy += 400;
      executor.tasks += 40;
      executor.peak_heap_bytes = int64_t{5} << 30;
    }
    log.jobs.push_back({.id = i, .submitted = at, .completed = stage.completed});
    log.busy.emplace_back(stage.first_launch, stage.last_finish);
    log.sums.Add(stage.sums);
    log.stages.push_back(stage);
    at += 100.5;
  }
  log.ended = at;
  log.whole = true;
  return log;
}

std::set<std::string> RulesOf(const Log& log) {
  std::set<std::string> rules;
  for (const auto& finding : FindAll(log)) rules.insert(finding.rule);
  return rules;
}

TEST(Rules, HealthyGivesNone) { EXPECT_EQ(RulesOf(Healthy()), std::set<std::string>()); }

TEST(Rules, AreManyWithNamesOfTheirOwn) {
  std::set<std::string_view> names;
  for (const auto* rule : AllRules()) {
    EXPECT_TRUE(names.insert(rule->name).second) << rule->name;
    EXPECT_FALSE(rule->thresholds.empty()) << rule->name;
    for (const auto& threshold : rule->thresholds) EXPECT_FALSE(threshold.from.empty()) << rule->name;
  }
  EXPECT_GE(names.size(), 20U);
}

using Make = void (*)(Log&);
struct Sickness {
  const char* rule;
  Make make;
};

const Sickness kSick[] = {
    {"slow_start",
     [](Log& log) {
       for (auto& executor : log.executors) executor.added = 200;
     }},
    {"gc",
     [](Log& log) {
       for (auto& stage : log.stages) stage.sums.gc = 400;
       log.sums.gc = 4000;
     }},
    {"fetch_wait", [](Log& log) { log.stages[2].sums.fetch_wait = 1500; }},
    {"speculation_waste",
     [](Log& log) {
       log.stages[1].sums.speculative = log.sums.speculative = 40;
       log.stages[1].sums.killed = log.sums.killed = 40;
       log.stages[1].sums.killed_seconds = log.sums.killed_seconds = 1500;
     }},
    {"bad_node",
     [](Log& log) {
       for (auto& stage : log.stages) {
         stage.hosts["h3"].seconds = 800;
         for (const char* host : {"h0", "h1", "h2"}) stage.hosts[host].seconds = 267;
       }
     }},
    {"idle_executors", [](Log& log) { log.executors.push_back({.id = "9", .host = "h9", .cores = 4, .added = 5}); }},
    {"idle_cores",
     [](Log& log) {
       for (int i = 0; i < 12; ++i)
         log.executors.push_back({.id = "x" + std::to_string(i), .cores = 4, .added = 5, .busy = 500});
     }},
    {"memory_over",
     [](Log& log) {
       for (auto& executor : log.executors) executor.peak_heap_bytes = int64_t{1} << 30;
     }},
    {"instance_type",
     [](Log& log) {
       log.sums.cpu = 0.95 * log.sums.run;
       for (auto& executor : log.executors) executor.peak_heap_bytes = int64_t{1} << 30;
     }},
    {"big_result", [](Log& log) { log.stages[3].sums.result_bytes = 900'000'000; }},
    {"lost_executors",
     [](Log& log) {
       for (int i = 0; i < 20; ++i) {
         log.executors.push_back({.id = "l" + std::to_string(i),
                                  .cores = 4,
                                  .added = 5,
                                  .removed = 50,
                                  .removed_because = "Container killed by YARN for exceeding memory limits. 137",
                                  .busy = 150,
                                  .tasks = 9});
       }
     }},
    {"narrow_queries",
     [](Log& log) {
       for (auto& stage : log.stages) {
         stage.execution = stage.id;
         stage.seconds = {};
         stage.seconds.Add(100, 2);
         stage.slowest = 100;
       }
     }},
    {"driver_bound",
     [](Log& log) {
       for (size_t i = 0; i < log.stages.size(); ++i) log.busy[i].second = log.busy[i].first + 50;
     }},
    {"slow_codec",
     [](Log& log) {
       log.conf["spark.sql.parquet.compression.codec"] = "gzip";
       log.stages[4].sums.cpu = log.stages[5].sums.cpu = log.stages[4].sums.run;
       PlanNode node;
       node.name = "Execute InsertIntoHadoopFsRelationCommand";
       node.metrics = {
           {"number of written files", {8, -1}}, {"written output", {1e9, -1}}, {"task commit time", {9, 4}}};
       PlanNode other = node;
       other.metrics["task commit time"].stage = 5;
       log.executions.push_back(
           {.id = 1, .description = "", .started = 0, .ended = 900, .error = "", .nodes = {node, other}});
     }},
};

TEST(Rules, FindWhatRealSparkIsNotMadeToShow) {
  for (const auto& [rule, make] : kSick) {
    Log log = Healthy();
    make(log);
    EXPECT_TRUE(RulesOf(log).contains(rule)) << rule;
  }
}

TEST(Model, LaysOutTheSameTime) {
  const Log log = Healthy();
  EXPECT_NEAR(Model(log).seconds, log.ended, 0.02 * log.ended);
  EXPECT_NEAR(Model(log, {.slots = 32, .stages = {}}).seconds, log.ended / 2, 0.05 * log.ended);
  EXPECT_NEAR(Model(log, {.slots = 8, .stages = {}}).seconds, log.ended * 2, 0.05 * log.ended);
  EXPECT_NEAR(Model(log, {.slots = 0, .stages = {{&log.stages[0], {16, 5}}}}).seconds, log.ended - 95, 3);
}

TEST(WhatIf, SpotIsCheaperAndSlower) {
  const auto prices = PricesFromJson(BuiltInPrices());
  ASSERT_TRUE(prices.ok());
  const WhatIf now = AskWhatIf(Healthy(), *prices, {}, {{2, 8}});
  EXPECT_EQ(now.own.executors, 4);
  for (const auto& outcome : now.outcomes) {
    EXPECT_LT(outcome.spot_dollars, outcome.dollars);
    EXPECT_GT(outcome.spot_seconds, outcome.seconds.mid);
    EXPECT_LE(outcome.seconds.low, outcome.seconds.mid);
  }
  EXPECT_NEAR(now.outcomes.back().seconds.mid, now.outcomes.front().seconds.mid, 1);
  EXPECT_FALSE(now.native.possible);  // jobs without SQL
}

}  // namespace
}  // namespace tidemill::advisor::eventlog
