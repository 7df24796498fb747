#include "delta/deletion_vector.h"

#include <gtest/gtest.h>

#include <numeric>

#include "delta/detail/z85.h"

namespace tidemill::delta {
namespace {

using Rows = std::vector<int64_t>;

// PROTOCOL.md's inline example, six rows, in the portable format that writers use. The text printed there is of the
// older format, which is refused by name.
TEST(DeletionVectorTest, ReadsTheSpecificationsInlineExample) {
  const std::string rest = "siXQKl0rr91000f55c8Xg0@@D72lkbi5=-{L";
  const DeletionVector vector{.storage_type = 'i',
                              .path_or_inline = "^Bg9^0rr910000000000i" + rest.substr(2),
                              .size_bytes = 44,
                              .cardinality = 6};
  const auto rows = ReadDeletionVector({}, vector);
  ASSERT_TRUE(rows.ok()) << rows.error().message;
  EXPECT_EQ(*rows, (Rows{3, 4, 7, 11, 18, 29}));
  const DeletionVector older{
      .storage_type = 'i', .path_or_inline = "wi5b=000010000" + rest, .size_bytes = 40, .cardinality = 6};
  EXPECT_EQ(ReadDeletionVector({}, older).error().kind, ErrorKind::kUnimplemented);
}

// "JSON Example 1": the name of the file that a relative vector lies in.
TEST(DeletionVectorTest, NamesTheSpecificationsRelativeFile) {
  const DeletionVector vector{.storage_type = 'u', .path_or_inline = "ab^-aqEH.-t@S}K{vb[*k^", .offset = 4};
  const auto path = DeletionVectorPath({.root = "/t"}, vector);
  ASSERT_TRUE(path.ok());
  EXPECT_EQ(*path, "/t/ab/deletion_vector_d2c639aa-8816-431a-aaf6-d3fe2512ff61.bin");
}

TEST(DeletionVectorTest, Z85OfTheRfc) {
  EXPECT_EQ(EncodeZ85(std::string("\x86\x4F\xD2\x6F\xB5\x59\xF7\x5B", 8)), "HelloWorld");
  EXPECT_EQ(DecodeZ85("HelloWorld"), std::string("\x86\x4F\xD2\x6F\xB5\x59\xF7\x5B", 8));
  EXPECT_EQ(DecodeZ85("Hello "), std::nullopt);
  EXPECT_EQ(DecodeZ85("Hell~"), std::nullopt);
}

TEST(DeletionVectorTest, EncodedRowsComeBack) {
  Rows dense(100000);
  std::iota(dense.begin(), dense.end(), 65000);
  const Rows cases[] = {
      {}, {0}, {0, 65535, 65536, 70000, (int64_t{1} << 32) - 1, int64_t{1} << 32, int64_t{5} << 32}, dense};
  for (const auto& rows : cases) {
    EXPECT_EQ(*DecodeRowIndexes(EncodeRowIndexes(rows)), rows);
    EXPECT_EQ(*ReadDeletionVector({}, MakeInlineDeletionVector(rows)), rows);
  }
}

// RoaringFormatSpec: cookie 12347 with a count, run flags, one run container.
TEST(DeletionVectorTest, ReadsRunContainers) {
  const unsigned char bytes[] = {0xD1, 0xD3, 0x39, 0x64, 1, 0, 0,  0, 0, 0, 0, 0,  // magic, one bucket
                                 0,    0,    0,    0,                              // key
                                 0x3B, 0x30, 0,    0,                              // cookie, one container
                                 1,                                                // it has runs
                                 0,    0,    4,    0,                              // key 0, five values
                                 2,    0,    10,   0,    2, 0, 20, 0, 1, 0};       // 10..12, 20..21
  const std::string_view text(reinterpret_cast<const char*>(bytes), sizeof bytes);
  EXPECT_EQ(*DecodeRowIndexes(text), (Rows{10, 11, 12, 20, 21}));
  for (size_t size = 0; size < text.size(); ++size) EXPECT_FALSE(DecodeRowIndexes(text.substr(0, size)).ok()) << size;
}

class VectorFileTest : public testing::Test {
 protected:
  // One vector {1, 2} framed as in "Deletion Vector File Storage Format".
  void Write(const std::string& size, const std::string& crc) {
    ASSERT_TRUE(store_->Put("/t/dv.bin", std::string("\x01", 1) + size + EncodeRowIndexes(Rows{1, 2}) + crc).ok());
  }
  Result<Rows> Read(int64_t cardinality = 2) {
    return ReadDeletionVector({.storage = store_.get(), .root = "/t"}, {.storage_type = 'p',
                                                                        .path_or_inline = "/t/dv.bin",
                                                                        .offset = 1,
                                                                        .size_bytes = 36,
                                                                        .cardinality = cardinality});
  }
  std::unique_ptr<storage::Storage> store_ = storage::MakeMemory();
  const std::string size_{"\0\0\0\x24", 4};
};

TEST_F(VectorFileTest, DamageIsNamed) {
  ASSERT_EQ(EncodeRowIndexes(Rows{1, 2}).size(), 36u);
  Write(size_, "xxxx");
  EXPECT_NE(Read().error().message.find("checksum"), std::string::npos);
  Write(std::string("\0\0\0\x23", 4), "xxxx");
  EXPECT_NE(Read().error().message.find("35 bytes"), std::string::npos);
  Write(size_, "");
  EXPECT_NE(Read().error().message.find("beyond"), std::string::npos);
}

TEST(DeletionVectorTest, CardinalityIsChecked) {
  auto vector = MakeInlineDeletionVector(Rows{1, 2});
  vector.cardinality = 3;
  EXPECT_EQ(ReadDeletionVector({}, vector).error().kind, ErrorKind::kDataLoss);
}

}  // namespace
}  // namespace tidemill::delta
