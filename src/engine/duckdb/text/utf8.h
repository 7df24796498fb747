// utf8.h: whether bytes are UTF-8 (RFC 3629: no overlong forms, no surrogates, nothing past U+10FFFF).
#pragma once

#include <string>
#include <string_view>

namespace tidemill::engine::duckdb::text {

bool IsUtf8(std::string_view bytes);
// Each byte that belongs to no character becomes U+FFFD.
std::string ReplaceInvalidUtf8(std::string_view bytes);

}  // namespace tidemill::engine::duckdb::text
