// what_if.h: the same application on other clusters, on spot nodes, and on one machine without Spark.
#pragma once

#include <string>
#include <vector>

#include "advisor/estimate.h"
#include "advisor/eventlog/log.h"
#include "advisor/prices.h"
#include "advisor/quote.h"

namespace tidemill::advisor::eventlog {

struct Shape {
  int executors = 0;
  int cores = 0;  // of each
};

struct Outcome {
  Shape shape;
  std::string instance;  // a node for each executor, and one more for the driver
  Interval seconds;
  double utilisation = 0;  // of the cores
  double dollars = 0;
  double spot_seconds = 0;  // with what is lost and done again
  double spot_dollars = 0;
};

// Whether the native engine could take the work, on the cheapest machine of the list that holds it.
struct OneMachine {
  bool possible = false;
  std::string why;  // not; or what decides
  std::string instance;
  Interval seconds;
  double dollars = 0;
  double memory_bytes = 0;  // that it would work with
};

struct WhatIf {
  double measured = 0;  // seconds of the log
  double modelled = 0;  // of its own shape
  double task_seconds = 0;
  double critical_path = 0;  // seconds with as many cores as there are tasks
  Shape own;
  std::vector<Outcome> outcomes;  // its own shape first
  OneMachine native;
};

// `asked`: shapes besides those that are always looked at (half, twice, four times the executors).
WhatIf AskWhatIf(const Log& log, const Prices& prices, const Rates& rates, const std::vector<Shape>& asked);

}  // namespace tidemill::advisor::eventlog
