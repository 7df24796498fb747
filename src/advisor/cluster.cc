#include <fmt/format.h>

#include <algorithm>

#include "advisor/figures.h"
#include "advisor/plan.h"

namespace tidemill::advisor {

void DecideCluster(const Situation& now, Plan& plan) {
  const Cluster& cluster = plan.cluster;
  const auto quoted = [&](const char* place) {
    const auto found =
        std::find_if(plan.quotes.begin(), plan.quotes.end(), [&](const auto& quote) { return quote.place == place; });
    return found == plan.quotes.end() ? Quote{} : *found;
  };
  const Quote spot = quoted("spark on EMR, spot");
  Decision decision{"cluster", "", "", "", {}, "", "cluster.yaml"};
  decision.what = fmt::format("1 {} + {} {} ({:.0f} % spot)", cluster.master, cluster.core_nodes, cluster.core,
                              cluster.core_spot_share * 100);
  if (cluster.task_nodes > 0) decision.what += fmt::format(" + {} {} (spot)", cluster.task_nodes, cluster.task);
  const auto& job_class = now.facts.job_class;
  decision.why = job_class == "critical"
                     ? "a critical job has a cluster of its own, and no core node that the market can take"
                 : job_class == "development" ? "a development job gets a small, cheap one"
                                              : "a regular job shares one that grows and shrinks with its load";
  decision.why += fmt::format("; {} cores do it in {} of {}", cluster.cores(), SecondsText(spot.seconds.mid),
                              SecondsText(now.facts.sla_seconds));
  decision.figures = {{"hourly, on-demand", DollarsText(cluster.hourly_on_demand)},
                      {"hourly, with spot", DollarsText(cluster.hourly_spot)},
                      {"this run, with spot", DollarsText(spot.dollars.mid)},
                      {"prices of", now.prices.date}};
  decision.changes = "another class, sla, or amount of data";
  plan.decisions.push_back(std::move(decision));
}

}  // namespace tidemill::advisor
