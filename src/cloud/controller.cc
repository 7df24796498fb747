#include "cloud/controller.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "cloud/spot.h"

namespace tidemill::cloud {
namespace {

constexpr double kReturnShare = 0.2;  // of the bridges, at once
// A scale-in keeps enough cores for what runs at this share of use, halfway between growing and shrinking again.
double RestingCpu(const ScalingPolicy& scaling) { return (scaling.in_cpu + scaling.out_cpu) / 2; }

bool Live(const Node& node) { return node.state != NodeState::kDraining && !node.noticed; }
bool Pending(const Node& node) { return node.state == NodeState::kRequested || node.state == NodeState::kStarting; }

class Step {
 public:
  Step(const ClusterSpec& spec, const advisor::Prices& prices, const ControllerState& state, const Observation& seen)
      : spec_(spec), prices_(prices), seen_(seen), nodes_(seen.nodes) {
    out_.state = state;
  }

  Decision Run() {
    const int least = std::max(spec_.scaling.min_nodes, spec_.core.min);
    if (out_.state.target == 0) out_.state.target = least;
    out_.state.target = std::clamp(out_.state.target, least, spec_.scaling.max_nodes);
    HandleNotices();
    BridgeTimeouts();
    TrackMarket();
    if (spec_.scaling.by == ScalingBy::kManaged) {
      FollowDemand();
    } else if (spec_.scaling.by != ScalingBy::kNone) {
      FollowCpu();
    }
    Reconcile();
    ReturnToSpot();
    return std::move(out_);
  }

 private:
  // --- what there is -------------------------------------------------------------------------------------------

  int Count(auto&& of) const { return static_cast<int>(std::count_if(nodes_.begin(), nodes_.end(), of)); }
  int LiveOf(Role role) const {
    return Count([&](const Node& n) { return Live(n) && n.role == role; });
  }
  int LiveOf(Role role, Market market) const {
    return Count([&](const Node& n) { return Live(n) && n.role == role && n.market == market && !n.bridge; });
  }
  int All() const { return static_cast<int>(nodes_.size()); }
  double Cores(auto&& of) const {
    double vcpus = 0;
    for (const auto& node : nodes_) vcpus += of(node) ? node.vcpus : 0;
    return vcpus;
  }
  int VcpusOf(const std::string& type) const { return prices_.instances.at(type).vcpus; }
  double TaskVcpus() const {
    double vcpus = 0;
    for (const auto& type : spec_.task.types) vcpus += VcpusOf(type);
    return vcpus / static_cast<double>(spec_.task.types.size());
  }

  // Whether one more is within the most workers and the cap on dollars, were all of them on-demand.
  bool MayAdd(const std::string& type) const {
    if (All() >= spec_.scaling.max_nodes) return false;
    if (spec_.max_hourly <= 0) return true;
    double hourly = Hourly(spec_.master) + Hourly(type);
    for (const auto& node : nodes_) hourly += Hourly(node.type);
    return hourly <= spec_.max_hourly + 1e-9;
  }
  double Hourly(const std::string& type) const {
    const auto& price = prices_.instances.at(type);
    return price.hourly + price.emr_hourly;
  }

  // --- what is done --------------------------------------------------------------------------------------------

  bool Request(Role role, Market market, const std::string& type, bool bridge, std::string why) {
    if (!MayAdd(type)) return false;
    nodes_.push_back({.id = "",
                      .role = role,
                      .market = market,
                      .type = type,
                      .state = NodeState::kRequested,
                      .since = seen_.now,
                      .vcpus = VcpusOf(type),
                      .bridge = bridge});
    out_.actions.push_back({ActionKind::kRequest, "", role, market, type, bridge, std::move(why)});
    return true;
  }

  // Spot from the best market that is fine; a bridge when none is.
  bool RequestSpot(Role role, const std::string& why) {
    const std::vector<std::string> types = role == Role::kCore ? std::vector{spec_.core.type} : spec_.task.types;
    std::map<std::string, int> held;
    for (const auto& node : nodes_) {
      if (Live(node) && node.role == role) ++held[node.type];
    }
    for (const auto& type : SpotOrder(spec_, types, seen_.markets, held, prices_)) {
      if (Request(role, Market::kSpot, type, false, why)) return true;
    }
    if (spec_.spot.timeout_action != TimeoutAction::kOnDemand) return false;
    for (const auto& type : types) {
      if (Request(role, Market::kOnDemand, type, true, why + "; no spot market is fine, so on-demand")) return true;
    }
    return false;
  }

  void Drain(Node& node, std::string why) {
    node.state = NodeState::kDraining;
    out_.actions.push_back(
        {ActionKind::kDrain, node.id, node.role, node.market, node.type, node.bridge, std::move(why)});
  }

  void Cancel(size_t index, std::string why) {
    const Node& node = nodes_[index];
    out_.actions.push_back(
        {ActionKind::kCancel, node.id, node.role, node.market, node.type, node.bridge, std::move(why)});
    nodes_.erase(nodes_.begin() + static_cast<std::ptrdiff_t>(index));
  }

  // --- spot ----------------------------------------------------------------------------------------------------

  void HandleNotices() {
    for (auto& node : nodes_) {
      if (node.noticed && node.state != NodeState::kDraining) Drain(node, "the market takes it in two minutes");
    }
  }

  // At a launch and at a resize alike.
  void BridgeTimeouts() {
    for (size_t i = 0; i < nodes_.size();) {
      const Node node = nodes_[i];
      const bool late = node.market == Market::kSpot && node.state == NodeState::kRequested &&
                        seen_.now - node.since >= spec_.spot.timeout;
      if (!late) {
        ++i;
        continue;
      }
      Cancel(i, fmt::format("no spot within {}", FormatDuration(spec_.spot.timeout)));
      if (spec_.spot.timeout_action == TimeoutAction::kOnDemand) {
        Request(node.role, Market::kOnDemand, node.type, true, "in place of spot that did not come");
      } else {
        out_.state.target = std::max(out_.state.target - 1, std::max(spec_.scaling.min_nodes, spec_.core.min));
      }
    }
  }

  void TrackMarket() {
    const bool calm = std::any_of(seen_.markets.begin(), seen_.markets.end(),
                                  [&](const SpotMarket& market) { return MarketIsFine(spec_.spot, market); });
    if (!calm) out_.state.calm_since.reset();
    if (calm && !out_.state.calm_since) out_.state.calm_since = seen_.now;
  }

  // New spot nodes come first and bridges go when those are ready, so that no core is missed meanwhile. At the most
  // workers one bridge goes first, if every job can spare the time.
  void ReturnToSpot() {
    DrainSurplusBridges();
    const auto bridges = Count([](const Node& n) { return Live(n) && n.bridge && n.state == NodeState::kReady; });
    const auto pending = Count([](const Node& n) { return n.market == Market::kSpot && Pending(n); });
    const auto& calm = out_.state.calm_since;
    if (bridges == 0 || pending > 0 || !calm || seen_.now - *calm < spec_.spot.return_after) return;
    if (seen_.slack && *seen_.slack < 2 * spec_.spot.timeout) return;
    const int step = std::max(1, static_cast<int>(std::floor(bridges * kReturnShare)));
    const auto bridge = std::find_if(nodes_.begin(), nodes_.end(), [](const Node& n) {
      return Live(n) && n.bridge && n.state == NodeState::kReady && !n.hosts_driver;
    });
    if (bridge == nodes_.end()) return;
    const Role role = bridge->role;
    if (!MayAdd(bridge->type)) {
      if (role == Role::kTask) Drain(*bridge, "back to spot");
      return;
    }
    for (int i = 0; i < step; ++i) {
      std::map<std::string, int> none;
      const std::vector<std::string> types = role == Role::kCore ? std::vector{spec_.core.type} : spec_.task.types;
      const auto order = SpotOrder(spec_, types, seen_.markets, none, prices_);
      if (order.empty() || !RequestSpot(role, "to replace an on-demand bridge")) return;
    }
  }

  void DrainSurplusBridges() {
    int surplus = Count([](const Node& n) { return Live(n) && n.state == NodeState::kReady; }) - out_.state.target;
    for (auto& node : nodes_) {
      if (surplus <= 0) return;
      if (!Live(node) || !node.bridge || node.state != NodeState::kReady || node.hosts_driver) continue;
      if (node.role == Role::kCore && !CoreMayGo()) continue;
      Drain(node, "its spot replacement is ready");
      --surplus;
    }
  }

  // --- load ----------------------------------------------------------------------------------------------------

  bool Cooled(const std::optional<Timestamp>& since, Micros cooldown) const {
    return !since || seen_.now - *since >= cooldown;
  }

  static void Track(bool now, Timestamp at, std::optional<Timestamp>& since) {
    if (!now) since.reset();
    if (now && !since) since = at;
  }

  void FollowCpu() {
    auto& s = out_.state;
    const auto& scaling = spec_.scaling;
    Track(seen_.cpu > scaling.out_cpu, seen_.now, s.above_since);
    Track(seen_.cpu < scaling.in_cpu, seen_.now, s.below_since);
    const auto lasted = [&](const std::optional<Timestamp>& since, Micros after) {
      return since && seen_.now - *since >= after;
    };
    if (lasted(s.above_since, scaling.out_after) && Cooled(s.last_out, scaling.out_cooldown)) {
      Grow(StepOut());
    } else if (lasted(s.below_since, scaling.in_after) && Cooled(s.last_change, scaling.in_cooldown) &&
               NothingComes()) {
      Shrink(s.target, fmt::format("CPU below {:g} % for {}", scaling.in_cpu * 100, FormatDuration(scaling.in_after)));
    }
  }

  // As EMR managed scaling does: as many as the work that is there could use, at once; fewer after a cool-down.
  void FollowDemand() {
    const double mean = TaskVcpus();
    const int core = spec_.core.min, core_vcpus = VcpusOf(spec_.core.type);
    const double beyond = std::max(seen_.demand_vcpus - core * core_vcpus, 0.0);
    const int wanted =
        std::clamp(core + static_cast<int>(std::ceil(beyond / mean)), spec_.scaling.min_nodes, spec_.scaling.max_nodes);
    if (wanted > out_.state.target) {
      Grow(wanted - out_.state.target);
    } else if (wanted < out_.state.target && Cooled(out_.state.last_change, spec_.scaling.in_cooldown) &&
               NothingComes()) {
      Shrink(out_.state.target - wanted, "fewer nodes are enough for the work that is there");
    }
  }

  bool NothingComes() const {
    return Count([](const Node& n) { return Live(n) && Pending(n); }) == 0;
  }

  // So many more that the backlog is done within `catch_up`; at least one.
  int StepOut() const {
    const double seconds = static_cast<double>(spec_.scaling.catch_up.count()) / 1e6;
    const double in_use = seen_.cpu * Cores([](const Node& n) { return Live(n) && n.state == NodeState::kReady; });
    const double needed = std::max(seen_.backlog_vcpu_seconds / seconds, in_use / spec_.scaling.out_cpu);
    const double missing = needed - Cores(Live);
    return std::max(1, static_cast<int>(std::ceil(missing / TaskVcpus() - 1e-9)));
  }

  void Grow(int nodes) {
    auto& s = out_.state;
    const int target = std::min(s.target + nodes, spec_.scaling.max_nodes);
    if (target == s.target) return;
    s.target = target;
    s.last_out = s.last_change = seen_.now;
    s.above_since.reset();
  }

  bool CoreMayGo() const { return LiveOf(Role::kCore) > std::max(spec_.core.min, spec_.hdfs_replication); }

  // Task nodes before core nodes, bridges before spot, idle ones before busy ones.
  std::vector<size_t> ShrinkOrder() const {
    std::vector<size_t> order;
    for (size_t i = 0; i < nodes_.size(); ++i) {
      if (Live(nodes_[i]) && nodes_[i].state == NodeState::kReady && !nodes_[i].hosts_driver) order.push_back(i);
    }
    const auto rank = [this](size_t i) {
      const Node& n = nodes_[i];
      return std::tuple(n.role == Role::kCore, !n.bridge, n.market == Market::kSpot, n.busy, n.id);
    };
    std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return rank(a) < rank(b); });
    return order;
  }

  void Shrink(int most, const std::string& why) {
    auto& s = out_.state;
    const int least = std::max(spec_.scaling.min_nodes, spec_.core.min);
    double left = Cores([](const Node& n) { return Live(n) && n.state == NodeState::kReady; });
    const double used = seen_.cpu * left;
    int gone = 0;
    for (const size_t i : ShrinkOrder()) {
      if (s.target <= least || gone >= most) break;
      Node& node = nodes_[i];
      if (node.role == Role::kCore && (!CoreMayGo() || CoreIsOnDemandMinimum(node))) continue;
      if ((left - node.vcpus) * RestingCpu(spec_.scaling) < used) continue;
      left -= node.vcpus;
      --s.target;
      ++gone;
      Drain(node, why);
    }
    if (gone == 0) return;
    s.last_change = seen_.now;
    s.below_since.reset();
  }

  bool CoreIsOnDemandMinimum(const Node& node) const {
    return node.market == Market::kOnDemand &&
           Count([](const Node& n) { return Live(n) && n.role == Role::kCore && n.market == Market::kOnDemand; }) <=
               spec_.core.min;
  }

  // --- the target ----------------------------------------------------------------------------------------------

  // What the target has more than there is: core nodes on-demand up to their share, the rest spot.
  void Reconcile() {
    const int target = out_.state.target;
    const int core = spec_.CoreNodes(target), on_demand = spec_.CoreOnDemand(core);
    int missing = target - LiveOf(Role::kCore) - LiveOf(Role::kTask);
    const std::string why = fmt::format("{} workers are wanted", target);
    for (; missing > 0 && LiveOf(Role::kCore) < core; --missing) {
      const bool spot = LiveOf(Role::kCore, Market::kOnDemand) >= on_demand;
      if (!(spot ? RequestSpot(Role::kCore, why)
                 : Request(Role::kCore, Market::kOnDemand, spec_.core.type, false, why))) {
        break;
      }
    }
    const int task = target - core;
    const int task_spot = static_cast<int>(std::ceil(task * spec_.task.spot_share - 1e-9));
    for (; missing > 0; --missing) {
      const int bridges = Count([](const Node& n) { return Live(n) && n.role == Role::kTask && n.bridge; });
      const bool spot = LiveOf(Role::kTask, Market::kSpot) + bridges < task_spot;
      const auto fewest = std::min_element(
          spec_.task.types.begin(), spec_.task.types.end(), [this](const std::string& a, const std::string& b) {
            const auto held = [this](const std::string& type) {
              return Count([&](const Node& n) { return Live(n) && n.role == Role::kTask && n.type == type; });
            };
            return held(a) < held(b);
          });
      if (!(spot ? RequestSpot(Role::kTask, why) : Request(Role::kTask, Market::kOnDemand, *fewest, false, why))) break;
    }
  }

  const ClusterSpec& spec_;
  const advisor::Prices& prices_;
  const Observation& seen_;
  std::vector<Node> nodes_;  // as they will be after the actions so far
  Decision out_;
};

}  // namespace

Decision Decide(const ClusterSpec& spec, const advisor::Prices& prices, const ControllerState& state,
                const Observation& seen) {
  return Step(spec, prices, state, seen).Run();
}

}  // namespace tidemill::cloud
