// IAM policies with the least rights, as JSON text. No action is a pattern: each is named.
#pragma once

#include <string>

#include "cloud/cluster.h"

namespace tidemill::cloud {

// For whoever runs `tidemill cluster`: exactly the operations that this program carries out, and the right to hand the
// cluster's roles to EMR.
std::string OperatorPolicy();

// What EMR does for the cluster, in EC2; and who may take the role.
std::string ServicePolicy(const ClusterSpec& spec);
std::string ServiceTrust();
// What programs on the nodes do, in S3; and who may take the role.
std::string NodePolicy(const ClusterSpec& spec);
std::string NodeTrust();

}  // namespace tidemill::cloud
