// Quotes: what a run would take, in each place it could run.
#pragma once

#include <string>
#include <vector>

#include "advisor/estimate.h"
#include "advisor/facts.h"
#include "advisor/prices.h"

namespace tidemill::advisor {

// Low and high enclose what four runs of five take.
struct Interval {
  double low = 0;
  double mid = 0;
  double high = 0;
};

// An EMR cluster as values: what `cloud` would make.
struct Cluster {
  std::string master;
  std::string core;
  int core_nodes = 0;
  double core_spot_share = 0;
  std::string task;
  int task_nodes = 0;
  bool dedicated = false;
  double hourly_on_demand = 0;  // dollars
  double hourly_spot = 0;       // with the shares above
  int cores() const { return cores_of_core * core_nodes + cores_of_task * task_nodes; }
  int cores_of_core = 0;
  int cores_of_task = 0;
};

struct Quote {
  std::string place;   // "native here", "native on r5.4xlarge", "spark here", "spark on EMR, on-demand", ...
  std::string engine;  // native, spark, emr
  Interval seconds;
  Interval dollars;
  double memory_bytes = 0;
  double bytes_read = 0;
  double bytes_written = 0;
  bool fits = true;     // memory and time are within their budgets
  std::string problem;  // what does not fit
};

// The ADR's limits, dollars for a GB.
inline constexpr double kProcessingPerGb = 0.10, kStoragePerGbMonth = 0.02, kLifecyclePerGb = 0.15;

// The cluster of the job's class, sized so that half of the SLA is enough.
Cluster FitCluster(const JobFacts& facts, const Estimate& estimate, const Rates& rates, const Prices& prices);

// Of the native engine on this machine.
Quote QuoteHere(const JobFacts& facts, const Estimate& estimate, const Rates& rates, const Prices& prices);

// Of every place, that one first.
std::vector<Quote> QuotesFor(const JobFacts& facts, const Estimate& estimate, const Rates& rates, const Prices& prices,
                             const Cluster& cluster);

}  // namespace tidemill::advisor
