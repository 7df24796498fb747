// Little-endian numbers at the front of bytes.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace tidemill::delta {

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "reads numbers in place");

// Cuts the number off the front; false when there are not enough bytes.
template <typename Number>
bool TakeLittle(std::string_view& bytes, Number& out) {
  if (bytes.size() < sizeof(Number)) return false;
  std::memcpy(&out, bytes.data(), sizeof(Number));
  bytes.remove_prefix(sizeof(Number));
  return true;
}

template <typename Number>
void PutLittle(std::string& out, Number value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof(Number));
}

}  // namespace tidemill::delta
