// Bytes as Base64 (RFC 4648, section 4).
#pragma once

#include <string>
#include <string_view>

namespace tidemill {

// On one line; padded with '=' to whole groups of four letters, or not.
std::string Base64(std::string_view bytes, bool padded = true);

}  // namespace tidemill
