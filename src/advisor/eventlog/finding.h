// finding.h: what is wrong with a run of Spark, from what it is seen, what to change, and what that would gain.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "advisor/quote.h"

namespace tidemill::advisor::eventlog {

enum class Confidence { kLow, kMedium, kHigh };
std::string_view Name(Confidence confidence);

struct Finding {
  std::string rule;
  std::string what;                                           // one sentence
  std::vector<int64_t> stages;                                // that show it, the worst first
  std::vector<std::pair<std::string, std::string>> figures;   // that it was found by
  std::vector<std::pair<std::string, std::string>> settings;  // of Spark, that would change it
  std::string advice;                                         // what else, or instead: words, or a line of SQL
  Interval seconds;                                           // that the run would be shorter by
  double core_hours = 0;                                      // that would not be paid for
  Confidence confidence = Confidence::kMedium;
};

}  // namespace tidemill::advisor::eventlog
