// The prices and rates that quotes of this program are made with.
#pragma once

#include <string>

#include "advisor/estimate.h"
#include "advisor/prices.h"
#include "app/program.h"
#include "base/result.h"

namespace tidemill::app {

// The list in `file`, or the built-in one when that is empty.
Result<advisor::Prices> PricesOf(Program& program, const std::string& file);

// Where `tidemill calibrate` keeps what it measured: beside the ledger.
std::string RatesPath(Program& program, const MachineFlags& flags);
// What is there, or the defaults when nothing is.
Result<advisor::Rates> RatesOf(Program& program, const MachineFlags& flags);

}  // namespace tidemill::app
