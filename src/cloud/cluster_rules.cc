#include "cloud/cluster_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <set>

namespace tidemill::cloud {
namespace {

using document::Diagnostics;
using document::Node;
using document::Place;

constexpr Micros kLeastTimeout = std::chrono::minutes(5), kMostTimeout = std::chrono::hours(24);
constexpr Micros kLeastIdle = std::chrono::minutes(1), kMostIdle = std::chrono::hours(24 * 7);
constexpr size_t kMostFleetTypes = 30;  // of a fleet with an allocation strategy
constexpr size_t kMostNameBytes = 63;   // the name is part of those of roles and groups
constexpr size_t kMostTags = 40;        // EMR's 50, less ours
constexpr size_t kMostTagKey = 128, kMostTagValue = 256;

// "r5.2xlarge": a family with its generation, a dot, a size.
bool IsInstanceType(std::string_view text) {
  const size_t dot = text.find('.');
  if (dot == std::string_view::npos || dot == 0 || dot + 1 == text.size()) return false;
  const auto plain = [](unsigned char c) { return std::islower(c) || std::isdigit(c) || c == '-'; };
  const std::string_view family = text.substr(0, dot), size = text.substr(dot + 1);
  return std::islower(static_cast<unsigned char>(family[0])) && std::all_of(family.begin(), family.end(), plain) &&
         std::any_of(family.begin(), family.end(), [](unsigned char c) { return std::isdigit(c); }) &&
         std::all_of(size.begin(), size.end(), plain);
}

class Rules {
 public:
  Rules(const ClusterSpec& spec, const Node& root, Diagnostics& out) : spec_(spec), root_(root), out_(out) {}

  void Check() {
    CheckPlaces();
    CheckTypes();
    CheckSizes();
    CheckTimes();
    CheckScaling();
    CheckTags();
    CheckPaths();
  }

 private:
  // Of the key if it is written, else of what holds it.
  Place At(std::string_view section, std::string_view key) const {
    const Node* inside = section.empty() ? &root_ : root_.Find(section);
    if (inside == nullptr) return root_.at;
    const Node* value = inside->is_map() ? inside->Find(key) : nullptr;
    return value != nullptr ? value->at : inside->at;
  }

  void Wrong(std::string_view section, std::string_view key, std::string message, std::string suggestion = "") {
    out_.Error(At(section, key), section.empty() ? std::string(key) : fmt::format("{}.{}", section, key),
               std::move(message), std::move(suggestion));
  }

  void CheckPlaces() {
    if (spec_.name.size() > kMostNameBytes) {
      Wrong("", "cluster", fmt::format("has {} characters", spec_.name.size()),
            fmt::format("{} at most: the name is part of those of roles and security groups", kMostNameBytes));
    }
    if (!spec_.region.empty() && !IsRegion(spec_.region)) {
      Wrong("", "region", fmt::format("'{}' is not an AWS region", spec_.region), "write it like us-east-1");
      return;
    }
    for (const auto& zone : spec_.zones) {
      if (zone.size() <= spec_.region.size() || !zone.starts_with(spec_.region)) {
        Wrong("", "zones", fmt::format("'{}' is no zone of {}", zone, spec_.region),
              fmt::format("write it like {}a", spec_.region));
      }
    }
    if (std::set(spec_.zones.begin(), spec_.zones.end()).size() < spec_.zones.size()) {
      Wrong("", "zones", "names a zone twice");
    }
    if (spec_.zones.size() == 1) {
      out_.Warning(At("", "zones"), "zones", "a single zone is a single chance to get spot nodes", "name several");
    }
    if (!spec_.subnets.empty() && spec_.subnets.size() != spec_.zones.size()) {
      Wrong("", "subnets", fmt::format("there are {} for {} zones", spec_.subnets.size(), spec_.zones.size()),
            "write one a zone, in their order");
    }
    for (const auto& subnet : spec_.subnets) {
      if (!subnet.starts_with("subnet-")) Wrong("", "subnets", fmt::format("'{}' is not a subnet's id", subnet));
    }
    if (!spec_.release.starts_with("emr-")) {
      Wrong("", "release", fmt::format("'{}' is not an EMR release", spec_.release), "write it like emr-7.5.0");
    }
  }

  void CheckType(std::string_view section, std::string_view key, const std::string& type) {
    if (!IsInstanceType(type)) {
      Wrong(section, key, fmt::format("'{}' is not an instance type", type), "write it like r5.2xlarge");
    }
  }

  void CheckTypes() {
    CheckType("master", "type", spec_.master);
    CheckType("core", "type", spec_.core.type);
    for (const auto& type : spec_.task.types) CheckType("task", "types", type);
    if (std::set(spec_.task.types.begin(), spec_.task.types.end()).size() < spec_.task.types.size()) {
      Wrong("task", "types", "names a type twice");
    }
    if (spec_.task.types.size() > kMostFleetTypes) {
      Wrong("task", "types", fmt::format("EMR takes {} types in a fleet at most", kMostFleetTypes));
    }
  }

  void CheckSizes() {
    const auto& core = spec_.core;
    const auto& scaling = spec_.scaling;
    if (core.min < 1) Wrong("core", "min", "must be at least 1", "HDFS needs a node");
    if (core.min > core.max) {
      Wrong("core", "min", fmt::format("is {}, above core.max, {}", core.min, core.max));
    }
    if (scaling.min_nodes > scaling.max_nodes) {
      Wrong("scaling", "min_nodes", fmt::format("is {}, above max_nodes, {}", scaling.min_nodes, scaling.max_nodes));
    }
    if (core.min > scaling.max_nodes) {
      Wrong("core", "min", fmt::format("is {}, above scaling.max_nodes, {}", core.min, scaling.max_nodes),
            "core nodes are workers too");
    }
    if (spec_.hdfs_replication < 1) Wrong("", "hdfs_replication", "must be at least 1");
    if (spec_.hdfs_replication > core.min) {
      Wrong("", "hdfs_replication", fmt::format("is {}, above core.min, {}", spec_.hdfs_replication, core.min),
            "each copy of a block needs a core node of its own");
    }
    if (spec_.cluster_class == ClusterClass::kCritical && core.spot_share > 0) {
      Wrong("core", "spot", "a critical cluster has no spot core nodes", "remove the key, or change the class");
    }
  }

  void CheckTimes() {
    if (spec_.spot.timeout < kLeastTimeout || spec_.spot.timeout > kMostTimeout) {
      Wrong("spot", "timeout", fmt::format("is {}", FormatDuration(spec_.spot.timeout)),
            "EMR takes 5 minutes to 24 hours");
    }
    if (spec_.idle_timeout < kLeastIdle || spec_.idle_timeout > kMostIdle) {
      Wrong("", "idle_timeout", fmt::format("is {}", FormatDuration(spec_.idle_timeout)),
            "EMR takes 1 minute to 7 days");
    }
  }

  void CheckScaling() {
    const auto& scaling = spec_.scaling;
    if (scaling.in_cpu >= scaling.out_cpu) {
      Wrong("scaling", "scale_in_cpu",
            fmt::format("is {:.0f}%, not below scale_out_cpu, {:.0f}%", scaling.in_cpu * 100, scaling.out_cpu * 100),
            "the cluster would grow and shrink at once");
    }
    if (scaling.by == ScalingBy::kCustomPolicy && spec_.task.types.size() > 1) {
      out_.Warning(
          At("task", "types"), "task.types",
          fmt::format("custom_policy scales instance groups of one type: only {} is used", spec_.task.types.front()),
          "by: controller keeps all types");
    }
  }

  void CheckTags() {
    if (spec_.tags.size() > kMostTags) Wrong("", "tags", fmt::format("there are more than {}", kMostTags));
    for (const auto& [key, value] : spec_.tags) {
      if (key.starts_with("aws:") || key.starts_with("tidemill:")) {
        Wrong("tags", key, "begins with what is kept for others", "choose another name");
      }
      if (key.size() > kMostTagKey || value.size() > kMostTagValue) {
        Wrong("tags", key,
              fmt::format("is too long: {} bytes of key and {} of value at most", kMostTagKey, kMostTagValue));
      }
    }
  }

  void CheckPaths() {
    if (!spec_.log_uri.empty() && !spec_.log_uri.starts_with("s3://")) {
      Wrong("", "log_uri", fmt::format("'{}' is not in S3", spec_.log_uri), "write it like s3://bucket/prefix/");
    }
    for (const auto& script : spec_.bootstrap) {
      if (!script.starts_with("s3://")) {
        Wrong("", "bootstrap", fmt::format("'{}' is not in S3", script), "EMR reads scripts from s3:// alone");
      }
    }
    if (!spec_.alarms.notify.empty() && !spec_.alarms.notify.starts_with("arn:")) {
      Wrong("alarms", "notify", fmt::format("'{}' is not the ARN of an SNS topic", spec_.alarms.notify));
    }
  }

  const ClusterSpec& spec_;
  const Node& root_;
  Diagnostics& out_;
};

}  // namespace

bool IsRegion(std::string_view text) {
  return std::count(text.begin(), text.end(), '-') >= 2 && std::isdigit(static_cast<unsigned char>(text.back())) &&
         std::all_of(text.begin(), text.end(),
                     [](unsigned char c) { return std::islower(c) || std::isdigit(c) || c == '-'; });
}

void CheckClusterRules(const ClusterSpec& spec, const Node& root, Diagnostics& out) { Rules(spec, root, out).Check(); }

}  // namespace tidemill::cloud
