// Room cloud: all that knows AWS. It makes no decision about jobs and opens no table; it gets what is to be there as
// values, and the world (clock, randomness, storage, the ledger's memory) through arguments.
//
// cluster.h: a cluster file as values. Its defaults are the platform's standard cluster.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/units.h"
#include "document/diagnostic.h"

namespace tidemill::cloud {

// Who shares the cluster. Critical jobs get one of their own, which the spot market can't touch; development is small.
enum class ClusterClass { kCritical, kRegular, kDevelopment };
enum class ScalingBy { kController, kManaged, kCustomPolicy, kNone };
enum class TimeoutAction { kOnDemand, kTerminate };
// How spot instances are spread over the types of a fleet.
enum class Allocation { kDiversified, kCapacityOptimized, kPriceCapacityOptimized, kLowestPrice };

// The words of the file; the enum's order.
std::string_view Name(ClusterClass value);
std::string_view Name(ScalingBy value);
std::string_view Name(TimeoutAction value);
std::string_view Name(Allocation value);

struct CoreFleet {
  std::string type = "r5.2xlarge";
  int min = 3;
  int max = 20;
  double spot_share = 0.5;  // of what is above `min`: the minimum holds HDFS and stays on-demand
};

struct TaskFleet {
  std::vector<std::string> types = {"r5.xlarge", "r5.2xlarge", "r5.4xlarge"};
  double spot_share = 1;
  double capacity_share = 0.8;  // of the workers; the core fleet has the rest
  Allocation allocation = Allocation::kDiversified;
};

struct SpotPolicy {
  Micros timeout = std::chrono::minutes(10);
  TimeoutAction timeout_action = TimeoutAction::kOnDemand;
  double max_price = 0.8;           // of the on-demand price; dearer pools are not asked
  double max_interruptions = 0.15;  // chance that a node is taken within an hour
  Micros return_after = std::chrono::minutes(30);
};

struct ScalingPolicy {
  ScalingBy by = ScalingBy::kController;
  int min_nodes = 3;  // workers: core and task nodes
  int max_nodes = 50;
  double out_cpu = 0.75;
  Micros out_after = std::chrono::minutes(5);
  double in_cpu = 0.25;
  Micros in_after = std::chrono::minutes(10);
  Micros out_cooldown = std::chrono::minutes(5);
  Micros in_cooldown = std::chrono::minutes(10);
  Micros catch_up = std::chrono::minutes(30);  // how soon what waits should be done: the size of a step out
};

struct Security {
  std::string service_role;      // empty: made for the cluster, with the least rights
  std::string instance_profile;  // the same
  std::string primary_group;     // security groups; empty: made for the cluster
  std::string worker_group;
  std::vector<std::string> buckets;  // that the nodes may read and write, beside the logs'
  std::string kms_key;               // empty: S3 and disks are encrypted with AWS's own keys
  bool encryption = true;
};

struct Alarms {
  std::string notify;  // an SNS topic; empty: the alarms are only seen
  double hdfs_used = 0.8;
  int unhealthy_nodes = 1;
  Micros idle = std::chrono::hours(1);
};

struct ClusterSpec {
  std::string name;
  std::string file;
  ClusterClass cluster_class = ClusterClass::kRegular;
  std::string region = "us-east-1";
  std::vector<std::string> zones = {"us-east-1a", "us-east-1b", "us-east-1c"};
  std::vector<std::string> subnets;  // empty: the account's default one of each zone
  std::string release = "emr-7.5.0";
  std::string log_uri;
  std::string master = "m5.xlarge";
  CoreFleet core;
  TaskFleet task;
  SpotPolicy spot;
  ScalingPolicy scaling;
  Micros idle_timeout = std::chrono::hours(1);  // zero: never ends by itself
  int hdfs_replication = 2;
  double max_hourly = 0;  // dollars; 0: no cap beside max_nodes
  Security security;
  Alarms alarms;
  std::vector<std::string> bootstrap;
  std::map<std::string, std::string> tags;
  std::map<std::string, std::string> conf;  // Spark's

  // How many of so many workers are core nodes, and how many of those are on-demand.
  int CoreNodes(int workers) const;
  int CoreOnDemand(int core_nodes) const;
};

struct ParsedCluster {
  ClusterSpec spec;  // as far as it could be read
  document::Diagnostics diagnostics;
};

// Every mistake at once, each with its place. `variables` are what ${VAR} may name.
ParsedCluster ParseCluster(std::string_view text, const std::string& file,
                           const std::map<std::string, std::string>& variables);

std::string ClusterJsonSchema();
// A commented file to start from.
std::string ClusterTemplate(std::string_view name);

}  // namespace tidemill::cloud
