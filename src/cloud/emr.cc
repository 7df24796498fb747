#include "cloud/emr.h"

#include <fmt/format.h>

#include <algorithm>

#include "cloud/aws/json.h"

namespace tidemill::cloud {
namespace {

using Json = nlohmann::json;
using aws::PartOf, aws::TextOf;

constexpr std::string_view kEmr = "elasticmapreduce";
constexpr std::string_view kFleetTypes[] = {"MASTER", "CORE", "TASK"};
constexpr std::string_view kActive[] = {"STARTING", "BOOTSTRAPPING", "RUNNING", "WAITING"};

int CountOf(const Json& json, const char* key) { return static_cast<int>(aws::NumberOf(json, key)); }

std::string_view AllocationWord(Allocation allocation) {
  constexpr std::string_view kWords[] = {"diversified", "capacity-optimized", "price-capacity-optimized",
                                         "lowest-price"};
  return kWords[static_cast<size_t>(allocation)];
}

Json FleetJson(const ClusterSpec& spec, Role role, int on_demand, int spot) {
  const std::vector<std::string> types = role == Role::kMaster ? std::vector{spec.master}
                                         : role == Role::kCore ? std::vector{spec.core.type}
                                                               : spec.task.types;
  Json configs = Json::array();
  // Each instance is one unit of capacity: the bounds count nodes.
  for (const auto& type : types) {
    Json config = {{"InstanceType", type}, {"WeightedCapacity", 1}};
    if (role != Role::kMaster) config["BidPriceAsPercentageOfOnDemandPrice"] = spec.spot.max_price * 100;
    configs.push_back(std::move(config));
  }
  Json fleet = {{"Name", Name(role)},
                {"InstanceFleetType", kFleetTypes[static_cast<size_t>(role)]},
                {"TargetOnDemandCapacity", on_demand},
                {"TargetSpotCapacity", spot},
                {"InstanceTypeConfigs", std::move(configs)}};
  if (role == Role::kMaster) return fleet;
  const auto minutes = std::chrono::duration_cast<std::chrono::minutes>(spec.spot.timeout).count();
  const char* action =
      spec.spot.timeout_action == TimeoutAction::kOnDemand ? "SWITCH_TO_ON_DEMAND" : "TERMINATE_CLUSTER";
  fleet["LaunchSpecifications"] = {{"SpotSpecification",
                                    {{"TimeoutDurationMinutes", minutes},
                                     {"TimeoutAction", action},
                                     {"AllocationStrategy", AllocationWord(spec.task.allocation)}}}};
  fleet["ResizeSpecifications"] = {{"SpotResizeSpecification", {{"TimeoutDurationMinutes", minutes}}}};
  return fleet;
}

int CountOf(const std::vector<NodeCount>& fleet, Role role, Market market) {
  int nodes = 0;
  for (const auto& count : fleet) {
    if (count.role == role && count.market == market) nodes += count.nodes;
  }
  return nodes;
}

Json FleetsJson(const ClusterSpec& spec) {
  const auto start = FleetAt(spec, std::max(spec.scaling.min_nodes, spec.core.min));
  Json fleets = Json::array();
  for (const Role role : {Role::kMaster, Role::kCore, Role::kTask}) {
    const int on_demand = CountOf(start, role, Market::kOnDemand), spot = CountOf(start, role, Market::kSpot);
    if (on_demand + spot > 0) fleets.push_back(FleetJson(spec, role, on_demand, spot));  // EMR takes no empty fleet
  }
  return fleets;
}

Json ManagedScalingJson(const ClusterSpec& spec) {
  const auto share = static_cast<int>(spec.scaling.max_nodes * (1 - spec.core.spot_share));
  return {{"ComputeLimits",
           {{"UnitType", "InstanceFleetUnits"},
            {"MinimumCapacityUnits", spec.scaling.min_nodes},
            {"MaximumCapacityUnits", spec.scaling.max_nodes},
            {"MaximumOnDemandCapacityUnits", std::max(spec.core.min, share)},
            {"MaximumCoreCapacityUnits", spec.core.max}}}};
}

Json TagsJson(const ClusterSpec& spec, const std::string& token) {
  Json tags = Json::array();
  const auto add = [&](std::string_view key, std::string_view value) {
    tags.push_back({{"Key", key}, {"Value", value}});
  };
  for (const auto& [key, value] : spec.tags) add(key, value);
  add(kClusterTag, spec.name);
  add(kTokenTag, token);
  return tags;
}

EmrCluster ClusterOf(const Json& json) {
  const Json& status = PartOf(json, "Status");
  EmrCluster cluster{TextOf(json, "Id"),
                     TextOf(json, "Name"),
                     TextOf(status, "State"),
                     TextOf(PartOf(status, "StateChangeReason"), "Message"),
                     {},
                     TextOf(PartOf(json, "Ec2InstanceAttributes"), "Ec2AvailabilityZone")};
  for (const auto& tag : PartOf(json, "Tags")) cluster.tags[TextOf(tag, "Key")] = TextOf(tag, "Value");
  return cluster;
}

Status Done(const Result<Json>& answer) { return answer.ok() ? Ok() : Status(answer.error()); }

}  // namespace

Result<std::string> RunCluster(aws::Api& api, const ClusterSpec& spec, const ClusterParts& parts,
                               const std::string& token) {
  Json instances = {{"InstanceFleets", FleetsJson(spec)},
                    {"KeepJobFlowAliveWhenNoSteps", true},
                    {"TerminationProtected", false},
                    {"EmrManagedMasterSecurityGroup", parts.primary_group},
                    {"EmrManagedSlaveSecurityGroup", parts.worker_group}};
  if (spec.subnets.empty()) {
    instances["Placement"] = {{"AvailabilityZones", spec.zones}};
  } else {
    instances["Ec2SubnetIds"] = spec.subnets;
  }
  Json scripts = Json::array();
  for (const auto& path : spec.bootstrap) {
    scripts.push_back({{"Name", path}, {"ScriptBootstrapAction", {{"Path", path}}}});
  }
  Json body = {{"Name", spec.name},
               {"ReleaseLabel", spec.release},
               {"ServiceRole", parts.service_role},
               {"JobFlowRole", parts.instance_profile},
               {"Applications", Json::array({{{"Name", "Spark"}}})},
               {"Instances", std::move(instances)},
               {"BootstrapActions", std::move(scripts)},
               {"Configurations", Json::array({{{"Classification", "spark-defaults"}, {"Properties", spec.conf}}})},
               {"AutoTerminationPolicy", {{"IdleTimeout", spec.idle_timeout.count() / 1'000'000}}},
               {"VisibleToAllUsers", true},
               {"Tags", TagsJson(spec, token)}};
  if (!spec.log_uri.empty()) body["LogUri"] = spec.log_uri;
  if (spec.scaling.by == ScalingBy::kManaged) body["ManagedScalingPolicy"] = ManagedScalingJson(spec);
  ASSIGN_OR_RETURN(const Json answer, api.Json(kEmr, "RunJobFlow", body));
  const std::string id = TextOf(answer, "JobFlowId");
  if (id.empty()) return DataLoss("elasticmapreduce:RunJobFlow: the answer has no JobFlowId");
  return id;
}

Result<std::vector<EmrCluster>> ActiveClusters(aws::Api& api) {
  ASSIGN_OR_RETURN(const auto items,
                   aws::AllPages(api, kEmr, "ListClusters", {{"ClusterStates", kActive}}, "Clusters"));
  std::vector<EmrCluster> clusters;
  for (const auto& item : items) clusters.push_back(ClusterOf(item));
  return clusters;
}

Result<EmrCluster> DescribeCluster(aws::Api& api, const std::string& id) {
  ASSIGN_OR_RETURN(const Json answer, api.Json(kEmr, "DescribeCluster", {{"ClusterId", id}}));
  return ClusterOf(PartOf(answer, "Cluster"));
}

Result<std::vector<EmrFleet>> ListFleets(aws::Api& api, const std::string& cluster) {
  ASSIGN_OR_RETURN(const auto items,
                   aws::AllPages(api, kEmr, "ListInstanceFleets", {{"ClusterId", cluster}}, "InstanceFleets"));
  std::vector<EmrFleet> fleets;
  for (const auto& item : items) {
    const auto type = std::find(std::begin(kFleetTypes), std::end(kFleetTypes), TextOf(item, "InstanceFleetType"));
    if (type == std::end(kFleetTypes)) continue;
    fleets.push_back({TextOf(item, "Id"), static_cast<Role>(type - std::begin(kFleetTypes)),
                      TextOf(PartOf(item, "Status"), "State"), CountOf(item, "TargetOnDemandCapacity"),
                      CountOf(item, "ProvisionedOnDemandCapacity"), CountOf(item, "TargetSpotCapacity"),
                      CountOf(item, "ProvisionedSpotCapacity")});
  }
  return fleets;
}

Result<std::vector<EmrInstance>> ListInstances(aws::Api& api, const std::string& cluster) {
  constexpr std::string_view kThere[] = {"AWAITING_FULFILLMENT", "PROVISIONING", "BOOTSTRAPPING", "RUNNING"};
  ASSIGN_OR_RETURN(const auto items, aws::AllPages(api, kEmr, "ListInstances",
                                                   {{"ClusterId", cluster}, {"InstanceStates", kThere}}, "Instances"));
  std::vector<EmrInstance> instances;
  for (const auto& item : items) {
    const Json& status = PartOf(item, "Status");
    const double created = aws::RealOf(PartOf(status, "Timeline"), "CreationDateTime");  // seconds of Unix time
    instances.push_back({TextOf(item, "Id"), TextOf(item, "Ec2InstanceId"), TextOf(item, "InstanceFleetId"),
                         TextOf(item, "Market") == "SPOT" ? Market::kSpot : Market::kOnDemand,
                         TextOf(item, "InstanceType"), TextOf(status, "State"),
                         Timestamp(Micros(static_cast<int64_t>(created * 1e6)))});
  }
  return instances;
}

Status ResizeFleet(aws::Api& api, const ClusterSpec& spec, const std::string& cluster, Role role, int on_demand,
                   int spot) {
  ASSIGN_OR_RETURN(const auto fleets, ListFleets(api, cluster));
  const auto fleet = std::find_if(fleets.begin(), fleets.end(), [&](const EmrFleet& f) { return f.role == role; });
  if (fleet == fleets.end()) {
    if (on_demand + spot == 0) return Ok();
    return Done(api.Json(kEmr, "AddInstanceFleet",
                         {{"ClusterId", cluster}, {"InstanceFleet", FleetJson(spec, role, on_demand, spot)}}));
  }
  if (fleet->on_demand_target == on_demand && fleet->spot_target == spot) return Ok();
  return Done(api.Json(
      kEmr, "ModifyInstanceFleet",
      {{"ClusterId", cluster},
       {"InstanceFleet",
        {{"InstanceFleetId", fleet->id}, {"TargetOnDemandCapacity", on_demand}, {"TargetSpotCapacity", spot}}}}));
}

Status PutManagedScaling(aws::Api& api, const ClusterSpec& spec, const std::string& cluster) {
  return Done(api.Json(kEmr, "PutManagedScalingPolicy",
                       {{"ClusterId", cluster}, {"ManagedScalingPolicy", ManagedScalingJson(spec)}}));
}

Status PutIdleTimeout(aws::Api& api, const ClusterSpec& spec, const std::string& cluster) {
  return Done(api.Json(
      kEmr, "PutAutoTerminationPolicy",
      {{"ClusterId", cluster}, {"AutoTerminationPolicy", {{"IdleTimeout", spec.idle_timeout.count() / 1'000'000}}}}));
}

Status TerminateCluster(aws::Api& api, const std::string& id) {
  return Done(api.Json(kEmr, "TerminateJobFlows", {{"JobFlowIds", Json::array({id})}}));
}

}  // namespace tidemill::cloud
