#include "cloud/opportunities.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace tidemill::cloud {
namespace {

const advisor::Prices& Prices() {
  static const auto* prices = new advisor::Prices(advisor::PricesFromJson(advisor::BuiltInPrices()).value());
  return *prices;
}

const Opportunity* Find(const std::vector<Opportunity>& found, const std::string& kind) {
  const auto one = std::ranges::find(found, kind, &Opportunity::kind);
  return one == found.end() ? nullptr : &*one;
}

std::vector<Opportunity> Of(WatchedCluster cluster) {
  OpportunityFacts facts;
  facts.clusters.push_back(std::move(cluster));
  return FindOpportunities(facts, Prices());
}

TEST(Opportunities, TheStandardClusterInFullUseHasNone) {
  EXPECT_TRUE(
      Of({.spec = {.name = "etl"}, .workers = 10, .cpu = 0.6, .idle = 0, .memory_used = 0.8, .days = 14}).empty());
}

// 10 workers at a tenth of their CPU: two would be half busy, three are the least. Seven task nodes of mixed types go.
TEST(Opportunities, UnderusedNodes) {
  const auto found = Of({.spec = {.name = "etl", .file = "c.yaml"}, .workers = 10, .cpu = 0.1, .days = 14});
  const auto* one = Find(found, "underused nodes");
  ASSERT_NE(one, nullptr);
  EXPECT_EQ(one->command, "tidemill cluster resize c.yaml 3");
  double dollars = 0;  // spot, with EMR's fee: 3 + 2 + 2 of the three types
  const std::pair<const char*, int> kGone[] = {{"r5.xlarge", 3}, {"r5.2xlarge", 2}, {"r5.4xlarge", 2}};
  for (const auto& [type, nodes] : kGone) {
    const auto& price = Prices().instances.at(type);
    dollars += nodes * (price.hourly * price.spot_share + price.emr_hourly) * 730;
  }
  EXPECT_NEAR(one->monthly, dollars, 0.01);
  EXPECT_TRUE(one->measured);
}

TEST(Opportunities, LongIdle) {
  const auto found = Of({.spec = {.name = "etl"}, .idle = 0.5, .days = 7});
  ASSERT_NE(Find(found, "long idle cluster"), nullptr);
  EXPECT_EQ(Find(Of({.spec = {.name = "etl"}, .idle = 0.1}), "long idle cluster"), nullptr);
}

TEST(Opportunities, OldAndWrongTypesAndSpotShare) {
  ClusterSpec spec{.name = "etl", .file = "c.yaml"};
  spec.core.type = "r4.2xlarge";
  spec.core.spot_share = 0.5;
  spec.task.spot_share = 0.2;
  const auto found = Of({.spec = spec, .workers = 10, .memory_used = 0.3, .days = 14});
  const auto* old = Find(found, "old generation");
  ASSERT_NE(old, nullptr);
  const auto& now = Prices().instances.at("r5.2xlarge");
  EXPECT_NEAR(old->monthly, 3 * (0.532 + 0.133 - now.hourly - now.emr_hourly) * 730, 0.01);
  EXPECT_NE(old->command.find("core.type: r5.2xlarge"), std::string::npos);
  ASSERT_NE(Find(found, "wrong instance type"), nullptr);
  ASSERT_NE(Find(found, "spot share too low"), nullptr);
  EXPECT_FALSE(Find(found, "spot share too low")->measured);
  EXPECT_TRUE(std::ranges::is_sorted(found, std::greater<>(), &Opportunity::monthly));
}

TEST(Opportunities, TablesAndTexts) {
  OpportunityFacts facts;
  facts.tables.push_back({{.table = "s3://lake/t", .monthly_now = 10, .monthly_then = 4}, 1000, 10});
  facts.texts.push_back({"s3://lake/in", int64_t{100} << 30, 0.3});
  const auto found = FindOpportunities(facts, Prices());
  ASSERT_EQ(found.size(), 3U);
  EXPECT_EQ(Find(found, "missing lifecycle")->command, "tidemill storage apply s3://lake/t");
  EXPECT_NEAR(Find(found, "missing lifecycle")->monthly, 6, 1e-9);
  EXPECT_NEAR(found.back().monthly, 990 * 0.4e-6 * 30, 1e-9);
}

}  // namespace
}  // namespace tidemill::cloud
