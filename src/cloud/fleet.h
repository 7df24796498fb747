// The nodes a cluster has at a size, and what they cost an hour.
#pragma once

#include <string>
#include <vector>

#include "advisor/prices.h"
#include "base/result.h"
#include "cloud/cluster.h"

namespace tidemill::cloud {

enum class Role { kMaster, kCore, kTask };
enum class Market { kOnDemand, kSpot };
std::string_view Name(Role role);
std::string_view Name(Market market);

struct NodeCount {
  Role role = Role::kTask;
  Market market = Market::kOnDemand;
  std::string type;
  int nodes = 0;
};

// The fleets for so many workers (core and task nodes), the task nodes spread over their types; only counts above 0.
std::vector<NodeCount> FleetAt(const ClusterSpec& spec, int workers);

// kInvalidArgument names the types that the price list lacks.
Status CheckTypesPriced(const ClusterSpec& spec, const advisor::Prices& prices);

// Of types that are in the list.
std::string DearestOf(const std::vector<std::string>& types, const advisor::Prices& prices);

// Dollars an hour with EMR's fee, spot at the price list's share. Every type is in the list.
double HourlyPrice(const std::vector<NodeCount>& fleet, const advisor::Prices& prices);
// The same nodes, all of them on-demand.
double HourlyOnDemand(const std::vector<NodeCount>& fleet, const advisor::Prices& prices);

}  // namespace tidemill::cloud
