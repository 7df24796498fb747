#include "cloud/resource.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cloud/fleet.h"

namespace tidemill::cloud {
namespace {

// What AWS can only make anew. Everything of a fleet but its sizes; all of a cluster but its tags.
struct Fixed {
  std::string_view address;  // of the resources that begin with it
  std::string_view attribute;
};
constexpr Fixed kFixed[] = {
    {"iam.", "name"},          {"iam.", "trusts"},       {"ec2.security_group.", "name"}, {"emr.cluster", "release"},
    {"emr.cluster", "region"}, {"emr.cluster", "zones"}, {"emr.cluster", "subnets"},      {"emr.cluster", "log_uri"},
    {"emr.cluster", "conf"},   {"emr.cluster", "name"},  {"emr.cluster", "bootstrap"},    {"emr.cluster", "encryption"},
    {"emr.cluster", "groups"}, {"emr.fleet.", "types"},  {"emr.fleet.", "allocation"},    {"emr.fleet.", "timeout"},
};

bool ForcesReplacement(std::string_view address, std::string_view attribute) {
  return std::any_of(std::begin(kFixed), std::end(kFixed),
                     [&](const Fixed& f) { return address.starts_with(f.address) && f.attribute == attribute; });
}

std::string MapText(const std::map<std::string, std::string>& map) {
  std::string text;
  for (const auto& [key, value] : map) text += fmt::format("{}{}={}", text.empty() ? "" : " ", key, value);
  return text;
}

std::string Percent(double share) { return fmt::format("{:g}%", share * 100); }

// So many of a role and market in a fleet.
int CountOf(const std::vector<NodeCount>& fleet, Role role, Market market) {
  int nodes = 0;
  for (const auto& count : fleet) {
    if (count.role == role && count.market == market) nodes += count.nodes;
  }
  return nodes;
}

Resource FleetResource(const ClusterSpec& spec, Role role, const std::vector<NodeCount>& start) {
  Resource fleet{fmt::format("emr.fleet.{}", Name(role)), {}, ""};
  auto& a = fleet.attributes;
  a["on_demand"] = std::to_string(CountOf(start, role, Market::kOnDemand));
  a["spot"] = std::to_string(CountOf(start, role, Market::kSpot));
  switch (role) {
    case Role::kMaster:
      a["types"] = spec.master;
      break;
    case Role::kCore:
      a["types"] = spec.core.type;
      a["min"] = std::to_string(spec.core.min);
      a["max"] = std::to_string(spec.core.max);
      a["spot_share"] = Percent(spec.core.spot_share);
      break;
    case Role::kTask:
      a["types"] = fmt::format("{}", fmt::join(spec.task.types, " "));
      a["spot_share"] = Percent(spec.task.spot_share);
      a["capacity_share"] = Percent(spec.task.capacity_share);
      break;
  }
  if (role != Role::kMaster) {
    a["allocation"] = Name(spec.task.allocation);
    a["timeout"] = fmt::format("{}, then {}", FormatDuration(spec.spot.timeout), Name(spec.spot.timeout_action));
  }
  return fleet;
}

void AddSecurity(const ClusterSpec& spec, std::vector<Resource>& all) {
  const auto& s = spec.security;
  const std::string& name = spec.name;
  if (s.service_role.empty()) {
    all.push_back({"iam.role.service", {{"name", name + "-emr-service"}, {"trusts", "elasticmapreduce"}}, ""});
  }
  if (s.instance_profile.empty()) {
    all.push_back({"iam.role.node", {{"name", name + "-emr-node"}, {"trusts", "ec2"}}, ""});
    all.push_back({"iam.instance_profile", {{"name", name + "-emr-node"}}, ""});
  }
  if (s.primary_group.empty()) {
    all.push_back({"ec2.security_group.primary", {{"name", name + "-primary"}, {"open_to", "workers only"}}, ""});
  }
  if (s.worker_group.empty()) {
    all.push_back({"ec2.security_group.worker", {{"name", name + "-worker"}, {"open_to", "the cluster only"}}, ""});
  }
}

Resource ClusterResource(const ClusterSpec& spec) {
  const auto& s = spec.security;
  Resource cluster{"emr.cluster", {}, ""};
  auto& a = cluster.attributes;
  a["name"] = spec.name;
  a["class"] = Name(spec.cluster_class);
  a["region"] = spec.region;
  a["zones"] = fmt::format("{}", fmt::join(spec.zones, " "));
  a["subnets"] = fmt::format("{}", fmt::join(spec.subnets, " "));
  a["release"] = spec.release;
  a["log_uri"] = spec.log_uri;
  a["service_role"] = s.service_role.empty() ? "iam.role.service" : s.service_role;
  a["instance_profile"] = s.instance_profile.empty() ? "iam.instance_profile" : s.instance_profile;
  a["groups"] = fmt::format("{} {}", s.primary_group.empty() ? "ec2.security_group.primary" : s.primary_group,
                            s.worker_group.empty() ? "ec2.security_group.worker" : s.worker_group);
  a["encryption"] = !s.encryption ? "none" : s.kms_key.empty() ? "AWS's keys" : s.kms_key;
  a["bootstrap"] = fmt::format("{}", fmt::join(spec.bootstrap, " "));
  a["conf"] = MapText(spec.conf);
  a["tags"] = MapText(spec.tags);
  a["idle_timeout"] = FormatDuration(spec.idle_timeout);
  std::erase_if(a, [](const auto& entry) { return entry.second.empty(); });
  return cluster;
}

Resource ScalingResource(const ScalingPolicy& scaling) {
  Resource resource{"emr.scaling", {}, ""};
  auto& a = resource.attributes;
  a["by"] = Name(scaling.by);
  a["nodes"] = fmt::format("{} to {}", scaling.min_nodes, scaling.max_nodes);
  if (scaling.by == ScalingBy::kController || scaling.by == ScalingBy::kCustomPolicy) {
    a["out"] = fmt::format("CPU > {} for {}", Percent(scaling.out_cpu), FormatDuration(scaling.out_after));
    a["in"] = fmt::format("CPU < {} for {}", Percent(scaling.in_cpu), FormatDuration(scaling.in_after));
    a["cooldown"] =
        fmt::format("{} out, {} in", FormatDuration(scaling.out_cooldown), FormatDuration(scaling.in_cooldown));
  }
  return resource;
}

void AddAlarms(const ClusterSpec& spec, std::vector<Resource>& all) {
  const auto& alarms = spec.alarms;
  const std::pair<const char*, std::string> kinds[] = {
      {"hdfs", fmt::format("HDFSUtilization > {}", Percent(alarms.hdfs_used))},
      {"unhealthy", fmt::format("MRUnhealthyNodes >= {}", alarms.unhealthy_nodes)},
      {"idle", fmt::format("IsIdle for {}", FormatDuration(alarms.idle))},
      {"blocks", "MissingBlocks > 0"}};
  for (const auto& [name, when] : kinds) {
    Resource alarm{fmt::format("cloudwatch.alarm.{}", name), {{"when", when}}, ""};
    if (!alarms.notify.empty()) alarm.attributes["notify"] = alarms.notify;
    all.push_back(std::move(alarm));
  }
}

Change ChangeOf(const Resource& before, const Resource& after) {
  Change change{ChangeKind::kUpdate, after.address, before.id, {}};
  std::map<std::string, std::string> names = before.attributes;
  names.insert(after.attributes.begin(), after.attributes.end());
  for (const auto& [name, unused] : names) {
    const auto old = before.attributes.find(name), now = after.attributes.find(name);
    AttributeChange attribute{name, old == before.attributes.end() ? "" : old->second,
                              now == after.attributes.end() ? "" : now->second, ForcesReplacement(after.address, name)};
    if (attribute.before == attribute.after) continue;
    if (attribute.forces_replacement) change.kind = ChangeKind::kReplace;
    change.attributes.push_back(std::move(attribute));
  }
  return change;
}

const Resource* Find(const std::vector<Resource>& resources, const std::string& address) {
  const auto found =
      std::find_if(resources.begin(), resources.end(), [&](const Resource& r) { return r.address == address; });
  return found == resources.end() ? nullptr : &*found;
}

}  // namespace

std::vector<Resource> DesiredResources(const ClusterSpec& spec) {
  std::vector<Resource> all;
  AddSecurity(spec, all);
  all.push_back(ClusterResource(spec));
  const auto start = FleetAt(spec, std::max(spec.scaling.min_nodes, spec.core.min));
  for (const Role role : {Role::kMaster, Role::kCore, Role::kTask}) all.push_back(FleetResource(spec, role, start));
  if (spec.scaling.by != ScalingBy::kNone) all.push_back(ScalingResource(spec.scaling));
  AddAlarms(spec, all);
  return all;
}

std::vector<Change> Difference(const std::vector<Resource>& known, const std::vector<Resource>& wanted) {
  // Fleets and scaling are parts of their cluster: none is made anew without the others.
  const auto of_cluster = [](const Resource& r) { return r.address.starts_with("emr."); };
  const bool anew = std::any_of(wanted.begin(), wanted.end(), [&](const Resource& resource) {
    const Resource* before = Find(known, resource.address);
    return before != nullptr && of_cluster(resource) && ChangeOf(*before, resource).kind == ChangeKind::kReplace;
  });
  std::vector<Change> changes;
  for (const auto& resource : wanted) {
    const Resource* before = Find(known, resource.address);
    Change change = ChangeOf(before == nullptr ? Resource{resource.address, {}, ""} : *before, resource);
    if (before == nullptr) {
      change.kind = ChangeKind::kCreate;
      for (auto& attribute : change.attributes) attribute.forces_replacement = false;
    } else if (anew && of_cluster(resource)) {
      change.kind = ChangeKind::kReplace;
    }
    if (!change.attributes.empty() || change.kind != ChangeKind::kUpdate) changes.push_back(std::move(change));
  }
  for (auto gone = known.rbegin(); gone != known.rend(); ++gone) {
    if (Find(wanted, gone->address) == nullptr) changes.push_back({ChangeKind::kDestroy, gone->address, gone->id, {}});
  }
  return changes;
}

std::string AttributesToJson(const std::map<std::string, std::string>& attributes) {
  return nlohmann::json(attributes).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

Result<std::map<std::string, std::string>> AttributesFromJson(const std::string& json) {
  const auto parsed = nlohmann::json::parse(json, nullptr, false);
  std::map<std::string, std::string> attributes;
  if (!parsed.is_object()) return DataLoss("the ledger's attributes of a resource are not a JSON object");
  for (const auto& [name, value] : parsed.items()) {
    if (!value.is_string()) return DataLoss("the ledger's attribute " + name + " of a resource is not a text");
    attributes[name] = value.get<std::string>();
  }
  return attributes;
}

}  // namespace tidemill::cloud
