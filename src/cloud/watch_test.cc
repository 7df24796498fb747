#include "cloud/watch.h"

#include <gtest/gtest.h>

namespace tidemill::cloud {
namespace {

const Timestamp kNow = ParseTimestamp("2026-01-01T01:00:00Z").value();

const advisor::Prices& Prices() {
  static const auto* prices = new advisor::Prices(advisor::PricesFromJson(advisor::BuiltInPrices()).value());
  return *prices;
}

// Three core nodes, and task nodes of that many as asked for and there.
Sight SightOf(int spot_target, int spot_there, double cpu = 0.5) {
  Sight sight;
  sight.cluster.id = "j-1";
  sight.fleets = {{"if-m", Role::kMaster, "RUNNING", 1, 1, 0, 0},
                  {"if-c", Role::kCore, "RUNNING", 3, 3, 0, 0},
                  {"if-t", Role::kTask, "RUNNING", 0, 0, spot_target, spot_there}};
  const auto add = [&](const std::string& fleet, Market market, const std::string& type) {
    const std::string id = "i-" + std::to_string(sight.instances.size());
    sight.instances.push_back({id, id, fleet, market, type, "RUNNING", kNow - std::chrono::hours(1)});
    sight.cpu[id] = cpu;
  };
  add("if-m", Market::kOnDemand, "m5.xlarge");
  for (int i = 0; i < 3; ++i) add("if-c", Market::kOnDemand, "r5.2xlarge");
  for (int i = 0; i < spot_there; ++i) add("if-t", Market::kSpot, "r5.xlarge");
  sight.prices = {{"r5.xlarge", 0.08}, {"r5.2xlarge", 0.17}, {"r5.4xlarge", 0.35}};
  return sight;
}

int64_t CountOf(const Observation& seen, NodeState state) {
  return std::ranges::count(seen.nodes, state, &Node::state);
}

TEST(Watch, WorkersAreSeenAndTheMasterIsNot) {
  WatchMemory memory;
  const auto seen = ObservationOf({.name = "etl"}, Prices(), SightOf(2, 2), kNow, memory);
  EXPECT_EQ(seen.nodes.size(), 5U);
  EXPECT_EQ(CountOf(seen, NodeState::kReady), 5);
  EXPECT_DOUBLE_EQ(seen.cpu, 0.5);
  EXPECT_EQ(memory.controller.target, 5);
  ASSERT_EQ(seen.markets.size(), 3U);
  EXPECT_NEAR(seen.markets[2].price_share, 0.08 / 0.252, 1e-9);
}

TEST(Watch, WhatHasNotComeIsRequestedSinceItWasMissed) {
  WatchMemory memory;
  const ClusterSpec spec{.name = "etl"};
  (void)ObservationOf(spec, Prices(), SightOf(4, 2), kNow, memory);
  const auto later = kNow + std::chrono::minutes(3);
  const auto seen = ObservationOf(spec, Prices(), SightOf(5, 2), later, memory);
  EXPECT_EQ(CountOf(seen, NodeState::kRequested), 3);
  const std::vector<Timestamp> asked = {kNow, kNow, later};
  EXPECT_EQ(memory.asked[Role::kTask], asked);
  // One came: it was asked for first.
  (void)ObservationOf(spec, Prices(), SightOf(5, 3), later, memory);
  EXPECT_EQ(memory.asked[Role::kTask], (std::vector<Timestamp>{kNow, later}));
}

TEST(Watch, MoreThanWereAskedForAreAboutToGo) {
  WatchMemory memory;
  const auto seen = ObservationOf({.name = "etl"}, Prices(), SightOf(1, 3), kNow, memory);
  EXPECT_EQ(CountOf(seen, NodeState::kDraining), 2);
}

TEST(Watch, OnDemandBeyondItsShareIsABridge) {
  WatchMemory memory;
  auto sight = SightOf(0, 0);
  sight.fleets[2].on_demand_target = sight.fleets[2].on_demand = 2;
  for (const char* id : {"b-1", "b-2"})
    sight.instances.push_back({id, id, "if-t", Market::kOnDemand, "r5.xlarge", "RUNNING", kNow});
  const auto seen = ObservationOf({.name = "etl"}, Prices(), sight, kNow, memory);
  EXPECT_EQ(std::ranges::count_if(seen.nodes, &Node::bridge), 2);
}

TEST(Watch, AtALaunchEmrBridgesItself) {
  WatchMemory memory;
  auto sight = SightOf(2, 0);
  sight.fleets[2].on_demand = 2;  // in place of the two spot nodes
  for (const char* id : {"b-1", "b-2"})
    sight.instances.push_back({id, id, "if-t", Market::kOnDemand, "r5.xlarge", "RUNNING", kNow});
  const auto seen = ObservationOf({.name = "etl"}, Prices(), sight, kNow, memory);
  EXPECT_EQ(CountOf(seen, NodeState::kRequested), 0);
  EXPECT_EQ(CountOf(seen, NodeState::kDraining), 0);
  EXPECT_EQ(std::ranges::count_if(seen.nodes, &Node::bridge), 2);
}

TEST(Watch, ANodeThatIsTakenFillsItsPlaceUntilItIsGone) {
  WatchMemory memory;
  const ClusterSpec spec{.name = "etl"};
  auto sight = SightOf(3, 3);
  sight.noticed = {sight.instances.back().ec2_id};
  const auto seen = ObservationOf(spec, Prices(), sight, kNow, memory);
  EXPECT_EQ(memory.taken.size(), 1U);
  Decision decision;
  decision.actions = {{ActionKind::kDrain, sight.instances.back().id, Role::kTask, Market::kSpot, "r5.xlarge"},
                      {ActionKind::kRequest, "", Role::kTask, Market::kSpot, "r5.xlarge"}};
  const std::vector<FleetSize> same = {{Role::kCore, 3, 0}, {Role::kTask, 0, 3}};
  EXPECT_EQ(SizesAfter(spec, Prices(), seen, decision), same);
  decision.actions.back().market = Market::kOnDemand;
  const std::vector<FleetSize> bridged = {{Role::kCore, 3, 0}, {Role::kTask, 1, 3}};
  EXPECT_EQ(SizesAfter(spec, Prices(), seen, decision), bridged);
}

TEST(Watch, SizesStayBelowTheMost) {
  WatchMemory memory;
  ClusterSpec spec{.name = "etl"};
  spec.scaling.max_nodes = 5;
  const auto seen = ObservationOf(spec, Prices(), SightOf(2, 2), kNow, memory);
  Decision decision;
  for (int i = 0; i < 9; ++i)
    decision.actions.push_back({ActionKind::kRequest, "", Role::kTask, Market::kSpot, "r5.xlarge"});
  EXPECT_EQ(SizesAfter(spec, Prices(), seen, decision)[1], (FleetSize{Role::kTask, 0, 2}));
}

TEST(Watch, TheMemoryKeepsItsText) {
  WatchMemory memory;
  memory.controller.target = 7;
  memory.controller.above_since = kNow;
  memory.asked[Role::kTask] = {kNow, kNow + std::chrono::minutes(1)};
  memory.taken["i-1"] = kNow;
  memory.taken_type["i-1"] = "r5.xlarge";
  EXPECT_EQ(WatchMemoryFromJson(WatchMemoryToJson(memory)).value(), memory);
  EXPECT_FALSE(WatchMemoryFromJson("[]").ok());
}

}  // namespace
}  // namespace tidemill::cloud
