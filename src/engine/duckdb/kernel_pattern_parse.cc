// Reading a text by a date pattern: java.time's parsers in their strict form, its strict resolver, and the defaults
// that Spark puts in for what is missing (DateTimeFormatterHelper.toLocalDate, toLocalTime).
#include <algorithm>
#include <cctype>
#include <limits>

#include "engine/duckdb/kernel_pattern.h"
#include "engine/duckdb/kernel_pattern_words.h"
#include "sql/literal.h"

namespace tidemill::engine::duckdb {

namespace {

constexpr int64_t kMicrosPerDay = int64_t{86400} * 1000000;

int DigitAt(std::string_view text, size_t at) {
  return at < text.size() && text[at] >= '0' && text[at] <= '9' ? text[at] - '0' : -1;
}

bool TakeWord(std::string_view text, size_t& at, std::string_view word) {
  bool same = at + word.size() <= text.size() &&
              std::equal(word.begin(), word.end(), text.begin() + static_cast<ptrdiff_t>(at), [](char a, char b) {
                return std::tolower(static_cast<unsigned char>(a)) == std::tolower(static_cast<unsigned char>(b));
              });
  if (same) at += word.size();
  return same;
}

// The first of the words that is there, counted from 0; -1: none.
template <size_t N>
int TakeOneOf(std::string_view text, size_t& at, const char* const (&words)[N], size_t letters) {
  for (size_t i = 0; i < N; ++i) {
    if (TakeWord(text, at, std::string_view(words[i]).substr(0, letters))) return static_cast<int>(i);
  }
  return -1;
}

// Two digits, after a colon where there is to be one; -1: they are not there.
int TakeTwo(std::string_view text, size_t& at, bool colon) {
  size_t from = at;
  if (colon && (from >= text.size() || text[from++] != ':')) return -1;
  int tens = DigitAt(text, from), ones = DigitAt(text, from + 1);
  if (tens < 0 || ones < 0) return -1;
  at = from + 2;
  return tens * 10 + ones;
}

struct OffsetForm {
  bool colons, minutes_always, shows_seconds;
  std::string_view zero;
};

std::optional<int> TakeOffset(std::string_view text, size_t& at, const OffsetForm& form) {
  if (TakeWord(text, at, form.zero)) return 0;
  if (at >= text.size() || (text[at] != '+' && text[at] != '-')) return std::nullopt;
  int sign = text[at] == '-' ? -1 : 1, minutes = 0, seconds = 0;
  size_t end = at + 1;
  int hours = TakeTwo(text, end, false);
  if (hours < 0) return std::nullopt;
  minutes = TakeTwo(text, end, form.colons);
  if (minutes < 0 && form.minutes_always) return std::nullopt;
  if (minutes >= 0 && form.shows_seconds) seconds = std::max(0, TakeTwo(text, end, form.colons));
  int size = hours * 3600 + std::max(minutes, 0) * 60 + seconds;
  if (hours > 23 || minutes > 59 || seconds > 59 || size > 18 * 3600) return std::nullopt;
  at = end;
  return sign * size;
}

// GMT+8:30, or GMT+08:30 where it is full.
std::optional<int> TakeLocalizedOffset(std::string_view text, size_t& at, bool full) {
  if (!TakeWord(text, at, "GMT")) return std::nullopt;
  if (at >= text.size() || (text[at] != '+' && text[at] != '-')) return 0;
  int sign = text[at] == '-' ? -1 : 1, hours = 0, minutes = 0, seconds = 0;
  size_t end = at + 1;
  if (full) {
    hours = TakeTwo(text, end, false);
    minutes = hours < 0 ? -1 : TakeTwo(text, end, true);
    if (minutes < 0) return std::nullopt;
  } else {
    hours = DigitAt(text, end++);
    if (hours < 0) return std::nullopt;
    if (int next = DigitAt(text, end); next >= 0) {
      hours = hours * 10 + next;
      ++end;
    }
    minutes = std::max(0, TakeTwo(text, end, true));
  }
  if (full || minutes > 0) seconds = std::max(0, TakeTwo(text, end, true));
  int size = hours * 3600 + minutes * 60 + seconds;
  if (minutes > 59 || seconds > 59 || size > 18 * 3600) return std::nullopt;
  at = end;
  return sign * size;
}

OffsetForm FormOf(char letter, int count) {
  if (letter == 'Z') return count < 4 ? OffsetForm{false, true, false, "+0000"} : OffsetForm{true, true, true, "Z"};
  std::string_view zero = letter == 'X' ? "Z" : count == 1 ? "+00" : count % 2 == 0 ? "+0000" : "+00:00";
  return {count == 3 || count == 5, count > 1, count > 3, zero};
}

bool IsRegionLetter(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) || c == '/' || c == '_' || c == '-' || c == '+';
}

}  // namespace

struct DatetimePattern::Fields {
  std::optional<int64_t> era, year_of_era, year, month, day, day_of_year;
  std::optional<int64_t> half, hour, clock_hour, hour12, clock_hour12, minute, second, nanos;
  std::optional<int64_t> offset;
  std::string region;

  // A field that stands twice has to be the same.
  static bool Set(std::optional<int64_t>& field, int64_t value) {
    if (field && *field != value) return false;
    field = value;
    return true;
  }

  std::optional<int64_t>* Of(char letter) {
    switch (letter) {
      case 'u':
        return &year;
      case 'y':
        return &year_of_era;
      case 'M':
        return &month;
      case 'd':
        return &day;
      case 'D':
        return &day_of_year;
      case 'H':
        return &hour;
      case 'k':
        return &clock_hour;
      case 'K':
        return &hour12;
      case 'h':
        return &clock_hour12;
      case 'm':
        return &minute;
      default:
        return &second;
    }
  }

  bool ResolveTime() {
    auto within = [](const std::optional<int64_t>& field, int64_t least, int64_t most) {
      return !field || (*field >= least && *field <= most);
    };
    if (!within(clock_hour, 1, 24) || !within(clock_hour12, 1, 12) || !within(hour12, 0, 11)) return false;
    if (clock_hour && !Set(hour, *clock_hour % 24)) return false;
    if (clock_hour12 && !Set(hour12, *clock_hour12 % 12)) return false;
    if (half && hour12 && !Set(hour, *half * 12 + *hour12)) return false;
    if (!within(hour, 0, 23) || !within(minute, 0, 59) || !within(second, 0, 59)) return false;
    bool known = hour && (minute || (!second && !nanos)) && (second || !nanos);
    if (known && hour12 && *hour12 != *hour % 12) return false;
    return !known || !half || *half == *hour / 12;
  }

  int64_t Micros() const {
    int64_t h = hour ? *hour : hour12 ? *hour12 : half == 1 ? 12 : 0;
    return ((h * 60 + minute.value_or(0)) * 60 + second.value_or(0)) * 1000000 + nanos.value_or(0) / 1000;
  }

  std::optional<int64_t> Days() {
    if (year_of_era && *year_of_era < 1) return std::nullopt;
    if (year_of_era && era && !Set(year, *era == 1 ? *year_of_era : 1 - *year_of_era)) return std::nullopt;
    int64_t y = year.value_or(1970);
    if (y < -999999 || y > 999999) return std::nullopt;
    bool by_day_of_year = day_of_year && !(month && day);
    int64_t days = 0;
    if (by_day_of_year) {
      int64_t first = sql::DaysFromCivil(y, 1, 1);
      if (*day_of_year < 1 || *day_of_year > sql::DaysFromCivil(y + 1, 1, 1) - first) return std::nullopt;
      days = first + *day_of_year - 1;
    } else {
      int64_t m = month.value_or(1), d = day.value_or(1);
      if (m < 1 || m > 12 || d < 1 || d > 31) return std::nullopt;
      days = sql::DaysFromCivil(y, static_cast<int>(m), static_cast<int>(d));
    }
    auto date = sql::CivilFromDays(days);
    bool same = (!month || *month == date.month) && (!day || *day == date.day) &&
                (!day_of_year || *day_of_year == days - sql::DaysFromCivil(date.year, 1, 1) + 1);
    return same ? std::optional(days) : std::nullopt;
  }
};

namespace {

// The digits of a number; NumberPrinterParser's rules.
struct Digits {
  int least, most, following;
  std::optional<int64_t> Take(std::string_view text, size_t& at, int* taken) const {
    size_t run = 0;
    while (DigitAt(text, at + run) >= 0 && run < static_cast<size_t>(most + following)) ++run;
    if (following > 0) run = static_cast<size_t>(std::max(least, static_cast<int>(run) - following));
    if (run < static_cast<size_t>(least) || at + run > text.size() || run > 18) return std::nullopt;
    int64_t value = 0;
    for (size_t i = 0; i < run; ++i) {
      int digit = DigitAt(text, at + i);
      if (digit < 0) return std::nullopt;
      value = value * 10 + digit;
    }
    at += run;
    *taken = static_cast<int>(run);
    return value;
  }
};

}  // namespace

bool DatetimePattern::Take(const Part& part, std::string_view text, size_t& at, Fields& fields) {
  switch (part.letter) {
    case 0:
      return TakeWord(text, at, part.text);
    case 'G': {
      static constexpr const char* kShort[] = {"BC", "AD"};
      static constexpr const char* kFull[] = {"Before Christ", "Anno Domini"};
      int era = TakeOneOf(text, at, part.count == 4 ? kFull : kShort, std::string::npos);
      return era >= 0 && Fields::Set(fields.era, era);
    }
    case 'a': {
      static constexpr const char* kHalves[] = {"AM", "PM"};
      int half = TakeOneOf(text, at, kHalves, std::string::npos);
      return half >= 0 && Fields::Set(fields.half, half);
    }
    case 'S': {
      int taken = 0;
      auto value = Digits{1, part.count, 0}.Take(text, at, &taken);
      if (!value) return false;
      for (; taken < 9; ++taken) *value *= 10;
      return Fields::Set(fields.nanos, *value);
    }
    case 'V':
    case 'z': {
      for (const auto& prefix : {"", "UTC", "UT", "GMT"}) {
        size_t end = at;
        if (!TakeWord(text, end, prefix)) continue;
        bool bare = *prefix == '\0';
        auto offset = TakeOffset(text, end, {true, true, true, bare ? "Z" : "0"});
        if (offset || !bare) {
          at = end;
          return Fields::Set(fields.offset, offset.value_or(0));
        }
      }
      for (const auto& named : kZoneNames) {
        if (part.letter == 'V') break;
        size_t end = at;
        bool there = part.count == 4
                         ? TakeWord(text, end, named.full_standard) || TakeWord(text, end, named.full_summer)
                         : TakeWord(text, end, named.short_standard) || TakeWord(text, end, named.short_summer);
        if (!there || (end < text.size() && IsRegionLetter(text[end]))) continue;
        at = end;
        fields.region = named.region;
        return true;
      }
      if (at >= text.size() || !std::isalpha(static_cast<unsigned char>(text[at]))) return false;
      size_t end = at;
      while (end < text.size() && IsRegionLetter(text[end])) ++end;
      fields.region = text.substr(at, end - at);
      at = end;
      // An abbreviation that is not in the table may still be one of Java's: who asked for the text decides.
      return fields.region.find('/') != std::string::npos || (part.letter == 'z' && !fields.region.empty());
    }
    case 'O': {
      auto offset = TakeLocalizedOffset(text, at, part.count == 4);
      return offset && Fields::Set(fields.offset, *offset);
    }
    case 'X':
    case 'x':
    case 'Z': {
      auto offset = part.letter == 'Z' && part.count == 4 ? TakeLocalizedOffset(text, at, true)
                                                          : TakeOffset(text, at, FormOf(part.letter, part.count));
      return offset && Fields::Set(fields.offset, *offset);
    }
    default:
      break;
  }
  if (part.letter == 'M' && part.count > 2) {
    int month = TakeOneOf(text, at, kMonthNames, part.count == 3 ? 3 : std::string::npos);
    return month >= 0 && Fields::Set(fields.month, month + 1);
  }
  bool plus = at < text.size() && text[at] == '+', minus = at < text.size() && text[at] == '-';
  if ((plus && part.sign != Sign::kExceedsPad) || (minus && part.sign == Sign::kNotNegative)) return false;
  size_t digits_at = at + (plus || minus ? 1 : 0);
  int taken = 0;
  auto value = Digits{part.least, part.most, part.following}.Take(text, digits_at, &taken);
  if (!value || (minus && *value == 0)) return false;
  if (part.sign == Sign::kExceedsPad && !minus && plus != (taken > part.least)) return false;
  at = digits_at;
  bool short_year = (part.letter == 'u' || part.letter == 'y') && part.count == 2;
  return Fields::Set(*fields.Of(part.letter), minus ? -*value : *value + (short_year ? 2000 : 0));
}

bool DatetimePattern::TakeAll(const std::vector<Part>& parts, std::string_view text, size_t& at, Fields& fields) {
  for (const auto& part : parts) {
    if (part.letter == '[') {
      Fields before = fields;
      size_t from = at;
      if (TakeAll(part.parts, text, at, fields)) continue;
      fields = before;
      at = from;
    } else if (!Take(part, text, at, fields)) {
      return false;
    }
  }
  return true;
}

std::optional<DatetimePattern::Parsed> DatetimePattern::ParseZoned(std::string_view text) const {
  Fields fields;
  size_t at = 0;
  if (!TakeAll(parts_, text, at, fields) || at != text.size() || !fields.ResolveTime()) return std::nullopt;
  auto days = fields.Days();
  if (!days) return std::nullopt;
  __int128 micros = static_cast<__int128>(*days) * kMicrosPerDay + fields.Micros();
  if (micros > std::numeric_limits<int64_t>::max() || micros < std::numeric_limits<int64_t>::min()) return std::nullopt;
  Parsed parsed{static_cast<int64_t>(micros), std::nullopt, fields.region};
  if (fields.offset) parsed.offset_seconds = static_cast<int32_t>(*fields.offset);
  return parsed;
}

std::optional<int64_t> DatetimePattern::Parse(std::string_view text) const {
  auto parsed = ParseZoned(text);
  return parsed ? std::optional(parsed->local_micros) : std::nullopt;
}

}  // namespace tidemill::engine::duckdb
