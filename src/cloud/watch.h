// The controller on a real cluster: what EMR, EC2 and CloudWatch show becomes what the controller sees, and what it
// decides becomes the sizes of fleets. EMR chooses the nodes of a fleet itself, those that come and those that go; it
// drains them, also those that the market takes, and gets others in their place.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cloud/controller.h"
#include "cloud/emr.h"
#include "cloud/provision.h"

namespace tidemill::cloud {

// What one look is told by the one before it; lost, the times begin again.
struct WatchMemory {
  ControllerState controller;
  std::map<Role, std::vector<Timestamp>> asked;  // spot units that have not come, the oldest first
  std::map<std::string, Timestamp> taken;        // by the node's id: when the market gave notice, for an hour
  std::map<std::string, std::string> taken_type;
  bool operator==(const WatchMemory&) const = default;
};
std::string WatchMemoryToJson(const WatchMemory& memory);
Result<WatchMemory> WatchMemoryFromJson(const std::string& json);

// A cluster as AWS shows it.
struct Sight {
  EmrCluster cluster;
  std::vector<EmrFleet> fleets;
  std::vector<EmrInstance> instances;    // that are there or on their way
  std::map<std::string, double> cpu;     // by EC2's id: share of its cores at work
  std::map<std::string, double> prices;  // of spot, by type: dollars an hour
  std::vector<std::string> noticed;      // by EC2's id: the market takes them
  double pending_containers = 0;         // of YARN
};
Result<Sight> LookAt(aws::Api& api, const ClusterSpec& spec, const std::string& cluster, Timestamp now);

// As the controller sees it, and what the next look is to know. Pure.
Observation ObservationOf(const ClusterSpec& spec, const advisor::Prices& prices, const Sight& sight, Timestamp now,
                          WatchMemory& memory);

struct FleetSize {
  Role role = Role::kTask;
  int on_demand = 0;
  int spot = 0;
  bool operator==(const FleetSize&) const = default;
};
// The sizes by which EMR carries out what was decided, within the most workers. Pure.
std::vector<FleetSize> SizesAfter(const ClusterSpec& spec, const advisor::Prices& prices, const Observation& seen,
                                  const Decision& decision);

struct WatchStep {
  bool gone = false;  // the cluster has ended: there is nothing more to watch
  Observation seen;
  std::vector<Action> actions;
  std::vector<FleetSize> sizes;  // that were set
};
// One look and what follows from it. `keep` takes the memory before anything is changed, so that whoever is killed
// between the two goes on where it was.
Result<WatchStep> Watch(const ClusterSpec& spec, const std::string& cluster, WatchMemory& memory, World& world,
                        Timestamp now, const std::function<Status(const WatchMemory&)>& keep);

}  // namespace tidemill::cloud
