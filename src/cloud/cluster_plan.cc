#include "cloud/cluster_plan.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "advisor/figures.h"
#include "cloud/fleet.h"

namespace tidemill::cloud {
namespace {

std::string Percent(double share) { return fmt::format("{:g} %", share * 100); }

std::vector<Reason> Reasons(const ClusterSpec& spec, const advisor::Prices& prices) {
  const auto& scaling = spec.scaling;
  const auto& spot = spec.spot;
  std::vector<Reason> reasons;
  reasons.push_back({fmt::format("class {}", Name(spec.cluster_class)),
                     spec.cluster_class == ClusterClass::kCritical ? "a dedicated cluster: no job waits for another's, "
                                                                     "and the market takes no node that holds HDFS"
                     : spec.cluster_class == ClusterClass::kDevelopment
                         ? "small and cheap: it ends itself after a short while of idleness"
                         : "jobs share it, and it grows and shrinks with their load"});
  reasons.push_back({fmt::format("{} core nodes on-demand", spec.core.min),
                     fmt::format("HDFS keeps {} copies of a block; a spot interruption must not take the last one",
                                 spec.hdfs_replication)});
  if (spec.task.types.size() > 1 && spec.task.spot_share > 0) {
    reasons.push_back({fmt::format("task nodes of {}", fmt::join(spec.task.types, ", ")),
                       "each type is a spot market of its own: they are seldom dear or empty at once"});
  }
  reasons.push_back({fmt::format("spot times out after {}", FormatDuration(spot.timeout)),
                     spot.timeout_action == TimeoutAction::kOnDemand
                         ? fmt::format("then on-demand nodes bridge the gap, at a launch and at a resize; they go back "
                                       "to spot after {} of prices below {} of on-demand",
                                       FormatDuration(spot.return_after), Percent(spot.max_price))
                         : "then the launch is given up, which costs nothing and makes jobs wait"});
  if (scaling.by != ScalingBy::kNone) {
    reasons.push_back({fmt::format("{} to {} workers", scaling.min_nodes, MostWorkers(spec, prices)),
                       fmt::format("out when CPU is above {} for {}, in when it is below {} for {}; the least is for "
                                   "availability, the most protects the bill",
                                   Percent(scaling.out_cpu), FormatDuration(scaling.out_after), Percent(scaling.in_cpu),
                                   FormatDuration(scaling.in_after))});
  }
  if (spec.max_hourly > 0) {
    reasons.push_back({fmt::format("never above {} an hour", advisor::DollarsText(spec.max_hourly)),
                       fmt::format("max_hourly allows {} workers of scaling.max_nodes {}", MostWorkers(spec, prices),
                                   scaling.max_nodes)});
  }
  return reasons;
}

PricedSize SizeOf(const ClusterSpec& spec, const advisor::Prices& prices, const char* words, int workers) {
  const auto fleet = FleetAt(spec, workers);
  return {words, workers, HourlyOnDemand(fleet, prices), HourlyPrice(fleet, prices)};
}

constexpr std::string_view kMarks[] = {"+", "~", "-/+", "-"};
constexpr std::string_view kKinds[] = {"create", "update", "replace", "destroy"};

std::string ChangeText(const Change& change) {
  std::string text = fmt::format("  {:>3} {}{}\n", kMarks[static_cast<size_t>(change.kind)], change.address,
                                 change.id.empty() ? "" : "  (" + change.id + ")");
  for (const auto& a : change.attributes) {
    const auto* note = a.forces_replacement ? "  (made anew for this)" : "";
    if (change.kind == ChangeKind::kCreate) {
      text += fmt::format("        {} = {}\n", a.name, a.after);
    } else {
      text += fmt::format("        {}: {} -> {}{}\n", a.name, a.before.empty() ? "nothing" : a.before,
                          a.after.empty() ? "nothing" : a.after, note);
    }
  }
  return text;
}

}  // namespace

int MostWorkers(const ClusterSpec& spec, const advisor::Prices& prices) {
  int workers = spec.scaling.max_nodes;
  if (spec.max_hourly <= 0) return workers;
  // On-demand, because a bridge may be, and of the dearest type, because EMR chooses: the cap holds whatever they do.
  ClusterSpec dear = spec;
  dear.task.types = {DearestOf(spec.task.types, prices)};
  while (workers > 0 && HourlyOnDemand(FleetAt(dear, workers), prices) > spec.max_hourly) --workers;
  return workers;
}

Result<ClusterPlan> PlanCluster(const ClusterSpec& spec, const std::vector<Resource>& known,
                                const advisor::Prices& prices) {
  RETURN_IF_ERROR(CheckTypesPriced(spec, prices));
  const int least = std::max(spec.scaling.min_nodes, spec.core.min), most = MostWorkers(spec, prices);
  if (most < least) {
    return InvalidArgument(fmt::format("max_hourly of {} is below the price of the least size, {} workers: {} an hour",
                                       advisor::DollarsText(spec.max_hourly), least,
                                       advisor::DollarsText(HourlyOnDemand(FleetAt(spec, least), prices))));
  }
  ClusterPlan plan;
  plan.cluster = spec.name;
  plan.changes = Difference(known, DesiredResources(spec));
  plan.sizes.push_back(SizeOf(spec, prices, "at the least", least));
  if (spec.scaling.by != ScalingBy::kNone) plan.sizes.push_back(SizeOf(spec, prices, "at the most", most));
  plan.reasons = Reasons(spec, prices);
  plan.prices_of = fmt::format("{} in {}", prices.date, prices.region);
  return plan;
}

std::string ClusterPlanText(const ClusterPlan& plan) {
  std::string text;
  int counts[4] = {};
  for (const auto& change : plan.changes) {
    text += ChangeText(change);
    ++counts[static_cast<size_t>(change.kind)];
  }
  text += plan.changes.empty() ? fmt::format("cluster {} is as its file says\n", plan.cluster)
                               : fmt::format("{} to create, {} to change, {} to make anew, {} to remove\n", counts[0],
                                             counts[1], counts[2], counts[3]);
  text += fmt::format("\nan hour, prices of {}\n", plan.prices_of);
  for (const auto& size : plan.sizes) {
    const double saved = size.on_demand > 0 ? 1 - size.with_spot / size.on_demand : 0;
    text += fmt::format("  {:<13} {:>2} workers and the master: {} with spot, {} all on-demand ({} saved)\n",
                        size.words, size.workers, advisor::DollarsText(size.with_spot),
                        advisor::DollarsText(size.on_demand), advisor::ShareText(saved));
  }
  text += "\nwhy\n";
  for (const auto& reason : plan.reasons) text += fmt::format("  {}: {}\n", reason.what, reason.why);
  return text;
}

std::string ClusterPlanJson(const ClusterPlan& plan) {
  using Json = nlohmann::ordered_json;
  Json changes = Json::array(), sizes = Json::array(), reasons = Json::array();
  for (const auto& change : plan.changes) {
    Json attributes = Json::array();
    for (const auto& a : change.attributes) {
      attributes.push_back(
          {{"name", a.name}, {"before", a.before}, {"after", a.after}, {"forces_replacement", a.forces_replacement}});
    }
    changes.push_back({{"change", kKinds[static_cast<size_t>(change.kind)]},
                       {"address", change.address},
                       {"id", change.id},
                       {"attributes", attributes}});
  }
  for (const auto& size : plan.sizes) {
    sizes.push_back({{"size", size.words},
                     {"workers", size.workers},
                     {"hourly_on_demand", size.on_demand},
                     {"hourly_with_spot", size.with_spot}});
  }
  for (const auto& reason : plan.reasons) reasons.push_back({{"what", reason.what}, {"why", reason.why}});
  const Json json = {{"cluster", plan.cluster},
                     {"changes", changes},
                     {"sizes", sizes},
                     {"reasons", reasons},
                     {"prices", plan.prices_of}};
  return json.dump(2) + "\n";
}

}  // namespace tidemill::cloud
