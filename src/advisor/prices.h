// What machines and storage cost. The built-in list has a date and a source; `--prices FILE` replaces it.
#pragma once

#include <map>
#include <string>

#include "base/result.h"

namespace tidemill::advisor {

struct InstancePrice {
  int vcpus = 0;
  double memory_gb = 0;
  double hourly = 0;      // dollars, on demand
  double emr_hourly = 0;  // EMR's own fee on top
  double spot_share = 0;  // of `hourly`, as a rule
};

struct Prices {
  std::string date;
  std::string source;
  std::string region;
  std::map<std::string, InstancePrice> instances;
  std::string this_machine;                        // an instance type; empty: the smallest that holds it
  std::map<std::string, double> storage_gb_month;  // by storage class
};

// kInvalidArgument names what is missing.
Result<Prices> PricesFromJson(const std::string& text);
// The built-in list as JSON, to be copied and changed.
const std::string& BuiltInPrices();

// The cheapest instance with at least so many cores and so much memory; the largest when none has.
std::string SmallestInstance(const Prices& prices, int vcpus, double memory_gb);

}  // namespace tidemill::advisor
