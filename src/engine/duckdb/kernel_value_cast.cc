// Casts of nested values and of intervals, from and to text.
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdlib>
#include <optional>

#include "base/lower.h"
#include "engine/duckdb/kernel_value.h"
#include "sql/interval_literal.h"
#include "sql/literal.h"
#include "sql/literal_text.h"

namespace tidemill::engine::duckdb {

using plan::DataType;
using plan::Int128;
using plan::TypeId;
using plan::Value;

namespace {

constexpr int64_t kMicrosPerSecond = 1000000;

// BigDecimal.toString: an exponent where the number is small.
std::string DecimalText(Int128 digits, int scale, bool plain) {
  std::string text = plan::Int128ToString(digits < 0 ? -digits : digits);
  int exponent = static_cast<int>(text.size()) - 1 - scale;
  std::string sign = digits < 0 ? "-" : "";
  if (!plain && scale > 0 && exponent < -6) {
    return sign + text[0] + (text.size() > 1 ? "." + text.substr(1) : "") + "E" + std::to_string(exponent);
  }
  if (scale > 0) {
    if (static_cast<int>(text.size()) <= scale) text.insert(0, scale + 1 - text.size(), '0');
    text.insert(text.size() - scale, ".");
  }
  return sign + text;
}

// CAST(x AS STRING). Instants come as local times.
std::string CastText(const Value& value, const DataType& type, bool ansi) {
  if (value.is_null()) return "null";
  switch (type.id()) {
    case TypeId::kDecimal:
      return DecimalText(std::get<Int128>(value.data), type.scale(), ansi);
    case TypeId::kYearMonthInterval:
    case TypeId::kDayTimeInterval:
      return sql::LiteralText({value, type});
    case TypeId::kArray:
    case TypeId::kStruct: {
      std::string text;
      const auto& children = *std::get<Value::Children>(value.data);
      for (size_t i = 0; i < children.size(); ++i) {
        text += i ? ", " : "";
        text += CastText(children[i], type.is(TypeId::kArray) ? type.element() : type.fields()[i].type, ansi);
      }
      return type.is(TypeId::kArray) ? "[" + text + "]" : "{" + text + "}";
    }
    case TypeId::kMap: {
      std::string text;
      const auto& children = *std::get<Value::Children>(value.data);
      for (size_t i = 0; i + 1 < children.size(); i += 2) {
        text += (i ? ", " : "") + CastText(children[i], type.key(), ansi) + " -> " +
                CastText(children[i + 1], type.value(), ansi);
      }
      return "{" + text + "}";
    }
    default:
      return plan::ToSparkText(value, type);
  }
}

Value CastToText(Row&, const ValueCall& call) { return {CastText(call.args[0], call.types[0], true)}; }
Value CastToTextLegacy(Row&, const ValueCall& call) { return {CastText(call.args[0], call.types[0], false)}; }

std::string_view Trimmed(std::string_view text) {
  auto blank = [](unsigned char c) { return c <= ' ' || c == 0x7f; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

constexpr const char* kFieldNames[] = {"year", "month", "day", "hour", "minute", "second"};

std::string FieldsText(const DataType& type) {
  std::string from = kFieldNames[static_cast<int>(type.from())], to = kFieldNames[static_cast<int>(type.to())];
  return from == to ? from : from + " to " + to;
}

// The text between the quotes of `INTERVAL '...' <fields>`, with the sign before them; the text itself otherwise.
// Nothing for an interval of other fields.
std::optional<std::string> BareInterval(std::string_view text, const DataType& type) {
  std::string body(Trimmed(text));
  std::string lower = LowerAscii(body);
  if (!lower.starts_with("interval")) return body;
  size_t open = body.find('\''), close = body.rfind('\'');
  if (open == std::string::npos || close == open) return std::nullopt;
  std::string sign(Trimmed(body.substr(8, open - 8)));
  if (sign != "" && sign != "-" && sign != "+") return std::nullopt;
  if (Trimmed(lower.substr(close + 1)) != FieldsText(type)) return std::nullopt;
  std::string inside = body.substr(open + 1, close - open - 1);
  if (sign == "-" && inside.starts_with('-')) return inside.substr(1);
  return sign == "-" ? "-" + inside : inside;
}

std::optional<Value> ParseAnsiInterval(std::string_view text, const DataType& type) {
  auto bare = BareInterval(text, type);
  if (!bare) return std::nullopt;
  std::string from = kFieldNames[static_cast<int>(type.from())], to = kFieldNames[static_cast<int>(type.to())];
  auto parsed = from == to ? sql::IntervalFromTerms({{*bare, from}}) : sql::IntervalFromRange(*bare, from, to);
  return parsed.ok() ? std::optional(parsed->value) : std::nullopt;
}

Value TextToInterval(Row& row, const ValueCall& call) {
  if (auto value = ParseAnsiInterval(call.text(0), call.result)) return *value;
  row.Fail("INVALID_INTERVAL_FORMAT.UNMATCHED_FORMAT_STRING_WITH_NOTICE", "22006",
           "Error parsing '" + call.text(0) + "' to interval. Please ensure that the value provided is in a valid " +
               "format for defining an interval.");
  return {};
}

// ---- Calendar intervals: "interval 3 month 1 hour" ----

struct CalendarReader {
  std::string_view rest;

  void SkipBlanks() {
    while (!rest.empty() && static_cast<unsigned char>(rest.front()) <= ' ') rest.remove_prefix(1);
  }
  std::string Word() {
    size_t size = 0;
    while (size < rest.size() && std::isalpha(static_cast<unsigned char>(rest[size]))) ++size;
    std::string word = LowerAscii(rest.substr(0, size));
    rest.remove_prefix(size);
    return word;
  }
  std::string Digits() {
    size_t size = 0;
    while (size < rest.size() && std::isdigit(static_cast<unsigned char>(rest[size]))) ++size;
    std::string digits(rest.substr(0, size));
    rest.remove_prefix(size);
    return digits;
  }
};

struct CalendarSum {
  Int128 months = 0, days = 0, micros = 0;
  bool Add(std::string unit, Int128 n) {
    if (unit.ends_with('s')) unit.pop_back();
    if (unit == "year")
      months += n * 12;
    else if (unit == "month")
      months += n;
    else if (unit == "week")
      days += n * 7;
    else if (unit == "day")
      days += n;
    else if (unit == "hour")
      micros += n * 3600 * kMicrosPerSecond;
    else if (unit == "minute")
      micros += n * 60 * kMicrosPerSecond;
    else if (unit == "second")
      micros += n * kMicrosPerSecond;
    else if (unit == "millisecond")
      micros += n * 1000;
    else if (unit == "microsecond")
      micros += n;
    else
      return false;
    return true;
  }
  std::optional<Value> Finish() const {
    auto fits = [](Int128 v, Int128 most) { return v <= most && v >= -most - 1; };
    if (!fits(months, INT32_MAX) || !fits(days, INT32_MAX) || !fits(micros, INT64_MAX)) return std::nullopt;
    return Value{
        plan::IntervalParts{static_cast<int32_t>(months), static_cast<int32_t>(days), static_cast<int64_t>(micros)}};
  }
};

std::optional<Value> ParseCalendar(std::string_view text) {
  CalendarReader reader{Trimmed(text)};
  if (LowerAscii(reader.rest).starts_with("interval")) reader.rest.remove_prefix(8);
  CalendarSum sum;
  bool any = false;
  for (reader.SkipBlanks(); !reader.rest.empty(); reader.SkipBlanks(), any = true) {
    bool negative = reader.rest.front() == '-';
    if (negative || reader.rest.front() == '+') reader.rest.remove_prefix(1);
    reader.SkipBlanks();
    std::string whole = reader.Digits(), fraction;
    bool point = reader.rest.starts_with('.');
    if (point) {
      reader.rest.remove_prefix(1);
      fraction = reader.Digits();
    }
    if ((whole.empty() && fraction.empty()) || whole.size() > 18 || fraction.size() > 9) return std::nullopt;
    size_t before = reader.rest.size();
    reader.SkipBlanks();
    if (reader.rest.size() == before) return std::nullopt;
    std::string unit = reader.Word();
    if (point && unit != "second" && unit != "seconds") return std::nullopt;
    Int128 n = whole.empty() ? 0 : std::stoll(whole);
    if (!sum.Add(unit, negative ? -n : n)) return std::nullopt;
    fraction.resize(6, '0');
    Int128 micros = point ? std::stoll(fraction) : 0;
    sum.micros += negative ? -micros : micros;
  }
  return any ? sum.Finish() : std::nullopt;
}

Value TextToCalendar(Row&, const ValueCall& call) { return ParseCalendar(call.text(0)).value_or(Value{}); }

// end - start as whole months and the days left, as java.time.Period has it.
Value DatePeriod(Row&, const ValueCall& call) {
  auto end = sql::CivilFromDays(call.number(0)), start = sql::CivilFromDays(call.number(1));
  int64_t months = (end.year * 12 + end.month) - (start.year * 12 + start.month);
  int64_t days = end.day - start.day;
  if (months > 0 && days < 0) {
    --months;
    int64_t moved = start.year * 12 + (start.month - 1) + months;
    int64_t year = moved >= 0 ? moved / 12 : (moved - 11) / 12;
    int month = static_cast<int>(moved - year * 12) + 1;
    int64_t first = sql::DaysFromCivil(year, month, 1);
    int64_t next = month == 12 ? sql::DaysFromCivil(year + 1, 1, 1) : sql::DaysFromCivil(year, month + 1, 1);
    int64_t day = std::min<int64_t>(start.day, next - first);
    days = call.number(0) - (first + day - 1);
  } else if (months < 0 && days > 0) {
    ++months;
    int64_t next =
        end.month == 12 ? sql::DaysFromCivil(end.year + 1, 1, 1) : sql::DaysFromCivil(end.year, end.month + 1, 1);
    days -= next - sql::DaysFromCivil(end.year, end.month, 1);
  }
  return {plan::IntervalParts{static_cast<int32_t>(months), static_cast<int32_t>(days), 0}};
}

}  // namespace

std::span<const ValueRow> CastValues() {
  static constexpr ValueRow kRows[] = {{"cast_text", CastToText},
                                       {"cast_text_legacy", CastToTextLegacy},
                                       {"text_to_interval", TextToInterval},
                                       {"text_to_calendar", TextToCalendar},
                                       {"$date_period", DatePeriod}};
  return kRows;
}

}  // namespace tidemill::engine::duckdb
