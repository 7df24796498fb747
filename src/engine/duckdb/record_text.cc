#include "engine/duckdb/record_text.h"

#include "base/lower.h"

#include <algorithm>
#include <cctype>

#include "engine/duckdb/kernel_pattern.h"
#include "engine/duckdb/text_values.h"

namespace tidemill::engine::duckdb {

using plan::DataType;
using plan::TypeId;
using plan::Value;

namespace {

constexpr int64_t kMicrosPerDay = 86400000000;

std::string Rule(const TextRules& rules, const char* name) {
  const auto found = rules.find(name);
  return found == rules.end() ? "" : found->second;
}

Value DayOf(int64_t micros) {
  return {micros >= 0 ? micros / kMicrosPerDay : -((-micros + kMicrosPerDay - 1) / kMicrosPerDay)};
}

// An error of the pattern itself refuses or fails the row.
bool Fails(Row& row, const Error& error) {
  if (error.kind == ErrorKind::kUnimplemented) {
    row.Refuse("this date pattern");
  } else {
    row.Fail(error.error_class, error.sqlstate, error.message);
  }
  return true;
}

}  // namespace

TextRules RulesOf(const ValueCall& call, size_t index) {
  TextRules rules;
  const auto& entries = call.children(index);
  for (size_t i = 0; i + 1 < entries.size(); i += 2) {
    rules[std::get<std::string>(entries[i].data)] = std::get<std::string>(entries[i + 1].data);
  }
  return rules;
}

std::optional<Value> ReadTime(Row& row, const ValueCall& call, std::string_view text, const DataType& type,
                              const TextRules& rules, bool strict_dates) {
  const bool date = type.is(TypeId::kDate), ntz = type.is(TypeId::kTimestampNtz);
  std::string format = ntz ? "" : Rule(rules, date ? "dateformat" : "timestampformat");
  if (format.empty() && date && strict_dates) format = "yyyy-MM-dd";
  if (!format.empty()) {
    auto pattern = DatetimePattern::ReadLocal(format);
    if (!pattern.ok() && Fails(row, pattern.error())) return std::nullopt;
    auto micros = pattern->Parse(text);
    if (!micros) return std::nullopt;
    return date ? DayOf(*micros) : Value{*micros};
  }
  if (date) {
    auto days = ParseDate(text);
    return days ? std::optional(Value{int64_t{*days}}) : std::nullopt;
  }
  bool has_zone = false;
  auto micros = ParseTimestamp(text, &has_zone);
  if (const auto part = micros ? std::nullopt : UnknownTimePart(text)) row.Refuse(*part);
  if (!micros || (ntz && has_zone)) return std::nullopt;
  const bool local = !ntz && !call.result.SameType(call.types.back());
  if (has_zone && local) row.Refuse("a time with a zone of its own, under a session zone other than UTC,");
  return Value{*micros};
}

std::string WriteTime(Row& row, const Value& value, const Value& local, const DataType& type,
                      const std::string& date_format, const std::string& timestamp_format) {
  const bool date = type.is(TypeId::kDate);
  const std::string format = type.is(TypeId::kTimestampNtz) ? "" : date ? date_format : timestamp_format;
  if (!format.empty()) {
    auto pattern = DatetimePattern::Read(format, DatetimePattern::Use::kFormat);
    if (!pattern.ok() && Fails(row, pattern.error())) return "";
    if (pattern->has_zone()) {
      row.Refuse("a date pattern with a zone here");
      return "";
    }
    const int64_t micros = std::get<int64_t>(local.data) * (date ? kMicrosPerDay : 1);
    auto text = pattern->Format({micros});
    if (!text) row.Refuse("this date pattern");
    return text.value_or("");
  }
  if (date) return plan::DateToText(std::get<int64_t>(value.data));
  if (type.is(TypeId::kTimestampNtz)) return TimeField(std::get<int64_t>(value.data));
  return InstantField(std::get<int64_t>(value.data), std::get<int64_t>(local.data));
}

Value Settled(Row& row, const Value& record, bool bad, const std::string& text, const DataType& type,
              const TextRules& rules) {
  if (!bad) return record;
  std::string mode = LowerAscii(Rule(rules, "mode"));
  if (mode == "failfast") {
    row.Fail("MALFORMED_RECORD_IN_PARSING.WITHOUT_SUGGESTION", "22023",
             "Malformed records are detected in record parsing: " + text +
                 ". Parse Mode: FAILFAST. To process malformed records as null result, try setting the option 'mode' " +
                 "as 'PERMISSIVE'.");
    return {};
  }
  const auto& fields = type.fields();
  auto values = record.is_null() ? std::vector<Value>(fields.size()) : *std::get<Value::Children>(record.data);
  for (size_t i = 0; i < fields.size(); ++i) {
    if (fields[i].name == "_corrupt_record" && fields[i].type.is(TypeId::kString)) values[i] = {text};
  }
  return ChildrenValue(std::move(values));
}

}  // namespace tidemill::engine::duckdb
