// Z85 (ZeroMQ RFC 32): four bytes as five printable characters that need no escaping in JSON.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tidemill::delta {

// None when the text is no Z85 (a wrong character, or a length that is no multiple of five).
std::optional<std::string> DecodeZ85(std::string_view text);
// Bytes are filled up with zeros to a multiple of four.
std::string EncodeZ85(std::string_view bytes);

}  // namespace tidemill::delta
