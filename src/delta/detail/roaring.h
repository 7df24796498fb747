// The portable serialisation of 32-bit Roaring bitmaps (RoaringFormatSpec).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace tidemill::delta {

// Reads one bitmap from the front of `bytes`, which is cut by what was read; appends `high + value` for each value.
Status ReadRoaring32(std::string_view& bytes, int64_t high, std::vector<int64_t>& out);
// Appends the bitmap of ascending values.
void WriteRoaring32(std::span<const uint32_t> ascending, std::string& out);

}  // namespace tidemill::delta
