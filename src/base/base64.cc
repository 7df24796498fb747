#include "base/base64.h"

#include <algorithm>
#include <cstdint>

namespace tidemill {

std::string Base64(std::string_view bytes, bool padded) {
  constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (size_t i = 0; i < bytes.size(); i += 3) {
    uint32_t group = 0;
    const size_t count = std::min<size_t>(3, bytes.size() - i);
    for (size_t k = 0; k < 3; ++k) group = group << 8 | (k < count ? static_cast<unsigned char>(bytes[i + k]) : 0U);
    for (size_t k = 0; k <= count; ++k) text += kLetters[group >> (18 - 6 * k) & 63];
    if (padded) text.append(3 - count, '=');
  }
  return text;
}

}  // namespace tidemill
