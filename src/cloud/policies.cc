#include "cloud/policies.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/names.h"

namespace tidemill::cloud {
namespace {

constexpr std::string_view kBaseline = "fixed_on_demand";

// The change of a policy, beside what the file says.
struct Kind {
  std::string_view name;
  std::string_view words;
  void (*change)(ClusterSpec&);
};

constexpr Kind kKinds[] = {
    {kBaseline, "on-demand core nodes for the busiest hour, always on",
     [](ClusterSpec& s) { s.scaling.by = ScalingBy::kNone; }},
    {"autoscaled_on_demand", "scaled by the rules, without spot",
     [](ClusterSpec& s) { s.core.spot_share = s.task.spot_share = 0; }},
    {"spot_without_bridge", "scaled by the rules, spot or nothing",
     [](ClusterSpec& s) { s.spot.timeout_action = TimeoutAction::kTerminate; }},
    {"managed", "scaled by the work that is there, as EMR managed scaling does",
     [](ClusterSpec& s) { s.scaling.by = ScalingBy::kManaged; }},
    {"policy", "as the cluster file says", [](ClusterSpec&) {}},
};

void MakeFixed(ClusterSpec& spec, const std::vector<SimJob>& jobs, const advisor::Prices& prices) {
  const double vcpus = prices.instances.at(spec.core.type).vcpus;
  const int wanted = static_cast<int>(std::ceil(BusiestHourVcpus(jobs) / vcpus - 1e-9));
  const int nodes = std::clamp(wanted, spec.scaling.min_nodes, spec.scaling.max_nodes);
  spec.core.min = spec.core.max = spec.scaling.min_nodes = spec.scaling.max_nodes = nodes;
  spec.core.spot_share = spec.task.capacity_share = 0;
  spec.max_hourly = 0;
}

}  // namespace

std::vector<std::string> PolicyNames() {
  std::vector<std::string> names;
  for (const auto& kind : kKinds) names.emplace_back(kind.name);
  return names;
}

Result<Policy> PolicyOf(const std::string& name, const ClusterSpec& spec, const std::vector<SimJob>& jobs,
                        const advisor::Prices& prices) {
  const auto kind = std::find_if(std::begin(kKinds), std::end(kKinds), [&](const Kind& k) { return k.name == name; });
  if (kind == std::end(kKinds)) {
    const auto nearest = NearestName(name, PolicyNames());
    return InvalidArgument(
        fmt::format("there is no policy '{}'{}", name, nearest ? fmt::format("; did you mean '{}'?", *nearest) : ""));
  }
  Policy policy{name, std::string(kind->words), spec, name == kBaseline};
  kind->change(policy.spec);
  if (name == kBaseline) {
    MakeFixed(policy.spec, jobs, prices);
    policy.words =
        fmt::format("{} {} on-demand, for the busiest hour, always on", policy.spec.core.min, spec.core.type);
  }
  return policy;
}

const Compared* Comparison::baseline() const {
  const auto found =
      std::find_if(policies.begin(), policies.end(), [](const auto& c) { return c.policy.name == kBaseline; });
  return found == policies.end() ? nullptr : &*found;
}

}  // namespace tidemill::cloud
