// The plan of one run: every decision with its reasons, what follows from them as values, and the quotes.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "advisor/decision.h"
#include "advisor/estimate.h"
#include "advisor/facts.h"
#include "advisor/prices.h"
#include "advisor/quote.h"

namespace tidemill::advisor {

// A join whose rows of one key go to `count` tasks in place of one: the side that has them gets a number by row, the
// other side a copy of its row for each number.
struct Salt {
  std::string step;
  std::string table;  // the side with the hot keys
  std::string other;
  std::string column;
  std::vector<std::string> values;
  int count = 0;
};

struct Plan {
  std::string job;
  // What it was made for, by name: a run of the plan compares it with what is there then.
  std::map<std::string, std::string> stands_on;
  std::string engine;  // native, spark
  std::string place;   // the quote's: "native here", "spark here", "spark on EMR, spot"
  bool over_budget = false;
  std::vector<Decision> decisions;
  std::map<std::string, std::string> spark_conf;
  std::vector<Salt> salts;
  std::vector<std::string> broadcasts;  // tables sent whole to every task
  int shuffle_partitions = 0;
  int side_by_side = 1;  // windows at once
  Cluster cluster;
  std::vector<Quote> quotes;
};

Plan MakePlan(const JobFacts& facts, const Rates& rates, const Prices& prices);

// What `plan` (may be null) decided about the same thing; null when it decided nothing.
const Decision* FindSame(const Plan* plan, const Decision& decision);

// ---- The parts; each adds its decisions, and its values, to the plan ----

// What all of them look at.
struct Situation {
  const JobFacts& facts;
  const Estimate& estimate;
  const Rates& rates;
  const Prices& prices;
};

void DecideEngine(const Situation& now, Plan& plan);   // reads the quotes
void DecideBudget(const Situation& now, Plan& plan);   // reads place and quotes
void DecideReading(const Situation& now, Plan& plan);  // pushed-down columns, pruned files, splits
void DecideWindows(const Situation& now, Plan& plan);
void DecideBroadcasts(const Situation& now, Plan& plan);
void DecidePartitions(const Situation& now, Plan& plan);  // reads broadcasts
void DecideSkew(const Situation& now, Plan& plan);        // reads broadcasts and shuffle_partitions
void DecideFiles(const Situation& now, Plan& plan);       // files of the sink, compression
void DecideCaching(const Situation& now, Plan& plan);
void DecideSparkConf(const Situation& now, Plan& plan);  // reads place and cluster
void DecideCluster(const Situation& now, Plan& plan);

// Cores and memory that Spark's tasks have where the plan would run them: this machine, or the cluster's nodes.
struct SparkShape {
  bool local = true;
  int cores = 0;
  double executor_bytes = 0;  // heap of one executor
  int executor_cores = 0;
};
SparkShape ShapeOf(const Situation& now, const Plan& plan);
// The largest table sent whole to every task, in bytes: a quarter of a task's memory, because the table is there once
// packed and once as a hash table.
double BroadcastLimit(const SparkShape& shape);

}  // namespace tidemill::advisor
