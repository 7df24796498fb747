// Reading a date pattern, and printing by it. The other way about is kernel_pattern_parse.cc.
#include "engine/duckdb/kernel_pattern.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <map>

#include "engine/duckdb/kernel_pattern_words.h"
#include "sql/literal.h"

namespace tidemill::engine::duckdb {

namespace {

constexpr int64_t kMicrosPerDay = int64_t{86400} * 1000000;
constexpr std::string_view kLegacyLetters = "GyMdkHmsSEDFwWahKzZYuXL";

size_t RunLength(std::string_view text, size_t at) {
  size_t end = at;
  while (end < text.size() && text[end] == text[at]) ++end;
  return end - at;
}

// Whether java.text.SimpleDateFormat, which Spark 2 used, takes the pattern.
bool LegacyTakes(std::string_view text) {
  bool quoted = false;
  for (size_t i = 0; i < text.size();) {
    size_t count = RunLength(text, i);
    char c = text[i];
    if (c == '\'' && count % 2 == 1) quoted = !quoted;
    i += count;
    if (quoted || !std::isalpha(static_cast<unsigned char>(c))) continue;
    if (kLegacyLetters.find(c) == std::string_view::npos || (c == 'X' && count > 3)) return false;
  }
  return !quoted;
}

// A pattern that Spark 3 and later take no more: another error where the old format took it.
Error BadPattern(std::string_view text, std::string error_class, const std::string& why) {
  bool before = LegacyTakes(text);
  Error error =
      InvalidArgument("Fail to recognize '" + std::string(text) + "' pattern in the DateTimeFormatter: " + why);
  error.error_class = before ? "INCONSISTENT_BEHAVIOR_CROSS_VERSION.DATETIME_PATTERN_RECOGNITION" : error_class;
  error.sqlstate = before || error_class.starts_with("INCONSISTENT") ? "42K0B" : "22007";
  return error;
}

Error JavaRefuses(std::string_view text, const std::string& why) {
  return BadPattern(text, "INVALID_DATETIME_PATTERN.WITH_SUGGESTION", why);
}

// The first run of letters outside quotes for which the test holds.
template <typename Test>
std::string FindRun(std::string_view text, const Test& test) {
  bool quoted = false;
  for (size_t i = 0; i < text.size();) {
    size_t count = RunLength(text, i);
    if (text[i] == '\'' && count % 2 == 1) quoted = !quoted;
    if (!quoted && std::isalpha(static_cast<unsigned char>(text[i])) && test(text[i], count)) {
      return std::string(text.substr(i, count));
    }
    i += count;
  }
  return "";
}

bool IsOneOf(char letter, std::string_view letters) { return letters.find(letter) != std::string_view::npos; }

// Spark's own prohibitions (DateTimeFormatterHelper.convertIncompatiblePattern), which come before Java's.
std::optional<Error> SparkForbids(std::string_view text, DatetimePattern::Use use) {
  bool parsing = use == DatetimePattern::Use::kParse;
  if (auto run = FindRun(text, [](char c, size_t) { return IsOneOf(c, "YWwuec"); }); !run.empty()) {
    return BadPattern(text, "INCONSISTENT_BEHAVIOR_CROSS_VERSION.DATETIME_WEEK_BASED_PATTERN",
                      "week-based fields are not supported: " + run + ".");
  }
  auto illegal = [&](char c, size_t) { return IsOneOf(c, "ABnNp") || (parsing && IsOneOf(c, "EFqQ")); };
  if (auto run = FindRun(text, illegal); !run.empty()) {
    return BadPattern(text, "INVALID_DATETIME_PATTERN.ILLEGAL_CHARACTER", "the letter " + run + " is not allowed.");
  }
  auto narrow = [](char c, size_t count) { return (count >= 5 && IsOneOf(c, "GMLEQq")) || (count >= 7 && c == 'y'); };
  if (auto run = FindRun(text, narrow); !run.empty()) {
    return BadPattern(text, "INVALID_DATETIME_PATTERN.LENGTH", "too many letters: " + run + ".");
  }
  return std::nullopt;
}

// The most letters in a row that Java takes; 0 for what is no letter of it.
int MostLetters(char letter) {
  static const auto* most =
      new std::map<char, int>{{'G', 5}, {'y', 19}, {'M', 5}, {'L', 5}, {'d', 2}, {'D', 3}, {'Q', 5}, {'q', 5},
                              {'E', 5}, {'F', 1},  {'a', 1}, {'H', 2}, {'k', 2}, {'K', 2}, {'h', 2}, {'m', 2},
                              {'s', 2}, {'S', 9},  {'V', 2}, {'z', 4}, {'O', 4}, {'X', 5}, {'x', 5}, {'Z', 5}};
  auto found = most->find(letter);
  return found == most->end() ? 0 : found->second;
}

std::string Padded(int64_t value, int width) {
  std::string text = std::to_string(std::abs(value));
  if (text.size() < static_cast<size_t>(width)) text.insert(0, static_cast<size_t>(width) - text.size(), '0');
  return value < 0 ? "-" + text : text;
}

// +HHmm and its kin: the patterns of DateTimeFormatterBuilder.appendOffset.
std::string OffsetText(int seconds, bool colons, bool minutes_always, bool shows_seconds, const char* zero) {
  int size = std::abs(seconds), hours = size / 3600, minutes = size / 60 % 60, rest = size % 60;
  const char* colon = colons ? ":" : "";
  std::string text = (seconds < 0 ? "-" : "+") + Padded(hours, 2);
  int shown = hours;
  if (minutes_always || minutes > 0) {
    text += colon + Padded(minutes, 2);
    shown += minutes;
    if (shows_seconds && rest > 0) {
      text += colon + Padded(rest, 2);
      shown += rest;
    }
  }
  return shown == 0 ? zero : text;
}

// GMT+8, GMT+08:00.
std::string LocalizedOffset(int seconds, bool full) {
  if (seconds == 0) return "GMT";
  int size = std::abs(seconds), hours = size / 3600, minutes = size / 60 % 60, rest = size % 60;
  std::string text = std::string("GMT") + (seconds < 0 ? "-" : "+") + (full ? Padded(hours, 2) : std::to_string(hours));
  if (full || minutes || rest) text += ":" + Padded(minutes, 2);
  if (rest) text += ":" + Padded(rest, 2);
  return text;
}

std::string ZoneOffset(char letter, int count, int seconds) {
  if (letter == 'O') return LocalizedOffset(seconds, count == 4);
  if (letter == 'Z' && count == 4) return LocalizedOffset(seconds, true);
  if (letter == 'Z' && count < 4) return OffsetText(seconds, false, true, false, "+0000");
  if (letter == 'Z') return OffsetText(seconds, true, true, true, "Z");
  const char* zero = letter == 'X' ? "Z" : count == 1 ? "+00" : count % 2 == 0 ? "+0000" : "+00:00";
  bool colons = count == 3 || count == 5;
  return OffsetText(seconds, colons, count > 1, count > 3, zero);
}

// The zone's name in English, of the offset that holds there.
std::optional<std::string> ZoneName(std::string_view zone, int offset_seconds, bool full) {
  if (zone.starts_with('+') || zone.starts_with('-')) return std::string(zone);
  for (const auto& named : kZoneNames) {
    if (named.region != zone) continue;
    bool summer = offset_seconds == named.standard_offset_seconds + 3600;
    return std::string(summer ? (full ? named.full_summer : named.short_summer)
                              : (full ? named.full_standard : named.short_standard));
  }
  return std::nullopt;
}

}  // namespace

bool DatetimePattern::IsNumber(const Part& part) {
  if (part.letter == 'M' || part.letter == 'Q') return part.count < 3;
  return std::string_view("yudDFHkKhms").find(part.letter) != std::string_view::npos;
}

// One pattern's text, from left to right.
class DatetimePattern::Reader {
 public:
  Reader(std::string_view text, Use use) : text_(text), use_(use), era_(HasEra(text)) {}

  Result<DatetimePattern> Run() {
    if (auto forbidden = SparkForbids(text_, use_)) return *forbidden;
    RETURN_IF_ERROR(List(pattern_.parts_, 0));
    if (at_ < text_.size()) return JavaRefuses(text_, "] without [.");
    return std::move(pattern_);
  }

 private:
  static bool HasEra(std::string_view text) {
    bool quoted = false;
    for (char c : text) {
      if (c == '\'') quoted = !quoted;
      if (c == 'G' && !quoted) return true;
    }
    return false;
  }

  Status List(std::vector<Part>& parts, int depth) {
    if (depth > 50) return Unimplemented("a datetime pattern of more than 50 nested brackets is not supported");
    ptrdiff_t number = -1;  // the number that adjacent ones of fixed width follow
    while (at_ < text_.size()) {
      char c = text_[at_];
      if (c == ']') {
        if (depth > 0) ++at_;
        return Ok();
      }
      if (c == '[') {
        ++at_;
        Part part{.letter = '['};
        RETURN_IF_ERROR(List(part.parts, depth + 1));
        parts.push_back(std::move(part));
        number = -1;
        continue;
      }
      if (!std::isalpha(static_cast<unsigned char>(c))) {
        RETURN_IF_ERROR(Text(parts));
        number = -1;
        continue;
      }
      RETURN_IF_ERROR(Letters(parts));
      Adjacent(parts, number);
    }
    return Ok();
  }

  Status Text(std::vector<Part>& parts) {
    char c = text_[at_];
    if (c == '{' || c == '}' || c == '#') return JavaRefuses(text_, std::string("reserved character ") + c + ".");
    Part part;
    if (c != '\'') {
      part.text = c;
      ++at_;
    } else {
      size_t end = at_ + 1;
      while (end < text_.size() && (text_[end] != '\'' || (end + 1 < text_.size() && text_[end + 1] == '\''))) {
        part.text += text_[end];
        end += text_[end] == '\'' ? 2 : 1;
      }
      if (end >= text_.size()) return JavaRefuses(text_, "a quote is not closed.");
      if (part.text.empty()) part.text = "'";
      at_ = end + 1;
    }
    parts.push_back(std::move(part));
    return Ok();
  }

  Status Letters(std::vector<Part>& parts) {
    char letter = text_[at_];
    size_t count = RunLength(text_, at_);
    if (letter == 'g' || letter == 'v') {
      return Unimplemented(std::string("the datetime pattern letter ") + letter +
                           " is not supported by the native engine");
    }
    int most = MostLetters(letter);
    bool bad = most == 0 || count > static_cast<size_t>(most) || (letter == 'V' && count != 2) ||
               (letter == 'O' && count != 1 && count != 4);
    if (bad) return JavaRefuses(text_, "the letters " + std::string(count, letter) + ".");
    pattern_.has_zone_ = pattern_.has_zone_ || std::string_view("VzOXxZ").find(letter) != std::string_view::npos;
    Part part{.letter = letter == 'L' ? 'M' : letter == 'q' ? 'Q' : letter, .count = static_cast<int>(count)};
    if (letter == 'y' && !era_) part.letter = 'u';  // the year, which may be negative; else the year of the era
    SetWidth(part);
    parts.push_back(std::move(part));
    at_ += count;
    return Ok();
  }

  static void SetWidth(Part& part) {
    bool year = part.letter == 'y' || part.letter == 'u';
    part.least = part.count;
    if (year) {
      part.most = part.count == 2 ? 2 : 19;
      part.sign = part.count == 2 ? Sign::kNotNegative : part.count < 4 ? Sign::kNormal : Sign::kExceedsPad;
    } else if (part.letter == 'D' && part.count > 1) {
      part.most = 3;
      part.sign = Sign::kNotNegative;
    } else if (part.count > 1) {
      part.most = part.count;
      part.sign = Sign::kNotNegative;
    }
  }

  // A number of fixed width right behind another leaves that one its digits.
  static void Adjacent(std::vector<Part>& parts, ptrdiff_t& number) {
    const Part& part = parts.back();
    auto here = static_cast<ptrdiff_t>(parts.size()) - 1;
    if (!IsNumber(part)) {
      number = -1;
    } else if (number >= 0 && part.least == part.most && part.sign == Sign::kNotNegative) {
      parts[static_cast<size_t>(number)].following += part.most;
    } else {
      number = here;
    }
  }

  std::string_view text_;
  Use use_;
  bool era_;
  size_t at_ = 0;
  DatetimePattern pattern_;
};

Result<DatetimePattern> DatetimePattern::Read(std::string_view text, Use use) { return Reader(text, use).Run(); }

Result<DatetimePattern> DatetimePattern::ReadLocal(std::string_view text) {
  auto pattern = Read(text, Use::kParse);
  if (pattern.ok() && pattern->has_zone()) {
    return Unimplemented("a datetime pattern with a zone is not supported by the native engine's readers of files");
  }
  return pattern;
}

class DatetimePattern::Printer {
 public:
  explicit Printer(const Moment& moment) : moment_(moment) {
    day_ = moment.local_micros / kMicrosPerDay - (moment.local_micros % kMicrosPerDay < 0);
    micros_ = moment.local_micros - day_ * kMicrosPerDay;
    date_ = sql::CivilFromDays(day_);
  }

  bool Print(const std::vector<Part>& parts) {
    for (const auto& part : parts) {
      bool printed = part.letter == '[' ? Print(part.parts) : One(part);
      if (!printed) return false;
    }
    return true;
  }
  std::string Take() { return std::move(text_); }

 private:
  bool One(const Part& part) {
    int64_t seconds = micros_ / 1000000, hour = seconds / 3600;
    switch (part.letter) {
      case 0:
        text_ += part.text;
        return true;
      case 'G': {
        bool after = date_.year > 0;
        text_ += part.count == 4 ? (after ? "Anno Domini" : "Before Christ") : (after ? "AD" : "BC");
        return true;
      }
      case 'u':
        return Year(date_.year, part);
      case 'y':
        return Year(date_.year > 0 ? date_.year : 1 - date_.year, part);
      case 'M':
        if (part.count < 3) return Number(date_.month, part);
        text_ += std::string_view(kMonthNames[date_.month - 1]).substr(0, part.count == 3 ? 3 : std::string::npos);
        return true;
      case 'Q':
        return Quarter((date_.month + 2) / 3, part);
      case 'd':
        return Number(date_.day, part);
      case 'D':
        return Number(day_ - sql::DaysFromCivil(date_.year, 1, 1) + 1, part);
      case 'F':
        return Number((date_.day - 1) % 7 + 1, part);
      case 'E': {
        std::string_view name = kDayNames[((day_ + 4) % 7 + 7) % 7];
        text_ += name.substr(0, part.count == 4 ? std::string::npos : 3);
        return true;
      }
      case 'a':
        text_ += hour < 12 ? "AM" : "PM";
        return true;
      case 'H':
        return Number(hour, part);
      case 'k':
        return Number(hour == 0 ? 24 : hour, part);
      case 'K':
        return Number(hour % 12, part);
      case 'h':
        return Number(hour % 12 == 0 ? 12 : hour % 12, part);
      case 'm':
        return Number(seconds / 60 % 60, part);
      case 's':
        return Number(seconds % 60, part);
      case 'S':
        text_ += (Padded(micros_ % 1000000, 6) + "000").substr(0, static_cast<size_t>(part.count));
        return true;
      default:
        return Zone(part);
    }
  }

  bool Number(int64_t value, const Part& part) {
    text_ += Padded(value, part.least);
    return true;
  }

  bool Year(int64_t year, const Part& part) {
    if (part.count == 2) {
      text_ += Padded(std::abs(year) % 100, 2);
      return true;
    }
    std::string digits = Padded(year, part.count);
    bool exceeds = part.sign == Sign::kExceedsPad && year >= 0 && digits.size() > static_cast<size_t>(part.count);
    text_ += (exceeds ? "+" : "") + digits;
    return true;
  }

  bool Quarter(int quarter, const Part& part) {
    static constexpr const char* kNames[] = {"1st quarter", "2nd quarter", "3rd quarter", "4th quarter"};
    if (part.count < 3) return Number(quarter, part);
    text_ += part.count == 3 ? "Q" + std::to_string(quarter) : kNames[quarter - 1];
    return true;
  }

  bool Zone(const Part& part) {
    if (part.letter == 'V') {
      text_ += moment_.zone;
      return true;
    }
    if (part.letter != 'z') {
      text_ += ZoneOffset(part.letter, part.count, moment_.offset_seconds);
      return true;
    }
    auto name = ZoneName(moment_.zone, moment_.offset_seconds, part.count == 4);
    text_ += name.value_or("");
    return name.has_value();
  }

  const Moment& moment_;
  int64_t day_ = 0, micros_ = 0;
  sql::CivilDate date_;
  std::string text_;
};

bool DatetimePattern::KnowsZone(std::string_view name) {
  return name.find('/') != std::string_view::npos ||
         std::any_of(std::begin(kZoneNames), std::end(kZoneNames), [&](const auto& z) { return z.region == name; });
}

std::optional<std::string> DatetimePattern::Format(const Moment& moment) const {
  Printer printer(moment);
  if (!printer.Print(parts_)) return std::nullopt;
  return printer.Take();
}

}  // namespace tidemill::engine::duckdb
