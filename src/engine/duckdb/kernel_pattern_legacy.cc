#include "engine/duckdb/kernel_pattern_legacy.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <map>

#include "engine/duckdb/kernel_pattern_words.h"
#include "sql/literal.h"

namespace tidemill::engine::duckdb {

namespace {

constexpr int64_t kMicrosPerDay = int64_t{86400} * 1000000;
constexpr std::string_view kLetters = "GyMdkHmsSEDFwWahKzZYuXL";
constexpr int64_t kGregorianStart = -141427;  // 1582-10-15

std::string Padded(int64_t value, int width) {
  std::string text = std::to_string(std::abs(value));
  if (text.size() < static_cast<size_t>(width)) text.insert(0, static_cast<size_t>(width) - text.size(), '0');
  return value < 0 ? "-" + text : text;
}

int64_t FloorDiv(int64_t a, int64_t b) { return a / b - (a % b < 0); }

// Days since the epoch of a date of the Julian calendar.
int64_t JulianDays(int64_t year, int month, int day) {
  int64_t y = month <= 2 ? year - 1 : year;
  int64_t months = month <= 2 ? month + 12 : month;
  return FloorDiv(1461 * (y + 4716), 4) + (306001 * (months + 1)) / 10000 + day - 1524 - 2440588;
}

// A date as the hybrid calendar has it: the same year, month and day; the weekday and what hangs on it are its own.
struct HybridDate {
  sql::CivilDate date;
  bool julian = false;

  int64_t Days(int64_t year, int month, int day) const {
    return julian ? JulianDays(year, month, day) : sql::DaysFromCivil(year, month, day);
  }
  static int Weekday(int64_t days) { return static_cast<int>(((days + 4) % 7 + 7) % 7); }  // 0: Sunday
  int64_t days() const { return Days(date.year, date.month, date.day); }
  int weekday() const { return Weekday(days()); }
  int64_t day_of_year() const { return days() - Days(date.year, 1, 1) + 1; }
  int week_of_month() const { return (date.day - 1 + Weekday(Days(date.year, date.month, 1))) / 7 + 1; }
  // The first of January is in week 1, which begins on a Sunday.
  bool in_next_year() const {
    int64_t next = Days(date.year + 1, 1, 1);
    return days() - weekday() + 6 >= next;
  }
  int64_t week_of_year() const {
    return in_next_year() ? 1 : (day_of_year() - 1 + Weekday(Days(date.year, 1, 1))) / 7 + 1;
  }
};

std::optional<std::string> ZoneText(DatetimePattern::Moment moment, char letter, int count) {
  constexpr int64_t kYear1900 = -25567 * kMicrosPerDay;
  if (moment.local_micros < kYear1900) {  // java.util.TimeZone knows no local mean time
    auto named = std::find_if(std::begin(kZoneNames), std::end(kZoneNames),
                              [&](const auto& zone) { return zone.region == moment.zone; });
    if (named == std::end(kZoneNames)) return std::nullopt;
    moment.offset_seconds = named->standard_offset_seconds;
  }
  int size = std::abs(moment.offset_seconds) / 60;
  std::string sign = moment.offset_seconds < 0 ? "-" : "+";
  if (letter == 'Z') return sign + Padded(size / 60 * 100 + size % 60, 4);
  if (letter == 'X') {
    if (moment.offset_seconds == 0) return "Z";
    std::string text = sign + Padded(size / 60, 2);
    if (count > 1) text += (count == 3 ? ":" : "") + Padded(size % 60, 2);
    return text;
  }
  for (const auto& named : kZoneNames) {
    if (named.region != moment.zone) continue;
    bool summer = moment.offset_seconds == named.standard_offset_seconds + 3600;
    return std::string(summer ? (count >= 4 ? named.full_summer : named.short_summer)
                              : (count >= 4 ? named.full_standard : named.short_standard));
  }
  return std::nullopt;
}

bool TakeWord(std::string_view text, size_t& at, std::string_view word) {
  bool same = at + word.size() <= text.size() &&
              std::equal(word.begin(), word.end(), text.begin() + static_cast<ptrdiff_t>(at), [](char a, char b) {
                return std::tolower(static_cast<unsigned char>(a)) == std::tolower(static_cast<unsigned char>(b));
              });
  if (same) at += word.size();
  return same;
}

// A name or its first three letters; -1: neither.
template <size_t N>
int TakeName(std::string_view text, size_t& at, const char* const (&names)[N]) {
  for (bool full : {true, false}) {
    for (size_t i = 0; i < N; ++i) {
      std::string_view name = names[i];
      if (TakeWord(text, at, full ? name : name.substr(0, 3))) return static_cast<int>(i);
    }
  }
  return -1;
}

bool IsNumeric(char letter, int count) {
  if (letter == 'M' || letter == 'L') return count < 3;
  return letter != 0 && std::string_view("GEazZX").find(letter) == std::string_view::npos;
}

}  // namespace

Result<LegacyPattern> LegacyPattern::Read(std::string_view text) {
  LegacyPattern pattern;
  for (size_t i = 0; i < text.size();) {
    char c = text[i];
    if (c == '\'') {
      std::string quoted;
      size_t end = i + 1;
      while (end < text.size() && (text[end] != '\'' || (end + 1 < text.size() && text[end + 1] == '\''))) {
        quoted += text[end];
        end += text[end] == '\'' ? 2 : 1;
      }
      if (end >= text.size()) return InvalidArgument("Unterminated quote in the datetime pattern " + std::string(text));
      pattern.parts_.push_back({0, 0, end == i + 1 ? "'" : quoted});
      i = end + 1;
      continue;
    }
    size_t end = i;
    while (end < text.size() && text[end] == c) ++end;
    int count = static_cast<int>(end - i);
    if (!std::isalpha(static_cast<unsigned char>(c))) {
      pattern.parts_.push_back({0, 0, std::string(text.substr(i, 1))});
      ++i;
      continue;
    }
    if (kLetters.find(c) == std::string_view::npos || (c == 'X' && count > 3)) {
      return InvalidArgument("Illegal pattern character '" + std::string(1, c) + "' in " + std::string(text));
    }
    pattern.parts_.push_back({c, count, ""});
    i = end;
  }
  return pattern;
}

bool LegacyPattern::has_zone() const {
  return std::any_of(parts_.begin(), parts_.end(), [](const Part& part) {
    return part.letter != 0 && std::string_view("zZX").find(part.letter) != std::string_view::npos;
  });
}

std::optional<std::string> LegacyPattern::Format(const DatetimePattern::Moment& moment) const {
  int64_t day = FloorDiv(moment.local_micros, kMicrosPerDay), micros = moment.local_micros - day * kMicrosPerDay;
  HybridDate hybrid{sql::CivilFromDays(day), day < kGregorianStart};
  const auto& date = hybrid.date;
  int64_t seconds = micros / 1000000, hour = seconds / 3600;
  int64_t year = date.year > 0 ? date.year : 1 - date.year;
  bool cut = date.year == 1582 && !hybrid.julian;  // the year that lacks ten days
  std::string out;
  for (const auto& part : parts_) {
    auto number = [&](int64_t value) { out += Padded(value, part.count); };
    auto year_text = [&](int64_t value) {
      out += part.count == 2 ? Padded(value % 100, 2) : Padded(value, part.count);
    };
    if (cut && part.letter != 0 && std::string_view("DFwWY").find(part.letter) != std::string_view::npos) {
      return std::nullopt;
    }
    switch (part.letter) {
      case 0:
        out += part.text;
        break;
      case 'G':
        out += date.year > 0 ? "AD" : "BC";
        break;
      case 'y':
        year_text(year);
        break;
      case 'Y':
        year_text(hybrid.in_next_year() ? year + 1 : year);
        break;
      case 'M':
      case 'L':
        if (part.count < 3) {
          number(date.month);
        } else {
          out += std::string_view(kMonthNames[date.month - 1]).substr(0, part.count == 3 ? 3 : std::string::npos);
        }
        break;
      case 'E':
        out += std::string_view(kDayNames[hybrid.weekday()]).substr(0, part.count < 4 ? 3 : std::string::npos);
        break;
      case 'u':
        number(hybrid.weekday() == 0 ? 7 : hybrid.weekday());
        break;
      case 'd':
        number(date.day);
        break;
      case 'D':
        number(hybrid.day_of_year());
        break;
      case 'F':
        number((date.day - 1) / 7 + 1);
        break;
      case 'w':
        number(hybrid.week_of_year());
        break;
      case 'W':
        number(hybrid.week_of_month());
        break;
      case 'a':
        out += hour < 12 ? "AM" : "PM";
        break;
      case 'H':
        number(hour);
        break;
      case 'k':
        number(hour == 0 ? 24 : hour);
        break;
      case 'K':
        number(hour % 12);
        break;
      case 'h':
        number(hour % 12 == 0 ? 12 : hour % 12);
        break;
      case 'm':
        number(seconds / 60 % 60);
        break;
      case 's':
        number(seconds % 60);
        break;
      case 'S':
        number(micros / 1000 % 1000);
        break;
      default: {
        auto zone = ZoneText(moment, part.letter, part.count);
        if (!zone) return std::nullopt;
        out += *zone;
      }
    }
  }
  return out;
}

namespace {

// The fields read so far, by their letters: M, d, H (k is H), K (h is K), ...
using Fields = std::map<char, int64_t>;

int64_t FieldOr(const Fields& fields, char letter, int64_t otherwise) {
  auto found = fields.find(letter);
  return found == fields.end() ? otherwise : found->second;
}

bool InRange(const Fields& fields, char letter, int64_t least, int64_t most) {
  auto found = fields.find(letter);
  return found == fields.end() || (found->second >= least && found->second <= most);
}

// A number of any length, or of exactly so many letters where another number follows at once.
std::optional<int64_t> TakeNumber(std::string_view text, size_t& at, int exactly) {
  size_t end = exactly > 0 ? std::min(text.size(), at + static_cast<size_t>(exactly)) : text.size();
  if (exactly > 0 && at + static_cast<size_t>(exactly) > text.size()) return std::nullopt;
  bool minus = at < end && text[at] == '-';
  size_t from = at + minus, next = from;
  int64_t value = 0;
  while (next < end && std::isdigit(static_cast<unsigned char>(text[next])) && next - from < 10) {
    value = value * 10 + (text[next++] - '0');
  }
  if (next == from) return std::nullopt;
  at = next;
  return minus ? -value : value;
}

std::optional<int> TakeTimeZone(std::string_view text, size_t& at, char letter) {
  if (letter == 'X' && TakeWord(text, at, "Z")) return 0;
  for (const auto& zone : kZoneNames) {
    if (letter == 'X') break;
    if (TakeWord(text, at, zone.full_standard) || TakeWord(text, at, zone.short_standard)) {
      return zone.standard_offset_seconds;
    }
    if (TakeWord(text, at, zone.full_summer) || TakeWord(text, at, zone.short_summer)) {
      return zone.standard_offset_seconds + 3600;
    }
  }
  if (at >= text.size() || (text[at] != '+' && text[at] != '-')) return std::nullopt;
  size_t end = at + 1;
  while (end < text.size() && (std::isdigit(static_cast<unsigned char>(text[end])) || text[end] == ':')) ++end;
  auto offset = sql::ZoneOffsetSeconds(text.substr(at, end - at));
  if (offset) at = end;
  return offset;
}

}  // namespace

LegacyPattern::Outcome LegacyPattern::Parse(std::string_view text, DatetimePattern::Parsed* parsed) const {
  Fields fields;
  size_t at = 0;
  for (size_t i = 0; i < parts_.size(); ++i) {
    const auto& part = parts_[i];
    if (part.letter == 0) {
      if (text.substr(std::min(at, text.size())).substr(0, part.text.size()) != part.text) return Outcome::kNoFit;
      at += part.text.size();
      continue;
    }
    while (at < text.size() && (text[at] == ' ' || text[at] == '\t')) ++at;
    if (std::string_view("wWFYu").find(part.letter) != std::string_view::npos) return Outcome::kUnknown;
    if (IsNumeric(part.letter, part.count)) {
      bool abuts = i + 1 < parts_.size() && IsNumeric(parts_[i + 1].letter, parts_[i + 1].count);
      bool abutted = i > 0 && IsNumeric(parts_[i - 1].letter, parts_[i - 1].count);
      size_t from = at;
      auto number = TakeNumber(text, at, abuts || (abutted && i + 1 < parts_.size()) ? part.count : 0);
      if (!number) return Outcome::kNoFit;
      // A year of two digits is within 80 years of today, which is not asked for here.
      if (part.letter == 'y' && part.count <= 2 && at - from == 2) return Outcome::kUnknown;
      char letter = part.letter == 'L' ? 'M' : part.letter;
      if (letter == 'k' && *number == 24) number = 0;
      if (letter == 'h' && *number == 12) number = 0;
      fields[letter == 'k' ? 'H' : letter == 'h' ? 'K' : letter] = *number;
      continue;
    }
    int name = -1;
    static constexpr const char* kEras[] = {"BC", "AD"};
    static constexpr const char* kHalves[] = {"AM", "PM"};
    switch (part.letter) {
      case 'G':
        name = TakeName(text, at, kEras);
        if (name == 0) return Outcome::kUnknown;
        break;
      case 'a':
        name = TakeName(text, at, kHalves);
        fields['a'] = name;
        break;
      case 'E':
        name = TakeName(text, at, kDayNames);
        fields['E'] = name;
        break;
      case 'M':
      case 'L':
        name = TakeName(text, at, kMonthNames);
        fields['M'] = name + 1;
        break;
      default: {
        auto offset = TakeTimeZone(text, at, part.letter);
        if (!offset) return Outcome::kUnknown;
        parsed->offset_seconds = *offset;
        name = 0;
      }
    }
    if (name < 0) return Outcome::kNoFit;
  }
  bool fits = InRange(fields, 'M', 1, 12) && InRange(fields, 'd', 1, 31) && InRange(fields, 'D', 1, 366) &&
              InRange(fields, 'H', 0, 23) && InRange(fields, 'K', 0, 11) && InRange(fields, 'm', 0, 59) &&
              InRange(fields, 's', 0, 59) && InRange(fields, 'S', 0, 999) && InRange(fields, 'y', 1, 292278994);
  if (!fits) return Outcome::kNoFit;
  int64_t year = FieldOr(fields, 'y', 1970);
  if (year < 1583 || fields.contains('D')) return Outcome::kUnknown;
  int64_t month = FieldOr(fields, 'M', 1), day = FieldOr(fields, 'd', 1);
  int64_t days = sql::DaysFromCivil(year, static_cast<int>(month), static_cast<int>(day));
  auto date = sql::CivilFromDays(days);
  if (date.month != month || date.day != day) return Outcome::kNoFit;
  if (fields.contains('E') && FieldOr(fields, 'E', 0) != ((days + 4) % 7 + 7) % 7) return Outcome::kNoFit;
  int64_t hour =
      fields.contains('H') ? FieldOr(fields, 'H', 0) : FieldOr(fields, 'K', 0) + FieldOr(fields, 'a', 0) * 12;
  if (fields.contains('H') && (fields.contains('K') || fields.contains('a'))) return Outcome::kUnknown;
  int64_t millis =
      ((hour * 60 + FieldOr(fields, 'm', 0)) * 60 + FieldOr(fields, 's', 0)) * 1000 + FieldOr(fields, 'S', 0);
  __int128 micros = static_cast<__int128>(days) * kMicrosPerDay + millis * 1000;
  if (micros > INT64_MAX) return Outcome::kNoFit;
  parsed->local_micros = static_cast<int64_t>(micros);
  return Outcome::kParsed;
}

}  // namespace tidemill::engine::duckdb
