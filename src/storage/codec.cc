#include "storage/codec.h"

#include <bzlib.h>
#include <fmt/format.h>
#include <lz4.h>
#include <snappy.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

namespace tidemill::storage {
namespace {

constexpr size_t kInputBytes = 256 << 10;
constexpr uint32_t kMostBlockBytes = 64U << 20;

// The encoded bytes, front to back.
class Input {
 public:
  explicit Input(Reader& reader) : reader_(reader) {}
  // Fills `out`; false at the end of the file before its first byte.
  Result<bool> Exactly(std::span<char> out, const std::string& path) {
    ASSIGN_OR_RETURN(const int64_t count, reader_.ReadAt(offset_, out));
    offset_ += count;
    if (count == 0 && !out.empty()) return false;
    if (count != static_cast<int64_t>(out.size())) return DataLoss(fmt::format("{} is cut short", path));
    return true;
  }
  Result<int64_t> Some(std::span<char> out) {
    ASSIGN_OR_RETURN(const int64_t count, reader_.ReadAt(offset_, out));
    offset_ += count;
    return count;
  }
  void Restart() { offset_ = 0; }

 private:
  Reader& reader_;
  int64_t offset_ = 0;
};

class Decoder {
 public:
  virtual ~Decoder() = default;
  // More decoded bytes into `out` (cleared first); empty at the end.
  virtual Status Next(std::vector<char>& out) = 0;
};

constexpr size_t kOutputBytes = 2 * kInputBytes;

// A library that is fed bytes and gives bytes, in streams of which a file may hold several, one after another.
class StreamDecoder : public Decoder {
 public:
  StreamDecoder(Input& input, const std::string& path, const char* name)
      : input_(input), path_(path), name_(name), buffer_(kInputBytes) {}

  Status Next(std::vector<char>& out) final {
    out.resize(kOutputBytes);
    std::span<char> room = out;
    while (!room.empty()) {
      if (unread_.empty()) {
        ASSIGN_OR_RETURN(const int64_t count, input_.Some(buffer_));
        unread_ = std::span(buffer_).first(static_cast<size_t>(count));
        if (count == 0) {
          if (open_ && room.size() < out.size()) break;  // what there is comes first, the error next time
          if (open_) return DataLoss(fmt::format("{} is cut short: its {} stream does not end", path_, name_));
          break;
        }
      }
      if (!open_ && !Open()) return Internal(fmt::format("{} could not start", name_));
      open_ = true;
      const Step step = Feed(unread_, room);
      if (step == Step::kDamaged) return DataLoss(fmt::format("{} is not {}, or is damaged", path_, name_));
      if (step == Step::kStreamEnds) Close();
    }
    out.resize(out.size() - room.size());
    return Ok();
  }

 protected:
  enum class Step { kGoOn, kStreamEnds, kDamaged };
  virtual bool Open() = 0;
  // Takes bytes off the front of `in` and `out` as it reads and writes them.
  virtual Step Feed(std::span<char>& in, std::span<char>& out) = 0;
  virtual void End() = 0;
  void Close() {
    if (std::exchange(open_, false)) End();
  }

 private:
  Input& input_;
  const std::string& path_;
  const char* name_;
  std::vector<char> buffer_;
  std::span<char> unread_;
  bool open_ = false;
};

// zlib's and bzip2's streams have members of the same names.
template <typename Stream>
void Point(Stream& stream, std::span<char> in, std::span<char> out) {
  stream.next_in = reinterpret_cast<decltype(stream.next_in)>(in.data());
  stream.avail_in = static_cast<unsigned>(in.size());
  stream.next_out = reinterpret_cast<decltype(stream.next_out)>(out.data());
  stream.avail_out = static_cast<unsigned>(out.size());
}
template <typename Stream>
void Advance(const Stream& stream, std::span<char>& in, std::span<char>& out) {
  in = in.last(stream.avail_in);
  out = out.last(stream.avail_out);
}

class Gzip final : public StreamDecoder {
 public:
  Gzip(Input& input, const std::string& path) : StreamDecoder(input, path, "gzip") {}
  ~Gzip() override { Close(); }

 private:
  bool Open() override {
    stream_ = z_stream{};
    constexpr int kGzipHeader = 16;
    return inflateInit2(&stream_, MAX_WBITS + kGzipHeader) == Z_OK;
  }
  Step Feed(std::span<char>& in, std::span<char>& out) override {
    Point(stream_, in, out);
    const int code = inflate(&stream_, Z_NO_FLUSH);
    Advance(stream_, in, out);
    return code == Z_STREAM_END ? Step::kStreamEnds : code == Z_OK ? Step::kGoOn : Step::kDamaged;
  }
  void End() override { inflateEnd(&stream_); }

  z_stream stream_{};
};

class Zstd final : public StreamDecoder {
 public:
  Zstd(Input& input, const std::string& path) : StreamDecoder(input, path, "zstd"), context_(ZSTD_createDCtx()) {}
  ~Zstd() override { ZSTD_freeDCtx(context_); }

 private:
  bool Open() override { return context_ != nullptr && ZSTD_isError(ZSTD_initDStream(context_)) == 0; }
  Step Feed(std::span<char>& in, std::span<char>& out) override {
    ZSTD_inBuffer from{in.data(), in.size(), 0};
    ZSTD_outBuffer to{out.data(), out.size(), 0};
    const size_t left = ZSTD_decompressStream(context_, &to, &from);
    in = in.subspan(from.pos);
    out = out.subspan(to.pos);
    return ZSTD_isError(left) != 0 ? Step::kDamaged : left == 0 ? Step::kStreamEnds : Step::kGoOn;
  }
  void End() override {}

  ZSTD_DCtx* context_;
};

class Bzip2 final : public StreamDecoder {
 public:
  Bzip2(Input& input, const std::string& path) : StreamDecoder(input, path, "bzip2") {}
  ~Bzip2() override { Close(); }

 private:
  bool Open() override {
    stream_ = bz_stream{};
    return BZ2_bzDecompressInit(&stream_, 0, 0) == BZ_OK;
  }
  Step Feed(std::span<char>& in, std::span<char>& out) override {
    Point(stream_, in, out);
    const int code = BZ2_bzDecompress(&stream_);
    Advance(stream_, in, out);
    return code == BZ_STREAM_END ? Step::kStreamEnds : code == BZ_OK ? Step::kGoOn : Step::kDamaged;
  }
  void End() override { BZ2_bzDecompressEnd(&stream_); }

  bz_stream stream_{};
};

// Hadoop's SnappyCodec: blocks of [uncompressed size, big-endian 4 bytes] then, until that many bytes came out, chunks
// of [compressed size, big-endian 4 bytes][raw snappy].
class HadoopSnappy final : public Decoder {
 public:
  HadoopSnappy(Input& input, const std::string& path) : input_(input), path_(path) {}

  Status Next(std::vector<char>& out) override {
    out.clear();
    ASSIGN_OR_RETURN(const auto block, Size());
    if (!block) return Ok();
    while (out.size() < *block) {
      ASSIGN_OR_RETURN(const auto size, Size());
      if (!size) return DataLoss(fmt::format("{} is cut short", path_));
      encoded_.resize(*size);
      ASSIGN_OR_RETURN(const bool more, input_.Exactly(encoded_, path_));
      size_t length = 0;
      if (!more || !snappy::GetUncompressedLength(encoded_.data(), encoded_.size(), &length) ||
          length > *block - out.size()) {
        return DataLoss(fmt::format("{} is not snappy, or is damaged", path_));
      }
      const size_t at = out.size();
      out.resize(at + length);
      if (!snappy::RawUncompress(encoded_.data(), encoded_.size(), out.data() + at)) {
        return DataLoss(fmt::format("{} is not snappy, or is damaged", path_));
      }
    }
    return Ok();
  }

 private:
  Result<std::optional<uint32_t>> Size() {
    unsigned char bytes[4];
    ASSIGN_OR_RETURN(const bool more, input_.Exactly({reinterpret_cast<char*>(bytes), 4}, path_));
    if (!more) return std::optional<uint32_t>{};
    const uint32_t size = uint32_t{bytes[0]} << 24 | uint32_t{bytes[1]} << 16 | uint32_t{bytes[2]} << 8 | bytes[3];
    if (size > kMostBlockBytes) return DataLoss(fmt::format("{} is not snappy, or is damaged", path_));
    return std::optional<uint32_t>{size};
  }

  Input& input_;
  const std::string& path_;
  std::vector<char> encoded_;
};

// The stream of the snappy-java library, Spark's own: a header of 16 bytes, then chunks of [compressed size, big-endian
// 4 bytes][raw snappy]. Streams may follow each other in one file.
class JavaSnappy final : public Decoder {
 public:
  JavaSnappy(Input& input, const std::string& path) : input_(input), path_(path) {}
  static constexpr std::string_view kMagic{"\x82SNAPPY\0", 8};

  Status Next(std::vector<char>& out) override {
    out.clear();
    while (out.empty()) {
      char head[kHeaderBytes];
      ASSIGN_OR_RETURN(const bool more, input_.Exactly({head, 4}, path_));
      if (!more) return Ok();
      if (kMagic.starts_with(std::string_view(head, 4))) {
        ASSIGN_OR_RETURN(const bool whole, input_.Exactly({head + 4, kHeaderBytes - 4}, path_));
        if (!whole || std::string_view(head, kMagic.size()) != kMagic) return Damaged();
        continue;
      }
      const auto* size = reinterpret_cast<const unsigned char*>(head);
      encoded_.resize(uint32_t{size[0]} << 24 | uint32_t{size[1]} << 16 | uint32_t{size[2]} << 8 | size[3]);
      if (encoded_.size() > kMostBlockBytes) return Damaged();
      ASSIGN_OR_RETURN(const bool whole, input_.Exactly(encoded_, path_));
      size_t length = 0;
      if (!whole || !snappy::GetUncompressedLength(encoded_.data(), encoded_.size(), &length) ||
          length > kMostBlockBytes) {
        return Damaged();
      }
      out.resize(length);
      if (!snappy::RawUncompress(encoded_.data(), encoded_.size(), out.data())) return Damaged();
    }
    return Ok();
  }

 private:
  static constexpr size_t kHeaderBytes = 16;
  Status Damaged() const { return DataLoss(fmt::format("{} is not snappy, or is damaged", path_)); }

  Input& input_;
  const std::string& path_;
  std::vector<char> encoded_;
};

// The blocks of the lz4-java library, Spark's own: ["LZ4Block"][method, 1 byte][compressed size][size][checksum], each
// little-endian 4 bytes, then the block. An empty block ends a stream, of which several may follow each other.
class JavaLz4 final : public Decoder {
 public:
  JavaLz4(Input& input, const std::string& path) : input_(input), path_(path) {}

  Status Next(std::vector<char>& out) override {
    constexpr std::string_view kMagic = "LZ4Block";
    constexpr int kStored = 0x10, kPacked = 0x20;
    out.clear();
    while (out.empty()) {
      char head[21];
      ASSIGN_OR_RETURN(const bool more, input_.Exactly(head, path_));
      if (!more) return Ok();
      const auto number = [&](size_t at) {
        const auto* bytes = reinterpret_cast<const unsigned char*>(head + at);
        return bytes[0] | uint32_t{bytes[1]} << 8 | uint32_t{bytes[2]} << 16 | uint32_t{bytes[3]} << 24;
      };
      const int method = head[8] & 0xf0;
      const uint32_t packed = number(9), size = number(13);
      if (!std::string_view(head, sizeof head).starts_with(kMagic) || packed > kMostBlockBytes ||
          size > kMostBlockBytes || (method != kStored && method != kPacked)) {
        return Damaged();
      }
      encoded_.resize(packed);
      if (packed == 0) continue;
      ASSIGN_OR_RETURN(const bool whole, input_.Exactly(encoded_, path_));
      if (!whole) return DataLoss(fmt::format("{} is cut short", path_));
      if (method == kStored) {
        out = encoded_;
      } else {
        out.resize(size);
        const int got =
            LZ4_decompress_safe(encoded_.data(), out.data(), static_cast<int>(packed), static_cast<int>(size));
        if (got != static_cast<int>(size)) return Damaged();
      }
    }
    return Ok();
  }

 private:
  Status Damaged() const { return DataLoss(fmt::format("{} is not lz4 as Java writes it, or is damaged", path_)); }

  Input& input_;
  const std::string& path_;
  std::vector<char> encoded_;
};

// The chunks of the compress-lzf library, Spark's own: ["ZV"][0: stored, 1: packed][size, big-endian 2 bytes][of a
// packed one: unpacked size, 2 bytes].
class JavaLzf final : public Decoder {
 public:
  JavaLzf(Input& input, const std::string& path) : input_(input), path_(path) {}

  Status Next(std::vector<char>& out) override {
    out.clear();
    while (out.empty()) {
      unsigned char head[7];
      ASSIGN_OR_RETURN(const bool more, input_.Exactly({reinterpret_cast<char*>(head), 5}, path_));
      if (!more) return Ok();
      if (head[0] != 'Z' || head[1] != 'V' || head[2] > 1) return Damaged();
      const bool packed = head[2] == 1;
      if (packed) {
        ASSIGN_OR_RETURN(const bool whole, input_.Exactly({reinterpret_cast<char*>(head + 5), 2}, path_));
        if (!whole) return DataLoss(fmt::format("{} is cut short", path_));
      }
      encoded_.resize(size_t{head[3]} << 8 | head[4]);
      ASSIGN_OR_RETURN(const bool whole, input_.Exactly(encoded_, path_));
      if (!whole) return DataLoss(fmt::format("{} is cut short", path_));
      if (!packed) {
        out = encoded_;
      } else if (!Unpack(size_t{head[5]} << 8 | head[6], out)) {
        return Damaged();
      }
    }
    return Ok();
  }

 private:
  // LibLZF's format: a control byte below 32 leads that many + 1 bytes as they are; else its upper three bits are a
  // length (7: one more byte of it follows) and the lower five, with the next byte, how far back the bytes lie.
  bool Unpack(size_t size, std::vector<char>& out) const {
    out.reserve(size);
    for (size_t at = 0; at < encoded_.size();) {
      const auto byte = [&] { return at < encoded_.size() ? static_cast<unsigned char>(encoded_[at++]) : 0U; };
      const unsigned control = byte();
      if (control < 32) {
        if (at + control + 1 > encoded_.size()) return false;
        out.insert(out.end(), encoded_.begin() + static_cast<ptrdiff_t>(at),
                   encoded_.begin() + static_cast<ptrdiff_t>(at + control + 1));
        at += control + 1;
        continue;
      }
      size_t length = control >> 5;
      if (length == 7) length += byte();
      const size_t back = (size_t{control & 31} << 8 | byte()) + 1;
      if (back > out.size() || out.size() + length + 2 > size) return false;
      for (size_t i = 0; i < length + 2; ++i) out.push_back(out[out.size() - back]);
    }
    return out.size() == size;
  }
  Status Damaged() const { return DataLoss(fmt::format("{} is not lzf, or is damaged", path_)); }

  Input& input_;
  const std::string& path_;
  std::vector<char> encoded_;
};

// Snappy's framing format: chunks of [type, 1 byte][length, little-endian 3 bytes]; data chunks start with a checksum.
class FramedSnappy final : public Decoder {
 public:
  FramedSnappy(Input& input, const std::string& path) : input_(input), path_(path) {}

  Status Next(std::vector<char>& out) override {
    out.clear();
    while (out.empty()) {
      unsigned char head[4];
      ASSIGN_OR_RETURN(const bool more, input_.Exactly({reinterpret_cast<char*>(head), 4}, path_));
      if (!more) return Ok();
      const size_t length = head[1] | size_t{head[2]} << 8 | size_t{head[3]} << 16;
      encoded_.resize(length);
      ASSIGN_OR_RETURN(const bool whole, input_.Exactly(encoded_, path_));
      if (!whole && length > 0) return DataLoss(fmt::format("{} is cut short", path_));
      RETURN_IF_ERROR(Chunk(head[0], out));
    }
    return Ok();
  }

 private:
  Status Chunk(unsigned char type, std::vector<char>& out) {
    constexpr size_t kChecksumBytes = 4;
    if (type == 0xff || (type >= 0x80 && type <= 0xfe)) return Ok();  // stream identifier, padding, skippable
    if (type > 0x01 || encoded_.size() < kChecksumBytes) return Damaged();
    const char* data = encoded_.data() + kChecksumBytes;
    const size_t size = encoded_.size() - kChecksumBytes;
    if (type == 0x01) {
      out.assign(data, data + size);
      return Ok();
    }
    size_t length = 0;
    if (!snappy::GetUncompressedLength(data, size, &length) || length > 65536) return Damaged();
    out.resize(length);
    return snappy::RawUncompress(data, size, out.data()) ? Ok() : Damaged();
  }
  Status Damaged() const { return DataLoss(fmt::format("{} is not snappy, or is damaged", path_)); }

  Input& input_;
  const std::string& path_;
  std::vector<char> encoded_;
};

class DecodingReader final : public Reader {
 public:
  using Make = std::function<std::unique_ptr<Decoder>(Input&, const std::string&)>;
  DecodingReader(std::unique_ptr<Reader> encoded, std::string path, Make make)
      : encoded_(std::move(encoded)), path_(std::move(path)), make_(std::move(make)), input_(*encoded_) {
    decoder_ = make_(input_, path_);
  }

  int64_t size_bytes() const override { return encoded_->size_bytes(); }
  Timestamp modified() const override { return encoded_->modified(); }

  Result<int64_t> ReadAt(int64_t offset, std::span<char> out) override {
    if (offset == 0 && offset_ != 0) Restart();
    if (offset != offset_) return Internal(fmt::format("{} is compressed and can only be read front to back", path_));
    size_t filled = 0;
    while (filled < out.size()) {
      if (used_ == decoded_.size()) {
        used_ = 0;
        if (failed_) return *failed_;
        if (const Status next = decoder_->Next(decoded_); !next.ok()) {
          decoded_.clear();
          failed_ = next.error();
          if (filled > 0) break;  // the bytes before the damage are good
          return *failed_;
        }
        if (decoded_.empty()) break;
      }
      const size_t count = std::min(out.size() - filled, decoded_.size() - used_);
      std::memcpy(out.data() + filled, decoded_.data() + used_, count);
      filled += count;
      used_ += count;
    }
    offset_ += static_cast<int64_t>(filled);
    return static_cast<int64_t>(filled);
  }

 private:
  void Restart() {
    input_.Restart();
    decoder_ = make_(input_, path_);
    decoded_.clear();
    used_ = 0;
    offset_ = 0;
    failed_.reset();
  }

  std::unique_ptr<Reader> encoded_;
  std::string path_;
  Make make_;
  Input input_;
  std::unique_ptr<Decoder> decoder_;
  std::vector<char> decoded_;
  size_t used_ = 0;
  int64_t offset_ = 0;
  std::optional<Error> failed_;
};

template <typename T>
std::unique_ptr<Decoder> MakeDecoder(Input& input, const std::string& path) {
  return std::make_unique<T>(input, path);
}

struct Codec {
  std::string_view extension;
  DecodingReader::Make make;
};

const Codec* CodecOf(const std::string& path) {
  static const Codec kCodecs[] = {{".gz", MakeDecoder<Gzip>},
                                  {".zst", MakeDecoder<Zstd>},
                                  {".zstd", MakeDecoder<Zstd>},
                                  {".bz2", MakeDecoder<Bzip2>},
                                  {".lz4", MakeDecoder<JavaLz4>},
                                  {".lzf", MakeDecoder<JavaLzf>},
                                  {".snappy", MakeDecoder<HadoopSnappy>}};
  const auto found = std::ranges::find_if(kCodecs, [&](const Codec& codec) { return path.ends_with(codec.extension); });
  return found == std::end(kCodecs) ? nullptr : found;
}

// By its first bytes; Hadoop's form has none of its own.
Result<DecodingReader::Make> SnappyOf(Reader& encoded) {
  constexpr std::string_view kFrameStart("\xff\x06\x00\x00sNaPpY", 10);
  char head[10] = {};
  ASSIGN_OR_RETURN(const int64_t count, encoded.ReadAt(0, head));
  const std::string_view start(head, static_cast<size_t>(count));
  if (start == kFrameStart) return DecodingReader::Make(MakeDecoder<FramedSnappy>);
  if (start.starts_with(JavaSnappy::kMagic)) return DecodingReader::Make(MakeDecoder<JavaSnappy>);
  return DecodingReader::Make(MakeDecoder<HadoopSnappy>);
}

}  // namespace

bool NeedsDecoding(const std::string& path) { return CodecOf(path) != nullptr; }

Result<std::unique_ptr<Reader>> Decode(std::unique_ptr<Reader> encoded, const std::string& path) {
  const Codec* codec = CodecOf(path);
  if (codec == nullptr) return encoded;
  DecodingReader::Make make = codec->make;
  if (codec->extension == ".snappy") {
    ASSIGN_OR_RETURN(make, SnappyOf(*encoded));
  }
  return std::unique_ptr<Reader>(std::make_unique<DecodingReader>(std::move(encoded), path, std::move(make)));
}

size_t PackedBytes(std::string_view bytes, Packing packing) {
  if (packing == Packing::kGzip) {
    uLongf size = compressBound(bytes.size());
    std::vector<Bytef> out(size);
    const auto* data = reinterpret_cast<const Bytef*>(bytes.data());
    return compress2(out.data(), &size, data, bytes.size(), Z_DEFAULT_COMPRESSION) == Z_OK ? size : 0;
  }
  std::string in(bytes);                                     // the library takes no constant
  std::vector<char> out(in.size() + in.size() / 100 + 600);  // its manual's bound
  auto size = static_cast<unsigned>(out.size());
  const int code = BZ2_bzBuffToBuffCompress(out.data(), &size, in.data(), static_cast<unsigned>(in.size()), 9, 0, 0);
  return code == BZ_OK ? size : 0;
}

}  // namespace tidemill::storage
