// SHA-256 (FIPS 180-4), for identities that must be the same on every machine.
#pragma once

#include <string>
#include <string_view>

namespace tidemill {

// 64 lower-case hexadecimal digits.
std::string Sha256Hex(std::string_view bytes);

}  // namespace tidemill
