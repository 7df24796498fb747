#include "sql/literal_text.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <cstdlib>

#include "sql/literal.h"

namespace tidemill::sql {
namespace {

using plan::Int128;
using plan::IntervalField;
using plan::TypeId;

constexpr int64_t kMicrosPerSecond = 1'000'000;
constexpr int64_t kMicrosPerDay = 86'400 * kMicrosPerSecond;

// BigDecimal.toString: small numbers bear an exponent.
std::string DecimalText(Int128 unscaled, int scale) {
  const bool negative = unscaled < 0;
  auto rest = negative ? -static_cast<unsigned __int128>(unscaled) : static_cast<unsigned __int128>(unscaled);
  std::string digits;
  for (; rest > 0; rest /= 10) digits.insert(digits.begin(), static_cast<char>('0' + static_cast<int>(rest % 10)));
  if (digits.empty()) digits = "0";
  if (const int exponent = static_cast<int>(digits.size()) - 1 - scale; scale > 0 && exponent < -6) {
    const std::string fraction = digits.size() > 1 ? "." + digits.substr(1) : "";
    return fmt::format("{}{}{}E{}", negative ? "-" : "", digits[0], fraction, exponent);
  }
  const auto least = static_cast<size_t>(scale) + 1;
  if (digits.size() < least) digits.insert(0, least - digits.size(), '0');
  if (scale > 0) digits.insert(digits.size() - static_cast<size_t>(scale), ".");
  return negative ? "-" + digits : digits;
}

// Java's Double.toString: the shortest digits that read back the same; between 1e-3 and 1e7 without an exponent.
template <typename T>
std::string FloatingText(T value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value < 0 ? "-Infinity" : "Infinity";
  if (value == 0) return std::signbit(value) ? "-0.0" : "0.0";
  char buffer[64];
  const T size = std::abs(value);
  const bool plain = size >= T{1e-3} && size < T{1e7};
  const auto format = plain ? std::chars_format::fixed : std::chars_format::scientific;
  auto result = std::to_chars(buffer, buffer + sizeof buffer, value, format);
  // Java's two digits where one would do; see plan/value.cc.
  if (std::is_same_v<T, float> && size < T{1e-38} && result.ptr - buffer < 6) {
    result = std::to_chars(buffer, buffer + sizeof buffer, value, format, 1);
  }
  std::string text(buffer, result.ptr);
  if (plain) return text.find('.') == std::string::npos ? text + ".0" : text;
  const size_t e = text.find('e');
  std::string mantissa = text.substr(0, e);
  if (mantissa.find('.') == std::string::npos) mantissa += ".0";
  return fmt::format("{}E{}", mantissa, std::strtol(text.c_str() + e + 1, nullptr, 10));
}

// Years beyond four digits carry a sign.
std::string DateText(int64_t days) {
  const auto date = CivilFromDays(days);
  const char* sign = date.year < 0 ? "-" : date.year > 9999 ? "+" : "";
  return fmt::format("{}{:04}-{:02}-{:02}", sign, std::abs(date.year), date.month, date.day);
}

// ".5" for half a second, "" for none.
std::string FractionText(int64_t micros) {
  if (micros == 0) return "";
  std::string text = fmt::format(".{:06}", micros);
  while (text.back() == '0') text.pop_back();
  return text;
}

std::string TimestampText(int64_t micros) {
  int64_t days = micros / kMicrosPerDay;
  int64_t time = micros % kMicrosPerDay;
  if (time < 0) {
    time += kMicrosPerDay;
    --days;
  }
  const int64_t seconds = time / kMicrosPerSecond;
  return fmt::format("{} {:02}:{:02}:{:02}{}", DateText(days), seconds / 3600, seconds / 60 % 60, seconds % 60,
                     FractionText(time % kMicrosPerSecond));
}

std::string HexText(std::string_view bytes) {
  std::string text;
  for (const unsigned char c : bytes) text += fmt::format("{:02X}", c);
  return text;
}

std::string YearMonthText(int64_t months, const plan::DataType& type) {
  const char* sign = months < 0 ? "-" : "";
  const int64_t size = std::abs(months);
  if (type.from() != type.to()) return fmt::format("{}{}-{}", sign, size / 12, size % 12);
  return fmt::format("{}{}", sign, type.from() == IntervalField::kYear ? size / 12 : size);
}

// The first field takes all that is larger; hours, minutes and seconds have two digits.
std::string DayTimeText(int64_t micros, const plan::DataType& type) {
  struct Part {
    IntervalField field;
    uint64_t size;
    char before;
  };
  constexpr Part kParts[] = {{IntervalField::kDay, kMicrosPerDay, ' '},
                             {IntervalField::kHour, 3600 * kMicrosPerSecond, ' '},
                             {IntervalField::kMinute, 60 * kMicrosPerSecond, ':'},
                             {IntervalField::kSecond, kMicrosPerSecond, ':'}};
  std::string text = micros < 0 ? "-" : "";
  uint64_t rest = micros < 0 ? 0 - static_cast<uint64_t>(micros) : static_cast<uint64_t>(micros);
  for (const auto& part : kParts) {
    if (part.field < type.from() || part.field > type.to()) continue;
    if (part.field != type.from()) text += part.before;
    text += part.field == IntervalField::kDay ? fmt::format("{}", rest / part.size)
                                              : fmt::format("{:02}", rest / part.size);
    rest %= part.size;
  }
  if (type.to() == IntervalField::kSecond) text += FractionText(static_cast<int64_t>(rest));
  return text;
}

}  // namespace

std::string LiteralText(const plan::Literal& literal) {
  const auto& data = literal.value.data;
  if (literal.value.is_null()) return "NULL";
  switch (literal.type.id()) {
    case TypeId::kBoolean:
      return std::get<bool>(data) ? "true" : "false";
    case TypeId::kByte:
    case TypeId::kShort:
    case TypeId::kInt:
    case TypeId::kLong:
      return std::to_string(std::get<int64_t>(data));
    case TypeId::kFloat:
      return FloatingText(static_cast<float>(std::get<double>(data)));
    case TypeId::kDouble:
      return FloatingText(std::get<double>(data));
    case TypeId::kDecimal:
      return DecimalText(std::get<Int128>(data), literal.type.scale());
    case TypeId::kString:
      return std::get<std::string>(data);
    case TypeId::kBinary:
      return fmt::format("X'{}'", HexText(std::get<std::string>(data)));
    case TypeId::kDate:
      return fmt::format("DATE '{}'", DateText(std::get<int64_t>(data)));
    case TypeId::kTimestamp:
      return fmt::format("TIMESTAMP '{}'", TimestampText(std::get<int64_t>(data)));
    case TypeId::kTimestampNtz:
      return fmt::format("TIMESTAMP_NTZ '{}'", TimestampText(std::get<int64_t>(data)));
    case TypeId::kYearMonthInterval:
      return fmt::format("INTERVAL '{}'{}", YearMonthText(std::get<int64_t>(data), literal.type),
                         literal.type.ToSql().substr(std::string_view("INTERVAL").size()));
    case TypeId::kDayTimeInterval:
      return fmt::format("INTERVAL '{}'{}", DayTimeText(std::get<int64_t>(data), literal.type),
                         literal.type.ToSql().substr(std::string_view("INTERVAL").size()));
    default:
      return "?";
  }
}

}  // namespace tidemill::sql
