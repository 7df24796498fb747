#include "cloud/cluster.h"

#include <gtest/gtest.h>

#include "cloud/cluster_plan.h"
#include "cloud/fleet.h"

namespace tidemill::cloud {
namespace {

ParsedCluster Parse(const std::string& text) { return ParseCluster(text, "cluster.yaml", {{"TEAM", "data"}}); }

std::string Mistakes(const std::string& text) {
  std::string all;
  for (const auto& diagnostic : Parse(text).diagnostics.Sorted()) all += diagnostic.ToString() + "\n";
  return all;
}

advisor::Prices Prices() { return advisor::PricesFromJson(advisor::BuiltInPrices()).value(); }

TEST(Cluster, TheTemplateSaysTheDefaults) {
  auto written = Parse(ClusterTemplate("etl"));
  EXPECT_TRUE(written.diagnostics.empty()) << Mistakes(ClusterTemplate("etl"));
  const auto bare = Parse("cluster: etl\ntags: {team: data}\n");
  EXPECT_TRUE(bare.diagnostics.empty());
  EXPECT_TRUE(Difference(DesiredResources(written.spec), DesiredResources(bare.spec)).empty());
  EXPECT_EQ(bare.spec.master, "m5.xlarge");
  EXPECT_EQ(bare.spec.core.type, "r5.2xlarge");
  EXPECT_EQ(bare.spec.core.min, 3);
  EXPECT_EQ(bare.spec.core.max, 20);
  EXPECT_EQ(bare.spec.scaling.max_nodes, 50);
  EXPECT_EQ(bare.spec.scaling.out_cpu, 0.75);
  EXPECT_EQ(bare.spec.scaling.in_after, std::chrono::minutes(10));
}

TEST(Cluster, EveryMistakeIsToldWithItsLine) {
  const std::string all = Mistakes(R"(cluster: etl
regoin: us-east-1
zones: [us-east-1a, eu-west-1b]
core:
  min: 30
  max: 20
task:
  types: [r5.xlarge, big]
scaling:
  scale_in_cpu: 80%
spot:
  timeout: 1m
max_hourly: much
tags: {aws:x: y}
)");
  for (const char* part :
       {"cluster.yaml:2:1: regoin: unknown key; did you mean 'region'?",
        "cluster.yaml:3:8: zones: 'eu-west-1b' is no zone", "cluster.yaml:5:8: core.min: is 30, above core.max, 20",
        "cluster.yaml:8:10: task.types: 'big' is not an instance",
        "cluster.yaml:10:17: scaling.scale_in_cpu: is 80%, not below", "cluster.yaml:12:12: spot.timeout: is 1 min",
        "cluster.yaml:13:13: max_hourly: 'much' is not an amount", "tags.aws:x: begins with what is kept"}) {
    EXPECT_NE(all.find(part), std::string::npos) << part << "\nin\n" << all;
  }
}

TEST(Cluster, VariablesComeFromTheEnvironment) { EXPECT_EQ(Parse("cluster: ${TEAM}-etl\n").spec.name, "data-etl"); }

TEST(Cluster, TheClassChangesTheDefaults) {
  EXPECT_EQ(Parse("cluster: a\nclass: critical\n").spec.core.spot_share, 0);
  EXPECT_NE(Mistakes("cluster: a\nclass: critical\ncore: {spot: 50%}\n").find("critical cluster"), std::string::npos);
  const auto small = Parse("cluster: a\nclass: development\n").spec;
  EXPECT_EQ(small.scaling.max_nodes, 5);
  EXPECT_EQ(small.core.min, 1);
  EXPECT_EQ(Parse("cluster: a\nregion: eu-west-1\n").spec.zones.at(1), "eu-west-1b");
}

TEST(Cluster, CoreAndTaskShareTheWorkers) {
  const ClusterSpec spec;
  EXPECT_EQ(spec.CoreNodes(3), 3);
  EXPECT_EQ(spec.CoreNodes(10), 3);   // 2 would be 20 %, 3 is the minimum
  EXPECT_EQ(spec.CoreNodes(50), 10);  // 20 %
  EXPECT_EQ(spec.CoreOnDemand(3), 3);
  EXPECT_EQ(spec.CoreOnDemand(10), 5);
  EXPECT_EQ(spec.CoreOnDemand(4), 3);  // half would be 2: below the minimum
}

// 10 core (5 spot), 40 task nodes over three types: 14 xlarge, 13 2xlarge, 13 4xlarge, all spot at 35 %.
TEST(Cluster, AnHourIsPricedByHand) {
  const auto prices = Prices();
  const auto fleet = FleetAt(ClusterSpec{}, 50);
  const double on_demand = 0.240 + 10 * 0.630 + 14 * 0.315 + 13 * 0.630 + 13 * 1.260;
  EXPECT_NEAR(HourlyOnDemand(fleet, prices), on_demand, 1e-9);
  const double spot = 0.240 + 5 * 0.630 + 5 * (0.504 * 0.35 + 0.126) + 14 * (0.252 * 0.35 + 0.063) +
                      13 * (0.504 * 0.35 + 0.126) + 13 * (1.008 * 0.35 + 0.252);
  EXPECT_NEAR(HourlyPrice(fleet, prices), spot, 1e-9);
}

TEST(ClusterPlan, ShowsWhatChangesAndWhatIsMadeAnew) {
  ClusterSpec spec{.name = "etl"};
  auto known = DesiredResources(spec);
  for (auto& resource : known) resource.id = "id-of-" + resource.address;
  EXPECT_TRUE(Difference(known, DesiredResources(spec)).empty());
  spec.scaling.max_nodes = 20;
  auto changes = Difference(known, DesiredResources(spec));
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_EQ(changes[0].address, "emr.scaling");
  EXPECT_EQ(changes[0].kind, ChangeKind::kUpdate);
  EXPECT_EQ(changes[0].attributes.at(0).before, "3 to 50");
  spec.release = "emr-7.6.0";
  changes = Difference(known, DesiredResources(spec));
  ASSERT_EQ(changes.size(), 5U);  // the cluster, its three fleets, its scaling
  for (const auto& change : changes) EXPECT_EQ(change.kind, ChangeKind::kReplace) << change.address;
  spec = {.name = "etl"};
  spec.security.service_role = "arn:aws:iam::1:role/mine";
  changes = Difference(known, DesiredResources(spec));
  EXPECT_EQ(changes.back().kind, ChangeKind::kDestroy);
  EXPECT_EQ(changes.back().address, "iam.role.service");
}

TEST(ClusterPlan, ACapBelowTheLeastSizeIsRefused) {
  ClusterSpec spec{.name = "etl"};
  spec.max_hourly = 2;
  const auto plan = PlanCluster(spec, {}, Prices());
  ASSERT_FALSE(plan.ok());
  EXPECT_NE(plan.error().message.find("below the price of the least size"), std::string::npos);
  spec.max_hourly = 10;
  EXPECT_LT(MostWorkers(spec, Prices()), 50);
}

TEST(ClusterPlan, ATypeWithoutAPriceIsNamed) {
  ClusterSpec spec{.name = "etl"};
  spec.task.types = {"r7g.xlarge"};
  const auto plan = PlanCluster(spec, {}, Prices());
  ASSERT_FALSE(plan.ok());
  EXPECT_NE(plan.error().message.find("r7g.xlarge"), std::string::npos);
}

TEST(Resource, AttributesKeepTheirText) {
  const std::map<std::string, std::string> attributes = {{"a", "1 \"x\"\n"}, {"b", ""}};
  EXPECT_EQ(AttributesFromJson(AttributesToJson(attributes)).value(), attributes);
  EXPECT_FALSE(AttributesFromJson("[]").ok());
}

}  // namespace
}  // namespace tidemill::cloud
