#include "cloud/spot.h"

#include <algorithm>

#include "cloud/controller.h"

namespace tidemill::cloud {

bool MarketIsFine(const SpotPolicy& policy, const SpotMarket& market) {
  return market.price_share <= policy.max_price && market.interruptions <= policy.max_interruptions;
}

std::vector<std::string> SpotOrder(const ClusterSpec& spec, const std::vector<std::string>& types,
                                   const std::vector<SpotMarket>& markets, const std::map<std::string, int>& held,
                                   const advisor::Prices& prices) {
  struct Ranked {
    double rank = 0;  // the least first
    std::string type;
  };
  std::vector<Ranked> order;
  for (const auto& type : types) {
    const auto market = std::find_if(markets.begin(), markets.end(), [&](const auto& m) { return m.type == type; });
    if (market == markets.end() || !MarketIsFine(spec.spot, *market)) continue;
    const auto& price = prices.instances.at(type);
    const double dollars_of_vcpu = market->price_share * price.hourly / price.vcpus;
    double rank = 0;
    switch (spec.task.allocation) {
      case Allocation::kDiversified: {
        const auto count = held.find(type);
        rank = count == held.end() ? 0 : count->second;
        break;
      }
      case Allocation::kCapacityOptimized:
        rank = market->interruptions;
        break;
      case Allocation::kPriceCapacityOptimized:
        rank = dollars_of_vcpu * (1 + market->interruptions);
        break;
      case Allocation::kLowestPrice:
        rank = dollars_of_vcpu;
        break;
    }
    order.push_back({rank, type});
  }
  std::stable_sort(order.begin(), order.end(), [](const Ranked& a, const Ranked& b) { return a.rank < b.rank; });
  std::vector<std::string> names;
  for (auto& ranked : order) names.push_back(std::move(ranked.type));
  return names;
}

}  // namespace tidemill::cloud
