// The prices and rates that quotes of this program are made with.
#pragma once

#include <string>

#include "advisor/prices.h"
#include "app/program.h"
#include "base/result.h"

namespace tidemill::app {

// The list in `file`, or the built-in one when that is empty.
Result<advisor::Prices> PricesOf(Program& program, const std::string& file);

}  // namespace tidemill::app
