// Operators: arithmetic, comparison, logic, and what dates and intervals do.
#include <fmt/format.h>

#include <algorithm>

#include "engine/duckdb/functions_rows.h"

namespace tidemill::engine::duckdb {

using plan::DataType;
using plan::TypeId;

namespace {

std::string Digits(const Lowered& l, size_t i, int scale) {
  const DataType& type = l.type(i);
  if (type.scale() == scale) return "tm_unscaled(" + l.args[i] + ")";
  int precision = std::min(38, type.precision() - type.scale() + scale);
  return fmt::format("tm_unscaled(CAST({} AS DECIMAL({},{})))", l.args[i], precision, scale);
}

// (function, collation, arguments of the function).
Result<std::string> ByCollation(const Lowered& l) {
  const auto& function = std::get<typed::Literal>(l.call.args[0]->node).value;
  std::vector<DataType> types;
  for (size_t i = 1; i < l.args.size(); ++i) types.push_back(l.type(i));
  return ValueSql("collated_" + std::get<std::string>(function.data), {l.args.begin() + 1, l.args.end()}, types,
                  l.expr.type);
}

std::string FromDigits(const Lowered& l, const std::string& digits, bool is_try = false) {
  const DataType& type = l.expr.type;
  return fmt::format("tm_{}decimal({}, {}, {})", is_try ? "try_" : "", digits, type.precision(), type.scale());
}

// + and - : DuckDB's own result has Spark's digits unless they are more than 38.
Result<std::string> AddDecimals(const Lowered& l) {
  const DataType &a = l.type(0), &b = l.type(1);
  bool is_try = l.null_on_failure();
  char op = l.call.function == "-" || l.call.function == "try_subtract" ? '-' : '+';
  int scale = std::max(a.scale(), b.scale());
  int precision = std::max(a.precision() - a.scale(), b.precision() - b.scale()) + scale + 1;
  if (precision == 19 && std::max(a.precision(), b.precision()) <= 18) {  // DuckDB's would stop at 18
    return fmt::format("CAST((CAST({} AS DECIMAL(19,{})) {} {}) AS {})", l.args[0], a.scale(), op, l.args[1],
                       DuckDbType(l.expr.type));
  }
  if (precision <= 38) return fmt::format("({} {} {})", l.args[0], op, l.args[1]);
  auto right = Digits(l, 1, b.scale());
  if (op == '-') right = "(-" + right + ")";
  return FromDigits(l,
                    fmt::format("tm_add_digits({}, {}, {}, {}, {})", Digits(l, 0, a.scale()), scale - a.scale(), right,
                                scale - b.scale(), scale - l.expr.type.scale()),
                    is_try);
}

Result<std::string> MultiplyDecimals(const Lowered& l) {
  const DataType &a = l.type(0), &b = l.type(1);
  bool is_try = l.null_on_failure();
  // Of two values of 18 digits DuckDB's own is an error past 18, where Spark has up to 37: wider ones cost three times
  // the time of a sum of products, which is what most are for.
  if (a.precision() + b.precision() <= 38) return fmt::format("({} * {})", l.args[0], l.args[1]);
  int drop = a.scale() + b.scale() - l.expr.type.scale();
  return FromDigits(
      l, fmt::format("tm_multiply_digits({}, {}, {})", Digits(l, 0, a.scale()), Digits(l, 1, b.scale()), drop), is_try);
}

Result<std::string> DivideDecimals(const Lowered& l) {
  const DataType &a = l.type(0), &b = l.type(1);
  bool is_try = l.null_on_failure();
  int shift = l.expr.type.scale() - a.scale() + b.scale();
  if (shift < 0) return Refuse("a decimal division that loses digits before the point", l.expr.at);
  return FromDigits(l,
                    fmt::format("tm_{}divide_digits({}, {}, {})", is_try ? "try_" : "", Digits(l, 0, a.scale()),
                                Digits(l, 1, b.scale()), shift),
                    is_try);
}

Result<std::string> RemainderDecimals(const Lowered& l) {
  int scale = std::max(l.type(0).scale(), l.type(1).scale());
  std::string name = l.try_() + std::string(l.call.function == "pmod" ? "pmod" : "mod");
  if (scale != l.expr.type.scale()) return Refuse("a decimal remainder of over 38 digits", l.expr.at);
  return FromDigits(l, fmt::format("tm_{}_digits({}, {})", name, Digits(l, 0, scale), Digits(l, 1, scale)),
                    l.null_on_failure());
}

// Scala's negation of a decimal keeps 34 digits.
Result<std::string> NegateDecimal(const Lowered& l) {
  if (l.expr.type.precision() <= 34) return "(-" + l.args[0] + ")";
  return FromDigits(l, "tm_negative_digits(" + Digits(l, 0, l.expr.type.scale()) + ")", l.null_on_failure());
}

Result<std::string> DivDecimals(const Lowered& l) {
  int scale = std::max(l.type(0).scale(), l.type(1).scale());
  auto quotient = fmt::format("tm_{}quotient({}, {})", l.try_(), Digits(l, 0, scale), Digits(l, 1, scale));
  return l.null_on_failure() ? "tm_wrap_bigint(" + quotient + ")" : "CAST(" + quotient + " AS BIGINT)";
}

// A constant above zero, by which DuckDB's own operators divide as Spark does.
bool IsPositive(const typed::ExprPtr& expr) {
  if (const auto* cast = std::get_if<typed::Cast>(&expr->node)) return IsPositive(cast->child);
  const auto* literal = std::get_if<typed::Literal>(&expr->node);
  if (!literal) return false;
  if (const auto* whole = std::get_if<int64_t>(&literal->value.data)) return *whole > 0;
  const auto* fraction = std::get_if<double>(&literal->value.data);
  return fraction && *fraction > 0;
}

Result<std::string> Divide(const Lowered& l) {
  if (IsPositive(l.call.args[1])) return fmt::format("({} / {})", l.args[0], l.args[1]);
  return fmt::format("tm_divide({}, {})", l.args[0], l.args[1]);
}

Result<std::string> DivideWhole(const Lowered& l) {
  if (IsPositive(l.call.args[1])) return fmt::format("({} // {})", l.args[0], l.args[1]);
  return fmt::format("tm_div({}, {})", l.args[0], l.args[1]);
}

Result<std::string> RemainderWhole(const Lowered& l) {
  if (IsPositive(l.call.args[1])) return fmt::format("({} % {})", l.args[0], l.args[1]);
  return fmt::format("CAST(tm_mod({}, {}) AS {})", l.args[0], l.args[1], DuckDbType(l.expr.type));
}

Result<std::string> In(const Lowered& l) {
  std::string list;
  for (size_t i = 1; i < l.args.size(); ++i) list += (i > 1 ? ", " : "") + l.args[i];
  return "(" + l.args[0] + " IN (" + list + "))";
}

// Spark lets the escape character stand only before a wildcard or itself, and never at the end.
Status CheckEscapes(std::string_view pattern, std::string_view escape, Position at) {
  for (size_t i = 0; escape.size() == 1 && i < pattern.size(); ++i) {
    if (pattern[i] != escape[0]) continue;
    bool last = ++i == pattern.size();
    if (!last && (pattern[i] == '_' || pattern[i] == '%' || pattern[i] == escape[0])) continue;
    Error error = InvalidArgument(fmt::format("The format is invalid: '{}'. The escape character is not allowed to {}.",
                                              pattern, last ? "end with" : fmt::format("precede '{}'", pattern[i])));
    error.error_class = last ? "INVALID_FORMAT.ESC_AT_THE_END" : "INVALID_FORMAT.ESC_IN_THE_MIDDLE";
    error.sqlstate = "42601";
    error.at = at;
    return error;
  }
  return Ok();
}

// The pattern, read where it is not constant: DuckDB looks only as far into it as the text matches.
std::string Pattern(const Lowered& l, size_t i, const std::string& escape) {
  if (std::holds_alternative<typed::Literal>(l.call.args[i]->node)) return l.args[i];
  return fmt::format("tm_like_pattern({}, {}, {})", l.args[0], l.args[i], escape);
}

// LIKE with the escape character only where the pattern has one: DuckDB's plain LIKE is much faster.
Result<std::string> Like(const Lowered& l) {
  std::string op = l.call.function == "ilike" ? "ILIKE" : "LIKE";
  const auto* pattern = std::get_if<typed::Literal>(&l.call.args[1]->node);
  const auto* escape = std::get_if<typed::Literal>(&l.call.args[2]->node);
  if (pattern && escape && !pattern->value.is_null() && !escape->value.is_null()) {
    const auto& text = std::get<std::string>(pattern->value.data);
    const auto& escaping = std::get<std::string>(escape->value.data);
    RETURN_IF_ERROR(CheckEscapes(text, escaping, l.expr.at));
    if (text.find(escaping) == std::string::npos) {
      return fmt::format("({} {} {})", l.args[0], op, l.args[1]);
    }
  }
  return fmt::format("({} {} {} ESCAPE {})", l.args[0], op, Pattern(l, 1, l.args[2]), l.args[2]);
}

Result<std::string> LikeMany(const Lowered& l) {
  std::string sql;
  for (size_t i = 1; i < l.args.size(); ++i) {
    const std::string& name = l.call.function;
    sql += (i > 1 ? (name.ends_with("_any") ? " OR " : " AND ") : "") +
           fmt::format("({} {} {} ESCAPE '\\')", l.args[0], name.starts_with('i') ? "ILIKE" : "LIKE",
                       Pattern(l, i, "'\\'"));
  }
  return "(" + sql + ")";
}

// Outside ANSI mode an interval of months, days and microseconds over zero is NULL; the others fail in both modes.
Result<std::string> ScaleInterval(const Lowered& l) {
  if (l.type(0).is(TypeId::kCalendarInterval)) {
    bool multiply = l.call.function == "$interval_multiply";
    if (multiply && !l.compiler.options().ansi) return Refuse("an interval times a number", l.expr.at);
    return ByValue(l);
  }
  return ValueSql(l.call.function, l.args, {l.type(0), l.type(1)}, l.expr.type);
}

Result<std::string> AddToDate(const Lowered& l) {
  auto moved = ValueSql("days_of_interval", l.args, {l.type(0), l.type(1)}, l.type(1));
  return fmt::format("CAST({} + {} AS DATE)", l.args[0], moved);
}

// A time moved by months, days and microseconds: months and whole days go by the calendar of the session's zone, the
// rest by the clock. Days given with the microseconds are whole days of 24 hours where there is no zone.
std::string Moved(const Lowered& l, const std::string& calendar, const std::string& micros) {
  const std::string& time = l.args[0];
  std::string moved = time;
  if (!l.type(0).is(TypeId::kTimestamp)) {
    if (!calendar.empty()) moved = fmt::format("({} + {})", moved, calendar);
    return micros.empty() ? moved : fmt::format("({} + to_microseconds({}))", moved, micros);
  }
  if (!calendar.empty()) {
    moved = l.compiler.Moved(time, calendar);
  }
  return micros.empty() ? moved : fmt::format("tm_instant(tm_local({}) + to_microseconds({}))", moved, micros);
}

Result<std::string> AddMonths(const Lowered& l) { return Moved(l, "to_months(" + l.args[1] + ")", ""); }

Result<std::string> AddMicros(const Lowered& l) {
  if (l.compiler.utc() || !l.type(0).is(TypeId::kTimestamp)) return Moved(l, "", l.args[1]);
  constexpr const char* kDay = "86400000000";
  return Moved(l, fmt::format("to_days(CAST({} // {} AS INTEGER))", l.args[1], kDay),
               fmt::format("({} % {})", l.args[1], kDay));
}

Result<std::string> AddCalendarInterval(const Lowered& l) {
  if (l.compiler.utc() || !l.type(0).is(TypeId::kTimestamp)) return Moved(l, l.args[1], "");
  std::string hours = fmt::format(
      "(datepart('hour', {0}) * 3600000000 + datepart('minute', {0}) * 60000000 + datepart('microsecond', {0}))",
      l.args[1]);
  return Moved(l, fmt::format("({} - to_microseconds({}))", l.args[1], hours), hours);
}

}  // namespace

std::span<const LoweringRow> OperatorLowerings() {
  static constexpr LoweringRow kRows[] = {
      {"collate", "", "$1", nullptr},
      {"$collated", "", "$1", nullptr},
      {"$collation_key", "", "tm_collation_key($1, $2)", nullptr},
      {"$by_collation", "", nullptr, ByCollation},
      {"+", "decimal", nullptr, AddDecimals},
      {"+", "", "($1 + $2)", nullptr},
      {"-", "decimal", nullptr, AddDecimals},
      {"-", "", "($1 - $2)", nullptr},
      {"*", "decimal", nullptr, MultiplyDecimals},
      {"*", "", "($1 * $2)", nullptr},
      {"/", "decimal", nullptr, DivideDecimals},
      {"/", "double", nullptr, Divide},
      {"%", "decimal", nullptr, RemainderDecimals},
      {"%", "integral", nullptr, RemainderWhole},
      {"%", "fractional", "CAST(tm_mod_double($1, $2) AS $T)", nullptr},
      {"pmod", "decimal", nullptr, RemainderDecimals},
      {"pmod", "integral", "CAST(tm_pmod($1, $2) AS $T)", nullptr},
      {"pmod", "fractional", "CAST(tm_pmod_double($1, $2) AS $T)", nullptr},
      {"div", "decimal", nullptr, DivDecimals},
      {"div", "bigint", nullptr, DivideWhole},
      {"try_add", "decimal", nullptr, AddDecimals},
      {"try_add", "integral", "TRY_CAST(CAST($1 AS HUGEINT) + $2 AS $T)", nullptr},
      {"try_add", "fractional", "($1 + $2)", nullptr},
      {"try_subtract", "decimal", nullptr, AddDecimals},
      {"try_subtract", "integral", "TRY_CAST(CAST($1 AS HUGEINT) - $2 AS $T)", nullptr},
      {"try_subtract", "fractional", "($1 - $2)", nullptr},
      {"try_multiply", "decimal", nullptr, MultiplyDecimals},
      {"try_multiply", "integral", "TRY_CAST(CAST($1 AS HUGEINT) * $2 AS $T)", nullptr},
      {"try_multiply", "fractional", "($1 * $2)", nullptr},
      {"try_divide", "decimal", nullptr, DivideDecimals},
      {"try_divide", "double", "tm_try_divide($1, $2)", nullptr},
      {"try_mod", "decimal", nullptr, RemainderDecimals},
      {"try_mod", "integral", "CAST(tm_try_mod($1, $2) AS $T)", nullptr},
      {"try_mod", "fractional", "CAST(tm_try_mod_double($1, $2) AS $T)", nullptr},
      {"negative", "decimal", nullptr, NegateDecimal},
      {"negative", "", "(-$1)", nullptr},
      {"=", "", "($1 = $2)", nullptr},
      {"<=>", "", "($1 IS NOT DISTINCT FROM $2)", nullptr},
      {"<", "", "($1 < $2)", nullptr},
      {"<=", "", "($1 <= $2)", nullptr},
      {">", "", "($1 > $2)", nullptr},
      {">=", "", "($1 >= $2)", nullptr},
      {"not", "", "(NOT $1)", nullptr},
      {"&", "", "($1 & $2)", nullptr},
      {"|", "", "($1 | $2)", nullptr},
      {"^", "", "xor($1, $2)", nullptr},
      {"~", "", "(~$1)", nullptr},
      {"isnull", "", "($1 IS NULL)", nullptr},
      {"isnotnull", "", "($1 IS NOT NULL)", nullptr},
      {"istrue", "", "($1 IS NOT DISTINCT FROM TRUE)", nullptr},
      {"isnottrue", "", "($1 IS DISTINCT FROM TRUE)", nullptr},
      {"isfalse", "", "($1 IS NOT DISTINCT FROM FALSE)", nullptr},
      {"isnotfalse", "", "($1 IS DISTINCT FROM FALSE)", nullptr},
      {"isunknown", "", "($1 IS NULL)", nullptr},
      {"isnotunknown", "", "($1 IS NOT NULL)", nullptr},
      {"in", "", nullptr, In},
      {"like", "", nullptr, Like},
      {"ilike", "", nullptr, Like},
      {"like_any", "", nullptr, LikeMany},
      {"like_all", "", nullptr, LikeMany},
      {"ilike_any", "", nullptr, LikeMany},
      {"ilike_all", "", nullptr, LikeMany},
      {"coalesce", "", "coalesce($*)", nullptr},
      {"greatest", "", "greatest($*)", nullptr},
      {"least", "", "least($*)", nullptr},
      {"raise_error", "", "CAST(tm_raise(coalesce($1, 'null')) AS INTEGER)", nullptr},
      {"$date_add_months", "", "CAST($1 + to_months($2) AS DATE)", nullptr},
      {"$date_add_interval", "", nullptr, AddToDate},
      {"$date_minus_date", "", "(($1 - $2) * 86400000000)", nullptr},
      {"$date_period", "", nullptr, ByValue},
      {"$timestamp_period", "", "to_microseconds(epoch_us($1) - epoch_us($2))", nullptr},
      {"$timestamp_add_months", "", nullptr, AddMonths},
      {"$timestamp_add_micros", "", nullptr, AddMicros},
      {"$timestamp_add_interval", "", nullptr, AddCalendarInterval},
      {"$timestamp_minus", "", "(epoch_us($L1) - epoch_us($L2))", nullptr},
      {"$interval_add", "interval", "($1 + $2)", nullptr},
      {"$interval_add", "ym", "tm_months(CAST($1 AS HUGEINT) + $2)", nullptr},
      {"$interval_add", "dt", "tm_micros(CAST($1 AS HUGEINT) + $2)", nullptr},
      {"$interval_subtract", "interval", "($1 - $2)", nullptr},
      {"$interval_subtract", "ym", "tm_months(CAST($1 AS HUGEINT) - $2)", nullptr},
      {"$interval_subtract", "dt", "tm_micros(CAST($1 AS HUGEINT) - $2)", nullptr},
      {"$interval_negate", "interval", "(-$1)", nullptr},
      {"$interval_negate", "ym", "tm_negated_months($1)", nullptr},
      {"$interval_negate", "dt", "tm_negated_micros($1)", nullptr},
      {"$interval_multiply", "", nullptr, ScaleInterval},
      {"$interval_divide", "", nullptr, ScaleInterval},
      {"$extract_interval", "", nullptr, ByValue},
      {"make_interval", "", nullptr, ByValue},
      {"try_make_interval", "", nullptr, ByValue},
      {"make_dt_interval", "", nullptr, ByValue},
      {"make_ym_interval", "", nullptr, ByValue},
      {"$try", "", "TRY($1)", nullptr},
  };
  return kRows;
}

}  // namespace tidemill::engine::duckdb
