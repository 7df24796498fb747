// Which spot markets are worth asking, and in which order.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "advisor/prices.h"
#include "cloud/cluster.h"

namespace tidemill::cloud {

struct SpotMarket;

// Neither dearer nor likelier interrupted than the policy allows.
bool MarketIsFine(const SpotPolicy& policy, const SpotMarket& market);

// Those of `types` whose market is fine, the best first by the allocation. `held` counts the nodes of each type that
// there are: diversified fills up the type that has fewest.
std::vector<std::string> SpotOrder(const ClusterSpec& spec, const std::vector<std::string>& types,
                                   const std::vector<SpotMarket>& markets, const std::map<std::string, int>& held,
                                   const advisor::Prices& prices);

}  // namespace tidemill::cloud
