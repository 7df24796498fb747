// Dates and times.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/lower.h"
#include "engine/duckdb/functions_rows.h"
#include "engine/duckdb/kernel_pattern.h"
#include "engine/duckdb/text_values.h"

namespace tidemill::engine::duckdb {

using plan::TypeId;

namespace {

const std::string* ConstantText(const Lowered& l, size_t i) {
  const auto* literal = std::get_if<typed::Literal>(&l.call.args[i]->node);
  return literal ? std::get_if<std::string>(&literal->value.data) : nullptr;
}

using Pattern = DatetimePattern;

// A constant pattern is read here, so that one that is wrong, or that we do not know, fails before anything runs; null
// for one that is no constant.
Result<std::optional<Pattern>> ConstantPattern(const Lowered& l, size_t i, Pattern::Use use) {
  const auto* text = ConstantText(l, i);
  if (!text) return std::optional<Pattern>();
  auto pattern = Pattern::Read(*text, use);
  if (pattern.ok()) return std::optional(std::move(pattern).value());
  Error error = pattern.error();
  error.at = l.call.args[i]->at;
  return error;
}

// A third argument says that the pattern is one of SimpleDateFormat's.
bool IsLegacy(const Lowered& l) { return l.args.size() == 3; }

// The pattern is read only when there is a value to print.
std::string Formatted(const Lowered& l, const std::string& instant) {
  return fmt::format("tm_{}format_time({}, {}, {}, {})", IsLegacy(l) ? "legacy_" : "", l.compiler.Local(instant),
                     instant, QuoteText(l.compiler.options().time_zone), l.args[1]);
}

Result<std::string> DateFormat(const Lowered& l) {
  if (!IsLegacy(l)) RETURN_IF_ERROR(ConstantPattern(l, 1, Pattern::Use::kFormat));
  return Formatted(l, l.args[0]);
}

Result<std::string> FromUnixTime(const Lowered& l) {
  if (!IsLegacy(l)) RETURN_IF_ERROR(ConstantPattern(l, 1, Pattern::Use::kFormat));
  return Formatted(l, "tm_instant(make_timestamp(tm_wrap_bigint(CAST(" + l.args[0] + " AS HUGEINT) * 1000000)))");
}

// to_date, to_timestamp and their try_ forms with a pattern. A zone in the text comes before the session's.
Result<std::string> Parse(const Lowered& l) {
  if (IsLegacy(l)) {
    auto kernel = [&](const char* name) {
      return fmt::format("tm_{}legacy_{}({}, {})", l.try_(), name, l.args[0], l.args[1]);
    };
    if (l.expr.type.is(TypeId::kTimestampNtz)) return kernel("parse_time");
    std::string instant =
        fmt::format("CASE WHEN {0} IS NOT NULL THEN tm_instant({1} - to_seconds({0})) ELSE {2} END",
                    kernel("parse_offset"), kernel("parse_time"), l.compiler.Instant(kernel("parse_time")));
    return l.expr.type.is(TypeId::kDate) ? "CAST(" + l.compiler.Local(instant) + " AS DATE)" : instant;
  }
  ASSIGN_OR_RETURN(auto pattern, ConstantPattern(l, 1, Pattern::Use::kParse));
  auto kernel = [&](const char* name) { return fmt::format("tm_{}{}({}, {})", l.try_(), name, l.args[0], l.args[1]); };
  auto local = kernel("parse_time");
  bool zoned = (!pattern || pattern->has_zone()) && !l.expr.type.is(TypeId::kTimestampNtz);
  if (!zoned) {
    if (l.expr.type.is(TypeId::kDate)) return "CAST(" + local + " AS DATE)";
    return l.expr.type.is(TypeId::kTimestamp) ? l.compiler.Instant(local) : local;
  }
  std::string in_region = fmt::format("tm_zoned({}, {})", local, kernel("parse_region"));
  if (l.null_on_failure()) in_region = "TRY(" + in_region + ")";
  std::string instant = fmt::format(
      "CASE WHEN {0} IS NOT NULL THEN tm_instant({2} - to_seconds({0})) WHEN {1} IS NOT NULL THEN {3} ELSE {4} END",
      kernel("parse_offset"), kernel("parse_region"), local, in_region, l.compiler.Instant(local));
  return l.expr.type.is(TypeId::kDate) ? "CAST(" + l.compiler.Local(instant) + " AS DATE)" : instant;
}

// A zone given as a constant: a region that ICU knows, or an offset from UTC, which it does not.
struct Zone {
  std::string region;  // quoted; empty for an offset
  int offset_seconds = 0;
};

Result<Zone> ZoneOf(const Lowered& l, size_t i) {
  const auto* text = ConstantText(l, i);
  if (!text) return Refuse(l.call.function + " with a zone that is not a constant", l.call.args[i]->at);
  if (auto seconds = ParseOffset(*text)) return Zone{"", static_cast<int>(*seconds)};
  return Zone{QuoteText(*text)};
}

// The seconds since midnight are real ones: they count through a change of the clocks.
Result<std::string> MonthsBetween(const Lowered& l) {
  auto seconds = [&](size_t i) {
    std::string midnight = l.compiler.Instant("CAST(CAST(" + l.compiler.Local(l.args[i]) + " AS DATE) AS TIMESTAMP)");
    return fmt::format("((epoch_us({}) - epoch_us({})) // 1000000)", l.args[i], midnight);
  };
  return fmt::format("tm_months_between(CAST({} AS DATE), CAST({} AS DATE), {}, {}, {})", l.compiler.Local(l.args[0]),
                     l.compiler.Local(l.args[1]), seconds(0), seconds(1), l.args[2]);
}

// The wall clock in the zone of an instant, and the instant of a wall clock.
std::string WallClock(const Zone& zone, const std::string& instant) {
  if (zone.region.empty()) return fmt::format("(tm_local({}) + to_seconds({}))", instant, zone.offset_seconds);
  return fmt::format("timezone({}, {})", zone.region, instant);
}
std::string InstantIn(const Zone& zone, const std::string& wall_clock) {
  if (zone.region.empty()) return fmt::format("tm_instant({} - to_seconds({}))", wall_clock, zone.offset_seconds);
  return fmt::format("tm_zoned({}, {})", wall_clock, zone.region);
}

// The same wall clock, moved from UTC to the zone or back; the session's zone has no part in it.
Result<std::string> FromUtc(const Lowered& l) {
  ASSIGN_OR_RETURN(auto zone, ZoneOf(l, 1));
  return "tm_instant(" + WallClock(zone, l.args[0]) + ")";
}

Result<std::string> InstantInZone(const Lowered& l) {
  ASSIGN_OR_RETURN(auto zone, ZoneOf(l, 1));
  return InstantIn(zone, l.args[0]);
}

// Fractions of a microsecond are an error, of a decimal; a double's are cut off.
Result<std::string> TimestampSeconds(const Lowered& l) {
  const auto& type = l.type(0);
  if (type.is_integral()) return fmt::format("tm_instant(tm_time_of_seconds(CAST({} AS BIGINT)))", l.args[0]);
  if (type.is_fractional()) return "tm_from_double_seconds(CAST(" + l.args[0] + " AS DOUBLE))";
  return fmt::format("tm_instant(tm_time_of_digits(tm_unscaled({}), {}))", l.args[0], type.scale());
}

Result<std::string> ToUtc(const Lowered& l) {
  ASSIGN_OR_RETURN(auto zone, ZoneOf(l, 1));
  return InstantIn(zone, "tm_local(" + l.args[0] + ")");
}

Result<std::string> ConvertTimezone(const Lowered& l) {
  bool from_session = l.args.size() == 2;
  ASSIGN_OR_RETURN(auto to, ZoneOf(l, from_session ? 0 : 1));
  if (from_session) return WallClock(to, l.compiler.Instant(l.args[1]));
  ASSIGN_OR_RETURN(auto from, ZoneOf(l, 0));
  return WallClock(to, InstantIn(from, l.args[2]));
}

// Spark's names of units, as DuckDB's.
std::optional<std::string> UnitOf(std::string name) {
  name = LowerAscii(name);
  static const auto* units = new std::map<std::string, std::string>{{"year", "year"},
                                                                    {"yyyy", "year"},
                                                                    {"yy", "year"},
                                                                    {"quarter", "quarter"},
                                                                    {"month", "month"},
                                                                    {"mm", "month"},
                                                                    {"mon", "month"},
                                                                    {"week", "week"},
                                                                    {"day", "day"},
                                                                    {"dd", "day"},
                                                                    {"hour", "hour"},
                                                                    {"minute", "minute"},
                                                                    {"second", "second"},
                                                                    {"millisecond", "millisecond"},
                                                                    {"microsecond", "microsecond"}};
  auto found = units->find(name);
  return found == units->end() ? std::nullopt : std::optional(found->second);
}

Result<std::string> DateTrunc(const Lowered& l) {
  const auto* text = ConstantText(l, 0);
  if (!text) return Refuse("date_trunc to a unit that is not a constant", l.expr.at);
  auto unit = UnitOf(*text);
  if (!unit) return std::string("CAST(NULL AS TIMESTAMPTZ)");
  std::string cut = fmt::format("date_trunc('{}', {})", *unit, l.compiler.Local(l.args[1]));
  // Below a day the offset stays, from a day on the cut time is looked up anew.
  bool within_day = *unit == "hour" || *unit == "minute" || unit->ends_with("second");
  return within_day ? l.compiler.InstantNear(cut, l.args[1]) : l.compiler.Instant(cut);
}

Result<std::string> Trunc(const Lowered& l) {
  const auto* text = ConstantText(l, 1);
  if (!text) {
    std::string cases;
    for (const auto& [unit, names] : {std::pair("year", "'year', 'yyyy', 'yy'"), std::pair("quarter", "'quarter'"),
                                      std::pair("month", "'month', 'mm', 'mon'"), std::pair("week", "'week'")}) {
      cases += fmt::format(" WHEN lower({}) IN ({}) THEN CAST(date_trunc('{}', {}) AS DATE)", l.args[1], names, unit,
                           l.args[0]);
    }
    return "CASE" + cases + " END";
  }
  auto unit = UnitOf(*text);
  if (!unit || (*unit != "year" && *unit != "quarter" && *unit != "month" && *unit != "week"))
    return std::string("CAST(NULL AS DATE)");
  return fmt::format("CAST(date_trunc('{}', {}) AS DATE)", *unit, l.args[0]);
}

Result<std::string> TimestampAdd(const Lowered& l) {
  auto unit = UnitOf(*ConstantText(l, 0));
  if (!unit) return Refuse("timestampadd of the unit " + *ConstantText(l, 0), l.expr.at);
  auto sum = [&](const std::string& time) {
    return *unit == "quarter" ? fmt::format("({} + to_months({} * 3))", time, l.args[1])
                              : fmt::format("({} + to_{}s({}))", time, *unit, l.args[1]);
  };
  if (!l.type(2).is(TypeId::kTimestamp)) return sum(l.args[2]);
  // What is shorter than a day goes by the clock, a day and longer by the calendar.
  bool by_clock = *unit == "hour" || *unit == "minute" || unit->ends_with("second");
  if (by_clock) return "tm_instant(" + sum("tm_local(" + l.args[2] + ")") + ")";
  return l.compiler.Moved(
      l.args[2], *unit == "quarter" ? "to_months(" + l.args[1] + " * 3)" : fmt::format("to_{}s({})", *unit, l.args[1]));
}

// Whole units between two times.
Result<std::string> TimestampDiff(const Lowered& l) {
  auto unit = UnitOf(*ConstantText(l, 0));
  if (!unit) return Refuse("timestampdiff of the unit " + *ConstantText(l, 0), l.expr.at);
  auto from = l.compiler.Local(l.args[1]), to = l.compiler.Local(l.args[2]);
  // Java counts a month as over when the day of month is reached; DuckDB also at a shorter month's end.
  int months = *unit == "month" ? 1 : *unit == "quarter" ? 3 : *unit == "year" ? 12 : 0;
  if (months) return fmt::format("(tm_whole_months({}, {}) // {})", from, to, months);
  return fmt::format("date_sub('{}', {}, {})", *unit, from, to);
}

}  // namespace

std::span<const LoweringRow> TimeLowerings() {
  static constexpr LoweringRow kRows[] = {
      {"add_months", "", "CAST($1 + to_months($2) AS DATE)", nullptr},
      {"date_add", "", "tm_date_add($1, $2)", nullptr},
      {"date_sub", "", "tm_date_sub($1, $2)", nullptr},
      {"date_diff", "", "CAST($1 - $2 AS INTEGER)", nullptr},
      {"date_format", "", nullptr, DateFormat},
      {"from_utc_timestamp", "", nullptr, FromUtc},
      {"to_utc_timestamp", "", nullptr, ToUtc},
      {"convert_timezone", "", nullptr, ConvertTimezone},
      {"date_from_unix_date", "", "(DATE '1970-01-01' + $1)", nullptr},
      {"date_trunc", "", nullptr, DateTrunc},
      {"day", "", "CAST(day($1) AS INTEGER)", nullptr},
      {"dayname", "", "left(dayname($1), 3)", nullptr},
      {"dayofweek", "", "CAST(dayofweek($1) + 1 AS INTEGER)", nullptr},
      {"$dayofweek_iso", "", "CAST(isodow($1) AS INTEGER)", nullptr},
      {"dayofyear", "", "CAST(dayofyear($1) AS INTEGER)", nullptr},
      {"from_unixtime", "", nullptr, FromUnixTime},
      {"hour", "", "CAST(hour($L1) AS INTEGER)", nullptr},
      {"last_day", "", "last_day($1)", nullptr},
      {"make_date", "", "tm_make_date($1, $2, $3)", nullptr},
      {"try_make_timestamp_ntz", "", "tm_try_make_time($1, $2, $3, $4, $5, tm_unscaled(CAST($6 AS DECIMAL(16,6))))",
       nullptr},
      {"make_timestamp_ntz", "", "tm_make_time($1, $2, $3, $4, $5, tm_unscaled(CAST($6 AS DECIMAL(16,6))))", nullptr},
      {"minute", "", "CAST(minute($L1) AS INTEGER)", nullptr},
      {"month", "", "CAST(month($1) AS INTEGER)", nullptr},
      {"monthname", "", "left(monthname($1), 3)", nullptr},
      {"months_between", "", nullptr, MonthsBetween},
      {"next_day", "", "tm_next_day($1, $2)", nullptr},
      {"quarter", "", "CAST(quarter($1) AS INTEGER)", nullptr},
      {"second", "", "CAST(second($L1) AS INTEGER)", nullptr},
      {"$second_with_fraction", "", "CAST(CAST(microsecond($L1) AS DECIMAL(18,0)) / 1000000 AS DECIMAL(8,6))", nullptr},
      {"timestamp_micros", "", "tm_instant(make_timestamp(CAST($1 AS BIGINT)))", nullptr},
      {"timestamp_millis", "", "tm_instant(make_timestamp(CAST($1 AS BIGINT) * 1000))", nullptr},
      {"$instant_in_zone", "", nullptr, InstantInZone},
      {"$whole_seconds", "", "(epoch_us($1) // 1000000)", nullptr},
      {"$instant_of_utc", "", "tm_instant($1)", nullptr},
      {"timestamp_seconds", "", nullptr, TimestampSeconds},
      {"timestampadd", "", nullptr, TimestampAdd},
      {"timestampdiff", "", nullptr, TimestampDiff},
      {"to_date", "", nullptr, Parse},
      {"try_to_date", "", nullptr, Parse},
      {"to_timestamp", "", nullptr, Parse},
      {"to_timestamp_ntz", "", nullptr, Parse},
      {"try_to_timestamp", "", nullptr, Parse},
      {"trunc", "", nullptr, Trunc},
      {"$window_edge", "timestamp",
       "tm_instant(make_timestamp(epoch_us($1) - ((epoch_us($1) - $3) % $2 + $2) % $2 + $4))", nullptr},
      {"$window_edge", "", "make_timestamp(epoch_us($1) - ((epoch_us($1) - $3) % $2 + $2) % $2 + $4)", nullptr},
      {"window_time", "timestamp", "tm_instant(make_timestamp(epoch_us($1) - 1))", nullptr},
      {"window_time", "", "make_timestamp(epoch_us($1) - 1)", nullptr},
      {"unix_date", "", "CAST($1 - DATE '1970-01-01' AS INTEGER)", nullptr},
      {"unix_micros", "", "epoch_us($1)", nullptr},
      {"unix_millis", "", "tm_millis($1)", nullptr},
      {"unix_seconds", "", "tm_seconds($1)", nullptr},
      {"weekday", "", "CAST(isodow($1) - 1 AS INTEGER)", nullptr},
      {"weekofyear", "", "CAST(week($1) AS INTEGER)", nullptr},
      {"$yearofweek", "", "CAST(isoyear($1) AS INTEGER)", nullptr},
      {"year", "", "CAST(year($1) AS INTEGER)", nullptr},
  };
  return kRows;
}

}  // namespace tidemill::engine::duckdb
