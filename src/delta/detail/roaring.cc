#include "delta/detail/roaring.h"

#include <algorithm>
#include <bit>

#include "delta/detail/byte_order.h"

namespace tidemill::delta {
namespace {

constexpr uint32_t kCookieWithRuns = 12347;
constexpr uint32_t kCookieWithoutRuns = 12346;
constexpr uint32_t kLeastWithOffsets = 4;  // bitmaps with runs have offsets from so many containers on
constexpr uint32_t kMostInArray = 4096;
constexpr size_t kBitmapWords = 1024;

Error Torn() { return DataLoss("the Roaring bitmap is damaged"); }

struct Container {
  uint16_t key = 0;
  uint32_t cardinality = 0;
  bool runs = false;
};

Status ReadHeader(std::string_view& bytes, std::vector<Container>& containers) {
  uint32_t cookie = 0, count = 0;
  if (!TakeLittle(bytes, cookie)) return Torn();
  const bool may_have_runs = (cookie & 0xFFFF) == kCookieWithRuns;
  if (may_have_runs) {
    count = (cookie >> 16) + 1;
  } else if (cookie != kCookieWithoutRuns || !TakeLittle(bytes, count) || count > 65536) {
    return Torn();
  }
  containers.resize(count);
  if (may_have_runs) {
    const size_t flag_bytes = (count + 7) / 8;
    if (bytes.size() < flag_bytes) return Torn();
    for (uint32_t i = 0; i < count; ++i) containers[i].runs = (bytes[i / 8] >> (i % 8)) & 1;
    bytes.remove_prefix(flag_bytes);
  }
  for (auto& container : containers) {
    uint16_t less_one = 0;
    if (!TakeLittle(bytes, container.key) || !TakeLittle(bytes, less_one)) return Torn();
    container.cardinality = less_one + 1u;
  }
  if (!may_have_runs || count >= kLeastWithOffsets) {  // offsets: containers follow in order anyway
    if (bytes.size() < count * size_t{4}) return Torn();
    bytes.remove_prefix(count * size_t{4});
  }
  return Ok();
}

Status ReadRuns(std::string_view& bytes, int64_t base, std::vector<int64_t>& out) {
  uint16_t runs = 0;
  if (!TakeLittle(bytes, runs)) return Torn();
  for (uint16_t i = 0; i < runs; ++i) {
    uint16_t start = 0, more = 0;
    if (!TakeLittle(bytes, start) || !TakeLittle(bytes, more) || start + more > 0xFFFF) return Torn();
    for (int64_t value = start; value <= start + more; ++value) out.push_back(base + value);
  }
  return Ok();
}

Status ReadArray(std::string_view& bytes, uint32_t cardinality, int64_t base, std::vector<int64_t>& out) {
  for (uint32_t i = 0; i < cardinality; ++i) {
    uint16_t value = 0;
    if (!TakeLittle(bytes, value)) return Torn();
    out.push_back(base + value);
  }
  return Ok();
}

Status ReadBitmap(std::string_view& bytes, int64_t base, std::vector<int64_t>& out) {
  for (size_t word_index = 0; word_index < kBitmapWords; ++word_index) {
    uint64_t word = 0;
    if (!TakeLittle(bytes, word)) return Torn();
    for (; word != 0; word &= word - 1) {
      out.push_back(base + static_cast<int64_t>(word_index) * 64 + std::countr_zero(word));
    }
  }
  return Ok();
}

void WriteContainer(std::span<const uint32_t> values, std::string& out) {
  if (values.size() <= kMostInArray) {
    for (const uint32_t value : values) PutLittle(out, static_cast<uint16_t>(value));
    return;
  }
  std::vector<uint64_t> words(kBitmapWords, 0);
  for (const uint32_t value : values) words[(value & 0xFFFF) / 64] |= uint64_t{1} << (value % 64);
  for (const uint64_t word : words) PutLittle(out, word);
}

}  // namespace

Status ReadRoaring32(std::string_view& bytes, int64_t high, std::vector<int64_t>& out) {
  std::vector<Container> containers;
  RETURN_IF_ERROR(ReadHeader(bytes, containers));
  for (const auto& container : containers) {
    const int64_t base = high + (int64_t{container.key} << 16);
    const size_t before = out.size();
    if (container.runs) {
      RETURN_IF_ERROR(ReadRuns(bytes, base, out));
    } else if (container.cardinality <= kMostInArray) {
      RETURN_IF_ERROR(ReadArray(bytes, container.cardinality, base, out));
    } else {
      RETURN_IF_ERROR(ReadBitmap(bytes, base, out));
    }
    if (out.size() - before != container.cardinality) return Torn();
  }
  return Ok();
}

void WriteRoaring32(std::span<const uint32_t> ascending, std::string& out) {
  std::vector<std::span<const uint32_t>> containers;
  for (size_t at = 0; at < ascending.size();) {
    size_t end = at;
    while (end < ascending.size() && ascending[end] >> 16 == ascending[at] >> 16) ++end;
    containers.push_back(ascending.subspan(at, end - at));
    at = end;
  }
  PutLittle(out, kCookieWithoutRuns);
  PutLittle(out, static_cast<uint32_t>(containers.size()));
  for (const auto& values : containers) {
    PutLittle(out, static_cast<uint16_t>(values[0] >> 16));
    PutLittle(out, static_cast<uint16_t>(values.size() - 1));
  }
  auto offset = static_cast<uint32_t>(8 + containers.size() * 8);
  for (const auto& values : containers) {
    PutLittle(out, offset);
    offset += static_cast<uint32_t>(values.size() <= kMostInArray ? values.size() * 2 : kBitmapWords * 8);
  }
  for (const auto& values : containers) WriteContainer(values, out);
}

}  // namespace tidemill::delta
