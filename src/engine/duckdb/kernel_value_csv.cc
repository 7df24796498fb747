// to_csv: a row as Spark's CSV writer (UnivocityGenerator over univocity's CsvWriter) writes it.
#include <algorithm>

#include "engine/duckdb/kernel_value.h"
#include "engine/duckdb/text_values.h"
#include "sql/literal_text.h"

namespace tidemill::engine::duckdb {

using plan::DataType;
using plan::TypeId;
using plan::Value;

namespace {

// `local` is the value with its instants as local times.
std::string FieldText(const Value& value, const Value& local, const DataType& type) {
  switch (type.id()) {
    case TypeId::kString:
      return std::get<std::string>(value.data);
    case TypeId::kTimestamp:
      return InstantField(std::get<int64_t>(value.data), std::get<int64_t>(local.data));
    case TypeId::kTimestampNtz:
      return TimeField(std::get<int64_t>(value.data));
    case TypeId::kDecimal:
    case TypeId::kYearMonthInterval:
    case TypeId::kDayTimeInterval:
      return sql::LiteralText({value, type});
    case TypeId::kBinary: {
      constexpr char kDigits[] = "0123456789ABCDEF";
      std::string text = "[";
      for (const unsigned char c : std::get<std::string>(value.data)) {
        if (text.size() > 1) text += ' ';
        text += kDigits[c >> 4];
        text += kDigits[c & 15];
      }
      return text + "]";
    }
    default:
      return plan::ToSparkText(value, type);
  }
}

// Space and control characters go at both ends, inside quotes too.
std::string_view Trimmed(std::string_view text) {
  const auto blank = [](char c) { return c > 1 && c <= ' '; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

struct Style {
  char separator;
  char quote;
  char escape;
};

std::string Quoted(std::string_view text, const Style& style) {
  std::string quoted(1, style.quote);
  for (const char c : text) {
    if (c == style.quote || c == style.escape) quoted += style.escape;
    quoted += c;
  }
  return quoted + style.quote;
}

std::string Field(std::string_view text, const Style& style, bool first) {
  constexpr char kComment = '#';  // the writer's default: a first field that begins so would be read as a comment
  const std::string_view trimmed = Trimmed(text);
  if (trimmed.empty()) return "\"\"";
  // What is trimmed at the end counts here, what is trimmed at the beginning does not.
  const std::string_view seen = text.substr(static_cast<size_t>(trimmed.data() - text.data()));
  const bool special =
      std::ranges::any_of(seen, [&](char c) { return c == style.separator || c == style.quote || c == '\n'; });
  return special || (first && text[0] == kComment) ? Quoted(trimmed, style) : std::string(trimmed);
}

// (struct, the same with local times, separator, quote, escape, text of NULL)
Value ToCsv(Row&, const ValueCall& call) {
  const Style style{call.text(2)[0], call.text(3)[0], call.text(4)[0]};
  const auto &values = call.children(0), &locals = call.children(1);
  const auto& fields = call.types[0].fields();
  std::string line;
  for (size_t i = 0; i < values.size(); ++i) {
    if (i > 0) line += style.separator;
    line += values[i].is_null() ? call.text(5) : Field(FieldText(values[i], locals[i], fields[i].type), style, i == 0);
  }
  return {std::move(line)};
}

}  // namespace

std::span<const ValueRow> CsvValues() {
  static constexpr ValueRow kRows[] = {{"to_csv", ToCsv}};
  return kRows;
}

}  // namespace tidemill::engine::duckdb
