// record_reader.h: text files as records: lines, or records that may span lines. A plain file is cut into ranges which
// threads read side by side; a compressed one, and one whose records span lines, is one range.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "engine/duckdb/filesystem.h"
#include "engine/engine.h"
#include "storage/storage.h"

namespace tidemill::engine::duckdb::text {

// The records that begin in the bytes [begin, end) of a file.
struct Range {
  size_t file = 0;  // index into the source's files
  int64_t begin = 0;
  int64_t end = 0;
};

inline constexpr int64_t kPieceBytes = int64_t{16} << 20;
// `whole`: no file is cut. `piece_bytes` > 0.
std::vector<Range> CutIntoRanges(const std::vector<File>& files, bool whole, int64_t piece_bytes = kPieceBytes);

// Where the record at the front of `text` ends, its line break included; nothing: not within `text`. `last` says that
// the file ends with `text`.
struct RecordEnds {
  std::function<std::optional<size_t>(std::string_view text, bool last)> find;
  bool spans_lines = false;
};
// A line ends at \n, \r\n or \r (Hadoop's LineRecordReader).
std::optional<size_t> EndOfLine(std::string_view text, bool last);
// A record that is the whole file.
std::optional<size_t> EndOfFile(std::string_view text, bool last);
// The record without the line break at its end.
std::string_view WithoutBreak(std::string_view record);

// One range, front to back. Not thread-safe.
class RecordReader {
 public:
  static Result<std::unique_ptr<RecordReader>> Open(storage::Storage& storage, Traffic& traffic, const File& file,
                                                    const Range& range, const RecordEnds& ends);

  // The next record, without its line break; none at the end. Good until the next call. Records over 1 GiB are
  // kResourceExhausted.
  Result<std::optional<std::string_view>> Next();
  // The line in the range at which the last record began, from 0.
  int64_t line() const { return line_; }
  // Lines begun in the range so far.
  int64_t lines() const { return next_line_; }
  // Whether the first line of a file that is read from its start ends with \r\n. Known after the first Next.
  bool breaks_with_return() const { return breaks_with_return_; }

 private:
  RecordReader() = default;
  // More bytes behind those that are there; false at the end of the file.
  Result<bool> Fill();
  Status SkipFirst();

  std::unique_ptr<storage::Reader> reader_;
  std::string path_;
  RecordEnds ends_;
  std::string buffer_;
  size_t used_ = 0;     // of the buffer
  int64_t offset_ = 0;  // in the file, of the buffer's end
  int64_t begin_ = 0;
  int64_t end_ = 0;
  bool file_ended_ = false;
  bool started_ = false;
  bool breaks_with_return_ = false;
  int64_t line_ = 0;
  int64_t next_line_ = 0;
};

}  // namespace tidemill::engine::duckdb::text
