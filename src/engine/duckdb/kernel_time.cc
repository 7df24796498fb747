// Dates and times: calendar arithmetic and Java's date patterns.
#include <chrono>
#include <cmath>
#include <string>
#include <vector>

#include "engine/duckdb/kernel_pattern.h"
#include "engine/duckdb/kernel_pattern_legacy.h"
#include "engine/duckdb/kernel_vector.h"
#include "plan/value.h"

namespace tidemill::engine::duckdb {

namespace {

using std::chrono::days;
using std::chrono::sys_days;
using std::chrono::year_month_day;
using std::chrono::year_month_day_last;

constexpr int64_t kMicrosPerDay = int64_t{86400} * 1000000;

int64_t FloorDiv(int64_t a, int64_t b) { return a / b - (a % b < 0); }

year_month_day CalendarOf(int64_t day) { return year_month_day{sys_days(days(day))}; }

void BadDateField(Row& row, std::string_view message) {
  row.Fail("DATETIME_FIELD_OUT_OF_BOUNDS.WITH_SUGGESTION", "22023", message);
}

bool ValidDate(Row& row, int32_t y, int32_t m, int32_t d) {
  // A year of the same length near by: std::chrono's years end at 32767.
  year_month_day date{std::chrono::year(y % 400 + 2000), std::chrono::month(m), std::chrono::day(d)};
  if (std::abs(int64_t{y}) < 5877000 && date.ok()) return true;
  BadDateField(row, m < 1 || m > 12 ? "Invalid value for MonthOfYear (valid values 1 - 12): " + std::to_string(m)
                    : d < 1 || d > 31
                        ? "Invalid value for DayOfMonth (valid values 1 - 28/31): " + std::to_string(d)
                        : "Invalid date " + std::to_string(y) + "-" + std::to_string(m) + "-" + std::to_string(d));
  return false;
}

int64_t DaysOf(int32_t y, int32_t m, int32_t d) {
  int32_t year = y % 400;
  return (y - year) / 400 * int64_t{146097} +
         sys_days(year_month_day{std::chrono::year(year), std::chrono::month(m), std::chrono::day(d)})
             .time_since_epoch()
             .count();
}

Date MakeDate(Row& row, int32_t y, int32_t m, int32_t d) {
  if (!ValidDate(row, y, m, d)) return {};
  return {static_cast<int32_t>(DaysOf(y, m, d))};
}

// The seconds come as microseconds (decimal(16,6) without its point); 60 is the next minute, as in PostgreSQL.
LocalTime MakeTime(Row& row, int32_t y, int32_t mo, int32_t d, int32_t h, int32_t mi, plan::Int128 micros) {
  if (!ValidDate(row, y, mo, d)) return {};
  if (h < 0 || h > 23) BadDateField(row, "Invalid value for HourOfDay (valid values 0 - 23): " + std::to_string(h));
  if (mi < 0 || mi > 59)
    BadDateField(row, "Invalid value for MinuteOfHour (valid values 0 - 59): " + std::to_string(mi));
  if (micros >= 61000000 || micros < 0) {
    BadDateField(row, "Invalid value for SecondOfMinute (valid values 0 - 59).");
  } else if (micros > 60000000) {
    row.Fail("INVALID_FRACTION_OF_SECOND", "22023",
             "Valid range for seconds is [0, 60] (inclusive), and 60 only without a fraction.");
  }
  plan::Int128 total = plan::Int128{DaysOf(y, mo, d) * 86400 + h * 3600 + mi * 60} * 1000000 + micros;
  if (total > INT64_MAX || total < INT64_MIN) row.Fail("ARITHMETIC_OVERFLOW", "22003", "long overflow.");
  return {static_cast<int64_t>(total)};
}

// Days wrap around, as Java's int does.
Date DateAdd(Row&, Date date, int32_t days) {
  return {static_cast<int32_t>(static_cast<uint32_t>(date.days) + static_cast<uint32_t>(days))};
}
Date DateSub(Row&, Date date, int32_t days) {
  return {static_cast<int32_t>(static_cast<uint32_t>(date.days) - static_cast<uint32_t>(days))};
}

int64_t Millis(Row&, InstantTime time) { return FloorDiv(time.micros, 1000); }

void OutOfTime(Row& row) { row.Fail("ARITHMETIC_OVERFLOW", "22003", "long overflow. The timestamp is out of range."); }

LocalTime TimeOfSeconds(Row& row, int64_t seconds) {
  int64_t micros = 0;
  if (__builtin_mul_overflow(seconds, int64_t{1000000}, &micros)) OutOfTime(row);
  return {micros};
}

// Seconds as the digits of a decimal of that scale.
LocalTime TimeOfDigits(Row& row, plan::Int128 digits, int32_t scale) {
  for (; scale < 6; ++scale) {
    if (__builtin_mul_overflow(digits, plan::Int128{10}, &digits)) OutOfTime(row);
  }
  for (; scale > 6; --scale) {
    if (digits % 10 != 0) row.Fail("ARITHMETIC_OVERFLOW", "22003", "Rounding necessary: less than a microsecond.");
    digits /= 10;
  }
  if (digits > INT64_MAX || digits < INT64_MIN) OutOfTime(row);
  return {static_cast<int64_t>(digits)};
}

// The next day after `date` that is called that: mo, mon, monday.
Date NextDay(Row& row, Date date, std::string_view name) {
  static constexpr const char* kDays[] = {"SUNDAY", "MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY"};
  std::string upper;
  for (char c : name) upper += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  for (int i = 0; i < 7; ++i) {
    std::string full = kDays[i];
    if (upper != full && upper != full.substr(0, 3) && upper != full.substr(0, 2)) continue;
    int today = static_cast<int>(((date.days + 4) % 7 + 7) % 7);
    int ahead = (i - today + 7) % 7;
    return {date.days + (ahead == 0 ? 7 : ahead)};
  }
  row.Fail("ILLEGAL_DAY_OF_WEEK", "22009", "Illegal input for day of week: " + std::string(name) + ".");
  return {};
}

bool IsLastDay(const year_month_day& date) {
  return date.day() == year_month_day_last{date.year(), date.month() / std::chrono::last}.day();
}

// Whole months when both are the same day of month, or both are the last; else 31-day months of the rest.
double MonthsBetween(Row&, Date a, Date b, int64_t seconds1, int64_t seconds2, bool round_off) {
  auto x = CalendarOf(a.days), y = CalendarOf(b.days);
  double months =
      (static_cast<int>(x.year()) - static_cast<int>(y.year())) * 12 +
      (static_cast<int>(static_cast<unsigned>(x.month())) - static_cast<int>(static_cast<unsigned>(y.month())));
  if (x.day() == y.day() || (IsLastDay(x) && IsLastDay(y))) return months;
  int64_t apart =
      (static_cast<int64_t>(static_cast<unsigned>(x.day())) - static_cast<int64_t>(static_cast<unsigned>(y.day()))) *
          86400 +
      seconds1 - seconds2;
  double difference = months + apart / (31.0 * 86400);
  return round_off ? std::round(difference * 1e8) / 1e8 : difference;
}

// Whole months from a to b, as java.time counts them.
int64_t WholeMonths(Row&, LocalTime a, LocalTime b) {
  auto place = [](int64_t micros) {
    int64_t day = FloorDiv(micros, kMicrosPerDay);
    auto date = CalendarOf(day);
    int64_t month = int64_t{static_cast<int>(date.year())} * 12 + static_cast<unsigned>(date.month());
    int64_t within = static_cast<unsigned>(date.day()) * kMicrosPerDay + (micros - day * kMicrosPerDay);
    return month * (32 * kMicrosPerDay) + within;
  };
  return (place(b.micros) - place(a.micros)) / (32 * kMicrosPerDay);
}

// ---- Patterns ----

// The last pattern read, kept by thread: patterns are constants, and reading one costs more than using it.
template <DatetimePattern::Use kUse>
const DatetimePattern* PatternOf(Row& row, std::string_view text) {
  thread_local std::string last;
  thread_local Result<DatetimePattern> pattern = DatetimePattern::Read("", kUse);
  if (last != text) {
    last = text;
    pattern = DatetimePattern::Read(text, kUse);
  }
  if (pattern.ok()) return &pattern.value();
  const Error& error = pattern.error();
  if (error.kind == ErrorKind::kUnimplemented) {
    row.Refuse("the datetime pattern " + std::string(text));
  } else {
    row.Fail(error.error_class, error.sqlstate, error.message);
  }
  return nullptr;
}

// Also takes the instant, so that the offset from UTC is known, and the session's zone.
std::string FormatTime(Row& row, LocalTime time, InstantTime instant, std::string_view zone, std::string_view text) {
  const auto* pattern = PatternOf<DatetimePattern::Use::kFormat>(row, text);
  if (!pattern) return "";
  auto offset = static_cast<int32_t>((time.micros - instant.micros) / 1000000);
  auto formatted = pattern->Format({time.micros, offset, zone});
  if (!formatted) row.Refuse("the name of the zone " + std::string(zone));
  return formatted.value_or("");
}

std::optional<DatetimePattern::Parsed> Parse(Row& row, std::string_view text, std::string_view pattern_text) {
  const auto* pattern = PatternOf<DatetimePattern::Use::kParse>(row, pattern_text);
  if (!pattern) return std::nullopt;
  auto parsed = pattern->ParseZoned(text);
  if (parsed && !parsed->region.empty() && !DatetimePattern::KnowsZone(parsed->region)) {
    row.Refuse("the zone " + parsed->region);
    return std::nullopt;
  }
  if (parsed) return parsed;
  row.Fail(
      "CANNOT_PARSE_TIMESTAMP", "22007",
      "Text '" + std::string(text) +
          "' could not be parsed. Use `try_to_timestamp` to tolerate invalid input string and return NULL instead.");
  return std::nullopt;
}

const LegacyPattern* LegacyPatternOf(Row& row, std::string_view text) {
  thread_local std::string last;
  thread_local Result<LegacyPattern> pattern = LegacyPattern::Read("");
  if (last != text) {
    last = text;
    pattern = LegacyPattern::Read(text);
  }
  if (pattern.ok()) return &pattern.value();
  row.Fail("INVALID_DATETIME_PATTERN.WITH_SUGGESTION", "22007", pattern.error().message);
  return nullptr;
}

std::string LegacyFormatTime(Row& row, LocalTime time, InstantTime instant, std::string_view zone,
                             std::string_view text) {
  const auto* pattern = LegacyPatternOf(row, text);
  if (!pattern) return "";
  auto offset = static_cast<int32_t>((time.micros - instant.micros) / 1000000);
  auto formatted = pattern->Format({time.micros, offset, zone});
  if (!formatted) row.Refuse("the name of the zone " + std::string(zone));
  return formatted.value_or("");
}

std::optional<DatetimePattern::Parsed> LegacyParse(Row& row, std::string_view text, std::string_view pattern_text) {
  const auto* pattern = LegacyPatternOf(row, pattern_text);
  DatetimePattern::Parsed parsed;
  if (!pattern) return std::nullopt;
  switch (pattern->Parse(text, &parsed)) {
    case LegacyPattern::Outcome::kParsed:
      return parsed;
    case LegacyPattern::Outcome::kUnknown:
      row.Refuse("reading '" + std::string(text) + "' under timeParserPolicy=LEGACY");
      return std::nullopt;
    case LegacyPattern::Outcome::kNoFit:
      row.Fail("CANNOT_PARSE_TIMESTAMP", "22007", "Unparseable date: \"" + std::string(text) + "\".");
  }
  return std::nullopt;
}

LocalTime LegacyParseTime(Row& row, std::string_view text, std::string_view pattern) {
  auto parsed = LegacyParse(row, text, pattern);
  return {parsed ? parsed->local_micros : 0};
}

int64_t LegacyParseOffset(Row& row, std::string_view text, std::string_view pattern) {
  auto parsed = LegacyParse(row, text, pattern);
  if (!parsed || !parsed->offset_seconds) row.Null();
  return parsed ? parsed->offset_seconds.value_or(0) : 0;
}

LocalTime ParseTime(Row& row, std::string_view text, std::string_view pattern) {
  auto parsed = Parse(row, text, pattern);
  return {parsed ? parsed->local_micros : 0};
}

// The offset from UTC that the text names, and the region; NULL when it names none.
int64_t ParseOffset(Row& row, std::string_view text, std::string_view pattern) {
  auto parsed = Parse(row, text, pattern);
  if (!parsed || !parsed->offset_seconds) row.Null();
  return parsed ? parsed->offset_seconds.value_or(0) : 0;
}

std::string ParseRegion(Row& row, std::string_view text, std::string_view pattern) {
  auto parsed = Parse(row, text, pattern);
  if (!parsed || parsed->region.empty()) row.Null();
  return parsed ? parsed->region : "";
}

}  // namespace

Status RegisterTimeKernels(duckdb_connection c) {
  RETURN_IF_ERROR(RegisterBoth<MakeDate>(c, "make_date"));
  RETURN_IF_ERROR(RegisterBoth<MakeTime>(c, "make_time"));
  RETURN_IF_ERROR(RegisterBoth<NextDay>(c, "next_day"));
  RETURN_IF_ERROR(RegisterKernel<TimeOfSeconds>(c, "tm_time_of_seconds"));
  RETURN_IF_ERROR(RegisterKernel<TimeOfDigits>(c, "tm_time_of_digits"));
  RETURN_IF_ERROR(RegisterKernel<DateAdd>(c, "tm_date_add"));
  RETURN_IF_ERROR(RegisterKernel<DateSub>(c, "tm_date_sub"));
  RETURN_IF_ERROR(RegisterKernel<Millis>(c, "tm_millis"));
  RETURN_IF_ERROR(RegisterKernel<MonthsBetween>(c, "tm_months_between"));
  RETURN_IF_ERROR(RegisterKernel<WholeMonths>(c, "tm_whole_months"));
  RETURN_IF_ERROR(RegisterKernel<FormatTime>(c, "tm_format_time"));
  RETURN_IF_ERROR(RegisterKernel<LegacyFormatTime>(c, "tm_legacy_format_time"));
  RETURN_IF_ERROR(RegisterBoth<LegacyParseTime>(c, "legacy_parse_time"));
  RETURN_IF_ERROR(RegisterBoth<LegacyParseOffset>(c, "legacy_parse_offset"));
  RETURN_IF_ERROR(RegisterBoth<ParseOffset>(c, "parse_offset"));
  RETURN_IF_ERROR(RegisterBoth<ParseRegion>(c, "parse_region"));
  return RegisterBoth<ParseTime>(c, "parse_time");
}

}  // namespace tidemill::engine::duckdb
