// Spot markets over time: price, chance of interruption, whether there are nodes to be had. From a file or a model.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "advisor/prices.h"
#include "base/result.h"
#include "base/units.h"

namespace tidemill::cloud {

// Holds from `at` (since the simulation's beginning) until the next of its type.
struct MarketStep {
  Micros at{};
  double price_share = 0.35;  // of the on-demand price
  double interruptions = 0;   // chance that a node is taken within the hour
  bool available = true;      // a node asked for comes
  int taken = 0;              // so many nodes, the oldest first, get their notice at `at`
};

// By instance type; each in order of time, beginning at 0.
using MarketHistory = std::map<std::string, std::vector<MarketStep>>;

// A line an object: {"at": seconds, "type": "r5.xlarge", "price_share": 0.35, "interruptions": 0.05, "available": true,
// "taken": 0}; all but `type` and `at` may be left out. A type without a step at 0 begins with the price list's share.
// kInvalidArgument names the line.
Result<MarketHistory> MarketFromJsonLines(std::string_view text, const std::vector<std::string>& types,
                                          const advisor::Prices& prices);

// The model, see docs/simulation.md: hourly steps around the price list's share, with calm, tight and empty hours that
// come in spells, each type on its own. The same seed gives the same market.
MarketHistory ModelMarket(const std::vector<std::string>& types, const advisor::Prices& prices, double days,
                          uint64_t seed);

}  // namespace tidemill::cloud
