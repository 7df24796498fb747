#include "cloud/cluster_keys.h"

namespace tidemill::cloud {
namespace {

using document::Key;
using document::KeyType;
using document::Section;
using Words = std::string_view;

constexpr Words kClasses[] = {"critical", "regular", "development"};
constexpr Words kScalingBy[] = {"controller", "managed", "custom_policy", "none"};
constexpr Words kTimeoutActions[] = {"on_demand", "terminate"};
constexpr Words kAllocations[] = {"diversified", "capacity_optimized", "price_capacity_optimized", "lowest_price"};

constexpr Key kMasterKeys[] = {
    {"type", KeyType::kText, false, "m5.xlarge", "Its instance type. One node, on-demand: it holds the driver."},
};
constexpr Section kMaster{"master", "The primary node.", kMasterKeys};

constexpr Key kCoreKeys[] = {
    {"type", KeyType::kText, false, "r5.2xlarge", "Their instance type."},
    {"min", KeyType::kInteger, false, "3", "Never fewer; these hold HDFS and stay on-demand."},
    {"max", KeyType::kInteger, false, "20", "Never more."},
    {"spot", KeyType::kShare, false, "50%",
     "The share of core nodes that may be spot, as far as `min` stays on-demand. Default for class critical: 0."},
};
constexpr Section kCore{"core", "The nodes that hold HDFS.", kCoreKeys};

constexpr Key kTaskKeys[] = {
    {"types", KeyType::kTexts, false, "[r5.xlarge, r5.2xlarge, r5.4xlarge]",
     "Their instance types. Several make several spot markets, which are seldom empty at once."},
    {"spot", KeyType::kShare, false, "100%", "The share that is spot."},
    {"capacity", KeyType::kShare, false, "80%",
     "The share of the workers that are task nodes; the core fleet has the rest, and at least its minimum."},
    {"allocation", KeyType::kChoice, false, "diversified", "How spot is spread over the types.", kAllocations},
};
constexpr Section kTask{"task", "The nodes that only compute.", kTaskKeys};

constexpr Key kSpotKeys[] = {
    {"timeout", KeyType::kDuration, false, "10m",
     "How long a launch or a resize waits for spot, 5 minutes to 24 hours."},
    {"timeout_action", KeyType::kChoice, false, "on_demand",
     "on_demand: bridge with on-demand nodes and go back to spot later. terminate: give the launch up.",
     kTimeoutActions},
    {"max_price", KeyType::kShare, false, "80%", "Of the on-demand price; dearer markets are not asked."},
    {"max_interruptions", KeyType::kShare, false, "15%",
     "Markets where a node is likelier than this to be taken within an hour are not asked."},
    {"return_after", KeyType::kDuration, false, "30m",
     "How long price and interruptions must have been fine before on-demand bridges go back to spot."},
};
constexpr Section kSpot{"spot", "How the spot market is used.", kSpotKeys};

constexpr Key kScalingKeys[] = {
    {"by", KeyType::kChoice, false, "controller",
     "controller: by the rules below, as the simulator shows; on AWS you resize by hand so far. managed: EMR managed "
     "scaling within the same bounds. custom_policy: the rules below as EMR automatic scaling of instance groups. "
     "none: a fixed size.",
     kScalingBy},
    {"min_nodes", KeyType::kInteger, false, "3", "Workers (core and task nodes), never fewer: availability."},
    {"max_nodes", KeyType::kInteger, false, "50", "Workers, never more: cost protection."},
    {"scale_out_cpu", KeyType::kShare, false, "75%", "Above this ..."},
    {"scale_out_after", KeyType::kDuration, false, "5m", "... for so long, nodes are added."},
    {"scale_in_cpu", KeyType::kShare, false, "25%", "Below this ..."},
    {"scale_in_after", KeyType::kDuration, false, "10m", "... for so long, nodes are taken away."},
    {"scale_out_cooldown", KeyType::kDuration, false, "5m", "After nodes were added none are for so long."},
    {"scale_in_cooldown", KeyType::kDuration, false, "10m", "After any change none are taken away for so long."},
    {"catch_up", KeyType::kDuration, false, "30m",
     "How soon what waits should be done; this and the backlog make the size of a step."},
};
constexpr Section kScaling{"scaling", "When the cluster grows and shrinks.", kScalingKeys};

constexpr Key kSecurityKeys[] = {
    {"service_role", KeyType::kText, false, "", "An IAM role for EMR; without it one is made, with the least rights."},
    {"instance_profile", KeyType::kText, false, "", "Of the nodes; without it one is made, with the least rights."},
    {"primary_group", KeyType::kText, false, "", "Security group of the primary node; without it one is made."},
    {"worker_group", KeyType::kText, false, "", "Security group of the workers; without it one is made."},
    {"buckets", KeyType::kTexts, false, "", "The S3 buckets that the nodes may read and write, beside the logs'."},
    {"encryption", KeyType::kBoolean, false, "true", "Of disks, of S3 objects and between nodes."},
    {"kms_key", KeyType::kText, false, "", "A key of your own in place of AWS's."},
};
constexpr Section kSecurity{"security", "Who may do what.", kSecurityKeys};

constexpr Key kAlarmKeys[] = {
    {"notify", KeyType::kText, false, "", "An SNS topic that is told."},
    {"hdfs_used", KeyType::kShare, false, "80%", "HDFS fuller than this."},
    {"unhealthy_nodes", KeyType::kInteger, false, "1", "So many nodes that YARN calls unhealthy, or more."},
    {"idle", KeyType::kDuration, false, "1h", "Idle for so long."},
};
constexpr Section kAlarms{"alarms", "CloudWatch alarms.", kAlarmKeys};

constexpr Key kClusterKeys[] = {
    {"cluster", KeyType::kJobName, true, "", "The cluster's name, and how later commands name it."},
    {"description", KeyType::kText, false, "", "For people."},
    {"class", KeyType::kChoice, false, "regular",
     "critical: dedicated, no spot core nodes. regular: shared and autoscaled. development: small and cheap.",
     kClasses},
    {"region", KeyType::kText, false, "us-east-1", "The AWS region."},
    {"zones", KeyType::kTexts, false, "[us-east-1a, us-east-1b, us-east-1c]",
     "Availability zones it may start in. EMR puts a cluster into one; several are several chances."},
    {"subnets", KeyType::kTexts, false, "", "One a zone, in their order; without them the account's default ones."},
    {"release", KeyType::kText, false, "emr-7.5.0", "The EMR release."},
    {"log_uri", KeyType::kText, false, "", "Where EMR puts its logs: s3://bucket/prefix/."},
    {"master", KeyType::kSection, false, "", "The primary node.", {}, &kMaster},
    {"core", KeyType::kSection, false, "", "The nodes that hold HDFS.", {}, &kCore},
    {"task", KeyType::kSection, false, "", "The nodes that only compute.", {}, &kTask},
    {"spot", KeyType::kSection, false, "", "How the spot market is used.", {}, &kSpot},
    {"scaling", KeyType::kSection, false, "", "When the cluster grows and shrinks.", {}, &kScaling},
    {"idle_timeout", KeyType::kDuration, false, "1h", "Idle for so long, the cluster ends itself; 1 minute to 7 days."},
    {"hdfs_replication", KeyType::kInteger, false, "2", "Copies of a block; core nodes are never fewer."},
    {"max_hourly", KeyType::kText, false, "", "Dollars an hour that the cluster never costs more than."},
    {"security", KeyType::kSection, false, "", "Who may do what.", {}, &kSecurity},
    {"alarms", KeyType::kSection, false, "", "CloudWatch alarms.", {}, &kAlarms},
    {"bootstrap", KeyType::kTexts, false, "", "Scripts (s3://...) run on each node before it works."},
    {"tags", KeyType::kTextMap, false, "", "On everything that is made."},
    {"conf", KeyType::kTextMap, false, "", "Spark settings, laid over the planner's."},
};
constexpr Section kCluster{"cluster", "An EMR cluster: fleets, scaling, spot, security.", kClusterKeys};

}  // namespace

const Section& ClusterSection() { return kCluster; }

}  // namespace tidemill::cloud
