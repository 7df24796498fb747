// Cost against the platform's targets and success criteria, each figure with where it comes from. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "advisor/prices.h"

namespace tidemill::cloud {

// What is known; none: nothing says.
struct CostFacts {
  std::optional<double> run_dollars;      // of the ledger's runs
  double run_gb = 0;                      // that they read
  std::optional<double> storage_monthly;  // of tables, as they lie
  double storage_monthly_tiered = 0;      // by the storage plan
  double storage_gb = 0;
  std::optional<double> compute_baseline;  // simulated dollars of the fixed on-demand cluster, and of the policy
  double compute_policy = 0;
  double compute_days = 30;
  std::optional<double> investment;  // dollars, once
};

struct Score {
  std::string what;
  std::string target;
  std::optional<double> value;
  std::string value_text;  // empty: nothing says
  bool met = false;
  std::string from;  // "measured", "simulated", "computed from the price list", or what would say it
};

std::vector<Score> Scorecard(const CostFacts& facts, const advisor::Prices& prices);

std::string ScorecardText(const std::vector<Score>& scores);
std::string ScorecardJson(const std::vector<Score>& scores);

}  // namespace tidemill::cloud
