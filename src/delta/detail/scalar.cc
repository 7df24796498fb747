#include "delta/detail/scalar.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>

#include "base/units.h"

namespace tidemill::delta {
namespace {

using plan::Int128;
using plan::TypeId;
using plan::Value;
using Optional = std::optional<Value>;

Optional ParseInteger(std::string_view text, int bits) {
  int64_t value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  if (bits < 64 && (value >> (bits - 1)) != 0 && (value >> (bits - 1)) != -1) return std::nullopt;
  return Value{value};
}

Optional ParseFloating(std::string_view text, bool single) {
  if (text == "NaN") return Value{std::nan("")};
  if (text == "Infinity") return Value{HUGE_VAL};
  if (text == "-Infinity") return Value{-HUGE_VAL};
  double value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return Value{single ? static_cast<double>(static_cast<float>(value)) : value};
}

// "-12.50", "1E+3", "1.5E-7": digits, where the point goes, and whether all that fits the type exactly.
Optional ParseDecimal(std::string_view text, int precision, int scale) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  int exponent = 0;
  if (const size_t e = text.find_first_of("eE"); e != std::string_view::npos) {
    std::string_view digits = text.substr(e + 1);
    if (digits.starts_with('+')) digits.remove_prefix(1);
    const auto [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), exponent);
    if (code != std::errc{} || end != digits.data() + digits.size() || std::abs(exponent) > 100) return std::nullopt;
    text = text.substr(0, e);
  }
  std::string digits;
  int shift = scale + exponent;
  bool point = false;
  for (const char c : text) {
    if (c == '.' && !point) {
      point = true;
    } else if (c >= '0' && c <= '9') {
      digits += c;
      if (point) --shift;
    } else {
      return std::nullopt;
    }
  }
  if (digits.empty()) return std::nullopt;
  for (; shift > 0; --shift) digits += '0';
  for (; shift < 0; ++shift) {
    if (!digits.empty() && digits.back() != '0') return std::nullopt;
    if (!digits.empty()) digits.pop_back();
  }
  digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size()));
  if (static_cast<int>(digits.size()) > precision) return std::nullopt;
  Int128 unscaled = 0;
  for (const char c : digits) unscaled = unscaled * 10 + (c - '0');
  return Value{negative ? -unscaled : unscaled};
}

Optional ParseTime(std::string_view text, bool date) {
  const auto time = ParseTimestamp(text);
  if (!time.ok()) return std::nullopt;
  const auto since_epoch = time->time_since_epoch();
  if (!date) return Value{static_cast<int64_t>(since_epoch.count())};
  return Value{static_cast<int64_t>(std::chrono::floor<std::chrono::days>(since_epoch).count())};
}

std::string FormatDecimal(Int128 unscaled, int scale) {
  const bool negative = unscaled < 0;
  auto magnitude = negative ? -static_cast<unsigned __int128>(unscaled) : static_cast<unsigned __int128>(unscaled);
  std::string digits;
  for (; magnitude != 0 || static_cast<int>(digits.size()) <= scale; magnitude /= 10) {
    digits += static_cast<char>('0' + static_cast<int>(magnitude % 10));
    if (magnitude < 10 && static_cast<int>(digits.size()) > scale) break;
  }
  std::reverse(digits.begin(), digits.end());
  if (scale > 0) digits.insert(digits.size() - static_cast<size_t>(scale), ".");
  return negative ? "-" + digits : digits;
}

// Java's Double.toString: at least one digit after the point, an exponent from 1e7 on and below 1e-3.
template <typename Floating>
std::string FormatFloating(Floating value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
  const double magnitude = std::fabs(static_cast<double>(value));
  if (magnitude == 0 || (magnitude >= 1e-3 && magnitude < 1e7)) {
    std::string text = fmt::format("{}", value);
    return text.find_first_of(".e") == std::string::npos ? text + ".0" : text;
  }
  std::string text = fmt::format("{:e}", value);  // replaced below; gives the exponent
  const int exponent = std::stoi(text.substr(text.find('e') + 1));
  for (int digits = 0; digits <= 17; ++digits) {  // the shortest mantissa that reads back
    text = fmt::format("{:.{}e}", value, digits);
    Floating back{};
    std::from_chars(text.data(), text.data() + text.size(), back);
    if (back == value) break;
  }
  std::string mantissa = text.substr(0, text.find('e'));
  if (mantissa.find('.') == std::string::npos) mantissa += ".0";
  return fmt::format("{}E{}", mantissa, exponent);
}

Timestamp AtMicros(int64_t micros) { return Timestamp(Micros(micros)); }

std::string FormatDate(int64_t days) { return FormatTimestamp(Timestamp(std::chrono::days(days))).substr(0, 10); }

// Always with six digits of fraction, as Spark writes UTC partition values.
std::string FormatInstant(int64_t micros) {
  std::string text = FormatTimestamp(AtMicros(micros));
  if (text.find('.') == std::string::npos) text.insert(text.size() - 1, ".000000");
  return text;
}

// "2013-01-01 05:00:00.5": Spark's cast to string.
std::string FormatLocal(int64_t micros) {
  std::string text = FormatTimestamp(AtMicros(micros));
  text.pop_back();
  text[text.find('T')] = ' ';
  if (text.find('.') != std::string::npos) {
    while (text.back() == '0') text.pop_back();
  }
  return text;
}

bool Fits(const Value& value, const plan::DataType& type) {
  switch (type.id()) {
    case TypeId::kBoolean:
      return std::holds_alternative<bool>(value.data);
    case TypeId::kFloat:
    case TypeId::kDouble:
      return std::holds_alternative<double>(value.data);
    case TypeId::kDecimal:
      return std::holds_alternative<Int128>(value.data);
    case TypeId::kString:
    case TypeId::kBinary:
      return std::holds_alternative<std::string>(value.data);
    default:
      return std::holds_alternative<int64_t>(value.data);
  }
}

}  // namespace

std::optional<Value> ParseScalar(std::string_view text, const plan::DataType& type) {
  switch (type.id()) {
    case TypeId::kBoolean:
      if (text == "true" || text == "TRUE" || text == "True") return Value{true};
      if (text == "false" || text == "FALSE" || text == "False") return Value{false};
      return std::nullopt;
    case TypeId::kByte:
      return ParseInteger(text, 8);
    case TypeId::kShort:
      return ParseInteger(text, 16);
    case TypeId::kInt:
      return ParseInteger(text, 32);
    case TypeId::kLong:
      return ParseInteger(text, 64);
    case TypeId::kFloat:
      return ParseFloating(text, true);
    case TypeId::kDouble:
      return ParseFloating(text, false);
    case TypeId::kDecimal:
      return ParseDecimal(text, type.precision(), type.scale());
    case TypeId::kString:
    case TypeId::kBinary:
      return Value{std::string(text)};
    case TypeId::kDate:
      return ParseTime(text, true);
    case TypeId::kTimestamp:
    case TypeId::kTimestampNtz:
      return ParseTime(text, false);
    default:
      return std::nullopt;
  }
}

std::optional<std::string> FormatScalar(const Value& value, const plan::DataType& type) {
  if (!Fits(value, type)) return std::nullopt;
  switch (type.id()) {
    case TypeId::kBoolean:
      return std::get<bool>(value.data) ? "true" : "false";
    case TypeId::kByte:
    case TypeId::kShort:
    case TypeId::kInt:
    case TypeId::kLong:
      return std::to_string(std::get<int64_t>(value.data));
    case TypeId::kFloat:
      return FormatFloating(static_cast<float>(std::get<double>(value.data)));
    case TypeId::kDouble:
      return FormatFloating(std::get<double>(value.data));
    case TypeId::kDecimal:
      return FormatDecimal(std::get<Int128>(value.data), type.scale());
    case TypeId::kString:
    case TypeId::kBinary:
      return std::get<std::string>(value.data);
    case TypeId::kDate:
      return FormatDate(std::get<int64_t>(value.data));
    case TypeId::kTimestamp:
      return FormatInstant(std::get<int64_t>(value.data));
    case TypeId::kTimestampNtz:
      return FormatLocal(std::get<int64_t>(value.data));
    default:
      return std::nullopt;
  }
}

std::optional<std::strong_ordering> CompareScalars(const Value& a, const Value& b) {
  if (a.data.index() != b.data.index()) return std::nullopt;
  if (const auto* left = std::get_if<bool>(&a.data)) return *left <=> std::get<bool>(b.data);
  if (const auto* left = std::get_if<int64_t>(&a.data)) return *left <=> std::get<int64_t>(b.data);
  if (const auto* left = std::get_if<std::string>(&a.data)) {
    return left->compare(std::get<std::string>(b.data)) <=> 0;  // char_traits<char> compares as unsigned bytes
  }
  if (const auto* left = std::get_if<Int128>(&a.data)) {
    const Int128 right = std::get<Int128>(b.data);
    return *left < right   ? std::strong_ordering::less
           : *left > right ? std::strong_ordering::greater
                           : std::strong_ordering::equal;
  }
  if (const auto* left = std::get_if<double>(&a.data)) {
    const double right = std::get<double>(b.data);
    if (std::isnan(*left) || std::isnan(right)) return std::isnan(*left) <=> std::isnan(right);
    return *left < right   ? std::strong_ordering::less
           : *left > right ? std::strong_ordering::greater
                           : std::strong_ordering::equal;
  }
  return std::nullopt;
}

}  // namespace tidemill::delta
