#include "cloud/cluster.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

#include "cloud/cluster_keys.h"
#include "cloud/cluster_rules.h"
#include "document/json_schema.h"
#include "document/overlay.h"
#include "document/reader.h"
#include "document/shape.h"
#include "document/yaml.h"

namespace tidemill::cloud {
namespace {

using document::Diagnostics;
using document::Node;
using document::Reader;

// In the order of the enums.
constexpr std::string_view kClassNames[] = {"critical", "regular", "development"};
constexpr std::string_view kScalingNames[] = {"controller", "managed", "custom_policy", "none"};
constexpr std::string_view kActionNames[] = {"on_demand", "terminate"};
constexpr std::string_view kAllocationNames[] = {"diversified", "capacity_optimized", "price_capacity_optimized",
                                                 "lowest_price"};

template <typename Enum, size_t n>
void ReadChoice(const Reader& in, std::string_view key, const std::string_view (&names)[n], Enum& value) {
  const auto found = std::find(std::begin(names), std::end(names), in.Text(key));
  if (found != std::end(names)) value = static_cast<Enum>(found - std::begin(names));
}

void ReadText(const Reader& in, std::string_view key, std::string& value) { value = in.Text(key, value); }

void ReadTexts(const Reader& in, std::string_view key, std::vector<std::string>& value) {
  if (in.Has(key)) value = in.Texts(key);
}

void ReadCount(const Reader& in, std::string_view key, int& value) {
  const std::string text = in.Text(key);
  int number = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (!text.empty() && code == std::errc{} && end == text.data() + text.size()) value = number;
}

void ReadShare(const Reader& in, std::string_view key, double& value) {
  if (const auto share = document::ParseShare(in.Text(key))) value = *share;
}

void ReadDuration(const Reader& in, std::string_view key, Micros& value) {
  if (const auto duration = ParseDuration(in.Text(key)); duration.ok()) value = *duration;
}

void ReadMap(const Reader& in, std::string_view key, std::map<std::string, std::string>& value) {
  const Node* map = in.Get(key);
  if (map == nullptr) return;
  for (const auto& entry : map->entries) value[entry.key] = entry.value.text;
}

// What the class changes in the standard cluster.
void ApplyClass(ClusterSpec& spec) {
  if (spec.cluster_class == ClusterClass::kCritical) spec.core.spot_share = 0;
  if (spec.cluster_class != ClusterClass::kDevelopment) return;
  spec.core.min = 1;
  spec.core.max = 3;
  spec.scaling.min_nodes = 1;
  spec.scaling.max_nodes = 5;
  spec.hdfs_replication = 1;
  spec.idle_timeout = std::chrono::minutes(15);
}

void ReadTop(const Reader& in, ClusterSpec& spec) {
  ReadText(in, "cluster", spec.name);
  ReadChoice(in, "class", kClassNames, spec.cluster_class);
  ApplyClass(spec);
  ReadText(in, "region", spec.region);
  if (!in.Has("zones")) {
    for (size_t i = 0; i < spec.zones.size(); ++i) spec.zones[i] = spec.region + static_cast<char>('a' + i);
  }
  ReadTexts(in, "zones", spec.zones);
  ReadTexts(in, "subnets", spec.subnets);
  ReadText(in, "release", spec.release);
  ReadText(in, "log_uri", spec.log_uri);
  ReadDuration(in, "idle_timeout", spec.idle_timeout);
  ReadCount(in, "hdfs_replication", spec.hdfs_replication);
  ReadTexts(in, "bootstrap", spec.bootstrap);
  ReadMap(in, "tags", spec.tags);
  ReadMap(in, "conf", spec.conf);
}

void ReadMoney(const Reader& in, ClusterSpec& spec, Diagnostics& out) {
  if (!in.Has("max_hourly")) return;
  std::string text = in.Text("max_hourly");
  if (text.starts_with('$')) text.erase(0, 1);
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), spec.max_hourly);
  if (code == std::errc{} && end == text.data() + text.size() && std::isfinite(spec.max_hourly) && spec.max_hourly > 0)
    return;
  out.Error(in.At("max_hourly"), in.Path("max_hourly"),
            fmt::format("'{}' is not an amount of dollars", in.Text("max_hourly")), "write it like 25 or 25.50");
}

void ReadFleets(const Reader& in, ClusterSpec& spec) {
  if (const Node* node = in.Get("master")) ReadText(Reader(*node, "master"), "type", spec.master);
  if (const Node* node = in.Get("core")) {
    const Reader core(*node, "core");
    ReadText(core, "type", spec.core.type);
    ReadCount(core, "min", spec.core.min);
    ReadCount(core, "max", spec.core.max);
    ReadShare(core, "spot", spec.core.spot_share);
  }
  if (const Node* node = in.Get("task")) {
    const Reader task(*node, "task");
    ReadTexts(task, "types", spec.task.types);
    ReadShare(task, "spot", spec.task.spot_share);
    ReadShare(task, "capacity", spec.task.capacity_share);
    ReadChoice(task, "allocation", kAllocationNames, spec.task.allocation);
  }
  if (const Node* node = in.Get("spot")) {
    const Reader spot(*node, "spot");
    ReadDuration(spot, "timeout", spec.spot.timeout);
    ReadChoice(spot, "timeout_action", kActionNames, spec.spot.timeout_action);
    ReadShare(spot, "max_price", spec.spot.max_price);
    ReadShare(spot, "max_interruptions", spec.spot.max_interruptions);
    ReadDuration(spot, "return_after", spec.spot.return_after);
  }
}

void ReadScaling(const Reader& in, ScalingPolicy& scaling) {
  ReadChoice(in, "by", kScalingNames, scaling.by);
  ReadCount(in, "min_nodes", scaling.min_nodes);
  ReadCount(in, "max_nodes", scaling.max_nodes);
  ReadShare(in, "scale_out_cpu", scaling.out_cpu);
  ReadDuration(in, "scale_out_after", scaling.out_after);
  ReadShare(in, "scale_in_cpu", scaling.in_cpu);
  ReadDuration(in, "scale_in_after", scaling.in_after);
  ReadDuration(in, "scale_out_cooldown", scaling.out_cooldown);
  ReadDuration(in, "scale_in_cooldown", scaling.in_cooldown);
  ReadDuration(in, "catch_up", scaling.catch_up);
}

void ReadGuards(const Reader& in, ClusterSpec& spec) {
  if (const Node* node = in.Get("security")) {
    const Reader security(*node, "security");
    ReadText(security, "service_role", spec.security.service_role);
    ReadText(security, "instance_profile", spec.security.instance_profile);
    ReadText(security, "primary_group", spec.security.primary_group);
    ReadText(security, "worker_group", spec.security.worker_group);
    ReadTexts(security, "buckets", spec.security.buckets);
    ReadText(security, "kms_key", spec.security.kms_key);
    if (security.Has("encryption")) spec.security.encryption = security.Bool("encryption");
  }
  if (const Node* node = in.Get("alarms")) {
    const Reader alarms(*node, "alarms");
    ReadText(alarms, "notify", spec.alarms.notify);
    ReadShare(alarms, "hdfs_used", spec.alarms.hdfs_used);
    ReadCount(alarms, "unhealthy_nodes", spec.alarms.unhealthy_nodes);
    ReadDuration(alarms, "idle", spec.alarms.idle);
  }
}

}  // namespace

std::string_view Name(ClusterClass value) { return kClassNames[static_cast<size_t>(value)]; }
std::string_view Name(ScalingBy value) { return kScalingNames[static_cast<size_t>(value)]; }
std::string_view Name(TimeoutAction value) { return kActionNames[static_cast<size_t>(value)]; }
std::string_view Name(Allocation value) { return kAllocationNames[static_cast<size_t>(value)]; }

int ClusterSpec::CoreNodes(int workers) const {
  // The tiny step down keeps 10 * (1 - 0.8) from becoming 3.
  const int wanted = static_cast<int>(std::ceil(workers * (1 - task.capacity_share) - 1e-9));
  return std::clamp(wanted, std::min(core.min, workers), std::min(core.max, workers));
}

int ClusterSpec::CoreOnDemand(int core_nodes) const {
  const int spot = static_cast<int>(std::floor(core_nodes * core.spot_share + 1e-9));
  return std::max(std::min(core.min, core_nodes), core_nodes - spot);
}

ParsedCluster ParseCluster(std::string_view text, const std::string& file,
                           const std::map<std::string, std::string>& variables) {
  ParsedCluster out;
  out.spec.file = file;
  Node root = document::ParseYaml(text, file, out.diagnostics);
  if (root.is_null() && out.diagnostics.has_errors()) return out;
  if (root.is_map()) document::ReplaceVariables(root, variables, out.diagnostics);
  document::CheckShape(root, ClusterSection(), out.diagnostics);
  if (!root.is_map()) return out;
  const Reader in(root, "");
  ReadTop(in, out.spec);
  ReadMoney(in, out.spec, out.diagnostics);
  ReadFleets(in, out.spec);
  if (const Node* node = in.Get("scaling")) ReadScaling(Reader(*node, "scaling"), out.spec.scaling);
  ReadGuards(in, out.spec);
  CheckClusterRules(out.spec, root, out.diagnostics);
  return out;
}

std::string ClusterJsonSchema() { return document::JsonSchema(ClusterSection(), "Tidemill cluster"); }

std::string ClusterTemplate(std::string_view name) {
  constexpr std::string_view kTemplate =
      R"(# An EMR cluster. Check it with `tidemill cluster validate FILE`, see what would be made and what it would cost with
# `tidemill cluster plan FILE`, try its policy with `tidemill cluster simulate FILE`.
# Every key but `cluster` may be left out; what stands here are the defaults.

cluster: {0}
class: regular               # critical (dedicated, no spot core) | regular (shared, autoscaled) | development (small)
region: us-east-1
zones: [us-east-1a, us-east-1b, us-east-1c]   # EMR picks one; several are several chances
release: emr-7.5.0
# log_uri: s3://my-bucket/emr-logs/

master:
  type: m5.xlarge            # one, on-demand: it holds the driver
core:
  type: r5.2xlarge
  min: 3                     # these hold HDFS and stay on-demand
  max: 20
  spot: 50%
task:
  types: [r5.xlarge, r5.2xlarge, r5.4xlarge]
  spot: 100%
  capacity: 80%              # of the workers; the core fleet has the rest
  allocation: diversified    # | capacity_optimized | price_capacity_optimized | lowest_price

spot:
  timeout: 10m               # then:
  timeout_action: on_demand  # | terminate
  max_price: 80%             # of on-demand
  max_interruptions: 15%     # an hour
  return_after: 30m          # from on-demand bridges back to spot

scaling:
  by: controller             # | managed | custom_policy | none
  min_nodes: 3
  max_nodes: 50
  scale_out_cpu: 75%
  scale_out_after: 5m
  scale_in_cpu: 25%
  scale_in_after: 10m
  catch_up: 30m              # how soon what waits should be done

idle_timeout: 1h
# max_hourly: 25             # dollars
security:
  encryption: true           # roles and security groups are made, with the least rights, unless named here
alarms:
  hdfs_used: 80%
  # notify: arn:aws:sns:us-east-1:123456789012:batch
tags:
  team: data
# conf:
#   spark.executor.memory: 14g
)";
  return fmt::format(kTemplate, name);
}

}  // namespace tidemill::cloud
