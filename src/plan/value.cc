#include "plan/value.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <limits>

#include "base/base64.h"
#include "plan/variant.h"

namespace tidemill::plan {

namespace {

constexpr int64_t kMicrosPerSecond = 1000000;
constexpr int64_t kMicrosPerDay = 86400 * kMicrosPerSecond;

std::string Padded(int64_t value, int width) {
  std::string text = std::to_string(value);
  return text.size() < static_cast<size_t>(width) ? std::string(width - text.size(), '0') + text : text;
}

int64_t FloorDiv(int64_t a, int64_t b) { return a / b - (a % b < 0); }

std::string DecimalText(Int128 digits, int scale) {
  std::string text = Int128ToString(digits < 0 ? -digits : digits);
  if (scale > 0) {
    if (static_cast<int>(text.size()) <= scale) text.insert(0, scale + 1 - text.size(), '0');
    text.insert(text.size() - scale, ".");
  }
  return digits < 0 ? "-" + text : text;
}

std::string YearMonthText(int64_t months) {
  return (months < 0 ? "-" : "") + std::to_string(std::abs(months) / 12) + "-" + std::to_string(std::abs(months) % 12);
}

std::string DayTimeText(int64_t micros) {
  uint64_t rest = micros < 0 ? -static_cast<uint64_t>(micros) : static_cast<uint64_t>(micros);
  std::string text = micros < 0 ? "-" : "";
  text += std::to_string(rest / kMicrosPerDay) + " ";
  rest %= kMicrosPerDay;
  int64_t seconds = static_cast<int64_t>(rest / kMicrosPerSecond);
  text += Padded(seconds / 3600, 2) + ":" + Padded(seconds / 60 % 60, 2) + ":" + Padded(seconds % 60, 2) + ".";
  return text + Padded(static_cast<int64_t>(rest % kMicrosPerSecond), 6) + "000";
}

std::string CalendarText(const IntervalParts& parts) {
  std::string text;
  auto add = [&](int64_t value, const char* unit) {
    if (value != 0) text += (text.empty() ? "" : " ") + std::to_string(value) + " " + unit;
  };
  add(parts.months / 12, "years");
  add(parts.months % 12, "months");
  add(parts.days, "days");
  add(parts.micros / (3600 * kMicrosPerSecond), "hours");
  add(parts.micros / (60 * kMicrosPerSecond) % 60, "minutes");
  int64_t rest = parts.micros % (60 * kMicrosPerSecond);
  if (rest != 0) {
    std::string seconds = (rest < 0 ? "-" : "") + std::to_string(std::abs(rest) / kMicrosPerSecond);
    if (int64_t fraction = std::abs(rest) % kMicrosPerSecond) {
      std::string digits = Padded(fraction, 6);
      digits.erase(digits.find_last_not_of('0') + 1);
      seconds += "." + digits;
    }
    text += (text.empty() ? "" : " ") + seconds + " seconds";
  }
  return text.empty() ? "0 seconds" : text;
}

// Inside arrays, maps and structs strings are quoted and NULL is null.
std::string NestedText(const Value& value, const DataType& type) {
  if (value.is_null()) return "null";
  if (type.is(TypeId::kString)) return "\"" + std::get<std::string>(value.data) + "\"";
  return ToSparkText(value, type);
}

// A map's entries stand in the order of their text.
std::string MapText(const std::vector<Value>& children, const DataType& type) {
  std::vector<std::string> entries;
  for (size_t i = 0; i + 1 < children.size(); i += 2) {
    entries.push_back(NestedText(children[i], type.key()) + ":" + NestedText(children[i + 1], type.value()));
  }
  std::sort(entries.begin(), entries.end());
  std::string text;
  for (const auto& entry : entries) text += (text.empty() ? "" : ",") + entry;
  return "{" + text + "}";
}

std::string ChildrenText(const std::vector<Value>& children, const DataType& type) {
  if (type.is(TypeId::kMap)) return MapText(children, type);
  std::string text;
  if (type.is(TypeId::kArray)) {
    for (size_t i = 0; i < children.size(); ++i)
      text += std::string(i ? "," : "") + NestedText(children[i], type.element());
    return "[" + text + "]";
  }
  for (size_t i = 0; i < children.size(); ++i) {
    text += i ? "," : "";
    text += "\"" + type.fields()[i].name + "\":" + NestedText(children[i], type.fields()[i].type);
  }
  return "{" + text + "}";
}

// Shortest digits that read back as the same number, laid out as Java does.
template <typename T>
std::string JavaFloating(T value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value < 0 ? "-Infinity" : "Infinity";
  if (value == 0) return std::signbit(value) ? "-0.0" : "0.0";
  char buffer[64];
  auto end = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::scientific).ptr;
  // Where one digit tells a float apart, Java shows the two that are nearest; of doubles only the least.
  if (end - buffer > 1 && std::string_view(buffer, end).find('.') == std::string_view::npos &&
      (sizeof(T) == sizeof(float) || std::fabs(value) == std::numeric_limits<double>::denorm_min())) {
    end = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::scientific, 1).ptr;
  }
  std::string text(buffer, end);
  size_t e = text.find('e');
  if (text[e - 1] == '0' && text[e - 2] == '.') text.erase(e - 2, 2);
  e = text.find('e');
  int exponent = std::atoi(text.c_str() + e + 1);
  std::string sign = text[0] == '-' ? "-" : "";
  std::string digits;
  for (char c : text.substr(0, e)) {
    if (c >= '0' && c <= '9') digits += c;
  }
  if (exponent < -3 || exponent >= 7) {
    std::string fraction = digits.size() > 1 ? digits.substr(1) : "0";
    return sign + digits[0] + "." + fraction + "E" + std::to_string(exponent);
  }
  if (exponent < 0) return sign + "0." + std::string(-exponent - 1, '0') + digits;
  size_t whole = exponent + 1;
  if (digits.size() <= whole) return sign + digits + std::string(whole - digits.size(), '0') + ".0";
  return sign + digits.substr(0, whole) + "." + digits.substr(whole);
}

}  // namespace

std::string Int128ToString(Int128 value) {
  if (value == 0) return "0";
  bool negative = value < 0;
  auto rest = negative ? -static_cast<unsigned __int128>(value) : static_cast<unsigned __int128>(value);
  std::string text;
  for (; rest != 0; rest /= 10) text += static_cast<char>('0' + static_cast<int>(rest % 10));
  if (negative) text += '-';
  std::reverse(text.begin(), text.end());
  return text;
}

std::optional<BinaryStyle> BinaryStyleNamed(std::string_view name) {
  std::string upper(name);
  std::transform(upper.begin(), upper.end(), upper.begin(), [](unsigned char c) { return std::toupper(c); });
  constexpr std::pair<std::string_view, BinaryStyle> kStyles[] = {{"UTF-8", BinaryStyle::kUtf8},
                                                                  {"BASIC", BinaryStyle::kBasic},
                                                                  {"BASE64", BinaryStyle::kBase64},
                                                                  {"HEX", BinaryStyle::kHex},
                                                                  {"HEX_DISCRETE", BinaryStyle::kHexDiscrete}};
  for (const auto& [style, value] : kStyles) {
    if (style == upper) return value;
  }
  return std::nullopt;
}

std::string BinaryText(const std::string& bytes, BinaryStyle style) {
  if (style == BinaryStyle::kUtf8) return bytes;
  if (style == BinaryStyle::kBase64) return Base64(bytes, false);
  const bool hex = style == BinaryStyle::kHex;
  std::string text;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (!text.empty() && !hex) text += style == BinaryStyle::kBasic ? ", " : " ";
    if (style == BinaryStyle::kBasic) {
      text += std::to_string(static_cast<int>(static_cast<signed char>(c)));
    } else {
      text += {"0123456789ABCDEF"[byte >> 4], "0123456789ABCDEF"[byte & 15]};
    }
  }
  return hex ? text : "[" + text + "]";
}

std::string DoubleToJavaText(double value) { return JavaFloating(value); }
std::string FloatToJavaText(float value) { return JavaFloating(value); }

std::string DateToText(int64_t days) {
  // std::chrono's years end at 32767: whole Gregorian cycles of 400 years are put aside.
  constexpr int64_t kCycleDays = 146097;
  int64_t cycles = FloorDiv(days, kCycleDays);
  std::chrono::year_month_day ymd{std::chrono::sys_days(std::chrono::days(days - cycles * kCycleDays))};
  int64_t year = static_cast<int>(ymd.year()) + cycles * 400;
  std::string text = year < 0 ? "-" + Padded(-year, 4) : (year > 9999 ? "+" : "") + Padded(year, 4);
  return text + "-" + Padded(static_cast<unsigned>(ymd.month()), 2) + "-" + Padded(static_cast<unsigned>(ymd.day()), 2);
}

std::string TimestampToText(int64_t micros) {
  int64_t days = FloorDiv(micros, kMicrosPerDay);
  int64_t rest = micros - days * kMicrosPerDay;
  int64_t seconds = rest / kMicrosPerSecond;
  std::string text = DateToText(days) + " " + Padded(seconds / 3600, 2) + ":" + Padded(seconds / 60 % 60, 2) + ":" +
                     Padded(seconds % 60, 2);
  if (int64_t fraction = rest % kMicrosPerSecond) {
    std::string digits = Padded(fraction, 6);
    digits.erase(digits.find_last_not_of('0') + 1);
    text += "." + digits;
  }
  return text;
}

// An interval without what is less than one of its last field, which is not shown.
static int64_t Whole(int64_t amount, const DataType& interval) {
  constexpr int64_t kUnits[] = {12, 1, 86400000000, 3600000000, 60000000, 1};
  return amount - amount % kUnits[static_cast<int>(interval.to())];
}

std::string ToSparkText(const Value& value, const DataType& type, int64_t zone_offset_s) {
  if (value.is_null()) return "NULL";
  switch (type.id()) {
    case TypeId::kBoolean:
      return std::get<bool>(value.data) ? "true" : "false";
    case TypeId::kFloat:
      return FloatToJavaText(static_cast<float>(std::get<double>(value.data)));
    case TypeId::kDouble:
      return DoubleToJavaText(std::get<double>(value.data));
    case TypeId::kDecimal:
      return DecimalText(std::get<Int128>(value.data), type.scale());
    case TypeId::kString:
    case TypeId::kBinary:
      return std::get<std::string>(value.data);
    case TypeId::kVariant:
      return VariantJson(DecodeVariant(std::get<std::string>(value.data)));
    case TypeId::kDate:
      return DateToText(std::get<int64_t>(value.data));
    case TypeId::kTimestamp:
      return TimestampToText(std::get<int64_t>(value.data) + zone_offset_s * kMicrosPerSecond);
    case TypeId::kTimestampNtz:
      return TimestampToText(std::get<int64_t>(value.data));
    case TypeId::kYearMonthInterval:
      return YearMonthText(Whole(std::get<int64_t>(value.data), type));
    case TypeId::kDayTimeInterval:
      return DayTimeText(Whole(std::get<int64_t>(value.data), type));
    case TypeId::kCalendarInterval:
      return CalendarText(std::get<IntervalParts>(value.data));
    case TypeId::kArray:
    case TypeId::kMap:
    case TypeId::kStruct:
      return ChildrenText(*std::get<Value::Children>(value.data), type);
    default:
      return std::to_string(std::get<int64_t>(value.data));
  }
}

}  // namespace tidemill::plan
