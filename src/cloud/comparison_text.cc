#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "advisor/figures.h"
#include "cloud/policies.h"

namespace tidemill::cloud {
namespace {

using Json = nlohmann::ordered_json;

// Rounded, so that a last bit never shows.
double Round(double value, double unit) { return std::round(value / unit) * unit; }
double Cents(double dollars) { return std::round(dollars * 100) / 100; }

// The platform's success criteria that a simulation can say something about, as changes from the baseline.
struct Effect {
  const char* name;
  const char* target;
  double change;  // positive: better
  bool met;
};

std::vector<Effect> EffectsOf(const SimulationResult& base, const SimulationResult& result) {
  const double cost = base.money.total() > 0 ? 1 - result.money.total() / base.money.total() : 0;
  const double time = base.mean_seconds > 0 ? 1 - result.mean_seconds / base.mean_seconds : 0;
  const double use = base.utilisation() > 0 ? result.utilisation() / base.utilisation() - 1 : 0;
  return {{"compute_cost_reduction", "60 %", cost, cost >= 0.6},
          {"job_time_reduction", "50 %", time, time >= 0.5},
          {"utilisation_improvement", "30 %", use, use >= 0.3}};
}

Json ResultJson(const Compared& compared, const SimulationResult* base) {
  const auto& r = compared.result;
  Json json = {{"policy", compared.policy.name},
               {"words", compared.policy.words},
               {"jobs", r.jobs},
               {"finished", r.finished},
               {"missed_deadlines", r.missed},
               {"mean_seconds", Round(r.mean_seconds, 1e-3)},
               {"median_seconds", Round(r.median_seconds, 1e-3)},
               {"p95_seconds", Round(r.p95_seconds, 1e-3)},
               {"dollars", Cents(r.money.total())},
               {"dollars_on_demand", Cents(r.money.on_demand)},
               {"dollars_spot", Cents(r.money.spot)},
               {"dollars_emr", Cents(r.money.emr)},
               {"on_demand_node_hours", Round(r.on_demand_node_hours, 1e-3)},
               {"spot_node_hours", Round(r.spot_node_hours, 1e-3)},
               {"used_vcpu_hours", Round(r.used_vcpu_hours, 1e-3)},
               {"paid_vcpu_hours", Round(r.paid_vcpu_hours, 1e-3)},
               {"utilisation", Round(r.utilisation(), 1e-4)},
               {"interruptions", r.interruptions},
               {"spot_timeouts", r.timeouts},
               {"bridges", r.bridges},
               {"most_workers", r.most_workers},
               {"most_hourly_dollars", Cents(r.most_hourly)}};
  if (base != nullptr && base != &r) {
    Json effects = Json::object();
    for (const auto& effect : EffectsOf(*base, r)) {
      effects[effect.name] = {{"change", Round(effect.change, 1e-4)}, {"target", effect.target}, {"met", effect.met}};
    }
    json["against_fixed_on_demand"] = std::move(effects);
  }
  return json;
}

}  // namespace

std::string ComparisonText(const Comparison& comparison) {
  std::string text = fmt::format(
      "cluster {}, {:g} days, seed {}; simulated, not measured\n  jobs: {}\n  market: {}\n"
      "  prices: {}\n\n",
      comparison.cluster, comparison.days, comparison.seed, comparison.workload, comparison.market, comparison.prices);
  text += fmt::format("{:<22} {:>10} {:>7} {:>6} {:>8} {:>8} {:>8} {:>9} {:>9} {:>8} {:>7}\n", "policy", "dollars",
                      "saved", "used", "mean", "p95", "missed", "od hours", "spot h", "taken", "bridges");
  const Compared* base = comparison.baseline();
  for (const auto& compared : comparison.policies) {
    const auto& r = compared.result;
    const std::string saved = base == nullptr || base == &compared
                                  ? "-"
                                  : fmt::format("{:.1f} %", 100 * EffectsOf(base->result, r).front().change);
    text += fmt::format("{:<22} {:>10.2f} {:>7} {:>4.0f} % {:>8} {:>8} {:>8} {:>9.0f} {:>9.0f} {:>8} {:>7}\n",
                        compared.policy.name, r.money.total(), saved, 100 * r.utilisation(),
                        advisor::SecondsText(r.mean_seconds), advisor::SecondsText(r.p95_seconds), r.missed,
                        r.on_demand_node_hours, r.spot_node_hours, r.interruptions, r.bridges);
  }
  text += "\n";
  for (const auto& compared : comparison.policies) {
    text += fmt::format("{}: {}\n", compared.policy.name, compared.policy.words);
    if (base == nullptr || base == &compared) continue;
    for (const auto& effect : EffectsOf(base->result, compared.result)) {
      text += fmt::format("  {} {:.1f} %, target {}: {}\n", effect.name, 100 * effect.change, effect.target,
                          effect.met ? "met" : "not met");
    }
  }
  return text;
}

std::string ComparisonJson(const Comparison& comparison) {
  Json policies = Json::array();
  const Compared* base = comparison.baseline();
  for (const auto& compared : comparison.policies) {
    policies.push_back(ResultJson(compared, base == nullptr ? nullptr : &base->result));
  }
  const Json json = {{"cluster", comparison.cluster},
                     {"days", comparison.days},
                     {"seed", comparison.seed},
                     {"workload", comparison.workload},
                     {"market", comparison.market},
                     {"prices", comparison.prices},
                     {"measured", false},
                     {"policies", std::move(policies)}};
  return json.dump(2) + "\n";
}

}  // namespace tidemill::cloud
