#include "engine/duckdb/text/record_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>

#include "storage/codec.h"

namespace tidemill::engine::duckdb::text {
namespace {

constexpr size_t kReadBytes = size_t{4} << 20;
constexpr size_t kTailBytes = size_t{64} << 10;  // behind a range's end, where its last record ends
constexpr size_t kMostRecordBytes = size_t{1} << 30;

int64_t CountBreaks(std::string_view record) {
  int64_t breaks = 0;
  for (size_t at = 0; at < record.size(); ++at) {
    if (record[at] == '\n' || (record[at] == '\r' && (at + 1 == record.size() || record[at + 1] != '\n'))) ++breaks;
  }
  return breaks;
}

// Counts the file's own bytes, as they lie on the disk.
class CountedReader final : public storage::Reader {
 public:
  CountedReader(std::unique_ptr<storage::Reader> reader, Traffic& traffic)
      : reader_(std::move(reader)), traffic_(traffic) {}
  int64_t size_bytes() const override { return reader_->size_bytes(); }
  Timestamp modified() const override { return reader_->modified(); }
  Result<int64_t> ReadAt(int64_t offset, std::span<char> out) override {
    auto count = reader_->ReadAt(offset, out);
    if (count.ok()) traffic_.ReadText(*count);
    return count;
  }

 private:
  std::unique_ptr<storage::Reader> reader_;
  Traffic& traffic_;
};

}  // namespace

std::vector<Range> CutIntoRanges(const std::vector<File>& files, bool whole, int64_t piece_bytes) {
  std::vector<Range> ranges;
  for (size_t i = 0; i < files.size(); ++i) {
    const int64_t size = files[i].size_bytes;
    if (whole || storage::NeedsDecoding(files[i].path) || size <= piece_bytes) {
      ranges.push_back({i, 0, std::numeric_limits<int64_t>::max()});
      continue;
    }
    for (int64_t begin = 0; begin < size; begin += piece_bytes) {
      // A file that has grown since it was listed is read to its end.
      const bool last = begin + piece_bytes >= size;
      ranges.push_back({i, begin, last ? std::numeric_limits<int64_t>::max() : begin + piece_bytes});
    }
  }
  return ranges;
}

std::optional<size_t> EndOfLine(std::string_view text, bool last) {
  const auto* newline = static_cast<const char*>(std::memchr(text.data(), '\n', text.size()));
  const size_t end = newline == nullptr ? text.size() : static_cast<size_t>(newline - text.data());
  const auto* other = static_cast<const char*>(std::memchr(text.data(), '\r', end));
  if (other != nullptr) {
    const auto at = static_cast<size_t>(other - text.data());
    if (at + 1 < text.size()) return text[at + 1] == '\n' ? at + 2 : at + 1;
    return last ? std::optional(at + 1) : std::nullopt;
  }
  if (newline != nullptr) return end + 1;
  return last ? std::optional(text.size()) : std::nullopt;
}

std::optional<size_t> EndOfFile(std::string_view text, bool last) {
  return last ? std::optional(text.size()) : std::nullopt;
}

std::string_view WithoutBreak(std::string_view record) {
  if (record.ends_with('\n')) record.remove_suffix(1);
  if (record.ends_with('\r')) record.remove_suffix(1);
  return record;
}

Result<std::unique_ptr<RecordReader>> RecordReader::Open(storage::Storage& storage, Traffic& traffic, const File& file,
                                                         const Range& range, const RecordEnds& ends) {
  std::unique_ptr<RecordReader> reader(new RecordReader);
  ASSIGN_OR_RETURN(auto encoded, storage.OpenRead(file.path));
  ASSIGN_OR_RETURN(reader->reader_,
                   storage::Decode(std::make_unique<CountedReader>(std::move(encoded), traffic), file.path));
  reader->path_ = file.path;
  reader->ends_ = ends;
  reader->begin_ = range.begin;
  reader->end_ = range.end;
  RETURN_IF_ERROR(reader->SkipFirst());
  return reader;
}

// A record that began before the range is the range before's.
Status RecordReader::SkipFirst() {
  if (begin_ == 0) return Ok();
  offset_ = begin_ - 1;
  ASSIGN_OR_RETURN(const bool more, Fill());
  if (!more) return Ok();
  std::optional<size_t> end;
  while (!(end = EndOfLine(buffer_, file_ended_))) RETURN_IF_ERROR(Fill());
  used_ = *end;
  return Ok();
}

Result<bool> RecordReader::Fill() {
  if (file_ended_) return false;
  buffer_.erase(0, used_);
  used_ = 0;
  const size_t kept = buffer_.size();
  if (kept > kMostRecordBytes) {
    return Error{ErrorKind::kResourceExhausted, fmt::format("{}: one record is longer than 1 GiB", path_)};
  }
  const int64_t left = end_ - offset_;
  const size_t usual = left <= 0                                 ? kTailBytes
                       : left < static_cast<int64_t>(kReadBytes) ? static_cast<size_t>(left) + kTailBytes
                                                                 : kReadBytes;
  const size_t wanted = std::max(usual, kept);  // a long record is read in pieces that grow
  buffer_.resize(kept + wanted);
  auto count = reader_->ReadAt(offset_, std::span(buffer_).subspan(kept));
  if (!count.ok()) return std::move(count).error();
  buffer_.resize(kept + static_cast<size_t>(*count));
  offset_ += *count;
  file_ended_ = static_cast<size_t>(*count) < wanted;
  return *count > 0;
}

Result<std::optional<std::string_view>> RecordReader::Next() {
  const int64_t at = offset_ - static_cast<int64_t>(buffer_.size() - used_);
  if (at >= end_) return std::optional<std::string_view>();
  std::string_view rest = std::string_view(buffer_).substr(used_);
  std::optional<size_t> end;
  while (rest.empty() || !(end = ends_.find(rest, file_ended_))) {
    ASSIGN_OR_RETURN(const bool more, Fill());
    rest = std::string_view(buffer_).substr(used_);
    if (!more && rest.empty()) return std::optional<std::string_view>();
  }
  std::string_view record = rest.substr(0, *end);
  used_ += *end;
  line_ = next_line_;
  const std::string_view text = WithoutBreak(record);
  next_line_ += ends_.spans_lines ? CountBreaks(text) + 1 : 1;
  if (!std::exchange(started_, true) && begin_ == 0) {
    const size_t first = record.find_first_of("\r\n");
    breaks_with_return_ = first != std::string_view::npos && record.substr(first, 2) == "\r\n";
    if (text.starts_with("\xEF\xBB\xBF")) return std::optional(text.substr(3));
  }
  return std::optional(text);
}

}  // namespace tidemill::engine::duckdb::text
