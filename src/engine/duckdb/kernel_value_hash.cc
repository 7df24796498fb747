// hash() and xxhash64(): Spark's Murmur3Hash and XxHash64 with seed 42, bit for bit, on values of any type. An
// argument's hash seeds the next one's; NULL leaves the seed as it is.
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "engine/duckdb/kernel_hash.h"
#include "engine/duckdb/kernel_value.h"

namespace tidemill::engine::duckdb {

using plan::DataType;
using plan::Int128;
using plan::TypeId;
using plan::Value;

namespace {

uint32_t Word(const char* bytes) {
  uint32_t word;
  std::memcpy(&word, bytes, 4);
  return word;
}
uint64_t Long(const char* bytes) {
  uint64_t word;
  std::memcpy(&word, bytes, 8);
  return word;
}

// Murmur3_x86_32 as Spark has it: the last bytes of a text are mixed one by one, each as a signed int.
struct Murmur3 {
  using Hash = uint32_t;
  static uint32_t MixK(uint32_t k) { return std::rotl(k * 0xcc9e2d51U, 15) * 0x1b873593U; }
  static uint32_t MixH(uint32_t h, uint32_t k) { return std::rotl(h ^ k, 13) * 5 + 0xe6546b64U; }
  static uint32_t Finish(uint32_t h, uint32_t length) {
    h ^= length;
    h ^= h >> 16;
    h *= 0x85ebca6bU;
    h ^= h >> 13;
    h *= 0xc2b2ae35U;
    return h ^ h >> 16;
  }
  static uint32_t OfInt(int32_t v, uint32_t seed) { return Finish(MixH(seed, MixK(static_cast<uint32_t>(v))), 4); }
  static uint32_t OfLong(int64_t v, uint32_t seed) {
    uint32_t h = MixH(seed, MixK(static_cast<uint32_t>(v)));
    return Finish(MixH(h, MixK(static_cast<uint32_t>(static_cast<uint64_t>(v) >> 32))), 8);
  }
  static uint32_t OfBytes(const std::string& bytes, uint32_t seed) {
    uint32_t h = seed;
    size_t i = 0;
    for (; i + 4 <= bytes.size(); i += 4) h = MixH(h, MixK(Word(bytes.data() + i)));
    for (; i < bytes.size(); ++i) h = MixH(h, MixK(static_cast<uint32_t>(static_cast<signed char>(bytes[i]))));
    return Finish(h, static_cast<uint32_t>(bytes.size()));
  }
};

struct XxHash64 {
  using Hash = uint64_t;
  static constexpr uint64_t kP1 = 0x9E3779B185EBCA87ULL, kP2 = 0xC2B2AE3D27D4EB4FULL, kP3 = 0x165667B19E3779F9ULL,
                            kP4 = 0x85EBCA77C2B2AE63ULL, kP5 = 0x27D4EB2F165667C5ULL;
  static uint64_t Finish(uint64_t h) {
    h ^= h >> 33;
    h *= kP2;
    h ^= h >> 29;
    h *= kP3;
    return h ^ h >> 32;
  }
  static uint64_t MixLong(uint64_t h, uint64_t v) {
    h ^= std::rotl(v * kP2, 31) * kP1;
    return std::rotl(h, 27) * kP1 + kP4;
  }
  static uint64_t MixInt(uint64_t h, uint32_t v) { return std::rotl(h ^ v * kP1, 23) * kP2 + kP3; }
  static uint64_t OfInt(int32_t v, uint64_t seed) { return Finish(MixInt(seed + kP5 + 4, static_cast<uint32_t>(v))); }
  static uint64_t OfLong(int64_t v, uint64_t seed) { return Finish(MixLong(seed + kP5 + 8, static_cast<uint64_t>(v))); }
  static uint64_t OfBytes(const std::string& bytes, uint64_t seed) {
    size_t i = 0, size = bytes.size();
    uint64_t h = seed + kP5;
    if (size >= 32) {
      uint64_t v[4] = {seed + kP1 + kP2, seed + kP2, seed, seed - kP1};
      for (; i + 32 <= size; i += 32) {
        for (int lane = 0; lane < 4; ++lane) {
          v[lane] = std::rotl(v[lane] + Long(bytes.data() + i + lane * 8) * kP2, 31) * kP1;
        }
      }
      h = std::rotl(v[0], 1) + std::rotl(v[1], 7) + std::rotl(v[2], 12) + std::rotl(v[3], 18);
      for (uint64_t lane : v) h = (h ^ std::rotl(lane * kP2, 31) * kP1) * kP1 + kP4;
    }
    h += size;
    for (; i + 8 <= size; i += 8) h = MixLong(h, Long(bytes.data() + i));
    for (; i + 4 <= size; i += 4) h = MixInt(h, Word(bytes.data() + i));
    for (; i < size; ++i) h = std::rotl(h ^ static_cast<unsigned char>(bytes[i]) * kP5, 11) * kP1;
    return Finish(h);
  }
};

// BigInteger.toByteArray: big-endian two's complement, no longer than needed.
std::string JavaBytes(Int128 value) {
  std::string bytes;
  for (int shift = 120; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift);
  size_t first = 0;
  auto redundant = [&](size_t i) {
    unsigned char byte = bytes[i], next = bytes[i + 1];
    return (byte == 0 && next < 0x80) || (byte == 0xFF && next >= 0x80);
  };
  while (first + 1 < bytes.size() && redundant(first)) ++first;
  return bytes.substr(first);
}

template <typename H>
typename H::Hash HashOf(const Value& value, const DataType& type, typename H::Hash seed) {
  if (value.is_null()) return seed;
  switch (type.id()) {
    case TypeId::kBoolean:
      return H::OfInt(std::get<bool>(value.data), seed);
    case TypeId::kByte:
    case TypeId::kShort:
    case TypeId::kInt:
    case TypeId::kDate:
    case TypeId::kYearMonthInterval:
      return H::OfInt(static_cast<int32_t>(std::get<int64_t>(value.data)), seed);
    case TypeId::kFloat: {
      auto number = static_cast<float>(std::get<double>(value.data));
      if (number == 0) number = 0;
      if (std::isnan(number)) number = std::numeric_limits<float>::quiet_NaN();
      return H::OfInt(std::bit_cast<int32_t>(number), seed);
    }
    case TypeId::kDouble: {
      auto number = std::get<double>(value.data);
      if (number == 0) number = 0;
      if (std::isnan(number)) number = std::numeric_limits<double>::quiet_NaN();
      return H::OfLong(std::bit_cast<int64_t>(number), seed);
    }
    case TypeId::kDecimal: {
      Int128 digits = std::get<Int128>(value.data);
      if (type.precision() <= 18) return H::OfLong(static_cast<int64_t>(digits), seed);
      return H::OfBytes(JavaBytes(digits), seed);
    }
    case TypeId::kString:
    case TypeId::kBinary:
      return H::OfBytes(std::get<std::string>(value.data), seed);
    case TypeId::kCalendarInterval: {
      const auto& parts = std::get<plan::IntervalParts>(value.data);
      return H::OfInt(parts.months, H::OfInt(parts.days, H::OfLong(parts.micros, seed)));
    }
    case TypeId::kArray:
    case TypeId::kStruct: {
      const auto& children = *std::get<Value::Children>(value.data);
      for (size_t i = 0; i < children.size(); ++i) {
        seed = HashOf<H>(children[i], type.is(TypeId::kArray) ? type.element() : type.fields()[i].type, seed);
      }
      return seed;
    }
    case TypeId::kMap: {
      const auto& children = *std::get<Value::Children>(value.data);
      for (size_t i = 0; i < children.size(); ++i) {
        seed = HashOf<H>(children[i], i % 2 == 0 ? type.key() : type.value(), seed);
      }
      return seed;
    }
    default:
      return H::OfLong(std::get<int64_t>(value.data), seed);
  }
}

template <typename H>
typename H::Hash HashOfAll(const ValueCall& call) {
  typename H::Hash hash = 42;
  for (size_t i = 0; i < call.args.size(); ++i) hash = HashOf<H>(call.args[i], call.types[i], hash);
  return hash;
}

Value Hash(Row&, const ValueCall& call) { return {int64_t{static_cast<int32_t>(HashOfAll<Murmur3>(call))}}; }
Value XxHash(Row&, const ValueCall& call) { return {static_cast<int64_t>(HashOfAll<XxHash64>(call))}; }

}  // namespace

uint32_t MurmurOfBytes(const std::string& bytes, uint32_t seed) { return Murmur3::OfBytes(bytes, seed); }
uint32_t MurmurOfInt(int32_t value, uint32_t seed) { return Murmur3::OfInt(value, seed); }

std::span<const ValueRow> HashValues() {
  static constexpr ValueRow kRows[] = {{"hash", Hash, ValueRow::Nulls::kSees},
                                       {"xxhash64", XxHash, ValueRow::Nulls::kSees}};
  return kRows;
}

}  // namespace tidemill::engine::duckdb
