// A decision: what was decided, why, from which figures, what would change it, and how to decide otherwise.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace tidemill::advisor {

struct Decision {
  std::string topic;  // "engine", "skew", "spark.executor.memory"
  std::string about;  // which of several: a step, a column; empty: the run
  std::string what;
  std::string why;
  std::vector<std::pair<std::string, std::string>> figures;  // what it was decided from
  std::string changes;                                       // what would change it
  std::string override_with;                                 // how to decide otherwise
};

}  // namespace tidemill::advisor
