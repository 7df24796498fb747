// What --json prints.
#pragma once

#include <nlohmann/json_fwd.hpp>

namespace tidemill::app {

// On the standard output, indented; bytes that are no UTF-8 are replaced.
void PrintJson(const nlohmann::ordered_json& json);

}  // namespace tidemill::app
