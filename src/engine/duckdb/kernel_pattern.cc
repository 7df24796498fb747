#include "engine/duckdb/kernel_pattern.h"

#include <cctype>
#include <chrono>

namespace tidemill::engine::duckdb {

namespace {

using std::chrono::sys_days;
using std::chrono::year_month_day;

constexpr int64_t kMicrosPerDay = int64_t{86400} * 1000000;
constexpr const char* kMonths[] = {"January", "February", "March",     "April",   "May",      "June",
                                   "July",    "August",   "September", "October", "November", "December"};
constexpr const char* kDays[] = {"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"};
constexpr std::string_view kLetters = "yMLdDEaHhkKmsS";

Error BadPattern(std::string_view text, const std::string& why) {
  Error error = InvalidArgument("Unrecognized datetime pattern: '" + std::string(text) + "': " + why);
  error.error_class = "INVALID_DATETIME_PATTERN.ILLEGAL_CHARACTER";
  error.sqlstate = "22007";
  return error;
}

std::string Padded(int64_t value, int width) {
  std::string text = std::to_string(value);
  return text.size() < static_cast<size_t>(width) ? std::string(width - text.size(), '0') + text : text;
}

bool TakeWord(std::string_view& text, std::string_view word) {
  if (!text.starts_with(word)) return false;
  text.remove_prefix(word.size());
  return true;
}

// One letter stands for a number of any width, more for exactly that many digits; next to another number a number is
// as wide as its letters.
std::optional<int64_t> TakeNumber(std::string_view& text, int least, int most) {
  int n = 0;
  int64_t value = 0;
  while (n < most && n < static_cast<int>(text.size()) && std::isdigit(static_cast<unsigned char>(text[n]))) {
    value = value * 10 + (text[n++] - '0');
  }
  if (n < least) return std::nullopt;
  text.remove_prefix(n);
  return value;
}

struct Fields {
  int64_t year = 1970, month = 1, day = 1, day_of_year = 0, hour = 0, hour12 = -1, minute = 0, second = 0, micros = 0;
  int half = -1;  // 0 AM, 1 PM
  int weekday = -1;
};

std::optional<int64_t> Assemble(Fields f) {
  if (f.hour12 >= 0) f.hour = f.hour12 % 12 + (f.half == 1 ? 12 : 0);
  if (f.hour > 23 || f.minute > 59 || f.second > 59 || f.month < 1 || f.month > 12 || f.day < 1) return std::nullopt;
  year_month_day date{std::chrono::year(static_cast<int>(f.year)), std::chrono::month(static_cast<unsigned>(f.month)),
                      std::chrono::day(static_cast<unsigned>(f.day))};
  if (!date.ok()) return std::nullopt;
  int64_t days = sys_days(date).time_since_epoch().count();
  if (f.day_of_year > 0) {
    year_month_day first{date.year(), std::chrono::January, std::chrono::day(1)};
    if (f.day_of_year > (date.year().is_leap() ? 366 : 365)) return std::nullopt;
    days = sys_days(first).time_since_epoch().count() + f.day_of_year - 1;
  }
  if (f.weekday >= 0 && f.weekday != ((days + 4) % 7 + 7) % 7) return std::nullopt;
  return days * kMicrosPerDay + ((f.hour * 60 + f.minute) * 60 + f.second) * 1000000 + f.micros;
}

template <size_t N>
std::optional<int> TakeName(std::string_view& text, const char* const (&names)[N], bool full) {
  for (size_t i = 0; i < N; ++i) {
    std::string_view name = names[i];
    if (TakeWord(text, full ? name : name.substr(0, 3))) return static_cast<int>(i);
  }
  return std::nullopt;
}

}  // namespace

Result<DatetimePattern> DatetimePattern::Read(std::string_view text) {
  DatetimePattern pattern;
  for (size_t i = 0; i < text.size();) {
    char c = text[i];
    if (c == '\'') {
      size_t close = text.find('\'', i + 1);
      if (close == std::string_view::npos) return BadPattern(text, "a quote is not closed");
      std::string quoted(text.substr(i + 1, close - i - 1));
      pattern.parts_.push_back({0, 0, quoted.empty() ? "'" : quoted});
      i = close + 1;
      continue;
    }
    if (!std::isalpha(static_cast<unsigned char>(c))) {
      if (c == '[' || c == ']' || c == '{' || c == '}' || c == '#') {
        Error error = Unimplemented("the datetime pattern character '" + std::string(1, c) +
                                    "' is not supported by the native engine");
        return error;
      }
      pattern.parts_.push_back({0, 0, std::string(1, c)});
      ++i;
      continue;
    }
    size_t end = i;
    while (end < text.size() && text[end] == c) ++end;
    int count = static_cast<int>(end - i);
    bool known = kLetters.find(c) != std::string_view::npos;
    int most = c == 'S' ? 9 : c == 'y' ? 6 : c == 'M' || c == 'L' || c == 'E' ? 4 : c == 'D' ? 3 : c == 'a' ? 1 : 2;
    if (!known || count > most) {
      Error error = Unimplemented("the datetime pattern '" + std::string(text.substr(i, count)) +
                                  "' is not supported by the native engine");
      return error;
    }
    pattern.parts_.push_back({c == 'L' ? 'M' : c, count, ""});
    i = end;
  }
  return pattern;
}

std::string DatetimePattern::Format(int64_t micros) const {
  int64_t day = micros / kMicrosPerDay - (micros % kMicrosPerDay < 0);
  int64_t rest = micros - day * kMicrosPerDay;
  year_month_day date{sys_days(std::chrono::days(day))};
  int64_t year = static_cast<int>(date.year()), seconds = rest / 1000000, hour = seconds / 3600;
  unsigned month = static_cast<unsigned>(date.month());
  std::string out;
  for (const auto& part : parts_) {
    switch (part.letter) {
      case 0:
        out += part.text;
        break;
      case 'y':
        if (part.count == 2) {
          out += Padded(year % 100, 2);
        } else {
          out += (part.count >= 4 && year > 9999 ? "+" : "") + Padded(year, part.count);
        }
        break;
      case 'M':
        out += part.count == 4   ? kMonths[month - 1]
               : part.count == 3 ? std::string(kMonths[month - 1], 3)
                                 : Padded(month, part.count);
        break;
      case 'd':
        out += Padded(static_cast<unsigned>(date.day()), part.count);
        break;
      case 'D':
        out += Padded(day -
                          sys_days(year_month_day{date.year(), std::chrono::January, std::chrono::day(1)})
                              .time_since_epoch()
                              .count() +
                          1,
                      part.count);
        break;
      case 'E': {
        const char* name = kDays[((day + 4) % 7 + 7) % 7];
        out += part.count == 4 ? std::string(name) : std::string(name, 3);
        break;
      }
      case 'a':
        out += hour < 12 ? "AM" : "PM";
        break;
      case 'H':
        out += Padded(hour, part.count);
        break;
      case 'k':
        out += Padded(hour == 0 ? 24 : hour, part.count);
        break;
      case 'K':
        out += Padded(hour % 12, part.count);
        break;
      case 'h':
        out += Padded(hour % 12 == 0 ? 12 : hour % 12, part.count);
        break;
      case 'm':
        out += Padded(seconds / 60 % 60, part.count);
        break;
      case 's':
        out += Padded(seconds % 60, part.count);
        break;
      case 'S':
        out += (Padded(rest % 1000000, 6) + "000").substr(0, part.count);
        break;
    }
  }
  return out;
}

std::optional<int64_t> DatetimePattern::Parse(std::string_view text) const {
  Fields f;
  for (size_t i = 0; i < parts_.size(); ++i) {
    const auto& part = parts_[i];
    bool next_is_number = i + 1 < parts_.size() && parts_[i + 1].letter != 0 && parts_[i + 1].letter != 'a' &&
                          parts_[i + 1].letter != 'E' && !(parts_[i + 1].letter == 'M' && parts_[i + 1].count > 2);
    if (part.letter == 0) {
      if (!TakeWord(text, part.text)) return std::nullopt;
      continue;
    }
    std::optional<int64_t> number;
    if (part.letter == 'S') {
      size_t before = text.size();
      number = TakeNumber(text, 1, part.count);
      if (!number) return std::nullopt;
      const int count = static_cast<int>(before - text.size());
      for (int digits = count; digits < 6; ++digits) *number *= 10;
      for (int digits = count; digits > 6; --digits) *number /= 10;
      f.micros = *number;
      continue;
    }
    if (part.letter == 'a') {
      if (text.size() < 2 || std::toupper(text[1]) != 'M') return std::nullopt;
      char half = static_cast<char>(std::toupper(text[0]));
      if (half != 'A' && half != 'P') return std::nullopt;
      f.half = half == 'P';
      text.remove_prefix(2);
      continue;
    }
    if (part.letter == 'E') {
      auto name = TakeName(text, kDays, part.count == 4);
      if (!name) return std::nullopt;
      f.weekday = *name;
      continue;
    }
    if (part.letter == 'M' && part.count > 2) {
      auto name = TakeName(text, kMonths, part.count == 4);
      if (!name) return std::nullopt;
      f.month = *name + 1;
      continue;
    }
    int most = next_is_number       ? part.count
               : part.letter == 'y' ? (part.count == 2   ? 2
                                       : part.count == 4 ? 4
                                                         : 6)
               : part.count == 1    ? (part.letter == 'D' ? 3 : 2)
                                    : part.count;
    number = TakeNumber(text, part.count, std::max(most, part.count));
    if (!number) return std::nullopt;
    switch (part.letter) {
      case 'y':
        f.year = part.count == 2 ? 2000 + *number : *number;
        break;
      case 'M':
        f.month = *number;
        break;
      case 'd':
        f.day = *number;
        break;
      case 'D':
        f.day_of_year = *number;
        break;
      case 'H':
        f.hour = *number;
        break;
      case 'k':
        f.hour = *number == 24 ? 0 : *number;
        break;
      case 'h':
        if (*number < 1 || *number > 12) return std::nullopt;
        f.hour12 = *number;
        break;
      case 'K':
        if (*number > 11) return std::nullopt;
        f.hour12 = *number;
        break;
      case 'm':
        f.minute = *number;
        break;
      case 's':
        f.second = *number;
        break;
    }
  }
  return text.empty() ? Assemble(f) : std::nullopt;
}

}  // namespace tidemill::engine::duckdb
