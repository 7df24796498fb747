// base64.h: bytes as Base64 and back.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tidemill::engine::duckdb {

std::string ToBase64(std::string_view bytes);
// Blanks are passed over; padding stands only at the end. Nothing for text that is no Base64.
std::optional<std::string> FromBase64(std::string_view text);

}  // namespace tidemill::engine::duckdb
