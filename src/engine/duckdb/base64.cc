#include "engine/duckdb/base64.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdint>

namespace tidemill::engine::duckdb {

// java.util.Base64's MIME decoder, after Spark's check of the text: blanks aside, whole groups of four, padding only at
// the end.
std::optional<std::string> FromBase64(std::string_view text) {
  static const auto* values = [] {
    auto* table = new std::array<int, 256>;
    table->fill(-1);
    std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < letters.size(); ++i) (*table)[static_cast<unsigned char>(letters[i])] = static_cast<int>(i);
    return table;
  }();
  std::string bytes;
  uint32_t bits = 0;
  int count = 0, padding = 0;
  for (unsigned char c : text) {
    if (std::isspace(c)) continue;
    if (c == '=') {
      ++padding;
      continue;
    }
    if (padding > 0 || (*values)[c] < 0) return std::nullopt;
    bits = bits << 6 | static_cast<uint32_t>((*values)[c]);
    if (++count % 4 == 0) {
      for (int shift : {16, 8, 0}) bytes += static_cast<char>(bits >> shift);
    }
  }
  int rest = count % 4;
  if (rest == 1 || padding > 2 || (padding > 0 && rest + padding != 4)) return std::nullopt;
  if (rest == 2) bytes += static_cast<char>(bits >> 4);
  if (rest == 3) {
    bytes += static_cast<char>(bits >> 10);
    bytes += static_cast<char>(bits >> 2);
  }
  return bytes;
}

}  // namespace tidemill::engine::duckdb
