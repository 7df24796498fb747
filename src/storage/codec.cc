#include "storage/codec.h"

#include <bzlib.h>
#include <fmt/format.h>
#include <snappy.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <optional>
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

class Bzip2 final : public Decoder {
 public:
  Bzip2(Input& input, const std::string& path) : input_(input), path_(path), buffer_(kInputBytes) {}
  ~Bzip2() override { End(); }

  Status Next(std::vector<char>& out) override {
    out.resize(kInputBytes * 2);
    size_t made = 0;
    while (made < out.size()) {
      if (stream_.avail_in == 0) {
        ASSIGN_OR_RETURN(const int64_t count, input_.Some(buffer_));
        stream_.next_in = buffer_.data();
        stream_.avail_in = static_cast<unsigned>(count);
        if (count == 0) {
          if (open_) return DataLoss(fmt::format("{} is cut short: its bzip2 stream does not end", path_));
          break;
        }
      }
      if (!open_) {  // a file may hold several streams, one after another
        if (BZ2_bzDecompressInit(&stream_, 0, 0) != BZ_OK) return Internal("bzip2 could not start");
        open_ = true;
      }
      stream_.next_out = out.data() + made;
      stream_.avail_out = static_cast<unsigned>(out.size() - made);
      const int code = BZ2_bzDecompress(&stream_);
      made = out.size() - stream_.avail_out;
      if (code == BZ_STREAM_END) {
        End();
      } else if (code != BZ_OK) {
        return DataLoss(fmt::format("{} is not bzip2, or is damaged", path_));
      }
    }
    out.resize(made);
    return Ok();
  }

 private:
  void End() {
    if (!open_) return;
    char* const next = stream_.next_in;
    const unsigned left = stream_.avail_in;
    BZ2_bzDecompressEnd(&stream_);
    stream_ = bz_stream{};
    stream_.next_in = next;
    stream_.avail_in = left;
    open_ = false;
  }

  Input& input_;
  const std::string& path_;
  std::vector<char> buffer_;
  bz_stream stream_{};
  bool open_ = false;
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
        RETURN_IF_ERROR(decoder_->Next(decoded_));
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
  }

  std::unique_ptr<Reader> encoded_;
  std::string path_;
  Make make_;
  Input input_;
  std::unique_ptr<Decoder> decoder_;
  std::vector<char> decoded_;
  size_t used_ = 0;
  int64_t offset_ = 0;
};

template <typename T>
std::unique_ptr<Decoder> MakeDecoder(Input& input, const std::string& path) {
  return std::make_unique<T>(input, path);
}

}  // namespace

bool NeedsDecoding(const std::string& path) { return path.ends_with(".bz2") || path.ends_with(".snappy"); }

Result<std::unique_ptr<Reader>> Decode(std::unique_ptr<Reader> encoded, const std::string& path) {
  DecodingReader::Make make = MakeDecoder<Bzip2>;
  if (path.ends_with(".snappy")) {
    constexpr std::string_view kFrameStart("\xff\x06\x00\x00sNaPpY", 10);
    char head[10] = {};
    ASSIGN_OR_RETURN(const int64_t count, encoded->ReadAt(0, head));
    const bool framed = std::string_view(head, static_cast<size_t>(count)) == kFrameStart;
    make = framed ? MakeDecoder<FramedSnappy> : MakeDecoder<HadoopSnappy>;
  }
  return std::unique_ptr<Reader>(std::make_unique<DecodingReader>(std::move(encoded), path, std::move(make)));
}

}  // namespace tidemill::storage
