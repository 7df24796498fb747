// What runs took and cost, summed up. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "job/ledger.h"

namespace tidemill::job {

inline constexpr std::string_view kCostGroups[] = {"job", "class", "day", "tag"};

struct Cost {
  std::string group;
  int64_t runs = 0;
  int64_t bytes_read = 0;
  double seconds = 0;
  double dollars = 0;
  std::optional<double> median_quote_error;  // |took / quoted - 1| of committed runs

  double dollars_per_gb() const { return bytes_read > 0 ? dollars / (static_cast<double>(bytes_read) / 1e9) : 0; }
};

// Of the runs with an invoice that began since then, by one of kCostGroups, in the order of the groups' names. A run of
// several tags counts under each.
std::vector<Cost> CostsBy(const std::vector<LedgerRun>& runs, const std::string& by, Timestamp since);

}  // namespace tidemill::job
