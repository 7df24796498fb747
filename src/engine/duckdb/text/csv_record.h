// csv_record.h: one CSV record as its fields, by the rules of Spark's reader (univocity with Spark's settings): an
// unquoted field is taken as it stands; in a quoted one the escape character stands before a quote or itself, and
// nothing else; blanks between a closing quote and the delimiter are dropped. What univocity guesses at (a quote that
// is neither escaped nor the last of its field, one that is not closed) is malformed here.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/engine.h"

namespace tidemill::engine::duckdb::text {

struct CsvField {
  std::string_view text;  // points into the record, or into the splitter
  bool quoted = false;
};

// Not thread-safe.
class CsvSplitter {
 public:
  explicit CsvSplitter(const TextOptions& options);

  // Whether \r\n inside a quoted field becomes \n, as in files whose lines end with it.
  void NormalizeBreaks(bool on) { normalize_breaks_ = on; }
  // Splits `record` (without its line break) into `fields()`. Gives what is wrong with it, or null.
  const char* Split(std::string_view record);
  // Good until the next Split.
  const std::vector<CsvField>& fields() const { return fields_; }

  // Nothing but blanks, or a comment: no row.
  bool IsSkipped(std::string_view record) const;
  // As RecordEnds::find, for records whose quoted fields may hold line breaks.
  std::optional<size_t> EndOfRecord(std::string_view text, bool last) const;

 private:
  // The position behind the field's closing quote; npos: there is none.
  size_t ClosingQuote(std::string_view text, size_t from) const;
  const char* SplitQuoted(std::string_view record, size_t& at);
  void SplitPlain(std::string_view record, size_t& at);
  std::string_view Unescaped(std::string_view text);
  bool IsDelimiter(std::string_view text, size_t at) const {
    return text[at] == delimiter_[0] &&
           (delimiter_.size() == 1 || text.compare(at, delimiter_.size(), delimiter_) == 0);
  }

  std::string delimiter_;
  char quote_ = '\0';  // none: no field is quoted
  char escape_ = '\0';
  char comment_ = '\0';
  bool normalize_breaks_ = false;
  std::vector<CsvField> fields_;
  std::deque<std::string> unescaped_;  // texts that do not stand in the record; a deque's elements stay where they are
  size_t unescaped_used_ = 0;
};

}  // namespace tidemill::engine::duckdb::text
