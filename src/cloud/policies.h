// The policies that a simulation sets side by side.
#pragma once

#include <string>
#include <vector>

#include "advisor/prices.h"
#include "cloud/cluster.h"
#include "cloud/simulation.h"

namespace tidemill::cloud {

struct Policy {
  std::string name;
  std::string words;
  ClusterSpec spec;
  bool always_on = false;
};

std::vector<std::string> PolicyNames();

// One of those names, as a change of the cluster file's own policy. `fixed_on_demand`, with which the others are
// compared, has as many on-demand core nodes as the busiest hour of `jobs` needs. kInvalidArgument for another name.
Result<Policy> PolicyOf(const std::string& name, const ClusterSpec& spec, const std::vector<SimJob>& jobs,
                        const advisor::Prices& prices);

struct Compared {
  Policy policy;
  SimulationResult result;
};

struct Comparison {
  std::string cluster;
  std::string workload;  // in words
  std::string market;
  std::string prices;
  double days = 0;
  uint64_t seed = 0;
  std::vector<Compared> policies;

  // That the others are compared with; null pointer when it was not simulated.
  const Compared* baseline() const;
};

std::string ComparisonText(const Comparison& comparison);
std::string ComparisonJson(const Comparison& comparison);

}  // namespace tidemill::cloud
