#include "cloud/watch.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>

#include "cloud/aws/json.h"
#include "cloud/aws/xml.h"
#include "cloud/cluster_plan.h"
#include "cloud/metrics.h"

namespace tidemill::cloud {
namespace {

using Json = nlohmann::json;
using aws::Parameters, aws::XmlAll, aws::XmlText;

constexpr std::string_view kEc2 = "ec2";
constexpr Micros kRemembered = std::chrono::hours(1);
constexpr Micros kLookedBack = std::chrono::minutes(10);  // CloudWatch's figures come late
constexpr int kExecutorCores = 4;                         // of a container, where the file says nothing
constexpr Role kWorkers[] = {Role::kCore, Role::kTask};

double Real(std::string_view text) {
  double number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

// ---- What AWS shows ----

Status LookAtLoad(aws::Api& api, Timestamp now, Sight& sight) {
  std::vector<Metric> metrics = {{"AWS/ElasticMapReduce", "ContainerPending", "JobFlowId", sight.cluster.id}};
  for (const auto& node : sight.instances) {
    if (node.running()) metrics.push_back({"AWS/EC2", "CPUUtilization", "InstanceId", node.ec2_id});
  }
  ASSIGN_OR_RETURN(const auto values, Averages(api, metrics, now - kLookedBack, now, std::chrono::minutes(1)));
  if (!values.front().empty()) sight.pending_containers = values.front().front();
  for (size_t i = 1; i < values.size(); ++i) {
    if (!values[i].empty()) sight.cpu[metrics[i].of] = values[i].front() / 100;
  }
  return Ok();
}

Status LookAtMarket(aws::Api& api, const ClusterSpec& spec, Timestamp now, Sight& sight) {
  std::set<std::string> types(spec.task.types.begin(), spec.task.types.end());
  types.insert(spec.core.type);
  Parameters ask = {{"ProductDescription.1", "Linux/UNIX"}, {"StartTime", FormatTimestamp(now)}};
  if (!sight.cluster.zone.empty()) ask.emplace_back("AvailabilityZone", sight.cluster.zone);
  int number = 0;
  for (const auto& type : types) ask.emplace_back(fmt::format("InstanceType.{}", ++number), type);
  ASSIGN_OR_RETURN(const auto xml, api.Query(kEc2, "DescribeSpotPriceHistory", ask));
  const auto history = XmlAll(xml, "spotPriceHistorySet");
  for (const auto& item : history.empty() ? std::vector<std::string>() : XmlAll(history.front(), "item")) {
    // The newest comes first.
    sight.prices.emplace(XmlText(item, "instanceType"), Real(XmlText(item, "spotPrice")));
  }
  ASSIGN_OR_RETURN(const auto requests,
                   api.Query(kEc2, "DescribeSpotInstanceRequests",
                             {{"Filter.1.Name", "status-code"}, {"Filter.1.Value.1", "marked-for-termination"}}));
  const auto marked = XmlAll(requests, "spotInstanceRequestSet");
  for (const auto& item : marked.empty() ? std::vector<std::string>() : XmlAll(marked.front(), "item")) {
    sight.noticed.push_back(XmlText(item, "instanceId"));
  }
  return Ok();
}

// ---- As the controller sees it ----

int Planned(const ClusterSpec& spec, Role role, int workers) {
  const int core = spec.CoreNodes(workers), task = workers - core;
  return role == Role::kCore ? spec.CoreOnDemand(core)
                             : task - static_cast<int>(std::ceil(task * spec.task.spot_share - 1e-9));
}

const EmrFleet* FleetOf(const Sight& sight, Role role) {
  const auto found = std::ranges::find(sight.fleets, role, &EmrFleet::role);
  return found == sight.fleets.end() ? nullptr : &*found;
}

class View {
 public:
  View(const ClusterSpec& spec, const advisor::Prices& prices, const Sight& sight, Timestamp now, WatchMemory& memory)
      : spec_(spec), prices_(prices), sight_(sight), now_(now), memory_(memory) {
    seen_.now = now;
  }

  Observation Take() {
    for (const Role role : kWorkers) {
      for (const Market market : {Market::kOnDemand, Market::kSpot}) AddNodes(role, market);
    }
    RememberNotices();
    if (memory_.controller.target == 0) memory_.controller.target = static_cast<int>(seen_.nodes.size());
    for (const Role role : kWorkers) MarkBridges(role);
    AddLoad();
    AddMarkets();
    return std::move(seen_);
  }

 private:
  Node NodeOf(const EmrInstance& instance, Role role) const {
    const auto price = prices_.instances.find(instance.type);
    const auto cpu = sight_.cpu.find(instance.ec2_id);
    return {.id = instance.id,
            .role = role,
            .market = instance.market,
            .type = instance.type,
            .state = instance.running() ? NodeState::kReady : NodeState::kStarting,
            .since = instance.created,
            .vcpus = price == prices_.instances.end() ? 0 : price->second.vcpus,
            .busy = cpu == sight_.cpu.end() ? 0 : cpu->second,
            .noticed = std::ranges::find(sight_.noticed, instance.ec2_id) != sight_.noticed.end()};
  }

  void AddNodes(Role role, Market market) {
    const EmrFleet* fleet = FleetOf(sight_, role);
    if (fleet == nullptr) return;
    std::vector<Node> nodes;
    for (const auto& instance : sight_.instances) {
      if (instance.fleet == fleet->id && instance.market == market) nodes.push_back(NodeOf(instance, role));
    }
    const int target = market == Market::kSpot ? fleet->spot_target : fleet->on_demand_target;
    const int there = static_cast<int>(nodes.size());
    const auto noticed = static_cast<int>(std::ranges::count_if(nodes, &Node::noticed));
    // More than were asked for are about to go: EMR takes the idle ones first.
    std::ranges::stable_sort(nodes, {}, &Node::busy);
    int going = there - target - noticed - (market == Market::kOnDemand ? BridgedByEmr(*fleet) : 0);
    for (auto& node : nodes) {
      if (going <= 0) break;
      if (node.noticed) continue;
      node.state = NodeState::kDraining;
      --going;
    }
    const int missing = std::max(0, target - there - (market == Market::kSpot ? BridgedByEmr(*fleet) : 0));
    AddMissing(role, market, missing, nodes);
    seen_.nodes.insert(seen_.nodes.end(), nodes.begin(), nodes.end());
  }

  // At a launch EMR itself takes on-demand where spot does not come.
  static int BridgedByEmr(const EmrFleet& fleet) {
    return std::clamp(fleet.on_demand - fleet.on_demand_target, 0, std::max(0, fleet.spot_target - fleet.spot));
  }

  void AddMissing(Role role, Market market, int missing, std::vector<Node>& nodes) {
    std::vector<Timestamp> since(static_cast<size_t>(missing), now_);
    if (market == Market::kSpot) {
      auto& asked = memory_.asked[role];
      // Those that came were asked for first.
      if (asked.size() > since.size()) asked.erase(asked.begin(), asked.end() - missing);
      asked.resize(since.size(), now_);
      since = asked;
    }
    // What EMR will choose is not known, and the cap must hold.
    const std::string type = role == Role::kCore ? spec_.core.type : DearestOf(spec_.task.types, prices_);
    for (size_t i = 0; i < since.size(); ++i) {
      nodes.push_back({.id = fmt::format("{}-{}-{}", Name(role), Name(market), i),
                       .role = role,
                       .market = market,
                       .type = type,
                       .state = NodeState::kRequested,
                       .since = since[i],
                       .vcpus = prices_.instances.at(type).vcpus});
    }
  }

  // On-demand beyond its share stands where spot is wanted; the newest ones.
  void MarkBridges(Role role) {
    std::vector<Node*> held;
    for (auto& node : seen_.nodes) {
      if (node.role == role && node.market == Market::kOnDemand && node.state != NodeState::kDraining)
        held.push_back(&node);
    }
    std::ranges::stable_sort(held, std::greater<>(), &Node::since);
    const int bridges = static_cast<int>(held.size()) - Planned(spec_, role, memory_.controller.target);
    for (int i = 0; i < bridges; ++i) held[static_cast<size_t>(i)]->bridge = true;
  }

  void RememberNotices() {
    std::erase_if(memory_.taken, [&](const auto& entry) { return now_ - entry.second >= kRemembered; });
    for (const auto& node : seen_.nodes) {
      if (!node.noticed) continue;
      memory_.taken.emplace(node.id, now_);
      memory_.taken_type[node.id] = node.type;
    }
    std::erase_if(memory_.taken_type, [&](const auto& entry) { return !memory_.taken.contains(entry.first); });
  }

  void AddLoad() {
    double at_work = 0, ready = 0, known = 0;
    for (const auto& node : seen_.nodes) {
      if (node.state != NodeState::kReady) continue;
      ready += node.vcpus;
      if (!HasCpu(node.id)) continue;
      known += node.vcpus;
      at_work += node.busy * node.vcpus;
    }
    // A node that tells nothing is taken to be as busy as the others; where none tells, nothing is to be done.
    seen_.cpu = known > 0 ? at_work / known : (spec_.scaling.in_cpu + spec_.scaling.out_cpu) / 2;
    const auto cores = spec_.conf.find("spark.executor.cores");
    const double waiting =
        sight_.pending_containers * (cores == spec_.conf.end() ? kExecutorCores : std::max(1.0, Real(cores->second)));
    // What waits is taken to keep its cores busy for as long as it may take to catch up.
    seen_.backlog_vcpu_seconds = waiting * static_cast<double>(spec_.scaling.catch_up.count()) / 1e6;
    if (waiting > 0)
      seen_.backlog_vcpu_seconds += seen_.cpu * ready * static_cast<double>(spec_.scaling.catch_up.count()) / 1e6;
    seen_.demand_vcpus = seen_.cpu * ready + waiting;
  }

  bool HasCpu(const std::string& id) const {
    const auto instance = std::ranges::find(sight_.instances, id, &EmrInstance::id);
    return instance != sight_.instances.end() && sight_.cpu.contains(instance->ec2_id);
  }

  void AddMarkets() {
    for (const auto& [type, price] : sight_.prices) {
      const auto listed = prices_.instances.find(type);
      if (listed == prices_.instances.end() || listed->second.hourly <= 0) continue;
      const auto spot = std::ranges::count_if(
          seen_.nodes, [&](const Node& n) { return n.market == Market::kSpot && n.type == type && !n.noticed; });
      const auto taken =
          std::ranges::count_if(memory_.taken_type, [&](const auto& entry) { return entry.second == type; });
      // A single node that is taken says little: the chance is of four at least.
      const double of = static_cast<double>(std::max<int64_t>(spot + taken, 4));
      seen_.markets.push_back({type, price / listed->second.hourly, static_cast<double>(taken) / of});
    }
  }

  const ClusterSpec& spec_;
  const advisor::Prices& prices_;
  const Sight& sight_;
  const Timestamp now_;
  WatchMemory& memory_;
  Observation seen_;
};

Json TimeJson(const std::optional<Timestamp>& time) { return time ? Json(FormatTimestamp(*time)) : Json(); }

std::optional<Timestamp> TimeOf(const Json& json, const char* key) {
  const auto time = ParseTimestamp(aws::TextOf(json, key));
  return time.ok() ? std::optional(*time) : std::nullopt;
}

struct TimeMember {
  const char* name;
  std::optional<Timestamp> ControllerState::* member;
};
constexpr TimeMember kTimes[] = {{"above_since", &ControllerState::above_since},
                                 {"below_since", &ControllerState::below_since},
                                 {"calm_since", &ControllerState::calm_since},
                                 {"last_out", &ControllerState::last_out},
                                 {"last_change", &ControllerState::last_change}};

}  // namespace

std::string WatchMemoryToJson(const WatchMemory& memory) {
  Json json = {{"target", memory.controller.target}, {"asked", Json::object()}, {"taken", Json::array()}};
  for (const auto& time : kTimes) json[time.name] = TimeJson(memory.controller.*time.member);
  for (const auto& [role, asked] : memory.asked) {
    Json times = Json::array();
    for (const Timestamp time : asked) times.push_back(FormatTimestamp(time));
    json["asked"][std::string(Name(role))] = std::move(times);
  }
  for (const auto& [node, at] : memory.taken) {
    const auto type = memory.taken_type.find(node);
    json["taken"].push_back(
        {{"node", node}, {"at", FormatTimestamp(at)}, {"type", type == memory.taken_type.end() ? "" : type->second}});
  }
  return json.dump() + "\n";
}

Result<WatchMemory> WatchMemoryFromJson(const std::string& text) {
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return DataLoss("what was kept of the last look is no JSON object");
  WatchMemory memory;
  memory.controller.target = static_cast<int>(aws::NumberOf(json, "target"));
  for (const auto& time : kTimes) memory.controller.*time.member = TimeOf(json, time.name);
  for (const Role role : kWorkers) {
    for (const auto& time : aws::PartOf(aws::PartOf(json, "asked"), std::string(Name(role)).c_str())) {
      const auto at = ParseTimestamp(time.is_string() ? time.get<std::string>() : "");
      if (at.ok()) memory.asked[role].push_back(*at);
    }
  }
  for (const auto& entry : aws::PartOf(json, "taken")) {
    const auto at = TimeOf(entry, "at");
    if (!at) continue;
    memory.taken[aws::TextOf(entry, "node")] = *at;
    memory.taken_type[aws::TextOf(entry, "node")] = aws::TextOf(entry, "type");
  }
  return memory;
}

Result<Sight> LookAt(aws::Api& api, const ClusterSpec& spec, const std::string& cluster, Timestamp now) {
  Sight sight;
  ASSIGN_OR_RETURN(sight.cluster, DescribeCluster(api, cluster));
  if (sight.cluster.ending()) return sight;
  ASSIGN_OR_RETURN(sight.fleets, ListFleets(api, cluster));
  ASSIGN_OR_RETURN(sight.instances, ListInstances(api, cluster));
  RETURN_IF_ERROR(LookAtLoad(api, now, sight));
  RETURN_IF_ERROR(LookAtMarket(api, spec, now, sight));
  return sight;
}

Observation ObservationOf(const ClusterSpec& spec, const advisor::Prices& prices, const Sight& sight, Timestamp now,
                          WatchMemory& memory) {
  return View(spec, prices, sight, now, memory).Take();
}

std::vector<FleetSize> SizesAfter(const ClusterSpec& spec, const advisor::Prices& prices, const Observation& seen,
                                  const Decision& decision) {
  std::map<std::pair<Role, Market>, int> live, requested, noticed;
  std::set<std::string> leaving;
  for (const auto& action : decision.actions) {
    if (action.kind == ActionKind::kRequest) {
      ++requested[{action.role, action.market}];
    } else {
      leaving.insert(action.node);
    }
  }
  for (const auto& node : seen.nodes) {
    const std::pair at(node.role, node.market);
    if (node.noticed) {
      ++noticed[at];
    } else if (node.state != NodeState::kDraining && !leaving.contains(node.id)) {
      ++live[at];
    }
  }
  // One that is taken fills its place until it is gone; EMR then gets the next, so only more than those are asked for.
  const auto size = [&](Role role, Market market) {
    const std::pair at(role, market);
    return live[at] + std::max(requested[at], noticed[at]);
  };
  std::vector<FleetSize> sizes;
  int room = MostWorkers(spec, prices);
  for (const Role role : kWorkers) {
    FleetSize fleet{role, size(role, Market::kOnDemand), size(role, Market::kSpot)};
    fleet.on_demand = std::min(fleet.on_demand, room);
    fleet.spot = std::min(fleet.spot, room - fleet.on_demand);
    room -= fleet.on_demand + fleet.spot;
    sizes.push_back(fleet);
  }
  return sizes;
}

Result<WatchStep> Watch(const ClusterSpec& spec, const std::string& cluster, WatchMemory& memory, World& world,
                        Timestamp now, const std::function<Status(const WatchMemory&)>& keep) {
  WatchStep step;
  ASSIGN_OR_RETURN(const auto sight, LookAt(world.api, spec, cluster, now));
  step.gone = sight.cluster.ending();
  if (step.gone) return step;
  step.seen = ObservationOf(spec, world.prices, sight, now, memory);
  auto bounded = spec;
  bounded.scaling.max_nodes = MostWorkers(spec, world.prices);
  const Decision decision = Decide(bounded, world.prices, memory.controller, step.seen);
  memory.controller = decision.state;
  step.actions = decision.actions;
  RETURN_IF_ERROR(keep(memory));
  for (const auto& size : SizesAfter(spec, world.prices, step.seen, decision)) {
    const EmrFleet* fleet = FleetOf(sight, size.role);
    const FleetSize now_set{size.role, fleet == nullptr ? 0 : fleet->on_demand_target,
                            fleet == nullptr ? 0 : fleet->spot_target};
    if (size == now_set) continue;
    RETURN_IF_ERROR(ResizeFleet(world.api, spec, cluster, size.role, size.on_demand, size.spot));
    step.sizes.push_back(size);
  }
  return step;
}

}  // namespace tidemill::cloud
