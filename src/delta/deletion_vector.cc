#include "delta/deletion_vector.h"

#include <fmt/format.h>

#include <array>

#include "delta/detail/byte_order.h"
#include "delta/detail/roaring.h"
#include "delta/detail/z85.h"
#include "delta/path.h"

namespace tidemill::delta {
namespace {

constexpr int32_t kMagic = 1681511377;                         // RoaringBitmapArray in the portable format
constexpr std::string_view kNativeMagic = "\x64\x39\xD3\xD0";  // 1681511376, big-endian
constexpr size_t kUuidCharacters = 20;                         // 16 bytes in Z85

uint32_t Crc32(std::string_view bytes) {
  static const auto table = [] {
    std::array<uint32_t, 256> entries{};
    for (uint32_t i = 0; i < 256; ++i) {
      uint32_t entry = i;
      for (int bit = 0; bit < 8; ++bit) entry = entry & 1 ? 0xEDB88320u ^ (entry >> 1) : entry >> 1;
      entries[i] = entry;
    }
    return entries;
  }();
  uint32_t crc = ~0u;
  for (const char c : bytes) crc = table[(crc ^ static_cast<unsigned char>(c)) & 0xFF] ^ (crc >> 8);
  return ~crc;
}

uint32_t BigEndian(const char* bytes) {
  uint32_t value = 0;
  for (int i = 0; i < 4; ++i) value = value << 8 | static_cast<unsigned char>(bytes[i]);
  return value;
}

void PutBigEndian(std::string& out, uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(value >> shift);
}

// "ab^-aqEH.-t@S}K{vb[*k^" -> "ab/deletion_vector_d2c639aa-8816-431a-aaf6-d3fe2512ff61.bin".
Result<std::string> RelativeName(const std::string& text) {
  std::optional<std::string> uuid;
  if (text.size() >= kUuidCharacters) uuid = DecodeZ85(std::string_view(text).substr(text.size() - kUuidCharacters));
  if (!uuid) return DataLoss(fmt::format("the deletion vector's name '{}' is no Z85 of a UUID", text));
  std::string name;
  for (size_t i = 0; i < uuid->size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) name += '-';
    name += fmt::format("{:02x}", static_cast<unsigned char>((*uuid)[i]));
  }
  const std::string prefix = text.substr(0, text.size() - kUuidCharacters);
  return (prefix.empty() ? "" : prefix + "/") + "deletion_vector_" + name + ".bin";
}

// "Deletion Vector File Storage Format": size (big-endian), the data, CRC-32 (big-endian).
Result<std::string> ReadVectorFile(const Table& table, const DeletionVector& vector) {
  ASSIGN_OR_RETURN(const auto path, DeletionVectorPath(table, vector));
  ASSIGN_OR_RETURN(const auto reader, table.storage->OpenRead(path));
  const int64_t offset = vector.offset.value_or(0);
  const int64_t framed = int64_t{vector.size_bytes} + 8;
  if (vector.size_bytes < 0 || offset < 0 || offset + framed > reader->size_bytes()) {
    return DataLoss(fmt::format("the deletion vector at {} of '{}' reaches beyond the file's end", offset, path));
  }
  std::string bytes(static_cast<size_t>(framed), '\0');
  ASSIGN_OR_RETURN(const int64_t got, reader->ReadAt(offset, bytes));
  if (got != framed) return DataLoss(fmt::format("the deletion vector '{}' ends early", path));
  if (BigEndian(bytes.data()) != static_cast<uint32_t>(vector.size_bytes)) {
    return DataLoss(fmt::format("the deletion vector at {} of '{}' has {} bytes, but the log says {}", offset, path,
                                BigEndian(bytes.data()), vector.size_bytes));
  }
  const auto data = std::string_view(bytes).substr(4, static_cast<size_t>(vector.size_bytes));
  if (BigEndian(bytes.data() + 4 + vector.size_bytes) != Crc32(data)) {
    return DataLoss(fmt::format("the deletion vector at {} of '{}' has a wrong checksum", offset, path));
  }
  return std::string(data);
}

Result<std::string> VectorBytes(const Table& table, const DeletionVector& vector) {
  switch (vector.storage_type) {
    case 'u':
    case 'p':
      return ReadVectorFile(table, vector);
    case 'i': {
      auto bytes = DecodeZ85(vector.path_or_inline);
      if (!bytes || vector.size_bytes < 0 || bytes->size() < static_cast<size_t>(vector.size_bytes)) {
        return DataLoss("an inline deletion vector is damaged");
      }
      bytes->resize(static_cast<size_t>(vector.size_bytes));
      return *std::move(bytes);
    }
    default:
      return Unimplemented(fmt::format("deletion vectors of storage type '{}' are not read here", vector.storage_type));
  }
}

}  // namespace

Result<std::string> DeletionVectorPath(const Table& table, const DeletionVector& vector) {
  if (vector.storage_type == 'p') return ResolvePath(table, vector.path_or_inline);
  if (vector.storage_type != 'u') return InvalidArgument("this deletion vector lies in no file");
  ASSIGN_OR_RETURN(const auto name, RelativeName(vector.path_or_inline));
  return ResolvePath(table, EncodePath(name));
}

Result<std::vector<int64_t>> DecodeRowIndexes(std::string_view bytes) {
  int32_t magic = 0;
  uint64_t buckets = 0;
  if (bytes.starts_with(kNativeMagic))
    return Unimplemented("deletion vectors in the older, native format are not read here");
  if (!TakeLittle(bytes, magic) || magic != kMagic) {
    return DataLoss(fmt::format("the deletion vector's magic number is {}, not {}", magic, kMagic));
  }
  if (!TakeLittle(bytes, buckets)) return DataLoss("the deletion vector ends early");
  std::vector<int64_t> rows;
  int64_t previous = -1;
  for (uint64_t i = 0; i < buckets; ++i) {
    uint32_t key = 0;
    if (!TakeLittle(bytes, key)) return DataLoss("the deletion vector ends early");
    if (key > INT32_MAX || int64_t{key} <= previous) return DataLoss("the deletion vector's keys are out of order");
    previous = key;
    RETURN_IF_ERROR(ReadRoaring32(bytes, int64_t{key} << 32, rows));
  }
  return rows;
}

std::string EncodeRowIndexes(std::span<const int64_t> ascending) {
  std::vector<std::pair<uint32_t, std::vector<uint32_t>>> buckets;
  for (const int64_t row : ascending) {
    const auto key = static_cast<uint32_t>(row >> 32);
    if (buckets.empty() || buckets.back().first != key) buckets.push_back({key, {}});
    buckets.back().second.push_back(static_cast<uint32_t>(row));
  }
  std::string out;
  PutLittle(out, kMagic);
  PutLittle(out, static_cast<uint64_t>(buckets.size()));
  for (const auto& [key, values] : buckets) {
    PutLittle(out, key);
    WriteRoaring32(values, out);
  }
  return out;
}

Result<std::vector<int64_t>> ReadDeletionVector(const Table& table, const DeletionVector& vector) {
  ASSIGN_OR_RETURN(const auto bytes, VectorBytes(table, vector));
  ASSIGN_OR_RETURN(auto rows, DecodeRowIndexes(bytes));
  if (std::ssize(rows) != vector.cardinality) {
    return DataLoss(fmt::format("the deletion vector '{}' deletes {} rows, but the log says {}", vector.UniqueId(),
                                rows.size(), vector.cardinality));
  }
  return rows;
}

Result<std::vector<DeletionVector>> WriteDeletionVectors(const Table& table,
                                                         std::span<const std::vector<int64_t>> ascending,
                                                         std::mt19937_64& random) {
  constexpr char kFormatVersion = 1;
  std::string id(16, '\0');
  for (char& byte : id) byte = static_cast<char>(random());
  const std::string name = EncodeZ85(id);
  std::string file(1, kFormatVersion);
  std::vector<DeletionVector> vectors;
  for (const auto& rows : ascending) {
    const std::string bytes = EncodeRowIndexes(rows);
    vectors.push_back({.storage_type = 'u',
                       .path_or_inline = name,
                       .offset = static_cast<int32_t>(file.size()),
                       .size_bytes = static_cast<int32_t>(bytes.size()),
                       .cardinality = std::ssize(rows)});
    PutBigEndian(file, static_cast<uint32_t>(bytes.size()));
    file += bytes;
    PutBigEndian(file, Crc32(bytes));
  }
  if (file.size() > INT32_MAX) return Unimplemented("deletion vectors of one commit over 2 GiB are not written here");
  if (vectors.empty()) return vectors;
  ASSIGN_OR_RETURN(const auto path, DeletionVectorPath(table, vectors.front()));
  RETURN_IF_ERROR(table.storage->Put(path, file));
  return vectors;
}

DeletionVector MakeInlineDeletionVector(std::span<const int64_t> ascending) {
  const std::string bytes = EncodeRowIndexes(ascending);
  return DeletionVector{.storage_type = 'i',
                        .path_or_inline = EncodeZ85(bytes),
                        .size_bytes = static_cast<int32_t>(bytes.size()),
                        .cardinality = std::ssize(ascending)};
}

}  // namespace tidemill::delta
