#include "advisor/plan.h"

namespace tidemill::advisor {

Plan MakePlan(const JobFacts& facts, const Rates& rates, const Prices& prices) {
  const Estimate estimate = EstimateOf(facts, rates);
  const Situation now{facts, estimate, rates, prices};
  Plan plan;
  plan.job = facts.job;
  plan.cluster = FitCluster(facts, estimate, rates, prices);
  plan.quotes = QuotesFor(facts, estimate, rates, prices, plan.cluster);
  DecideEngine(now, plan);
  DecideBudget(now, plan);
  if (!facts.program.empty()) {  // what it reads, joins and writes is its own affair
    DecidePartitions(now, plan);
    DecideSparkConf(now, plan);
    DecideCluster(now, plan);
    return plan;
  }
  DecideReading(now, plan);
  DecideWindows(now, plan);
  DecideBroadcasts(now, plan);
  DecidePartitions(now, plan);
  DecideSkew(now, plan);
  DecideFiles(now, plan);
  DecideCaching(now, plan);
  DecideSparkConf(now, plan);
  DecideCluster(now, plan);
  return plan;
}

const Decision* FindSame(const Plan* plan, const Decision& decision) {
  if (plan == nullptr) return nullptr;
  for (const auto& other : plan->decisions) {
    if (other.topic == decision.topic && other.about == decision.about) return &other;
  }
  return nullptr;
}

}  // namespace tidemill::advisor
