// What keys of a cluster mean together, and what EMR does not take.
#pragma once

#include "cloud/cluster.h"
#include "document/yaml.h"

namespace tidemill::cloud {

void CheckClusterRules(const ClusterSpec& spec, const document::Node& root, document::Diagnostics& out);

}  // namespace tidemill::cloud
