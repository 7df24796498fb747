// base64.h: Base64 as Spark reads it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tidemill::engine::duckdb {

// Blanks are passed over; padding stands only at the end. Nothing for text that is no Base64.
std::optional<std::string> FromBase64(std::string_view text);

}  // namespace tidemill::engine::duckdb
