// EMR's calls with values in and out.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "cloud/aws/api.h"
#include "cloud/cluster.h"
#include "cloud/fleet.h"

namespace tidemill::cloud {

// On everything that is made: whose it is, and by which request it came.
inline constexpr std::string_view kClusterTag = "tidemill:cluster", kTokenTag = "tidemill:token";

struct EmrCluster {
  std::string id;
  std::string name;
  std::string state;  // STARTING, BOOTSTRAPPING, RUNNING, WAITING, TERMINATING, TERMINATED, TERMINATED_WITH_ERRORS
  std::string reason;
  std::map<std::string, std::string> tags;
  std::string zone;

  bool gone() const { return state.starts_with("TERMINATED"); }
  bool ending() const { return state.starts_with("TERMINAT"); }
};

struct EmrFleet {
  std::string id;
  Role role = Role::kTask;
  std::string state;
  int on_demand_target = 0;
  int on_demand = 0;  // that are there
  int spot_target = 0;
  int spot = 0;
};

struct EmrInstance {
  std::string id;
  std::string ec2_id;
  std::string fleet;  // its id
  Market market = Market::kOnDemand;
  std::string type;
  std::string state;  // AWAITING_FULFILLMENT, PROVISIONING, BOOTSTRAPPING, RUNNING
  Timestamp created{};

  bool running() const { return state == "RUNNING"; }
};

// What was made before the cluster, and the cluster uses.
struct ClusterParts {
  std::string service_role;  // a name or ARN
  std::string instance_profile;
  std::string primary_group;  // ids
  std::string worker_group;
};

// Asks for a cluster with its fleets at the least size. The id. Not repeatable: look for the token first.
Result<std::string> RunCluster(aws::Api& api, const ClusterSpec& spec, const ClusterParts& parts,
                               const std::string& token);
// Those that are not ended or ending, without their tags.
Result<std::vector<EmrCluster>> ActiveClusters(aws::Api& api);
Result<EmrCluster> DescribeCluster(aws::Api& api, const std::string& id);
Result<std::vector<EmrFleet>> ListFleets(aws::Api& api, const std::string& cluster);
// Those that are there or on their way.
Result<std::vector<EmrInstance>> ListInstances(aws::Api& api, const std::string& cluster);
// Sets the sizes; a cluster whose task fleet was never needed gets one.
Status ResizeFleet(aws::Api& api, const ClusterSpec& spec, const std::string& cluster, Role role, int on_demand,
                   int spot);
Status PutManagedScaling(aws::Api& api, const ClusterSpec& spec, const std::string& cluster);
Status PutIdleTimeout(aws::Api& api, const ClusterSpec& spec, const std::string& cluster);
Status TerminateCluster(aws::Api& api, const std::string& id);

}  // namespace tidemill::cloud
