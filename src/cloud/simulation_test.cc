#include "cloud/simulation.h"

#include <gtest/gtest.h>

#include "cloud/policies.h"

namespace tidemill::cloud {
namespace {

// Round prices: a second of an xlarge is $0.0001, of a 2xlarge $0.0002; EMR's fee is a tenth of that.
advisor::Prices RoundPrices() {
  advisor::Prices prices;
  prices.instances["m5.xlarge"] = {4, 16, 0.36, 0.036, 0.5};
  prices.instances["r5.xlarge"] = {4, 32, 0.36, 0.036, 0.5};
  prices.instances["r5.2xlarge"] = {8, 64, 0.72, 0.072, 0.5};
  return prices;
}

ClusterSpec SmallSpec() {
  ClusterSpec spec;
  spec.name = "small";
  spec.core.min = spec.core.max = 1;
  spec.task.types = {"r5.xlarge"};
  spec.scaling.min_nodes = 1;
  spec.scaling.max_nodes = 3;
  spec.hdfs_replication = 1;
  return spec;
}

constexpr const char* kJobs = R"({"job":"A","arrival":0,"vcpu_seconds":14400,"max_vcpus":8,"deadline":"1h"}
{"job":"B","arrival":216000,"vcpu_seconds":57600,"max_vcpus":16,"deadline":"2h"}
{"job":"C","arrival":432000,"vcpu_seconds":28800,"max_vcpus":12,"deadline":"30m"}
)";
constexpr const char* kMarket = R"({"type":"r5.xlarge","at":0,"price_share":0.5}
{"type":"r5.xlarge","at":200000,"available":false}
{"type":"r5.xlarge","at":218400,"available":true}
{"type":"r5.xlarge","at":433000,"taken":1}
)";

// A week by hand. One core node of 8 cores at the least, at most two task nodes of 4 cores more; seconds count from
// Monday 00:00; a node works 300 s after its start; the controller steps every 60 s from a cluster's start.
//
// A, Monday 00:00: cluster and core node start at 0, both work from 300. CPU counts as 100 % while a job waits: above
//   75 % from the first step, 60, so at 360 (5 min) one step out: 8 cores in use / 0.75 is 10.7, one node of 4 is
//   missing. It is spot, paid from 360. A can use 8 cores: 14400 / 8 = 1800 s, done at 2100. CPU is 0 from the step at
//   2160 on, so at 2760 (10 min) the spot node drains, and goes a minute later, at 2820. Idle since 2100: the cluster
//   ends at 5700.
//     master and core 5700 s; spot 360..2820 = 2460 s; A took 2100 s.
// B, Wednesday 12:00 = 216000, the spot market empty until 218400: works from 216300 with 8 cores. At 216360 57120
//   vcpu-seconds wait: 31.7 cores to be done in 30 min, 6 nodes, but two at most: two spot nodes are asked for, and do
//   not come. At 216960 (10 min) both are given up and bridged with on-demand nodes, which work from 217260: until then
//   960 s * 8 = 7680 are done, 49920 are left for 16 cores. The spot price has been fine since 216000, so at 217800
//   (30 min) bridges go back: there is no room for a third task node, so one bridge drains first (slack is 2820 s).
//   From here 12 cores; left 49920 - 540 * 16 = 41280. It is gone at 217860 and spot is asked for, comes at 218400 and
//   works from 218700; left 41280 - 900 * 12 = 30480. At 218700 the second bridge drains, gone at 218760, when the
//   second spot node starts; it works from 219060; left 30480 - 360 * 12 = 26160, with 16 cores 1635 s: done at 220695.
//   The step at 220740 sees 15 s of 60: 25 %, which is not below 25 %. 0 from 220800: at 221400 both spot nodes drain,
//   gone at 221460. The cluster ends at 224295.
//     master and core 8295 s; bridges 900 + 1800 s; spot 218400..221460 = 3060 and 218760..221460 = 2700 s; B took 4695
//     s.
// C, Saturday 00:00 = 432000: works from 432300. At 432360 28320 wait: 15.7 cores, two nodes: spot, working from
// 432660;
//   left 28800 - 360 * 8 = 25920 for the 12 cores it can use. At 433000 the market takes one spot node: it stops at
//   once and is gone at 433120; a minute of its 4 cores, 240, is done again; C goes on with 12 cores. At the next step,
//   433140, a new spot node starts. (25920 + 240) / 12 = 2180 s: done at 434840, after 2840 s: too late for 30 minutes.
//   25 % at 434880, 0 from 434940: at 435540 both spot nodes drain, gone at 435600. The cluster ends at 438440.
//     master and core 6440 s; spot 760 (taken) + 3240 + 2460 s.
//
// Together: master and core 20435 s each, bridges 2700 s, spot 14680 s.
TEST(Simulation, AWeekByHand) {
  const auto prices = RoundPrices();
  const auto jobs = WorkloadFromJsonLines(kJobs);
  ASSERT_TRUE(jobs.ok()) << jobs.error().message;
  const auto market = MarketFromJsonLines(kMarket, {"r5.xlarge", "r5.2xlarge"}, prices);
  ASSERT_TRUE(market.ok()) << market.error().message;
  const auto r = Simulate({.spec = SmallSpec(),
                           .jobs = &*jobs,
                           .market = &*market,
                           .prices = &prices,
                           .length = std::chrono::hours(24 * 7)});
  EXPECT_EQ(r.finished, 3);
  EXPECT_EQ(r.missed, 1);
  EXPECT_DOUBLE_EQ(r.mean_seconds, (2100 + 4695 + 2840) / 3.0);
  EXPECT_DOUBLE_EQ(r.median_seconds, 2840);
  EXPECT_DOUBLE_EQ(r.p95_seconds, 4695);
  constexpr double kNothing = 1e-9;  // of adding up
  EXPECT_NEAR(r.money.on_demand, 20435 * 0.0001 + 20435 * 0.0002 + 2700 * 0.0001, kNothing);
  EXPECT_NEAR(r.money.spot, 14680 * 0.0001 * 0.5, kNothing);
  EXPECT_NEAR(r.money.emr, 20435 * 0.00001 + 20435 * 0.00002 + (2700 + 14680) * 0.00001, kNothing);
  EXPECT_NEAR(r.money.total(), 7.92135, kNothing);
  EXPECT_NEAR(r.on_demand_node_hours, (2 * 20435 + 2700) / 3600.0, kNothing);
  EXPECT_NEAR(r.spot_node_hours, 14680 / 3600.0, kNothing);
  EXPECT_NEAR(r.used_vcpu_hours, (14400 + 57600 + 28800 + 240) / 3600.0, kNothing);
  EXPECT_NEAR(r.paid_vcpu_hours, (8 * 20435 + 4 * (2700 + 14680)) / 3600.0, kNothing);
  EXPECT_EQ(r.interruptions, 1);
  EXPECT_EQ(r.timeouts, 2);
  EXPECT_EQ(r.bridges, 2);
  EXPECT_EQ(r.most_workers, 3);
}

// Two nodes that are always on for a day cost a day of two nodes and the master, whatever the jobs do.
TEST(Simulation, AFixedClusterIsPaidFromBeginningToEnd) {
  const auto prices = RoundPrices();
  const auto jobs =
      WorkloadFromJsonLines(R"({"job":"A","arrival":3600,"vcpu_seconds":16000,"max_vcpus":16,"deadline":"1h"})");
  const auto market = MarketFromJsonLines("", {"r5.xlarge", "r5.2xlarge"}, prices);
  ClusterSpec spec = SmallSpec();
  spec.core.min = spec.core.max = spec.scaling.min_nodes = spec.scaling.max_nodes = 2;
  spec.scaling.by = ScalingBy::kNone;
  const auto r = Simulate({.spec = spec,
                           .always_on = true,
                           .jobs = &*jobs,
                           .market = &*market,
                           .prices = &prices,
                           .length = std::chrono::hours(24)});
  EXPECT_NEAR(r.money.total(), 24 * (0.36 + 0.036 + 2 * (0.72 + 0.072)), 1e-9);
  EXPECT_DOUBLE_EQ(r.mean_seconds, 1000);
  EXPECT_EQ(r.hours.size(), 24U);
}

TEST(Simulation, CriticalJobsGetCoresFirst) {
  const auto prices = RoundPrices();
  const auto jobs = WorkloadFromJsonLines(
      R"({"job":"slow","arrival":600,"vcpu_seconds":8000,"max_vcpus":8,"deadline":"1h","class":"development"}
{"job":"fast","arrival":700,"vcpu_seconds":8000,"max_vcpus":8,"deadline":"1h","class":"critical"})");
  const auto market = MarketFromJsonLines("", {"r5.xlarge", "r5.2xlarge"}, prices);
  ClusterSpec spec = SmallSpec();
  spec.scaling.by = ScalingBy::kNone;
  const auto r = Simulate({.spec = spec,
                           .always_on = true,
                           .jobs = &*jobs,
                           .market = &*market,
                           .prices = &prices,
                           .length = std::chrono::hours(1)});
  EXPECT_DOUBLE_EQ(r.median_seconds, 1000);  // the critical one: 700 to 1700
  EXPECT_DOUBLE_EQ(r.p95_seconds, 2000);     // the other: 100 s, then from 1700 to 2600
}

TEST(Simulation, TheSameSeedGivesTheSameAndTheCapHolds) {
  const auto prices = advisor::PricesFromJson(advisor::BuiltInPrices());
  const ClusterSpec spec{.name = "standard"};
  for (uint64_t seed = 1; seed <= 5; ++seed) {
    const auto jobs = ModelWorkload(500, 2, seed);
    const auto market = ModelMarket({"r5.xlarge", "r5.2xlarge", "r5.4xlarge"}, *prices, 2, seed);
    for (const auto& name : PolicyNames()) {
      auto policy = PolicyOf(name, spec, jobs, *prices);
      ASSERT_TRUE(policy.ok());
      const SimulationInput input{.spec = policy->spec,
                                  .always_on = policy->always_on,
                                  .jobs = &jobs,
                                  .market = &market,
                                  .prices = &*prices,
                                  .seed = seed,
                                  .length = std::chrono::hours(48)};
      const auto one = Simulate(input), two = Simulate(input);
      EXPECT_EQ(one.money.total(), two.money.total()) << name << seed;
      EXPECT_EQ(one.mean_seconds, two.mean_seconds) << name << seed;
      EXPECT_EQ(one.finished, one.jobs) << name << seed;
      EXPECT_LE(one.most_workers, policy->spec.scaling.max_nodes) << name << seed;
      EXPECT_LE(one.used_vcpu_hours, one.paid_vcpu_hours) << name << seed;
      double dollars = 0;
      for (const auto& hour : one.hours) dollars += hour.dollars;
      EXPECT_NEAR(dollars, one.money.total(), 1e-6) << name << seed;
    }
  }
}

TEST(Simulation, DollarsAnHourStayBelowTheCap) {
  const auto prices = advisor::PricesFromJson(advisor::BuiltInPrices());
  ClusterSpec spec{.name = "capped"};
  spec.max_hourly = 8;
  const auto jobs = ModelWorkload(800, 2, 3);
  const auto market = ModelMarket({"r5.xlarge", "r5.2xlarge", "r5.4xlarge"}, *prices, 2, 3);
  const auto r =
      Simulate({.spec = spec, .jobs = &jobs, .market = &market, .prices = &*prices, .length = std::chrono::hours(48)});
  EXPECT_LE(r.most_hourly, 8 + 1e-9);
  EXPECT_GT(r.most_hourly, 4);
}

TEST(Workload, NamesTheLineThatIsWrong) {
  const auto jobs = WorkloadFromJsonLines(
      "{\"job\":\"A\",\"arrival\":0,\"vcpu_seconds\":1,\"max_vcpus\":1,\"deadline\":\"1h\"}\n\n{\"job\":3}\n");
  ASSERT_FALSE(jobs.ok());
  EXPECT_NE(jobs.error().message.find("line 3"), std::string::npos) << jobs.error().message;
  EXPECT_FALSE(WorkloadFromJsonLines("").ok());
  EXPECT_FALSE(WorkloadFromJsonLines("[1]").ok());
}

TEST(Workload, TimesOfDayCountFromTheFirstMidnight) {
  const auto jobs = WorkloadFromJsonLines(
      R"({"job":"b","arrival":"2024-05-02T01:00:00Z","vcpu_seconds":1,"max_vcpus":1,"deadline":60}
{"job":"a","arrival":"2024-05-01T06:00:00Z","vcpu_seconds":1,"max_vcpus":1,"deadline":60})");
  ASSERT_TRUE(jobs.ok()) << jobs.error().message;
  EXPECT_EQ(jobs->at(0).name, "a");
  EXPECT_EQ(jobs->at(0).arrival, Micros(std::chrono::hours(6)));
  EXPECT_EQ(jobs->at(1).arrival, Micros(std::chrono::hours(25)));
}

}  // namespace
}  // namespace tidemill::cloud
