// Rows of the ledger as JSON: the same for the command line and for the pages.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "job/costs.h"
#include "job/ledger.h"

namespace tidemill::job {

nlohmann::ordered_json JsonOf(const LedgerRun& run);
nlohmann::ordered_json JsonOf(const LedgerCheck& check);
nlohmann::ordered_json JsonOf(const Cost& cost, const std::string& by);

}  // namespace tidemill::job
