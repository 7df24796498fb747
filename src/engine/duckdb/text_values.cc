#include "engine/duckdb/text_values.h"

#include <fmt/format.h>
#include <unicode/uchar.h>
#include <unicode/utf8.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstring>
#include <limits>

namespace tidemill::engine::duckdb {
namespace {

using plan::DataType;
using plan::Int128;
using plan::TypeId;

constexpr int64_t kMicrosPerSecond = 1'000'000;
constexpr int64_t kMicrosPerDay = 86400 * kMicrosPerSecond;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Takes digits from the front; none when there are fewer than `least`, stops after `most`.
std::optional<int64_t> TakeDigits(std::string_view& text, size_t least, size_t most, size_t* count = nullptr) {
  size_t n = 0;
  int64_t value = 0;
  while (n < most && n < text.size() && IsDigit(text[n])) value = value * 10 + (text[n++] - '0');
  if (n < least) return std::nullopt;
  if (count != nullptr) *count = n;
  text.remove_prefix(n);
  return value;
}

bool Take(std::string_view& text, char c) {
  if (text.empty() || text.front() != c) return false;
  text.remove_prefix(1);
  return true;
}

std::string_view Trim(std::string_view text) {
  const auto blank = [](char c) { return static_cast<unsigned char>(c) <= ' '; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

bool EqualsIgnoringCase(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return (x | 0x20) == (y | 0x20); });
}

std::optional<int32_t> DaysOf(int64_t year, int64_t month, int64_t day) {
  using namespace std::chrono;
  if (month < 1 || month > 12 || day < 1 || day > 31) return std::nullopt;
  // std::chrono's year ends at 32767: shift by whole Gregorian cycles of 400 years, 146097 days each.
  const int64_t cycles = year / 400;
  const year_month_day date{std::chrono::year(static_cast<int>(year - cycles * 400)),
                            std::chrono::month(static_cast<unsigned>(month)),
                            std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return std::nullopt;
  const int64_t days = sys_days(date).time_since_epoch().count() + cycles * 146097;
  if (days > std::numeric_limits<int32_t>::max() || days < std::numeric_limits<int32_t>::min()) return std::nullopt;
  return static_cast<int32_t>(days);
}

// [+-]yyyy[-M[-d]] from the front.
std::optional<int32_t> TakeDate(std::string_view& text) {
  const bool negative = Take(text, '-');
  if (!negative) Take(text, '+');
  const auto year = TakeDigits(text, 4, 7);
  if (!year) return std::nullopt;
  int64_t month = 1, day = 1;
  if (Take(text, '-')) {
    const auto m = TakeDigits(text, 1, 2);
    if (!m) return std::nullopt;
    month = *m;
    if (Take(text, '-')) {
      const auto d = TakeDigits(text, 1, 2);
      if (!d) return std::nullopt;
      day = *d;
    }
  }
  return DaysOf(negative ? -*year : *year, month, day);
}

// h:m[:s[.ffffff]] from the front, microseconds of the day.
std::optional<int64_t> TakeTime(std::string_view& text) {
  const auto hour = TakeDigits(text, 1, 2);
  if (!hour || *hour > 23) return std::nullopt;
  int64_t minute = 0, second = 0, micros = 0;
  if (Take(text, ':')) {
    const auto m = TakeDigits(text, 1, 2);
    if (!m || *m > 59) return std::nullopt;
    minute = *m;
    if (Take(text, ':')) {
      const auto s = TakeDigits(text, 1, 2);
      if (!s || *s > 59) return std::nullopt;
      second = *s;
      if (Take(text, '.')) {
        size_t count = 0;
        micros = TakeDigits(text, 0, 6, &count).value_or(0);
        for (; count < 6; ++count) micros *= 10;
        while (!text.empty() && IsDigit(text.front())) text.remove_prefix(1);  // below a microsecond: cut off
      }
    }
  }
  return ((*hour * 60 + minute) * 60 + second) * kMicrosPerSecond + micros;
}

// "Z", "UTC", "GMT", "UT" with an offset or without, "+h[:m[:s]]": the offset in seconds.
std::optional<int64_t> ZoneSeconds(std::string_view zone) {
  if (zone == "Z") return 0;
  for (const std::string_view name : {"UTC", "GMT", "UT"}) {
    if (zone.starts_with(name)) {
      zone.remove_prefix(name.size());
      if (zone.empty()) return 0;
      break;
    }
  }
  const int sign = Take(zone, '+') ? 1 : Take(zone, '-') ? -1 : 0;
  if (sign == 0) return std::nullopt;
  int64_t parts[3] = {0, 0, 0};
  for (int i = 0; i < 3 && (i == 0 || !zone.empty()); ++i) {
    if (i > 0 && !Take(zone, ':') && zone.size() % 2 != 0) return std::nullopt;
    const auto part = TakeDigits(zone, 1, 2);
    if (!part || *part > 59) return std::nullopt;
    parts[i] = *part;
  }
  const int64_t seconds = parts[0] * 3600 + parts[1] * 60 + parts[2];
  if (!zone.empty() || seconds > 18 * 3600) return std::nullopt;
  return sign * seconds;
}

}  // namespace

std::string WithAsciiDigits(std::string_view text) {
  if (std::ranges::none_of(text, [](unsigned char c) { return c >= 0x80; })) return std::string(text);
  std::string ascii;
  const auto size = static_cast<int32_t>(text.size());
  for (int32_t at = 0; at < size;) {
    const int32_t begin = at;
    UChar32 point = 0;
    U8_NEXT(text.data(), at, size, point);
    const int digit = point > 0x7F ? u_charDigitValue(point) : -1;
    if (digit >= 0) {
      ascii += static_cast<char>('0' + digit);
    } else {
      ascii += text.substr(static_cast<size_t>(begin), static_cast<size_t>(at - begin));
    }
  }
  return ascii;
}

std::optional<int64_t> ParseInteger(std::string_view text, int64_t least, int64_t most) {
  if (text.size() > 1 && text.front() == '+' && IsDigit(text[1])) text.remove_prefix(1);
  int64_t value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc{} || end != text.data() + text.size() || value < least || value > most) return std::nullopt;
  return value;
}

namespace {

// The usual form, [-]digits[.digits] with no more places than the scale, in 64 bits; none when it is not that.
std::optional<int64_t> ParseShortDecimal(std::string_view text, int precision, int scale) {
  constexpr size_t kMostCharacters = 17;
  if (text.size() > kMostCharacters || precision > 18) return std::nullopt;
  const bool negative = Take(text, '-');
  int64_t value = 0;
  int places = -1;  // after the point; -1: no point yet
  for (const char c : text) {
    if (IsDigit(c)) {
      value = value * 10 + (c - '0');
      if (places >= 0) ++places;
    } else if (c == '.' && places < 0) {
      places = 0;
    } else {
      return std::nullopt;
    }
  }
  const int digits = static_cast<int>(text.size()) - (places >= 0 ? 1 : 0);
  const int missing = scale - std::max(places, 0);
  if (digits == 0 || missing < 0 || digits + missing > precision) return std::nullopt;
  for (int i = 0; i < missing; ++i) value *= 10;
  return negative ? -value : value;
}

}  // namespace

std::optional<Int128> ParseDecimal(std::string_view text, int precision, int scale) {
  if (const auto value = ParseShortDecimal(text, precision, scale)) return Int128{*value};
  const bool negative = Take(text, '-');
  if (!negative) Take(text, '+');
  Int128 digits = 0;
  int significant = 0;  // digits taken in, leading zeros apart
  int point = 0;        // digits after the point
  bool any = false, after_point = false, round_up = false;
  int64_t exponent = 0;
  size_t i = 0;
  for (; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '.' && !after_point) {
      after_point = true;
    } else if (IsDigit(c)) {
      any = true;
      if (significant == 38) return std::nullopt;  // more than any DECIMAL holds; rare enough to call malformed
      digits = digits * 10 + (c - '0');
      if (digits != 0) ++significant;
      if (after_point) ++point;
    } else {
      break;
    }
  }
  if (!any) return std::nullopt;
  if (i < text.size()) {
    if ((text[i] | 0x20) != 'e') return std::nullopt;
    const auto parsed = ParseInteger(text.substr(i + 1), -1000, 1000);
    if (!parsed) return std::nullopt;
    exponent = *parsed;
  }
  int64_t shift = scale - point + exponent;
  for (; shift > 0; --shift) {
    if (digits > (static_cast<Int128>(1) << 123)) return std::nullopt;
    digits *= 10;
  }
  for (; shift < 0 && (digits != 0 || round_up); ++shift) {  // HALF_UP looks at the last digit cut only
    round_up = digits % 10 >= 5;
    digits /= 10;
  }
  if (round_up) ++digits;
  Int128 bound = 1;
  for (int p = 0; p < precision; ++p) bound *= 10;
  if (digits >= bound) return std::nullopt;
  return negative ? -digits : digits;
}

namespace {

// Double.parseDouble and Float.parseFloat: blanks around, a suffix d or f, and hexadecimal numbers are taken.
template <typename Floating>
std::optional<Floating> ParseFloating(std::string_view text) {
  constexpr Floating kInfinity = std::numeric_limits<Floating>::infinity();
  text = Trim(text);
  if (text == "NaN") return std::numeric_limits<Floating>::quiet_NaN();
  const bool negative = text.starts_with('-');
  std::string_view magnitude = text;
  if (negative || magnitude.starts_with('+')) magnitude.remove_prefix(1);
  if (magnitude == "Inf" || magnitude == "Infinity") return negative ? -kInfinity : kInfinity;
  if (magnitude.empty() || (!IsDigit(magnitude.front()) && magnitude.front() != '.')) return std::nullopt;
  auto format = std::chars_format::general;
  const bool hexadecimal = magnitude.starts_with("0x") || magnitude.starts_with("0X");
  if (hexadecimal) {
    if (magnitude.find_first_of("pP") == std::string_view::npos) return std::nullopt;
    magnitude.remove_prefix(2);
    format = std::chars_format::hex;
  }
  const char last = magnitude.empty() ? '\0' : static_cast<char>(magnitude.back() | 0x20);
  if ((last == 'd' || last == 'f') && magnitude.size() > 1) magnitude.remove_suffix(1);
  Floating value = 0;
  const auto [end, code] = std::from_chars(magnitude.data(), magnitude.data() + magnitude.size(), value, format);
  if (end != magnitude.data() + magnitude.size()) return std::nullopt;
  if (code == std::errc::result_out_of_range) {  // too large or too small: infinity or nought, as C has it too
    const std::string whole = (hexadecimal ? "0x" : "") + std::string(magnitude);
    if constexpr (std::is_same_v<Floating, float>) {
      value = std::strtof(whole.c_str(), nullptr);
    } else {
      value = std::strtod(whole.c_str(), nullptr);
    }
  } else if (code != std::errc{}) {
    return std::nullopt;
  }
  return negative ? -value : value;
}

}  // namespace

std::optional<double> ParseDouble(std::string_view text) { return ParseFloating<double>(text); }
std::optional<float> ParseFloat(std::string_view text) { return ParseFloating<float>(text); }

std::optional<bool> ParseBoolean(std::string_view text) {
  if (EqualsIgnoringCase(text, "true")) return true;
  if (EqualsIgnoringCase(text, "false")) return false;
  return std::nullopt;
}

std::optional<int32_t> ParseDate(std::string_view text) {
  if (text.size() == 10 && text[4] == '-' && text[7] == '-') {  // the usual form, without the cursor
    const auto digit = [&](int i) { return static_cast<unsigned>(text[static_cast<size_t>(i)] - '0'); };
    bool plain = true;
    for (const int i : {0, 1, 2, 3, 5, 6, 8, 9}) plain = plain && digit(i) < 10;
    if (plain) {
      return DaysOf(digit(0) * 1000 + digit(1) * 100 + digit(2) * 10 + digit(3), digit(5) * 10 + digit(6),
                    digit(8) * 10 + digit(9));
    }
  }
  text = Trim(text);
  const auto days = TakeDate(text);
  if (!days || !(text.empty() || text.front() == ' ' || text.front() == 'T')) return std::nullopt;
  return days;
}

std::optional<int64_t> ParseTimestamp(std::string_view text, bool* has_zone) {
  *has_zone = false;
  text = Trim(text);
  const auto days = TakeDate(text);
  if (!days) return std::nullopt;
  int64_t micros = 0;
  if (!text.empty()) {
    if (!Take(text, 'T') && !Take(text, ' ')) return std::nullopt;
    const auto time = TakeTime(text);
    if (!time) return std::nullopt;
    micros = *time;
    text = Trim(text);
    if (!text.empty()) {
      const auto zone = ZoneSeconds(text);
      if (!zone) return std::nullopt;
      *has_zone = true;
      micros -= *zone * kMicrosPerSecond;
    }
  }
  int64_t total = 0;
  if (__builtin_mul_overflow(static_cast<int64_t>(*days), kMicrosPerDay, &total) ||
      __builtin_add_overflow(total, micros, &total)) {
    return std::nullopt;
  }
  return total;
}

std::optional<int64_t> ParseOffset(std::string_view text) { return ZoneSeconds(text); }

std::optional<std::string> UnknownTimePart(std::string_view text) {
  text = Trim(text);
  std::string_view rest = text;
  std::string_view alone = text;
  Take(alone, 'T');
  const size_t colon = alone.find(':');
  const bool today = (colon == 1 || colon == 2) && TakeTime(alone).has_value();
  if (today) return "a time without a date in a text";
  if (!TakeDate(rest) || (!Take(rest, 'T') && !Take(rest, ' ')) || !TakeTime(rest)) return std::nullopt;
  rest = Trim(rest);
  const auto letter = [](char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0; };
  const bool name = !rest.empty() && letter(rest.front()) && std::all_of(rest.begin(), rest.end(), [&](char c) {
    return letter(c) || IsDigit(c) || std::string_view("/_+-:").find(c) != std::string_view::npos;
  });
  return name ? std::optional("the zone " + std::string(rest) + " in a text") : std::nullopt;
}

std::string TimeField(int64_t micros) {
  std::string text = plan::TimestampToText(micros);
  text[text.find(' ')] = 'T';
  const size_t point = text.find('.');
  std::string fraction = point == std::string::npos ? "" : text.substr(point + 1);
  fraction.resize(3, '0');
  return text.substr(0, point) + "." + fraction;
}

std::string InstantField(int64_t micros, int64_t local_micros) {
  const int64_t minutes = (local_micros - micros) / 60'000'000;
  if (minutes == 0) return TimeField(local_micros) + "Z";
  return fmt::format("{}{}{:02}:{:02}", TimeField(local_micros), minutes < 0 ? '-' : '+', std::abs(minutes) / 60,
                     std::abs(minutes) % 60);
}

}  // namespace tidemill::engine::duckdb
