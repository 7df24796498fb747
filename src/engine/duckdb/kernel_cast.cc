// Casts from and to text, as Spark's ANSI casts read and print.
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <chrono>
#include <cmath>
#include <limits>

#include "engine/duckdb/kernel_vector.h"
#include "engine/duckdb/text_values.h"
#include "plan/value.h"

namespace tidemill::engine::duckdb {

namespace {

// UTF8String.trimAll: white space and control characters at both ends.
std::string_view TrimAll(std::string_view text) {
  auto blank = [](unsigned char c) { return c <= ' ' || c == 0x7f; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

template <bool kTry>
void Malformed(Row& row, std::string_view text, const char* type) {
  if (kTry) return row.Null();
  row.Fail(
      "CAST_INVALID_INPUT", "22018",
      fmt::format("The value '{}' of the type \"STRING\" cannot be cast to \"{}\" because it is malformed. Correct "
                  "the value as per the syntax, or change its target type. Use `try_cast` to tolerate malformed "
                  "input and return NULL instead.",
                  text, type));
}

template <typename T>
constexpr const char* kSqlType = "";
template <>
constexpr const char* kSqlType<int8_t> = "TINYINT";
template <>
constexpr const char* kSqlType<int16_t> = "SMALLINT";
template <>
constexpr const char* kSqlType<int32_t> = "INT";
template <>
constexpr const char* kSqlType<int64_t> = "BIGINT";

template <typename T, bool kTry>
T CastInteger(Row& row, std::string_view text) {
  std::string_view body = TrimAll(text);
  if (body.starts_with('+') && body.size() > 1 && body[1] != '-') body.remove_prefix(1);
  T value = 0;
  auto [end, error] = std::from_chars(body.data(), body.data() + body.size(), value);
  if (body.empty() || error != std::errc() || end != body.data() + body.size()) Malformed<kTry>(row, text, kSqlType<T>);
  return value;
}

// UTF8String.toLong as casts outside ANSI mode use it: digits after a point are read and dropped.
template <typename T>
T CastLenient(Row& row, std::string_view text) {
  std::string_view body = TrimAll(text);
  size_t point = body.find('.');
  std::string_view whole = body.substr(0, point);
  std::string_view fraction = point == body.npos ? std::string_view() : body.substr(point + 1);
  bool digits = std::all_of(fraction.begin(), fraction.end(), [](unsigned char c) { return std::isdigit(c); });
  bool negative = whole.starts_with('-');
  if (negative || whole.starts_with('+')) whole.remove_prefix(1);
  // A sign alone is no number, a point alone is zero.
  if (!digits || (whole.empty() && point == body.npos)) {
    row.Null();
    return 0;
  }
  T value = 0;
  if (whole.empty()) return value;
  std::string signed_text = (negative ? "-" : "") + std::string(whole);
  auto [end, error] = std::from_chars(signed_text.data(), signed_text.data() + signed_text.size(), value);
  if (error != std::errc() || end != signed_text.data() + signed_text.size() ||
      !std::isdigit(static_cast<unsigned char>(whole[0]))) {
    row.Null();
  }
  return value;
}

bool Same(std::string_view a, std::string_view lower) {
  return std::equal(a.begin(), a.end(), lower.begin(), lower.end(),
                    [](unsigned char x, unsigned char y) { return std::tolower(x) == y; });
}

// Java's Double.parseDouble, and Spark's spellings of infinity and NaN.
template <typename T>
std::optional<T> ParseFloating(std::string_view text) {
  bool negative = text.starts_with('-');
  std::string_view body = text;
  if (negative || body.starts_with('+')) body.remove_prefix(1);
  if (Same(body, "inf") || Same(body, "infinity")) {
    return negative ? -std::numeric_limits<T>::infinity() : std::numeric_limits<T>::infinity();
  }
  if (Same(text, "nan")) return std::numeric_limits<T>::quiet_NaN();
  if (!body.empty() && std::string_view("dDfF").find(body.back()) != std::string_view::npos) body.remove_suffix(1);
  if (body.empty() || !(std::isdigit(static_cast<unsigned char>(body[0])) || body[0] == '.')) return std::nullopt;
  T value = 0;
  auto [end, error] = std::from_chars(body.data(), body.data() + body.size(), value);
  if (end != body.data() + body.size()) return std::nullopt;
  if (error == std::errc::result_out_of_range) value = static_cast<T>(std::strtod(std::string(body).c_str(), nullptr));
  return negative ? -value : value;
}

template <typename T, bool kTry>
T CastFloating(Row& row, std::string_view text) {
  auto value = ParseFloating<T>(TrimAll(text));
  if (!value) Malformed<kTry>(row, text, sizeof(T) == 4 ? "FLOAT" : "DOUBLE");
  return value.value_or(0);
}

template <bool kTry>
bool CastBoolean(Row& row, std::string_view text) {
  std::string_view body = TrimAll(text);
  for (const char* yes : {"t", "true", "y", "yes", "1"}) {
    if (Same(body, yes)) return true;
  }
  for (const char* no : {"f", "false", "n", "no", "0"}) {
    if (Same(body, no)) return false;
  }
  Malformed<kTry>(row, text, "BOOLEAN");
  return false;
}

template <bool kTry>
Date CastDate(Row& row, std::string_view text) {
  auto days = ParseDate(TrimAll(text));
  if (!days) Malformed<kTry>(row, text, "DATE");
  return {days.value_or(0)};
}

// A time of today, or a zone by its region's name: Spark reads both, and no table of zones is here.
bool RefusedTime(Row& row, std::string_view text) {
  if (auto what = UnknownTimePart(text)) {
    row.Refuse(*what);
    return true;
  }
  return false;
}

template <bool kTry>
LocalTime CastLocalTime(Row& row, std::string_view text) {
  bool has_zone = false;
  std::string_view body = TrimAll(text);
  auto micros = ParseTimestamp(body, &has_zone);
  // A zone is read and dropped: the time stays as it is written.
  size_t zone = has_zone ? body.find_first_of("+-ZUG ", body.find_first_of("T ") + 1) : body.npos;
  if (zone != body.npos) micros = ParseTimestamp(body.substr(0, zone), &has_zone);
  if (!micros && !RefusedTime(row, body)) Malformed<kTry>(row, text, "TIMESTAMP_NTZ");
  return {micros.value_or(0)};
}

template <bool kTry>
InstantTime CastInstant(Row& row, std::string_view text) {
  bool has_zone = false;
  auto micros = ParseTimestamp(TrimAll(text), &has_zone);
  if (!micros && !RefusedTime(row, TrimAll(text))) Malformed<kTry>(row, text, "TIMESTAMP");
  return {micros.value_or(0)};
}

bool HasZone(Row&, std::string_view text) {
  bool has_zone = false;
  return ParseTimestamp(TrimAll(text), &has_zone) && has_zone;
}

template <bool kTry>
plan::Int128 CastDigits(Row& row, std::string_view text, int32_t precision, int32_t scale) {
  std::string_view body = TrimAll(text);
  auto digits = ParseDecimal(body, precision, scale);
  if (digits) return *digits;
  if (kTry) {
    row.Null();
  } else if (ParseFloating<double>(body) && !body.empty() && std::isfinite(*ParseFloating<double>(body))) {
    row.Fail(
        "NUMERIC_VALUE_OUT_OF_RANGE.WITH_SUGGESTION", "22003",
        fmt::format("The {} cannot be represented as Decimal({}, {}). Use `try_cast`, or a decimal with more digits.",
                    body, precision, scale));
  } else {
    Malformed<kTry>(row, text, fmt::format("DECIMAL({},{})", precision, scale).c_str());
  }
  return 0;
}

std::string TextOfDouble(Row&, double value) { return plan::DoubleToJavaText(value); }
std::string TextOfFloat(Row&, float value) { return plan::FloatToJavaText(value); }
std::string TextOfDate(Row&, Date date) { return plan::DateToText(date.days); }
std::string TextOfTime(Row&, LocalTime time) { return plan::TimestampToText(time.micros); }
float NarrowFloat(Row&, double value) { return static_cast<float>(value); }

int64_t Seconds(Row&, InstantTime time) { return time.micros / 1000000 - (time.micros % 1000000 < 0); }

// Seconds out of range stay at the ends of time, as TimeUnit.toMicros has it.
InstantTime SecondsToInstant(Row&, int64_t seconds) {
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max() / 1000000;
  if (seconds > kMost) return {std::numeric_limits<int64_t>::max()};
  if (seconds < -kMost) return {std::numeric_limits<int64_t>::min()};
  return {seconds * 1000000};
}
// BigDecimal.longValue of a product that keeps 34 digits: the fraction is dropped, and so are the digits beyond 64
// bits.
InstantTime DecimalToInstant(Row&, plan::Int128 digits, int32_t scale) {
  constexpr plan::Int128 kMost = plan::Int128{10'000'000'000'000'000} * 1'000'000'000'000'000'000;  // 34 zeros
  plan::Int128 unit = 1;
  while (digits / unit >= kMost || digits / unit <= -kMost) unit *= 10;
  const plan::Int128 rest = digits % unit * 2, whole = digits / unit;
  const bool up = rest > unit || rest < -unit || (unit > 1 && (rest == unit || rest == -unit) && whole % 2 != 0);
  digits = (whole + (up ? (digits < 0 ? -1 : 1) : 0)) * unit;
  for (; scale > 6; --scale) digits /= 10;
  auto bits = static_cast<unsigned __int128>(digits);
  for (; scale < 6; ++scale) bits *= 10;
  return {static_cast<int64_t>(static_cast<uint64_t>(bits))};
}
// As ANSI mode has it: what has no microsecond of its own fails.
InstantTime DoubleToInstantExactly(Row& row, double seconds) {
  double micros = seconds * 1000000;
  if (!std::isfinite(seconds)) {
    row.Fail(
        "CAST_INVALID_INPUT", "22018",
        "The value " + plan::DoubleToJavaText(seconds) + " of the type \"DOUBLE\" cannot be cast to \"TIMESTAMP\".");
  } else if (micros >= 0x1p63 || micros < -0x1p63) {
    row.Fail("CAST_OVERFLOW", "22003",
             "The value " + plan::DoubleToJavaText(seconds) +
                 " of the type \"DOUBLE\" cannot be cast to \"TIMESTAMP\" due to an overflow. Use `try_cast` to "
                 "tolerate overflow and return NULL instead.");
  } else {
    return {static_cast<int64_t>(micros)};
  }
  return {};
}
InstantTime DoubleToInstant(Row& row, double seconds) {
  if (!std::isfinite(seconds)) row.Null();
  double micros = seconds * 1000000;
  if (micros >= 0x1p63) return {std::numeric_limits<int64_t>::max()};
  return {micros < -0x1p63 ? std::numeric_limits<int64_t>::min() : static_cast<int64_t>(micros)};
}

template <auto Cast, auto Try>
Status Both(duckdb_connection connection, const std::string& name) {
  RETURN_IF_ERROR(RegisterKernel<Cast>(connection, ("tm_cast_" + name).c_str()));
  return RegisterKernel<Try>(connection, ("tm_try_" + name).c_str());
}

// raise_error and assert_true: the user's own message.
std::string Raise(Row& row, std::string_view message) {
  row.Fail("USER_RAISED_EXCEPTION", "P0001", message);
  return "";
}

std::string RaiseClass(Row& row, std::string_view error_class, std::string_view sqlstate, std::string_view message) {
  row.Fail(error_class, sqlstate, message);
  return "";
}

}  // namespace

Status RegisterCastKernels(duckdb_connection connection) {
  RETURN_IF_ERROR((Both<CastInteger<int8_t, false>, CastInteger<int8_t, true>>(connection, "tinyint")));
  RETURN_IF_ERROR((Both<CastInteger<int16_t, false>, CastInteger<int16_t, true>>(connection, "smallint")));
  RETURN_IF_ERROR((Both<CastInteger<int32_t, false>, CastInteger<int32_t, true>>(connection, "int")));
  RETURN_IF_ERROR((Both<CastInteger<int64_t, false>, CastInteger<int64_t, true>>(connection, "bigint")));
  RETURN_IF_ERROR((Both<CastFloating<float, false>, CastFloating<float, true>>(connection, "float")));
  RETURN_IF_ERROR((Both<CastFloating<double, false>, CastFloating<double, true>>(connection, "double")));
  RETURN_IF_ERROR((Both<CastBoolean<false>, CastBoolean<true>>(connection, "boolean")));
  RETURN_IF_ERROR((Both<CastDate<false>, CastDate<true>>(connection, "date")));
  RETURN_IF_ERROR((Both<CastLocalTime<false>, CastLocalTime<true>>(connection, "timestamp_ntz")));
  RETURN_IF_ERROR((Both<CastInstant<false>, CastInstant<true>>(connection, "timestamp")));
  RETURN_IF_ERROR((Both<CastDigits<false>, CastDigits<true>>(connection, "digits")));
  RETURN_IF_ERROR(RegisterKernel<CastLenient<int8_t>>(connection, "tm_lenient_tinyint"));
  RETURN_IF_ERROR(RegisterKernel<CastLenient<int16_t>>(connection, "tm_lenient_smallint"));
  RETURN_IF_ERROR(RegisterKernel<CastLenient<int32_t>>(connection, "tm_lenient_integer"));
  RETURN_IF_ERROR(RegisterKernel<CastLenient<int64_t>>(connection, "tm_lenient_bigint"));
  RETURN_IF_ERROR(RegisterKernel<SecondsToInstant>(connection, "tm_from_seconds"));
  RETURN_IF_ERROR(RegisterKernel<DoubleToInstant>(connection, "tm_from_double_seconds"));
  RETURN_IF_ERROR(RegisterKernel<DoubleToInstantExactly>(connection, "tm_exactly_from_double_seconds"));
  RETURN_IF_ERROR(RegisterKernel<DecimalToInstant>(connection, "tm_from_decimal_seconds"));
  RETURN_IF_ERROR(RegisterKernel<HasZone>(connection, "tm_has_zone"));
  RETURN_IF_ERROR(RegisterKernel<TextOfDouble>(connection, "tm_text_double"));
  RETURN_IF_ERROR(RegisterKernel<TextOfFloat>(connection, "tm_text_float"));
  RETURN_IF_ERROR(RegisterKernel<TextOfDate>(connection, "tm_text_of_date"));
  RETURN_IF_ERROR(RegisterKernel<TextOfTime>(connection, "tm_text_of_time"));
  RETURN_IF_ERROR(RegisterKernel<NarrowFloat>(connection, "tm_narrow"));
  RETURN_IF_ERROR(RegisterKernel<Seconds>(connection, "tm_seconds"));
  RETURN_IF_ERROR(RegisterKernel<Raise>(connection, "tm_raise"));
  return RegisterKernel<RaiseClass>(connection, "tm_raise_class");
}

}  // namespace tidemill::engine::duckdb
