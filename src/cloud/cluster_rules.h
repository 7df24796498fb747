// What keys of a cluster mean together, and what EMR does not take.
#pragma once

#include "cloud/cluster.h"
#include "document/yaml.h"

namespace tidemill::cloud {

void CheckClusterRules(const ClusterSpec& spec, const document::Node& root, document::Diagnostics& out);

// "us-east-1", "ap-southeast-2", "us-gov-west-1".
bool IsRegion(std::string_view text);

}  // namespace tidemill::cloud
