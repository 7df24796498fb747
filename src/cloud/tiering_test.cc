#include "cloud/tiering.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace tidemill::cloud {
namespace {

constexpr int64_t kMb = int64_t{1} << 20, kGb = int64_t{1} << 30;
const Timestamp kNow = ParseTimestamp("2026-06-01T00:00:00Z").value();

int64_t DaysAgo(int days) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             (kNow - std::chrono::hours(24 * days)).time_since_epoch())
      .count();
}

delta::Add File(std::string path, int64_t bytes, int days) {
  return {.path = std::move(path), .size_bytes = bytes, .modification_time_ms = DaysAgo(days)};
}

TierPlan PlanOf(std::vector<delta::Add> files, std::vector<delta::Remove> removed = {}) {
  delta::Snapshot::State state;
  state.files = std::move(files);
  state.tombstones = std::move(removed);
  const delta::Snapshot snapshot({.root = "s3://lake/t"}, std::move(state));
  return PlanTiers(snapshot, {}, advisor::PricesFromJson(advisor::BuiltInPrices()).value(), kNow);
}

TEST(Tiers, APartitionIsAsOldAsItsNewestFile) {
  const auto plan = PlanOf({File("d=1/a", kGb, 200), File("d=1/b", kGb, 10), File("d=2/a", kGb, 29),
                            File("d=3/a", kGb, 30), File("d=4/a", kGb, 89), File("d=5/a", kGb, 90)});
  const Tier expected[] = {Tier::kStandard, Tier::kStandard, Tier::kInfrequent, Tier::kInfrequent, Tier::kArchive};
  ASSERT_EQ(plan.parts.size(), 5U);
  for (size_t i = 0; i < 5; ++i) EXPECT_EQ(plan.parts[i].tier, expected[i]) << plan.parts[i].partition;
}

// 1 GB each in Standard 0.023, IA 0.0125, Glacier 0.0036 and 40 KB of overhead for its one object.
TEST(Tiers, DollarsByHand) {
  const auto plan = PlanOf({File("d=1/a", kGb, 1), File("d=2/a", kGb, 40), File("d=3/a", kGb, 100)});
  EXPECT_NEAR(plan.monthly_now, 3 * 0.023, 1e-12);
  EXPECT_NEAR(plan.monthly_then, 0.023 + 0.0125 + 0.0036 * (1 + 40.0 * 1024 / kGb), 1e-12);
  EXPECT_NEAR(plan.transition, 0.001 * (0.01 + 0.03), 1e-12);
  EXPECT_NEAR(plan.retrieval, 0.02, 1e-12);
  EXPECT_EQ(plan.archived_bytes, kGb);
}

TEST(Tiers, SmallObjectsStay) {
  const auto plan = PlanOf({File("d=1/a", 128 * 1024 - 1, 100), File("d=1/b", 128 * 1024, 100)});
  ASSERT_EQ(plan.parts.size(), 2U);
  EXPECT_EQ(plan.parts[0].tier, Tier::kArchive);
  EXPECT_EQ(plan.parts[0].files, 1);
  EXPECT_EQ(plan.parts[1].tier, Tier::kStandard);
}

TEST(Tiers, WhatARetainedVersionNeedsStaysAndKeepsItsFolderOutOfTheRules) {
  delta::Remove fresh{.path = "d=1/old", .deletion_timestamp_ms = DaysAgo(6), .size_bytes = kMb};
  delta::Remove stale{.path = "d=2/old", .deletion_timestamp_ms = DaysAgo(8), .size_bytes = kMb};
  const auto plan = PlanOf({File("d=1/a", kGb, 100), File("d=2/a", kGb, 100), File("d=3/a", kGb, 40)}, {fresh, stale});
  EXPECT_EQ(plan.retained_files, 1);
  EXPECT_EQ(plan.retained_bytes, kMb);
  const auto rules = nlohmann::json::parse(LifecycleRules(plan, {}))["Rules"];
  ASSERT_EQ(rules.size(), 2U);
  EXPECT_EQ(rules[0]["Filter"]["And"]["Prefix"], "t/d=2/");
  EXPECT_EQ(rules[0]["Transitions"].size(), 2U);
  EXPECT_EQ(rules[0]["Filter"]["And"]["ObjectSizeGreaterThan"], 131071);
  EXPECT_EQ(rules[1]["Filter"]["And"]["Prefix"], "t/d=3/");
  EXPECT_EQ(rules[1]["Transitions"][0]["StorageClass"], "STANDARD_IA");
}

// Its data lies in the folder that holds the log: no rule may name that.
TEST(Tiers, ATableWithoutPartitionsGetsNoRule) {
  const auto plan = PlanOf({File("a", kGb, 100)});
  EXPECT_EQ(plan.parts.at(0).tier, Tier::kArchive);
  EXPECT_TRUE(nlohmann::json::parse(LifecycleRules(plan, {}))["Rules"].empty());
}

}  // namespace
}  // namespace tidemill::cloud
