// to_csv: a row as Spark's CSV writer (UnivocityGenerator over univocity's CsvWriter) writes it.
#include <algorithm>
#include <limits>
#include <optional>

#include "engine/duckdb/kernel_value.h"
#include "engine/duckdb/record_text.h"
#include "engine/duckdb/text/csv_record.h"
#include "engine/duckdb/text_values.h"
#include "sql/literal_text.h"

namespace tidemill::engine::duckdb {

using plan::DataType;
using plan::TypeId;
using plan::Value;

namespace {

struct Formats {
  const std::string& date;  // empty: Spark's own
  const std::string& timestamp;
};

// `local` is the value with its instants as local times.
std::string FieldText(Row& row, const Value& value, const Value& local, const DataType& type, const Formats& formats) {
  if (type.is_datetime()) return WriteTime(row, value, local, type, formats.date, formats.timestamp);
  switch (type.id()) {
    case TypeId::kString:
      return std::get<std::string>(value.data);
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

// (struct, the same with local times, separator, quote, escape, text of NULL, date format, timestamp format)
Value ToCsv(Row& row, const ValueCall& call) {
  const Style style{call.text(2)[0], call.text(3)[0], call.text(4)[0]};
  const Formats formats{call.text(6), call.text(7)};
  const auto &values = call.children(0), &locals = call.children(1);
  const auto& fields = call.types[0].fields();
  std::string line;
  for (size_t i = 0; i < values.size(); ++i) {
    if (i > 0) line += style.separator;
    line += values[i].is_null() ? call.text(5)
                                : Field(FieldText(row, values[i], locals[i], fields[i].type, formats), style, i == 0);
  }
  return {std::move(line)};
}

// ---- from_csv ----

std::optional<Value> ReadField(Row& row, const ValueCall& call, std::string_view text, const DataType& type,
                               const TextRules& rules) {
  auto value = [](const auto& parsed) { return parsed ? std::optional(Value{*parsed}) : std::nullopt; };
  auto whole = [&](auto least) {
    using T = decltype(least);
    return value(ParseInteger(WithAsciiDigits(text), std::numeric_limits<T>::min(), std::numeric_limits<T>::max()));
  };
  switch (type.id()) {
    case TypeId::kByte:
      return whole(int8_t{});
    case TypeId::kShort:
      return whole(int16_t{});
    case TypeId::kInt:
      return whole(int32_t{});
    case TypeId::kLong:
      return whole(int64_t{});
    case TypeId::kFloat: {
      auto parsed = ParseFloat(text);
      return parsed ? std::optional(Value{static_cast<double>(*parsed)}) : std::nullopt;
    }
    case TypeId::kDouble:
      return value(ParseDouble(text));
    case TypeId::kBoolean:
      return value(ParseBoolean(text));
    case TypeId::kDecimal:
      return value(ParseDecimal(WithAsciiDigits(text), type.precision(), type.scale()));
    case TypeId::kDate:
    case TypeId::kTimestamp:
    case TypeId::kTimestampNtz:
      return ReadTime(row, call, text, type, rules, false);
    case TypeId::kString:
    case TypeId::kBinary:
      return Value{std::string(text)};
    default:
      return std::nullopt;
  }
}

TextOptions SplitterOptions(const TextRules& rules) {
  TextOptions options;
  auto take = [&](const char* name, std::string& to) {
    if (auto found = rules.find(name); found != rules.end()) to = found->second;
  };
  take("sep", options.delimiter);
  take("delimiter", options.delimiter);
  take("quote", options.quote);
  take("escape", options.escape);
  take("nullvalue", options.null_text);
  return options;
}

// (text, options, NULL of the type with its instants)
Value FromCsv(Row& row, const ValueCall& call) {
  if (call.null(0)) return {};
  const auto rules = RulesOf(call, 1);
  const std::string& text = call.text(0);
  const auto& fields = call.types[2].fields();
  if (text.empty()) return Settled(row, {}, true, text, call.types[2], rules);
  const TextOptions options = SplitterOptions(rules);
  text::CsvSplitter splitter(options);
  if (splitter.Split(text)) {
    row.Refuse("a CSV field with quotes that are not escaped");
    return {};
  }
  std::vector<Value> values(fields.size());
  size_t at = 0;
  bool bad = false;
  for (size_t i = 0; i < fields.size(); ++i) {
    if (fields[i].name == "_corrupt_record") continue;
    if (at == splitter.fields().size()) {
      bad = true;
      break;
    }
    const auto& field = splitter.fields()[at++];
    if (field.text == options.null_text || (field.text.empty() && !field.quoted)) continue;
    auto value = ReadField(row, call, field.text, fields[i].type, rules);
    bad = bad || !value;
    values[i] = value.value_or(Value{});
  }
  bad = bad || at < splitter.fields().size();
  if (row.failed()) return {};
  return Settled(row, ChildrenValue(std::move(values)), bad, text, call.types[2], rules);
}

}  // namespace

static Value BinaryAsText(Row&, const ValueCall& call) {
  const auto style = plan::BinaryStyleNamed(call.text(1));
  return {plan::BinaryText(call.text(0), style.value_or(plan::BinaryStyle::kUtf8))};
}

std::span<const ValueRow> CsvValues() {
  static constexpr ValueRow kRows[] = {
      {"binary_text", BinaryAsText}, {"to_csv", ToCsv}, {"from_csv", FromCsv, ValueRow::Nulls::kSees}};
  return kRows;
}

}  // namespace tidemill::engine::duckdb
