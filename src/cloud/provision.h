// Making, changing and removing a cluster with all its parts. A part is written to the memory before the call that
// makes it, so that whatever was interrupted can be found and finished: each of these may be killed at any point and
// called again.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "advisor/prices.h"
#include "cloud/account.h"
#include "cloud/aws/api.h"
#include "cloud/emr.h"
#include "cloud/resource.h"

namespace tidemill::cloud {

enum class Phase { kMaking, kThere, kGoing };

struct Kept {
  Resource resource;
  std::string token;
  Phase phase = Phase::kMaking;
};

// What is known of clusters; kept by the caller.
class Memory {
 public:
  virtual ~Memory() = default;
  virtual Result<std::vector<Kept>> Of(const std::string& cluster) = 0;
  virtual Status Put(const std::string& cluster, const Kept& kept) = 0;
  virtual Status Remove(const std::string& cluster, const std::string& address) = 0;
  virtual Result<std::vector<std::string>> Clusters() = 0;
};

struct World {
  aws::Api& api;
  Memory& memory;
  const advisor::Prices& prices;
  std::function<std::string()> new_token;
  std::function<bool(Micros)> sleep;  // false: the user asked to stop
  std::function<void(const std::string&)> tell;
};

// Makes what is missing and changes what differs. kFailedPrecondition when something would have to be made anew.
Status Apply(const ClusterSpec& spec, World& world);
// Sets the number of workers, within the file's bounds and cap.
Status Resize(const ClusterSpec& spec, int workers, World& world);
// Ends the cluster and removes every part, the last made first. Waits for the nodes to be gone.
Status Terminate(const std::string& cluster, World& world);

struct ClusterView {
  EmrCluster cluster;
  std::vector<EmrFleet> fleets;
  std::vector<Kept> parts;
};
// kNotFound when the memory does not know it.
Result<ClusterView> ViewOf(const std::string& cluster, World& world);

// What bears our mark in the account and is in no memory.
Result<std::vector<Owned>> Strays(World& world);
Status RemoveStray(const Owned& stray, World& world);

}  // namespace tidemill::cloud
