// The cluster file's language as a table. A key added here is known everywhere; only cluster.cc says what it means.
#pragma once

#include "document/keys.h"

namespace tidemill::cloud {

const document::Section& ClusterSection();

}  // namespace tidemill::cloud
