// A discrete-event simulation of one cluster under one policy: jobs come and share its cores, the controller steps once
// a minute, the spot market gives and takes. Exact in microseconds; the same input gives the same result.
//
// The model, which docs/simulation.md explains: jobs get cores in the order of their class and arrival, each up to what
// it can use; work goes on at the pace of its cores. A node is paid from its start to its end, by the second, and works
// from five minutes after its start. A node that the market takes stops taking work at its notice and goes two minutes
// later; a minute of its cores' work is done again.
#pragma once

#include <string>
#include <vector>

#include "advisor/prices.h"
#include "cloud/cluster.h"
#include "cloud/market.h"
#include "cloud/workload.h"

namespace tidemill::cloud {

inline constexpr Micros kNodeStart = std::chrono::minutes(5);
inline constexpr Micros kNotice = std::chrono::minutes(2);
inline constexpr Micros kDecommission = std::chrono::minutes(1);
inline constexpr Micros kRework = std::chrono::minutes(1);
inline constexpr Micros kTick = std::chrono::minutes(1);

struct SimulationInput {
  ClusterSpec spec;
  bool always_on = false;  // from the beginning to the end; else from a job's arrival until `idle_timeout`
  const std::vector<SimJob>* jobs = nullptr;  // in order of arrival
  const MarketHistory* market = nullptr;
  const advisor::Prices* prices = nullptr;
  uint64_t seed = 1;
  Micros length{};  // at least so long; longer until the last job is done, at most 30 days
};

struct Money {
  double on_demand = 0;  // EC2
  double spot = 0;
  double emr = 0;
  double total() const { return on_demand + spot + emr; }
};

// One hour of it.
struct SimHour {
  double on_demand_nodes = 0;  // on average, with the master
  double spot_nodes = 0;
  double used_vcpus = 0;
  double paid_vcpus = 0;  // of workers
  double dollars = 0;
};

struct SimulationResult {
  int64_t jobs = 0;
  int64_t finished = 0;
  int64_t missed = 0;       // finished after their deadline, or never
  double mean_seconds = 0;  // from arrival to end, of those that finished
  double median_seconds = 0;
  double p95_seconds = 0;
  Money money;
  double on_demand_node_hours = 0;  // with the master
  double spot_node_hours = 0;
  double used_vcpu_hours = 0;
  double paid_vcpu_hours = 0;  // of workers
  int64_t interruptions = 0;
  int64_t timeouts = 0;  // spot requests given up
  int64_t bridges = 0;   // on-demand nodes where spot was wanted
  int most_workers = 0;
  double most_hourly = 0;  // dollars, what was really paid
  std::vector<SimHour> hours;

  double utilisation() const { return paid_vcpu_hours > 0 ? used_vcpu_hours / paid_vcpu_hours : 0; }
};

// Every type is in the price list, and every spot type in the market.
SimulationResult Simulate(const SimulationInput& input);

}  // namespace tidemill::cloud
