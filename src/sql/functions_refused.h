// Spark's functions that are known here by name only, so that using one is refused by name, not called unknown.
#pragma once

#include <string_view>

namespace tidemill::sql {

bool IsRefusedFunction(std::string_view name);

}  // namespace tidemill::sql
