#include "sql/literal.h"

#include "base/lower.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>

#include "base/utf8.h"

namespace tidemill::sql {
namespace {

using plan::Int128;
using plan::TypeId;
using plan::Value;

constexpr int kMaxPrecision = 38;
constexpr int64_t kMicrosPerSecond = 1'000'000;
constexpr int64_t kMicrosPerDay = 86'400 * kMicrosPerSecond;

Error LiteralError(std::string error_class, std::string sqlstate, std::string message) {
  Error error = InvalidArgument(std::move(message));
  error.error_class = std::move(error_class);
  error.sqlstate = std::move(sqlstate);
  return error;
}

// ---- strings ----------------------------------------------------------------------------------------------------

// The `digits` hexadecimal digits at the head of `text`, or nothing.
std::optional<uint32_t> HexCode(std::string_view text, size_t digits) {
  if (text.size() < digits) return std::nullopt;
  uint32_t code = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + digits, code, 16);
  if (error != std::errc() || end != text.data() + digits) return std::nullopt;
  return code;
}

// Reads \uXXXX (two of them for a pair of surrogates) or \UXXXXXXXX at the head of `text`; 0 when it is neither.
size_t AppendUnicodeEscape(std::string_view text, std::string* out) {
  const size_t digits = text.starts_with("\\u") ? 4 : text.starts_with("\\U") ? 8 : 0;
  if (digits == 0) return 0;
  const auto code = HexCode(text.substr(2), digits);
  if (!code || *code > 0x10FFFF) return 0;
  size_t length = 2 + digits;
  uint32_t point = *code;
  if (point >= 0xD800 && point < 0xDC00 && text.substr(length).starts_with("\\u")) {
    const auto low = HexCode(text.substr(length + 2), 4);
    if (low && *low >= 0xDC00 && *low < 0xE000) {
      point = 0x10000 + ((point - 0xD800) << 10) + (*low - 0xDC00);
      length += 6;
    }
  }
  if (point >= 0xD800 && point < 0xE000) point = '?';  // half a pair is no character
  AppendUtf8(*out, point);
  return length;
}

// Reads \ooo with a first digit of 0 or 1; 0 when there is none.
size_t AppendOctalEscape(std::string_view text, std::string* out) {
  const auto octal = [&](size_t i, char most) { return i < text.size() && text[i] >= '0' && text[i] <= most; };
  if (!octal(1, '1') || !octal(2, '7') || !octal(3, '7')) return 0;
  AppendUtf8(*out, static_cast<uint32_t>((text[1] - '0') * 64 + (text[2] - '0') * 8 + (text[3] - '0')));
  return 4;
}

// `text` starts with a backslash that another character follows.
size_t AppendEscape(std::string_view text, std::string* out) {
  if (const size_t length = AppendUnicodeEscape(text, out)) return length;
  if (const size_t length = AppendOctalEscape(text, out)) return length;
  switch (text[1]) {
    case '0':
      out->push_back('\0');
      break;
    case 'b':
      out->push_back('\b');
      break;
    case 'n':
      out->push_back('\n');
      break;
    case 'r':
      out->push_back('\r');
      break;
    case 't':
      out->push_back('\t');
      break;
    case 'Z':
      out->push_back('\x1A');
      break;
    case '%':
    case '_':
      out->push_back('\\');
      out->push_back(text[1]);
      break;
    default:
      out->push_back(text[1]);
  }
  return 2;
}

// ---- numbers ----------------------------------------------------------------------------------------------------

plan::Literal IntegralLiteral(int64_t value, TypeId type) { return {Value{value}, type}; }

Error RangeError(std::string_view text, bool negative, std::string_view type, std::string_view low,
                 std::string_view high) {
  Error error = LiteralError(
      "INVALID_NUMERIC_LITERAL_RANGE", "22003",
      fmt::format("Numeric literal {}{} is outside the valid range for {} with minimum value of {} and maximum value "
                  "of {}. Please adjust the value accordingly.",
                  negative ? "-" : "", text, type, low, high));
  error.params = {{"rawStrippedQualifier", std::string(negative ? "-" : "") + std::string(text)},
                  {"typeName", std::string(type)},
                  {"minValue", std::string(low)},
                  {"maxValue", std::string(high)}};
  return error;
}

// Digits without a point, as a signed 128-bit number; nothing when there are more than 38 of them.
std::optional<Int128> WholeNumber(std::string_view digits, bool negative) {
  while (digits.size() > 1 && digits.front() == '0') digits.remove_prefix(1);
  if (digits.size() > kMaxPrecision) return std::nullopt;
  Int128 value = 0;
  for (const char c : digits) value = value * 10 + (c - '0');
  return negative ? -value : value;
}

Error PrecisionError(int precision) {
  return LiteralError("DECIMAL_PRECISION_EXCEEDS_MAX_PRECISION", "22003",
                      fmt::format("Decimal precision {} exceeds max precision {}.", precision, kMaxPrecision));
}

// "12.340", "1.5e3": the digits written decide precision and scale; a negative scale becomes zeros.
Result<plan::Literal> DecimalLiteral(std::string_view text, bool negative) {
  std::string digits;
  int64_t scale = 0;
  size_t i = 0;
  bool point = false;
  for (; i < text.size() && text[i] != 'e' && text[i] != 'E'; ++i) {
    if (text[i] == '.') {
      point = true;
    } else {
      digits.push_back(text[i]);
      scale += point;
    }
  }
  if (i < text.size()) {
    const size_t sign = text[i + 1] == '+' ? i + 2 : i + 1;
    int exponent = 0;
    const auto [end, error] = std::from_chars(text.data() + sign, text.data() + text.size(), exponent);
    if (error != std::errc() || std::abs(exponent) > 1000) return PrecisionError(std::numeric_limits<int>::max());
    scale -= exponent;
  }
  const size_t nonzero = digits.find_first_not_of('0');
  digits.erase(0, nonzero == std::string::npos ? digits.size() - 1 : nonzero);
  if (scale < 0) {
    digits.append(static_cast<size_t>(-scale), '0');
    scale = 0;
  }
  const int precision = std::max(static_cast<int>(digits.size()), static_cast<int>(scale));
  const auto value = WholeNumber(digits, negative);
  if (precision > kMaxPrecision || !value) return PrecisionError(precision);
  return plan::Literal{Value{*value}, plan::DataType::Decimal(precision, static_cast<int>(scale))};
}

Result<plan::Literal> IntegerLiteral(std::string_view text, bool negative) {
  const auto value = WholeNumber(text, negative);
  if (!value) return PrecisionError(static_cast<int>(text.size()));
  if (*value >= std::numeric_limits<int32_t>::min() && *value <= std::numeric_limits<int32_t>::max()) {
    return IntegralLiteral(static_cast<int64_t>(*value), TypeId::kInt);
  }
  if (*value >= std::numeric_limits<int64_t>::min() && *value <= std::numeric_limits<int64_t>::max()) {
    return IntegralLiteral(static_cast<int64_t>(*value), TypeId::kLong);
  }
  return DecimalLiteral(text, negative);
}

struct Sized {
  TypeId type;
  std::string_view name;
  int64_t low;
  int64_t high;
};

template <typename T>
constexpr Sized SizedAs(TypeId type, std::string_view name) {
  return {type, name, std::numeric_limits<T>::min(), std::numeric_limits<T>::max()};
}

Result<plan::Literal> SizedLiteral(const Sized& sized, std::string_view text, bool negative) {
  const std::string_view digits = text.substr(0, text.size() - 1);
  const auto value = WholeNumber(digits, negative);
  if (!value || *value < sized.low || *value > sized.high) {
    return RangeError(digits, negative, sized.name, std::to_string(sized.low), std::to_string(sized.high));
  }
  return IntegralLiteral(static_cast<int64_t>(*value), sized.type);
}

Result<plan::Literal> FloatingLiteral(std::string_view text, bool negative, TypeId type) {
  const std::string copy(text);
  const bool is_float = type == TypeId::kFloat;
  const double magnitude = is_float ? std::strtof(copy.c_str(), nullptr) : std::strtod(copy.c_str(), nullptr);
  // A float's text is compared with the largest one exactly, before it is rounded.
  if (std::isinf(magnitude) || (is_float && std::strtod(copy.c_str(), nullptr) > 3.4028234663852886e38)) {
    return is_float ? RangeError(text, negative, "float", "-3.4028234663852886E+38", "3.4028234663852886E+38")
                    : RangeError(text, negative, "double", "-1.7976931348623157E+308", "1.7976931348623157E+308");
  }
  return plan::Literal{Value{negative ? -magnitude : magnitude}, type};
}

// ---- dates and times --------------------------------------------------------------------------------------------

std::string_view Trim(std::string_view text) {
  const auto blank = [](char c) { return static_cast<unsigned char>(c) <= ' '; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

// Takes between `least` and `most` digits off the head of `text`.
bool TakeDigits(std::string_view* text, size_t least, size_t most, int64_t* value) {
  size_t count = 0;
  *value = 0;
  while (count < text->size() && std::isdigit(static_cast<unsigned char>((*text)[count]))) {
    if (count == most) return false;
    *value = *value * 10 + ((*text)[count++] - '0');
  }
  text->remove_prefix(count);
  return count >= least;
}

bool Take(std::string_view* text, char c) {
  if (!text->starts_with(c)) return false;
  text->remove_prefix(1);
  return true;
}

int DaysInMonth(int64_t year, int64_t month) {
  constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  return month == 2 && leap ? 29 : kDays[month - 1];
}

// Takes a date off the head of `text`; `whole` tells whether month and day were both written.
std::optional<int64_t> TakeDate(std::string_view* text, bool* whole) {
  const bool negative = text->starts_with('-');
  if (negative || text->starts_with('+')) text->remove_prefix(1);
  int64_t year = 0, month = 1, day = 1;
  if (!TakeDigits(text, 4, 7, &year)) return std::nullopt;
  if (negative) year = -year;
  *whole = false;
  if (Take(text, '-')) {
    if (!TakeDigits(text, 1, 2, &month)) return std::nullopt;
    if (Take(text, '-')) {
      if (!TakeDigits(text, 1, 2, &day)) return std::nullopt;
      *whole = true;
    }
  }
  if (month < 1 || month > 12 || day < 1 || day > DaysInMonth(year, month)) return std::nullopt;
  return DaysFromCivil(year, static_cast<int>(month), static_cast<int>(day));
}

// h[h][:m[m][:s[s][.f*]]]: micros of the day.
std::optional<int64_t> TakeTimeOfDay(std::string_view* text) {
  int64_t hour = 0, minute = 0, second = 0, micros = 0;
  if (!TakeDigits(text, 1, 2, &hour)) return std::nullopt;
  if (Take(text, ':')) {
    if (!TakeDigits(text, 1, 2, &minute)) return std::nullopt;
    if (Take(text, ':')) {
      if (!TakeDigits(text, 1, 2, &second)) return std::nullopt;
      if (Take(text, '.')) {
        int64_t unit = kMicrosPerSecond;
        while (!text->empty() && std::isdigit(static_cast<unsigned char>(text->front()))) {
          unit /= 10;
          micros += unit * (text->front() - '0');
          text->remove_prefix(1);
        }
      }
    }
  }
  if (hour > 23 || minute > 59 || second > 59) return std::nullopt;
  return ((hour * 60 + minute) * 60 + second) * kMicrosPerSecond + micros;
}

Error TypedLiteralError(std::string_view word, const std::string& text) {
  Error error = LiteralError(
      "INVALID_TYPED_LITERAL", "42604",
      fmt::format("The value of the typed literal \"{}\" is invalid: '{}'. Correct the value.", word, text));
  error.params = {{"valueType", fmt::format("\"{}\"", word)}, {"value", fmt::format("'{}'", text)}};
  return error;
}

plan::ExprPtr CallOf(std::string name, std::vector<plan::ExprPtr> args, Position at) {
  plan::Call call;
  call.name = {std::move(name)};
  call.args = std::move(args);
  return plan::MakeExpr(std::move(call), at);
}

plan::ExprPtr CastTo(plan::ExprPtr child, TypeId type, Position at) {
  return plan::MakeExpr(plan::Cast{.child = std::move(child), .type = type}, at);
}

plan::ExprPtr Constant(Value value, plan::DataType type, Position at) {
  return plan::MakeExpr(plan::Literal{std::move(value), std::move(type)}, at);
}

// The days that have a name, as an expression of type DATE; null for any other text.
plan::ExprPtr NamedDay(std::string_view text, Position at) {
  std::string name = LowerAscii(Trim(text));
  if (name == "epoch") return Constant(Value{int64_t{0}}, TypeId::kDate, at);
  const int64_t days = name == "tomorrow" ? 1 : name == "yesterday" ? -1 : 0;
  if (days == 0 && name != "today" && name != "now") return nullptr;
  auto today = CallOf("current_date", {}, at);
  if (days == 0) return today;
  return CallOf("date_add", {std::move(today), Constant(Value{days}, TypeId::kInt, at)}, at);
}

Result<plan::ExprPtr> DateLiteral(const std::string& text, Position at) {
  if (const auto days = DateFromText(text)) return Constant(Value{*days}, TypeId::kDate, at);
  if (auto day = NamedDay(text, at)) return day;
  return TypedLiteralError("DATE", text);
}

plan::ExprPtr NamedInstant(const std::string& text, TypeId type, Position at) {
  auto day = NamedDay(text, at);
  if (!day) return nullptr;
  std::string name = LowerAscii(Trim(text));
  if (name == "epoch") return Constant(Value{int64_t{0}}, type, at);
  if (name != "now") return CastTo(std::move(day), type, at);
  return CallOf(type == TypeId::kTimestamp ? "current_timestamp" : "localtimestamp", {}, at);
}

Result<plan::ExprPtr> NtzLiteral(const std::string& text, Position at) {
  if (const auto local = TimestampFromText(text)) return Constant(Value{local->micros}, TypeId::kTimestampNtz, at);
  if (auto instant = NamedInstant(text, TypeId::kTimestampNtz, at)) return instant;
  return TypedLiteralError("TIMESTAMP_NTZ", text);
}

bool LooksLikeRegion(std::string_view zone) {
  return !zone.empty() && std::isalpha(static_cast<unsigned char>(zone.front())) &&
         std::ranges::all_of(zone, [](unsigned char c) { return std::isalnum(c) || std::strchr("/_-+:", c); });
}

Result<plan::ExprPtr> TimestampLiteral(std::string_view word, const std::string& text, Position at) {
  const auto local = TimestampFromText(text);
  if (!local) {
    if (auto instant = NamedInstant(text, TypeId::kTimestamp, at)) return instant;
    return TypedLiteralError(word, text);
  }
  if (local->zone.empty()) {
    return CastTo(Constant(Value{local->micros}, TypeId::kTimestampNtz, at), TypeId::kTimestamp, at);
  }
  if (const auto offset = ZoneOffsetSeconds(local->zone)) {
    return Constant(Value{local->micros - *offset * kMicrosPerSecond}, TypeId::kTimestamp, at);
  }
  if (!LooksLikeRegion(local->zone)) return TypedLiteralError(word, text);
  return CastTo(Constant(Value{text}, TypeId::kString, at), TypeId::kTimestamp, at);
}

Result<plan::ExprPtr> BinaryLiteral(const std::string& text, Position at) {
  std::string digits = text.size() % 2 == 0 ? text : "0" + text;
  std::string bytes;
  for (size_t i = 0; i < digits.size(); i += 2) {
    const auto code = HexCode(std::string_view(digits).substr(i), 2);
    if (!code) return TypedLiteralError("X", text);
    bytes.push_back(static_cast<char>(*code));
  }
  return Constant(Value{std::move(bytes)}, TypeId::kBinary, at);
}

}  // namespace

std::string UnquoteString(std::string_view token, bool escaped_string_literals) {
  const bool raw = token.front() == 'r' || token.front() == 'R';
  if (raw) return std::string(token.substr(2, token.size() - 3));
  const char quote = token.front();
  std::string_view body = token.substr(1, token.size() - 2);
  std::string out;
  out.reserve(body.size());
  while (!body.empty()) {
    size_t length = 1;
    if (body[0] == '\\' && !escaped_string_literals && body.size() > 1) {
      length = AppendEscape(body, &out);
    } else {
      out.push_back(body[0]);
      if (body[0] == quote) length = 2;
    }
    body.remove_prefix(length);
  }
  return out;
}

std::string UnquoteName(std::string_view token) {
  const char quote = token.front();
  std::string out;
  for (size_t i = 1; i + 1 < token.size(); ++i) {
    out.push_back(token[i]);
    if (token[i] == quote) ++i;
  }
  return out;
}

Result<plan::Literal> NumberLiteral(TokenKind kind, std::string_view text, bool negative) {
  switch (kind) {
    case TokenKind::kInteger:
      return IntegerLiteral(text, negative);
    case TokenKind::kTinyint:
      return SizedLiteral(SizedAs<int8_t>(TypeId::kByte, "tinyint"), text, negative);
    case TokenKind::kSmallint:
      return SizedLiteral(SizedAs<int16_t>(TypeId::kShort, "smallint"), text, negative);
    case TokenKind::kBigint:
      return SizedLiteral(SizedAs<int64_t>(TypeId::kLong, "bigint"), text, negative);
    case TokenKind::kDecimal:
      return DecimalLiteral(text, negative);
    case TokenKind::kBigDecimal:
      return DecimalLiteral(text.substr(0, text.size() - 2), negative);
    case TokenKind::kExponent:
      return FloatingLiteral(text, negative, TypeId::kDouble);
    case TokenKind::kDouble:
      return FloatingLiteral(text.substr(0, text.size() - 1), negative, TypeId::kDouble);
    case TokenKind::kFloat:
      return FloatingLiteral(text.substr(0, text.size() - 1), negative, TypeId::kFloat);
    default:
      return Internal("not a number token: " + std::string(text));
  }
}

// h:m[:s[.f]]
static bool IsTimeOfDay(const std::string& text) {
  int hour = -1, minute = -1, second = 0, end = 0;
  if (std::sscanf(text.c_str(), "%2d:%2d%n", &hour, &minute, &end) != 2) return false;
  if (static_cast<size_t>(end) < text.size()) {
    int more = 0;
    if (std::sscanf(text.c_str() + end, ":%2d%n", &second, &more) != 1) return false;
    end += more;
    if (text[static_cast<size_t>(end)] == '.') ++end;
    while (static_cast<size_t>(end) < text.size() && std::isdigit(static_cast<unsigned char>(text[end]))) ++end;
  }
  return static_cast<size_t>(end) == text.size() && hour >= 0 && hour < 24 && minute >= 0 && minute < 60 &&
         second >= 0 && second < 60;
}

Result<plan::ExprPtr> TypedLiteral(std::string_view word, const std::string& text, Position at, bool timestamp_ntz) {
  if (word == "DATE") return DateLiteral(text, at);
  if (word == "TIMESTAMP" && timestamp_ntz) {
    const auto local = TimestampFromText(text);
    if (!local || local->zone.empty()) return NtzLiteral(text, at);
  }
  if (word == "TIMESTAMP" || word == "TIMESTAMP_LTZ") return TimestampLiteral(word, text, at);
  if (word == "TIMESTAMP_NTZ") return NtzLiteral(text, at);
  if (word == "X") return BinaryLiteral(text, at);
  if (word == "TIME" && IsTimeOfDay(text)) {
    Error error = LiteralError("UNSUPPORTED_TIME_TYPE", "0A000", "The data type TIME is not supported.");
    error.at = at;
    return error;
  }
  if (word == "TIME") {
    Error error = LiteralError("INVALID_TYPED_LITERAL", "42604",
                               "The value of the typed literal \"TIME\" is invalid: '" + text + "'.");
    error.at = at;
    return error;
  }
  Error error = LiteralError("UNSUPPORTED_TYPED_LITERAL", "0A000",
                             fmt::format("Literals of the type \"{}\" are not supported. Supported types are \"DATE\", "
                                         "\"TIMESTAMP_NTZ\", \"TIMESTAMP_LTZ\", \"TIMESTAMP\", \"INTERVAL\", \"X\".",
                                         word));
  error.params = {{"unsupportedType", fmt::format("\"{}\"", word)}};
  return error;
}

std::optional<int64_t> DateFromText(std::string_view text) {
  text = Trim(text);
  bool whole = false;
  const auto days = TakeDate(&text, &whole);
  const bool ends = text.empty() || (whole && (text.front() == ' ' || text.front() == 'T'));
  // Spark's DATE is a 32-bit count of days.
  if (!days || !ends || *days > std::numeric_limits<int32_t>::max() || *days < std::numeric_limits<int32_t>::min()) {
    return std::nullopt;
  }
  return days;
}

std::optional<LocalTimestamp> TimestampFromText(std::string_view text) {
  text = Trim(text);
  bool whole = false;
  const auto days = TakeDate(&text, &whole);
  if (!days) return std::nullopt;
  LocalTimestamp result;
  int64_t time = 0;
  if (!text.empty()) {
    if (!whole || (text.front() != ' ' && text.front() != 'T')) return std::nullopt;
    text.remove_prefix(1);
    const auto of_day = TakeTimeOfDay(&text);
    if (!of_day) return std::nullopt;
    time = *of_day;
    result.zone = Trim(text);
    if (!text.empty() && result.zone.empty()) return std::nullopt;
  }
  if (__builtin_mul_overflow(*days, kMicrosPerDay, &result.micros) ||
      __builtin_add_overflow(result.micros, time, &result.micros)) {
    return std::nullopt;
  }
  return result;
}

std::optional<int> ZoneOffsetSeconds(std::string_view zone) {
  for (const std::string_view prefix : {"UTC", "GMT", "UT", "Z"}) {
    if (zone == prefix) return 0;
    if (prefix != "Z" && zone.starts_with(prefix)) {
      zone.remove_prefix(prefix.size());
      break;
    }
  }
  if (!zone.starts_with('+') && !zone.starts_with('-')) return std::nullopt;
  const int sign = zone.front() == '-' ? -1 : 1;
  zone.remove_prefix(1);
  int64_t hours = 0, minutes = 0, seconds = 0;
  const bool packed = zone.find(':') == std::string_view::npos && (zone.size() == 4 || zone.size() == 6);
  if (packed) {
    for (int64_t* part : {&hours, &minutes, &seconds}) {
      std::string_view two = zone.substr(0, 2);
      if (!two.empty() && !TakeDigits(&two, 2, 2, part)) return std::nullopt;
      zone.remove_prefix(std::min<size_t>(zone.size(), 2));
    }
  } else {
    if (!TakeDigits(&zone, 1, 2, &hours)) return std::nullopt;
    if (Take(&zone, ':') && !TakeDigits(&zone, 1, 2, &minutes)) return std::nullopt;
    if (Take(&zone, ':') && !TakeDigits(&zone, 1, 2, &seconds)) return std::nullopt;
  }
  const int64_t total = (hours * 60 + minutes) * 60 + seconds;
  if (!zone.empty() || minutes > 59 || seconds > 59 || total > 18 * 3600) return std::nullopt;
  return sign * static_cast<int>(total);
}

// Both directions count in eras of 400 years that begin on the first of March.
int64_t DaysFromCivil(int64_t year, int month, int day) {
  year -= month <= 2;
  const int64_t era = (year >= 0 ? year : year - 399) / 400;
  const int64_t year_of_era = year - era * 400;
  const int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  const int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146'097 + day_of_era - 719'468;
}

CivilDate CivilFromDays(int64_t days) {
  days += 719'468;
  const int64_t era = (days >= 0 ? days : days - 146'096) / 146'097;
  const int64_t day_of_era = days - era * 146'097;
  const int64_t year_of_era = (day_of_era - day_of_era / 1'460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int64_t shifted_month = (5 * day_of_year + 2) / 153;
  CivilDate date;
  date.day = static_cast<int>(day_of_year - (153 * shifted_month + 2) / 5 + 1);
  date.month = static_cast<int>(shifted_month < 10 ? shifted_month + 3 : shifted_month - 9);
  date.year = year_of_era + era * 400 + (date.month <= 2);
  return date;
}

}  // namespace tidemill::sql
