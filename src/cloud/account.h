// What a cluster needs besides itself: roles, security groups, alarms. Each `Ensure` may be called again and makes no
// second one; what bears the name and is not ours is an error, never taken over. Each `Drop` of what is gone is fine.
#pragma once

#include <string>
#include <vector>

#include "cloud/aws/api.h"
#include "cloud/cluster.h"

namespace tidemill::cloud {

struct RoleSpec {
  std::string name;
  std::string trust;  // policies as JSON
  std::string policy;
};
Status EnsureRole(aws::Api& api, const ClusterSpec& spec, const RoleSpec& role);
Status DropRole(aws::Api& api, const std::string& name);
// The profile bears the name of its role.
Status EnsureProfile(aws::Api& api, const ClusterSpec& spec, const std::string& name);
Status DropProfile(aws::Api& api, const std::string& name);
// The id.
Result<std::string> EnsureGroup(aws::Api& api, const ClusterSpec& spec, const std::string& name);
// kFailedPrecondition while nodes still use it.
Status DropGroup(aws::Api& api, const std::string& id);

// Of the kind "hdfs", "unhealthy", "idle" or "blocks", on the cluster of that id. The alarm's name.
Result<std::string> PutAlarm(aws::Api& api, const ClusterSpec& spec, const std::string& kind,
                             const std::string& cluster);
Status DropAlarm(aws::Api& api, const std::string& name);

// Something of ours in the account: by its tag, or by its path in IAM.
struct Owned {
  std::string kind;     // "iam.role", "iam.instance_profile", "ec2.security_group", "emr.cluster"
  std::string id;       // as the Drop takes it
  std::string cluster;  // whose; empty: the name alone tells
};
Result<std::vector<Owned>> OwnedRolesAndGroups(aws::Api& api);

}  // namespace tidemill::cloud
