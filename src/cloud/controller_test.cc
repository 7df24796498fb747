#include "cloud/controller.h"

#include <gtest/gtest.h>

#include <random>

#include "cloud/spot.h"

namespace tidemill::cloud {
namespace {

constexpr auto kMinute = std::chrono::minutes(1);

const advisor::Prices& Prices() {
  static const auto* prices = new advisor::Prices(advisor::PricesFromJson(advisor::BuiltInPrices()).value());
  return *prices;
}

Timestamp At(int minutes) { return Timestamp(minutes * kMinute); }

std::vector<SpotMarket> FineMarkets() {
  return {{"r5.xlarge", 0.35, 0.01}, {"r5.2xlarge", 0.35, 0.01}, {"r5.4xlarge", 0.35, 0.01}};
}

// A cluster of the standard file, stepped by hand.
class ControllerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    seen_.markets = FineMarkets();
    Do();  // the minimum
    Ready();
  }

  // Steps at `minute` and carries out what is said; a cancelled or drained node is gone at once.
  Decision Do(int minute = 0) {
    seen_.now = At(minute);
    Decision decision = Decide(spec_, Prices(), state_, seen_);
    state_ = decision.state;
    for (const auto& action : decision.actions) {
      if (action.kind == ActionKind::kRequest) {
        seen_.nodes.push_back({.id = std::to_string(++made_),
                               .role = action.role,
                               .market = action.market,
                               .type = action.type,
                               .state = NodeState::kRequested,
                               .since = seen_.now,
                               .vcpus = Prices().instances.at(action.type).vcpus,
                               .bridge = action.bridge});
      } else {
        std::erase_if(seen_.nodes, [&](const Node& n) { return n.id == action.node; });
      }
    }
    return decision;
  }
  void Ready() {
    for (auto& node : seen_.nodes) node.state = NodeState::kReady;
  }
  int Count(auto&& of) const { return static_cast<int>(std::count_if(seen_.nodes.begin(), seen_.nodes.end(), of)); }
  int Of(Role role, Market market) const {
    return Count([&](const Node& n) { return n.role == role && n.market == market; });
  }
  // Steps each minute of [from, to] at this CPU.
  int ActionsAt(double cpu, int from, int to) {
    seen_.cpu = cpu;
    int actions = 0;
    for (int minute = from; minute <= to; ++minute) actions += static_cast<int>(Do(minute).actions.size());
    return actions;
  }
  // A cluster that has grown to so many workers, all ready, at `minute`.
  void Grown(int workers, int minute) {
    state_.target = workers;
    seen_.cpu = 0.5;
    Do(minute);
    Ready();
    ASSERT_EQ(static_cast<int>(seen_.nodes.size()), workers);
  }

  ClusterSpec spec_;
  ControllerState state_;
  Observation seen_;
  int made_ = 0;
};

TEST_F(ControllerTest, BeginsWithTheMinimumOnDemand) {
  EXPECT_EQ(Of(Role::kCore, Market::kOnDemand), 3);
  EXPECT_EQ(seen_.nodes.size(), 3U);
  EXPECT_EQ(state_.target, 3);
}

TEST_F(ControllerTest, GrowsAfterFiveMinutesAboveSeventyFive) {
  EXPECT_EQ(ActionsAt(0.76, 0, 4), 0);
  EXPECT_GT(ActionsAt(0.76, 5, 5), 0);
}

TEST_F(ControllerTest, SeventyFiveIsNotAbove) { EXPECT_EQ(ActionsAt(0.75, 0, 30), 0); }

TEST_F(ControllerTest, AMinuteBelowBeginsAnew) {
  EXPECT_EQ(ActionsAt(0.9, 0, 4), 0);
  EXPECT_EQ(ActionsAt(0.7, 5, 5), 0);
  EXPECT_EQ(ActionsAt(0.9, 6, 10), 0);
  EXPECT_GT(ActionsAt(0.9, 11, 11), 0);
}

// 24 cores; 43200 vcpu-seconds are 24 cores for 30 minutes: none missing by the backlog, but 24 / 0.75 = 32 are by the
// use: 8 cores, one node of 9.3 on average. 216000 are 120 cores: 96 missing, 11 nodes.
TEST_F(ControllerTest, TheBacklogMakesTheSizeOfTheStep) {
  seen_.backlog_vcpu_seconds = 43'200;
  ActionsAt(1, 0, 5);
  EXPECT_EQ(state_.target, 4);
  state_ = {};
  seen_.nodes.clear();
  SetUp();
  seen_.backlog_vcpu_seconds = 216'000;
  ActionsAt(1, 0, 5);
  EXPECT_EQ(state_.target, 14);
}

TEST_F(ControllerTest, NeverMoreThanTheMost) {
  seen_.backlog_vcpu_seconds = 1e9;
  for (int minute = 0; minute <= 60; ++minute) {
    ActionsAt(1, minute, minute);
    Ready();
  }
  EXPECT_EQ(state_.target, 50);
  EXPECT_EQ(seen_.nodes.size(), 50U);
  EXPECT_EQ(Of(Role::kCore, Market::kOnDemand), 5);
  EXPECT_EQ(Of(Role::kCore, Market::kSpot), 5);
  EXPECT_EQ(Of(Role::kTask, Market::kSpot), 40);
}

TEST_F(ControllerTest, NodesThatComeCountAgainstTheNextStep) {
  seen_.backlog_vcpu_seconds = 216'000;
  ActionsAt(1, 0, 5);
  const auto size = seen_.nodes.size();
  EXPECT_EQ(ActionsAt(1, 6, 9), 0);  // the cool-down, and CPU above again for 5 minutes
  ActionsAt(1, 10, 11);
  EXPECT_LE(seen_.nodes.size(), size + 1);  // the cores that come are enough: the least step
}

TEST_F(ControllerTest, TaskNodesAreSpreadOverTheTypes) {
  Grown(15, 1);
  for (const char* type : {"r5.xlarge", "r5.2xlarge", "r5.4xlarge"}) {
    EXPECT_EQ(Count([&](const Node& n) { return n.role == Role::kTask && n.type == type; }), 4) << type;
  }
}

TEST_F(ControllerTest, ShrinksAfterTenMinutesBelowTwentyFive) {
  Grown(10, 1);
  EXPECT_EQ(ActionsAt(0.2, 11, 20), 0);
  EXPECT_GT(ActionsAt(0.2, 21, 21), 0);
}

TEST_F(ControllerTest, TwentyFiveIsNotBelow) {
  Grown(10, 1);
  EXPECT_EQ(ActionsAt(0.25, 2, 60), 0);
}

TEST_F(ControllerTest, AfterAChangeNothingIsTakenAwayForTheCooldown) {
  seen_.backlog_vcpu_seconds = 216'000;
  ActionsAt(1, 0, 5);
  Ready();
  seen_.backlog_vcpu_seconds = 0;
  spec_.scaling.in_after = kMinute;
  EXPECT_EQ(ActionsAt(0, 6, 14), 0);
  EXPECT_GT(ActionsAt(0, 15, 15), 0);
}

TEST_F(ControllerTest, NeverFewerThanTheLeast) {
  Grown(12, 1);
  ActionsAt(0, 2, 200);
  EXPECT_EQ(state_.target, 3);
  EXPECT_EQ(seen_.nodes.size(), 3U);
  EXPECT_EQ(Of(Role::kCore, Market::kOnDemand), 3);
}

// 12 workers with 12 * ... cores: what runs at 20 % must still fit at 50 %.
TEST_F(ControllerTest, ShrinksNoFurtherThanTheLoadAllows) {
  Grown(12, 1);
  double before = 0, after = 0;
  for (const auto& node : seen_.nodes) before += node.vcpus;
  ActionsAt(0.2, 2, 12);
  for (const auto& node : seen_.nodes) after += node.vcpus;
  EXPECT_LT(after, before);
  EXPECT_GE(after * 0.5, before * 0.2);
}

TEST_F(ControllerTest, ANodeWithADriverStays) {
  Grown(6, 1);
  for (auto& node : seen_.nodes) node.hosts_driver = node.role == Role::kTask;
  EXPECT_EQ(ActionsAt(0, 2, 60), 0);
}

TEST_F(ControllerTest, CoreNodesStayAsManyAsHdfsKeepsCopies) {
  spec_.hdfs_replication = 5;
  Grown(50, 1);
  ActionsAt(0, 2, 300);
  EXPECT_EQ(Count([](const Node& n) { return n.role == Role::kCore; }), 5);
}

TEST_F(ControllerTest, IdleNodesGoFirst) {
  Grown(5, 1);
  seen_.nodes[3].busy = 0.9;
  seen_.nodes[4].busy = 0.1;
  const std::string busy = seen_.nodes[3].id;
  spec_.scaling.min_nodes = 4;
  ActionsAt(0.1, 2, 12);
  EXPECT_EQ(Count([&](const Node& n) { return n.id == busy; }), 1);
  EXPECT_EQ(seen_.nodes.size(), 4U);
}

TEST_F(ControllerTest, NothingShrinksWhileNodesCome) {
  Grown(10, 1);
  seen_.nodes.back().state = NodeState::kStarting;
  EXPECT_EQ(ActionsAt(0, 2, 60), 0);
}

TEST_F(ControllerTest, ANoticeDrainsAndIsReplaced) {
  Grown(8, 1);
  seen_.cpu = 0.5;
  seen_.nodes.back().noticed = true;
  const auto decision = Do(2);
  ASSERT_EQ(decision.actions.size(), 2U);
  EXPECT_EQ(decision.actions[0].kind, ActionKind::kDrain);
  EXPECT_EQ(decision.actions[1].kind, ActionKind::kRequest);
  EXPECT_EQ(decision.actions[1].market, Market::kSpot);
  EXPECT_EQ(state_.target, 8);
}

TEST_F(ControllerTest, AtTheMostALostNodeIsReplacedOnlyWhenItIsGone) {
  spec_.scaling.max_nodes = 8;
  Grown(8, 1);
  seen_.cpu = 0.5;
  seen_.nodes.back().noticed = true;
  seen_.now = At(2);
  const auto decision = Decide(spec_, Prices(), state_, seen_);
  ASSERT_EQ(decision.actions.size(), 1U);
  EXPECT_EQ(decision.actions[0].kind, ActionKind::kDrain);
}

TEST_F(ControllerTest, ASpotTimeoutIsBridgedAtAResize) {
  state_.target = 6;
  seen_.cpu = 0.5;
  Do(1);
  EXPECT_EQ(Of(Role::kTask, Market::kSpot), 3);
  EXPECT_TRUE(Do(10).actions.empty());
  const auto decision = Do(11);  // ten minutes later
  EXPECT_EQ(decision.actions.size(), 6U);
  EXPECT_EQ(Of(Role::kTask, Market::kSpot), 0);
  EXPECT_EQ(Count([](const Node& n) { return n.bridge && n.market == Market::kOnDemand; }), 3);
}

TEST_F(ControllerTest, ASpotTimeoutIsBridgedAtALaunch) {
  seen_.nodes.clear();
  state_ = {};
  spec_.scaling.min_nodes = 5;
  Do(0);
  EXPECT_EQ(Of(Role::kTask, Market::kSpot), 2);
  for (auto& node : seen_.nodes) {
    if (node.market == Market::kOnDemand) node.state = NodeState::kReady;
  }
  Do(10);
  EXPECT_EQ(Count([](const Node& n) { return n.bridge; }), 2);
}

TEST_F(ControllerTest, OrGivenUpWhenThePolicySaysSo) {
  spec_.spot.timeout_action = TimeoutAction::kTerminate;
  state_.target = 6;
  seen_.cpu = 0.5;
  Do(1);
  const auto decision = Do(11);
  EXPECT_EQ(state_.target, 3);
  EXPECT_EQ(seen_.nodes.size(), 3U);
  for (const auto& action : decision.actions) EXPECT_EQ(action.kind, ActionKind::kCancel);
}

TEST_F(ControllerTest, DearOrShakyMarketsAreNotAsked) {
  seen_.markets[0].price_share = 0.81;
  seen_.markets[1].interruptions = 0.16;
  Grown(8, 1);
  EXPECT_EQ(Count([](const Node& n) { return n.role == Role::kTask && n.type == "r5.4xlarge"; }), 5);
}

TEST_F(ControllerTest, WhenNoMarketIsFineOnDemandComesAtOnce) {
  for (auto& market : seen_.markets) market.price_share = 0.95;
  state_.target = 5;
  Do(1);
  EXPECT_EQ(Of(Role::kTask, Market::kOnDemand), 2);
  EXPECT_EQ(Count([](const Node& n) { return n.bridge; }), 2);
}

// Two bridges, and a market that is fine again from minute 20 on.
class BridgeTest : public ControllerTest {
 protected:
  void SetUp() override {
    ControllerTest::SetUp();
    for (auto& market : seen_.markets) market.price_share = 0.95;
    state_.target = 5;
    seen_.cpu = 0.5;
    Do(1);
    Ready();
    for (auto& market : seen_.markets) market.price_share = 0.3;
    Do(20);
  }
};

TEST_F(BridgeTest, GoesBackToSpotAfterHalfAnHourOfCalm) {
  EXPECT_EQ(ActionsAt(0.5, 21, 49), 0);
  EXPECT_EQ(ActionsAt(0.5, 50, 50), 1);  // a spot node is asked for first
  EXPECT_EQ(Of(Role::kTask, Market::kOnDemand), 2);
  EXPECT_EQ(ActionsAt(0.5, 51, 52), 0);  // until it is there
  Ready();
  Do(53);
  EXPECT_EQ(Of(Role::kTask, Market::kOnDemand), 1);
  Ready();
  Do(54);
  EXPECT_EQ(Of(Role::kTask, Market::kOnDemand), 0);
  EXPECT_EQ(Of(Role::kTask, Market::kSpot), 2);
  EXPECT_EQ(state_.target, 5);
}

TEST_F(BridgeTest, ADearHourBeginsTheWaitAnew) {
  ActionsAt(0.5, 21, 40);
  for (auto& market : seen_.markets) market.price_share = 0.9;
  ActionsAt(0.5, 41, 41);
  for (auto& market : seen_.markets) market.price_share = 0.3;
  EXPECT_EQ(ActionsAt(0.5, 42, 71), 0);
  EXPECT_EQ(ActionsAt(0.5, 72, 72), 1);
}

TEST_F(BridgeTest, ADeadlineThatIsNearKeepsTheBridge) {
  seen_.slack = std::chrono::minutes(19);
  EXPECT_EQ(ActionsAt(0.5, 21, 90), 0);
  seen_.slack = std::chrono::minutes(20);
  EXPECT_EQ(ActionsAt(0.5, 91, 91), 1);
}

TEST_F(BridgeTest, AtTheMostOneBridgeGoesFirst) {
  spec_.scaling.max_nodes = 5;
  ActionsAt(0.5, 21, 49);
  EXPECT_EQ(ActionsAt(0.5, 50, 50), 1);
  EXPECT_EQ(Of(Role::kTask, Market::kOnDemand), 1);
  Do(51);
  EXPECT_EQ(Of(Role::kTask, Market::kSpot), 1);
}

TEST_F(BridgeTest, BridgesGoFirstWhenTheClusterShrinks) {
  state_.target = 7;
  Do(21);
  Ready();
  spec_.scaling.min_nodes = 5;
  ActionsAt(0, 22, 32);
  EXPECT_EQ(Of(Role::kTask, Market::kOnDemand), 0);
  EXPECT_EQ(Of(Role::kTask, Market::kSpot), 2);
}

TEST_F(ControllerTest, ManagedFollowsTheWork) {
  spec_.scaling.by = ScalingBy::kManaged;
  seen_.demand_vcpus = 24 + 28;  // three core nodes, and three task nodes of 9.3 cores
  Do(1);
  EXPECT_EQ(state_.target, 6);
  Ready();
  seen_.demand_vcpus = 0;
  EXPECT_TRUE(Do(2).actions.empty());  // the cool-down
  Do(11);
  EXPECT_EQ(state_.target, 3);
}

TEST_F(ControllerTest, AFixedSizeIsOnlyKeptUp) {
  spec_.scaling.by = ScalingBy::kNone;
  EXPECT_EQ(ActionsAt(1, 0, 30), 0);
  EXPECT_EQ(ActionsAt(0, 31, 60), 0);
  seen_.nodes.pop_back();
  EXPECT_EQ(ActionsAt(1, 61, 61), 1);
}

TEST(SpotOrder, FollowsTheAllocation) {
  ClusterSpec spec;
  const std::vector<SpotMarket> markets = {
      {"r5.xlarge", 0.5, 0.01}, {"r5.2xlarge", 0.3, 0.10}, {"r5.4xlarge", 0.4, 0.05}};
  const auto order = [&](Allocation allocation, const std::map<std::string, int>& held) {
    spec.task.allocation = allocation;
    return SpotOrder(spec, spec.task.types, markets, held, Prices());
  };
  using Names = std::vector<std::string>;
  EXPECT_EQ(order(Allocation::kDiversified, {{"r5.xlarge", 2}, {"r5.4xlarge", 1}}),
            (Names{"r5.2xlarge", "r5.4xlarge", "r5.xlarge"}));
  EXPECT_EQ(order(Allocation::kCapacityOptimized, {}), (Names{"r5.xlarge", "r5.4xlarge", "r5.2xlarge"}));
  EXPECT_EQ(order(Allocation::kLowestPrice, {}), (Names{"r5.2xlarge", "r5.4xlarge", "r5.xlarge"}));
}

// Whatever is seen: never above the most or the cap, never a driver, a copy of HDFS or the on-demand minimum taken
// away.
TEST(Controller, KeepsItsPromisesOnRandomClusters) {
  for (uint64_t seed = 0; seed < 3000; ++seed) {
    std::mt19937_64 random(seed);
    const auto below = [&](uint64_t n) { return static_cast<int>(random() % n); };
    ClusterSpec spec;
    spec.core.min = 1 + below(4);
    spec.hdfs_replication = 1 + below(static_cast<uint64_t>(spec.core.min));
    spec.scaling.min_nodes = 1 + below(6);
    spec.scaling.max_nodes = std::max(spec.core.min, spec.scaling.min_nodes) + below(20);
    spec.scaling.by = static_cast<ScalingBy>(below(4));
    spec.max_hourly = below(2) == 0 ? 0 : 12;
    Observation seen;
    seen.markets = FineMarkets();
    ControllerState state;
    int made = 0;
    for (int minute = 0; minute < 120; ++minute) {
      seen.now = At(minute);
      seen.cpu = below(101) / 100.0;
      if (minute % 15 < 10) seen.cpu = minute % 30 < 15 ? 0.95 : 0.05;
      seen.backlog_vcpu_seconds = below(1'000'000);
      seen.demand_vcpus = below(500);
      for (auto& market : seen.markets) market.price_share = below(100) / 100.0;
      const Observation before = seen;
      const Decision decision = Decide(spec, Prices(), state, seen);
      state = decision.state;
      for (const auto& action : decision.actions) {
        if (action.kind == ActionKind::kRequest) {
          seen.nodes.push_back(
              {.id = std::to_string(++made),
               .role = action.role,
               .market = action.market,
               .type = action.type,
               .state = action.market == Market::kSpot && below(3) == 0 ? NodeState::kRequested : NodeState::kReady,
               .since = seen.now,
               .vcpus = Prices().instances.at(action.type).vcpus,
               .hosts_driver = below(10) == 0,
               .noticed = action.market == Market::kSpot && below(20) == 0,
               .bridge = action.bridge});
          continue;
        }
        const auto node =
            std::find_if(seen.nodes.begin(), seen.nodes.end(), [&](const Node& n) { return n.id == action.node; });
        ASSERT_NE(node, seen.nodes.end()) << seed;
        if (!node->noticed) {
          ASSERT_FALSE(node->hosts_driver && action.kind == ActionKind::kDrain) << seed;
        }
        seen.nodes.erase(node);
      }
      ASSERT_LE(static_cast<int>(seen.nodes.size()), spec.scaling.max_nodes) << seed;
      double hourly = 0.240;
      for (const auto& n : seen.nodes) {
        hourly += Prices().instances.at(n.type).hourly + Prices().instances.at(n.type).emr_hourly;
      }
      if (spec.max_hourly > 0) {
        ASSERT_LE(hourly, spec.max_hourly + 1e-6) << seed;
      }
      const auto core =
          std::count_if(seen.nodes.begin(), seen.nodes.end(), [](const Node& n) { return n.role == Role::kCore; });
      const auto noticed = std::count_if(before.nodes.begin(), before.nodes.end(),
                                         [](const Node& n) { return n.role == Role::kCore && n.noticed; });
      const auto had =
          std::count_if(before.nodes.begin(), before.nodes.end(), [](const Node& n) { return n.role == Role::kCore; });
      if (noticed == 0 && had >= spec.hdfs_replication) {
        ASSERT_GE(core, spec.hdfs_replication) << seed;
      }
      for (auto& n : seen.nodes) {
        if (n.market == Market::kSpot && n.state == NodeState::kReady && below(50) == 0) n.noticed = true;
      }
    }
  }
}

}  // namespace
}  // namespace tidemill::cloud
