#include "storage/codec.h"

#include <bzlib.h>
#include <gtest/gtest.h>
#include <lz4.h>
#include <snappy.h>
#include <zlib.h>
#include <zstd.h>

#include <cstring>

namespace tidemill::storage {
namespace {

// Bytes in memory as a Reader.
class Bytes final : public Reader {
 public:
  explicit Bytes(std::string bytes) : bytes_(std::move(bytes)) {}
  int64_t size_bytes() const override { return std::ssize(bytes_); }
  Timestamp modified() const override { return {}; }
  Result<int64_t> ReadAt(int64_t offset, std::span<char> out) override {
    const auto at = std::min<size_t>(static_cast<size_t>(offset), bytes_.size());
    const size_t count = std::min(out.size(), bytes_.size() - at);
    std::memcpy(out.data(), bytes_.data() + at, count);
    return static_cast<int64_t>(count);
  }

 private:
  std::string bytes_;
};

Result<std::string> DecodeAll(const std::string& encoded, const std::string& path, size_t piece = 1000) {
  ASSIGN_OR_RETURN(auto reader, Decode(std::make_unique<Bytes>(encoded), path));
  std::string all, buffer(piece, '\0');
  while (true) {
    ASSIGN_OR_RETURN(const int64_t count, reader->ReadAt(std::ssize(all), buffer));
    if (count == 0) return all;
    all.append(buffer, 0, static_cast<size_t>(count));
  }
}

std::string Bzip2(const std::string& text) {
  std::string out(text.size() + 1000, '\0');
  auto size = static_cast<unsigned>(out.size());
  EXPECT_EQ(BZ2_bzBuffToBuffCompress(out.data(), &size, const_cast<char*>(text.data()),
                                     static_cast<unsigned>(text.size()), 9, 0, 0),
            BZ_OK);
  return out.substr(0, size);
}

std::string Gzip(const std::string& text) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 6, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<unsigned>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<unsigned>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string Zstd(const std::string& text) {
  std::string out(ZSTD_compressBound(text.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 3));
  return out;
}

std::string BigEndian(size_t n) {
  return {static_cast<char>(n >> 24), static_cast<char>(n >> 16), static_cast<char>(n >> 8), static_cast<char>(n)};
}

std::string Snappy(const std::string& text) {
  std::string out;
  snappy::Compress(text.data(), text.size(), &out);
  return out;
}

std::string Lines(int count) {
  std::string text;
  for (int i = 0; i < count; ++i) text += "line " + std::to_string(i) + "\n";
  return text;
}

struct StreamCodec {
  const char* path;
  std::string (*encode)(const std::string&);
};
constexpr StreamCodec kStreamCodecs[] = {{"/in/x.gz", Gzip}, {"/in/x.zst", Zstd}, {"/in/x.bz2", Bzip2}};

class StreamCodecTest : public testing::TestWithParam<StreamCodec> {};

TEST_P(StreamCodecTest, StreamsOneAfterAnother) {
  const auto [path, encode] = GetParam();
  const std::string a = Lines(200000), b = Lines(3);
  EXPECT_EQ(DecodeAll(encode(a) + encode(b), path).value(), a + b);
  EXPECT_EQ(DecodeAll(encode(""), path).value(), "");
  EXPECT_EQ(DecodeAll("", path).value(), "");
}

TEST_P(StreamCodecTest, DamageIsNamed) {
  const auto [path, encode] = GetParam();
  const std::string whole = encode(Lines(100000));
  for (const std::string& bad : {whole.substr(0, whole.size() / 2), std::string("not compressed at all")}) {
    const auto decoded = DecodeAll(bad, path);
    ASSERT_FALSE(decoded.ok());
    EXPECT_EQ(decoded.error().kind, ErrorKind::kDataLoss);
    EXPECT_NE(decoded.error().message.find(path), std::string::npos);
  }
}

INSTANTIATE_TEST_SUITE_P(All, StreamCodecTest, testing::ValuesIn(kStreamCodecs));

TEST(Codec, HadoopSnappyBlocksOfSeveralChunks) {
  const std::string a = Lines(1000), b = Lines(500);
  const std::string chunk_a = Snappy(a), chunk_b = Snappy(b);
  const std::string block =
      BigEndian(a.size() + b.size()) + BigEndian(chunk_a.size()) + chunk_a + BigEndian(chunk_b.size()) + chunk_b;
  EXPECT_EQ(DecodeAll(block + block, "x.snappy").value(), a + b + a + b);
}

TEST(Codec, FramedSnappy) {
  const std::string text = Lines(100), data = Snappy(text);
  std::string frame("\xff\x06\x00\x00sNaPpY", 10);
  const size_t length = data.size() + 4;
  frame +=
      std::string{'\0', static_cast<char>(length), static_cast<char>(length >> 8), static_cast<char>(length >> 16)};
  frame += std::string(4, '\0') + data;
  EXPECT_EQ(DecodeAll(frame, "x.snappy", 7).value(), text);
}

TEST(Codec, DamagedSnappy) {
  const std::string block = BigEndian(100) + BigEndian(50) + "short";
  EXPECT_EQ(DecodeAll(block, "x.snappy").error().kind, ErrorKind::kDataLoss);
  EXPECT_EQ(DecodeAll(BigEndian(0xFFFFFFFF), "x.snappy").error().kind, ErrorKind::kDataLoss);
}

TEST(Codec, StartsAgainAtTheFront) {
  const std::string text = Lines(10);
  auto reader = Decode(std::make_unique<Bytes>(Bzip2(text)), "x.bz2").value();
  std::string buffer(5, '\0');
  ASSERT_EQ(reader->ReadAt(0, buffer).value(), 5);
  ASSERT_EQ(reader->ReadAt(0, buffer).value(), 5);
  EXPECT_EQ(buffer, text.substr(0, 5));
  EXPECT_FALSE(reader->ReadAt(3, buffer).ok()) << "no way back to the middle";
}

std::string Little(uint32_t number) { return {reinterpret_cast<const char*>(&number), 4}; }
std::string Big(uint32_t number) {
  return {static_cast<char>(number >> 24), static_cast<char>(number >> 16), static_cast<char>(number >> 8),
          static_cast<char>(number)};
}

std::string JavaLz4(const std::string& text) {
  std::string packed(static_cast<size_t>(LZ4_compressBound(static_cast<int>(text.size()))), '\0');
  packed.resize(static_cast<size_t>(LZ4_compress_default(text.data(), packed.data(), static_cast<int>(text.size()),
                                                         static_cast<int>(packed.size()))));
  const auto size = static_cast<uint32_t>(text.size());
  return "LZ4Block\x26" + Little(static_cast<uint32_t>(packed.size())) + Little(size) + Little(0) + packed +
         "LZ4Block\x16" + Little(3) + Little(3) + Little(0) + "end" + "LZ4Block\x16" + Little(0) + Little(0) +
         Little(0);
}

std::string JavaSnappy(const std::string& text) {
  std::string packed;
  snappy::Compress(text.data(), text.size(), &packed);
  return std::string("\x82SNAPPY\0", 8) + Big(1) + Big(1) + Big(static_cast<uint32_t>(packed.size())) + packed;
}

TEST(Codec, StreamsOfSparksEventLogs) {
  std::string text;
  for (int i = 0; i < 20'000; ++i) text += "{\"Event\":\"" + std::to_string(i % 100) + "\"}\n";
  EXPECT_EQ(*DecodeAll(JavaLz4(text) + JavaLz4(text), "a.lz4"), text + "end" + text + "end");
  EXPECT_EQ(*DecodeAll(JavaSnappy(text) + JavaSnappy(text), "a.snappy"), text + text);
  // "abc" as it is, then 9 bytes from 3 back; a stored chunk behind it.
  const std::string lzf =
      std::string("ZV\1\0\7\0\14", 7) + std::string("\2abc\xe0\0\2", 7) + std::string("ZV\0\0\2", 5) + "xy";
  EXPECT_EQ(*DecodeAll(lzf, "a.lzf"), "abcabcabcabcxy");
}

TEST(Codec, GivesWhatComesBeforeACut) {
  std::string text;
  for (int i = 0; i < 200'000; ++i) text += std::to_string(i * 7919LL);
  const std::pair<std::string, std::string> encoded[] = {{JavaLz4(text) + JavaLz4(text), "a.lz4"},
                                                         {JavaSnappy(text) + JavaSnappy(text), "a.snappy"},
                                                         {Gzip(text), "a.gz"}};
  for (const auto& [bytes, path] : encoded) {
    auto reader = Decode(std::make_unique<Bytes>(bytes.substr(0, bytes.size() * 9 / 10)), path);
    ASSERT_TRUE(reader.ok());
    std::string got, buffer(100'000, '\0');
    while (true) {
      const auto count = (*reader)->ReadAt(std::ssize(got), buffer);
      if (!count.ok()) {
        EXPECT_EQ(count.error().kind, ErrorKind::kDataLoss) << path;
        break;
      }
      ASSERT_GT(*count, 0) << path << " ends without saying that it is cut";
      got.append(buffer, 0, static_cast<size_t>(*count));
    }
    EXPECT_GT(got.size(), text.size() / 2) << path;
    EXPECT_EQ(got.substr(0, text.size()), text.substr(0, got.size())) << path;
  }
}

}  // namespace
}  // namespace tidemill::storage
