// A cluster file read from disk, its warnings told; and the subcommands of `cluster` that have a file of their own.
#pragma once

#include <string>

#include "app/program.h"
#include "cloud/cluster.h"

namespace tidemill::app {

// Every mistake is told on the standard error; kInvalidArgument counts them.
Result<cloud::ClusterSpec> LoadCluster(Program& program, const std::string& file);

int SimulateCluster(Program& program, const ClusterFlags& flags);
// Those that talk to AWS.
int ClusterOnAws(Program& program, const ClusterFlags& flags);

}  // namespace tidemill::app
