#include "cloud/fleet.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

namespace tidemill::cloud {

std::string_view Name(Role role) {
  constexpr std::string_view kNames[] = {"master", "core", "task"};
  return kNames[static_cast<size_t>(role)];
}

std::string_view Name(Market market) { return market == Market::kSpot ? "spot" : "on-demand"; }

std::vector<NodeCount> FleetAt(const ClusterSpec& spec, int workers) {
  std::vector<NodeCount> fleet;
  const auto add = [&](Role role, Market market, const std::string& type, int nodes) {
    if (nodes > 0) fleet.push_back({role, market, type, nodes});
  };
  add(Role::kMaster, Market::kOnDemand, spec.master, 1);
  const int core = spec.CoreNodes(workers), on_demand = spec.CoreOnDemand(core);
  add(Role::kCore, Market::kOnDemand, spec.core.type, on_demand);
  add(Role::kCore, Market::kSpot, spec.core.type, core - on_demand);
  const int task = workers - core, types = static_cast<int>(spec.task.types.size());
  for (int i = 0; i < types; ++i) {
    const int nodes = task / types + (i < task % types ? 1 : 0);
    const int spot = static_cast<int>(std::floor(nodes * spec.task.spot_share + 1e-9));
    add(Role::kTask, Market::kSpot, spec.task.types[static_cast<size_t>(i)], spot);
    add(Role::kTask, Market::kOnDemand, spec.task.types[static_cast<size_t>(i)], nodes - spot);
  }
  return fleet;
}

Status CheckTypesPriced(const ClusterSpec& spec, const advisor::Prices& prices) {
  std::set<std::string> types(spec.task.types.begin(), spec.task.types.end());
  types.insert({spec.master, spec.core.type});
  std::string missing;
  for (const auto& type : types) {
    if (!prices.instances.contains(type)) missing += (missing.empty() ? "" : ", ") + type;
  }
  if (missing.empty()) return Ok();
  return InvalidArgument(
      fmt::format("the price list of {} has no price for {}; add it to what `tidemill prices` prints and give that "
                  "with --prices",
                  prices.date, missing));
}

std::string DearestOf(const std::vector<std::string>& types, const advisor::Prices& prices) {
  return *std::ranges::max_element(types, {}, [&](const std::string& type) {
    const auto& price = prices.instances.at(type);
    return price.hourly + price.emr_hourly;
  });
}

double HourlyPrice(const std::vector<NodeCount>& fleet, const advisor::Prices& prices) {
  double dollars = 0;
  for (const auto& count : fleet) {
    const auto& price = prices.instances.at(count.type);
    const double share = count.market == Market::kSpot ? price.spot_share : 1;
    dollars += count.nodes * (price.hourly * share + price.emr_hourly);
  }
  return dollars;
}

double HourlyOnDemand(const std::vector<NodeCount>& fleet, const advisor::Prices& prices) {
  std::vector<NodeCount> same = fleet;
  for (auto& count : same) count.market = Market::kOnDemand;
  return HourlyPrice(same, prices);
}

}  // namespace tidemill::cloud
