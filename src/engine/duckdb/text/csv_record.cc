#include "engine/duckdb/text/csv_record.h"

#include <algorithm>
#include <cstring>

#include "engine/duckdb/text/record_reader.h"

namespace tidemill::engine::duckdb::text {
namespace {

char FirstOf(const std::string& text) { return text.empty() ? '\0' : text[0]; }
bool IsBlank(char c) { return static_cast<unsigned char>(c) <= ' '; }  // Java's trim

}  // namespace

CsvSplitter::CsvSplitter(const TextOptions& options)
    : delimiter_(options.delimiter),
      quote_(FirstOf(options.quote)),
      escape_(FirstOf(options.escape)),
      comment_(FirstOf(options.comment)) {}

bool CsvSplitter::IsSkipped(std::string_view record) const {
  return (comment_ != '\0' && record.starts_with(comment_)) || std::ranges::all_of(record, IsBlank);
}

const char* CsvSplitter::Split(std::string_view record) {
  fields_.clear();
  unescaped_used_ = 0;
  for (size_t at = 0;;) {
    if (quote_ != '\0' && at < record.size() && record[at] == quote_) {
      if (const char* wrong = SplitQuoted(record, at)) return wrong;
    } else {
      SplitPlain(record, at);
    }
    if (at >= record.size()) return nullptr;
    at += delimiter_.size();
  }
}

void CsvSplitter::SplitPlain(std::string_view record, size_t& at) {
  const size_t end =
      std::min(delimiter_.size() == 1 ? record.find(delimiter_[0], at) : record.find(delimiter_, at), record.size());
  fields_.push_back({record.substr(at, end - at), false});
  at = end;
}

size_t CsvSplitter::ClosingQuote(std::string_view text, size_t from) const {
  for (size_t at = from; at < text.size(); ++at) {
    if (text[at] == escape_ && at + 1 < text.size() && (text[at + 1] == quote_ || text[at + 1] == escape_)) {
      ++at;
    } else if (text[at] == quote_) {
      return at + 1;
    }
  }
  return std::string_view::npos;
}

const char* CsvSplitter::SplitQuoted(std::string_view record, size_t& at) {
  const size_t begin = at + 1;
  const size_t end = ClosingQuote(record, begin);
  if (end == std::string_view::npos) {
    return "a quoted field does not end on its line; set multi_line if fields may hold line breaks";
  }
  size_t after = end;
  while (after < record.size() && !IsDelimiter(record, after) && IsBlank(record[after])) ++after;
  if (after < record.size() && !IsDelimiter(record, after)) {
    return escape_ != quote_ && record[end] == quote_
               ? "a quote inside a quoted field is doubled, not escaped; set escape to the quote character"
               : "a quoted field goes on behind its closing quote";
  }
  fields_.push_back({Unescaped(record.substr(begin, end - 1 - begin)), true});
  at = after;
  return nullptr;
}

std::string_view CsvSplitter::Unescaped(std::string_view text) {
  const bool escapes = escape_ != '\0' && text.find(escape_) != std::string_view::npos;
  if (!escapes && !(normalize_breaks_ && text.find("\r\n") != std::string_view::npos)) return text;
  if (unescaped_used_ == unescaped_.size()) unescaped_.emplace_back();
  std::string& out = unescaped_[unescaped_used_++];
  out.clear();
  for (size_t i = 0; i < text.size(); ++i) {
    const char next = i + 1 < text.size() ? text[i + 1] : '\0';
    const bool escape = text[i] == escape_ && escapes && i + 1 < text.size() && (next == quote_ || next == escape_);
    if (escape || (normalize_breaks_ && text[i] == '\r' && next == '\n')) ++i;
    out += text[i];
  }
  return out;
}

std::optional<size_t> CsvSplitter::EndOfRecord(std::string_view text, bool last) const {
  const std::string_view all = text;
  for (size_t at = 0;;) {
    const size_t line = at;
    const auto end = EndOfLine(all.substr(at), last);
    if (!end) return std::nullopt;
    const size_t line_end = line + *end;
    // A quoted field of this line that is not closed on it takes the next line in.
    while (at < line_end) {
      if (quote_ != '\0' && all[at] == quote_) {
        const size_t closing = ClosingQuote(all, at + 1);
        if (closing == std::string_view::npos) return last ? std::optional(all.size()) : std::nullopt;
        at = closing;
        if (at > line_end) break;
      }
      while (at < line_end && !IsDelimiter(all, at)) ++at;
      if (at < line_end) at += delimiter_.size();
    }
    if (at <= line_end) return line_end;
  }
}

}  // namespace tidemill::engine::duckdb::text
