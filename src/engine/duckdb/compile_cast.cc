// Casts: Spark's rules on DuckDB's values. A template where DuckDB's cast is provably the same, a kernel elsewhere.
#include <fmt/format.h>

#include "engine/duckdb/compile_expr.h"
#include "engine/duckdb/functions_rows.h"

namespace tidemill::engine::duckdb {

using plan::DataType;
using plan::TypeId;

namespace {

struct CastJob {
  const ExprCompiler& compiler;
  const std::string& sql;
  const DataType& from;
  const DataType& to;
  typed::Cast::Mode mode;
  Position at;

  // Outside ANSI mode a plain cast reads more texts, and numbers wrap around.
  bool legacy() const { return mode == typed::Cast::Mode::kPlain && !compiler.options().ansi; }
  bool null_on_failure() const { return mode == typed::Cast::Mode::kTry || legacy(); }

  std::string Plain(const std::string& value) const {
    return fmt::format("{}({} AS {})", null_on_failure() ? "TRY_CAST" : "CAST", value, DuckDbType(to));
  }
  // tm_cast_<name> raises, tm_try_<name> gives NULL.
  std::string Kernel(const std::string& name, const std::string& more = "") const {
    return fmt::format("tm_{}_{}({}{})", null_on_failure() ? "try" : "cast", name, sql, more);
  }
  Error Refused() const { return Refuse("a cast from " + from.ToString() + " to " + to.ToString(), at); }
};

std::string Decimal(const CastJob& job, const std::string& digits) {
  return fmt::format("tm_{}decimal({}, {}, {})", job.null_on_failure() ? "try_" : "", digits, job.to.precision(),
                     job.to.scale());
}

Result<std::string> FromString(const CastJob& job) {
  if (job.legacy() && job.to.is_integral()) return fmt::format("tm_lenient_{}({})", DuckDbType(job.to), job.sql);
  switch (job.to.id()) {
    case TypeId::kBoolean:
      return job.Kernel("boolean");
    case TypeId::kByte:
      return job.Kernel("tinyint");
    case TypeId::kShort:
      return job.Kernel("smallint");
    case TypeId::kInt:
      return job.Kernel("int");
    case TypeId::kLong:
      return job.Kernel("bigint");
    case TypeId::kFloat:
      return job.Kernel("float");
    case TypeId::kDouble:
      return job.Kernel("double");
    case TypeId::kDecimal:
      return Decimal(job, job.Kernel("digits", fmt::format(", {}, {}", job.to.precision(), job.to.scale())));
    case TypeId::kDate:
      return job.Kernel("date");
    case TypeId::kTimestampNtz:
      return job.Kernel("timestamp_ntz");
    case TypeId::kTimestamp:
      if (!job.compiler.utc()) {
        return fmt::format("CASE WHEN tm_has_zone({0}) THEN tm_{1}_timestamp({0}) ELSE {2} END", job.sql,
                           job.null_on_failure() ? "try" : "cast", job.compiler.Instant(job.Kernel("timestamp_ntz")));
      }
      return job.Kernel("timestamp");
    case TypeId::kBinary:
      return "encode(" + job.sql + ")";
    case TypeId::kYearMonthInterval:
    case TypeId::kDayTimeInterval:
      return ValueSql(job.mode == typed::Cast::Mode::kTry ? "try_text_to_interval" : "text_to_interval", {job.sql},
                      {TypeId::kString}, job.to);
    case TypeId::kCalendarInterval:
      return ValueSql("text_to_calendar", {job.sql}, {TypeId::kString}, job.to);
    default:
      return job.Refused();
  }
}

Result<std::string> ByText(const CastJob& job) {
  DataType type = job.from;
  ASSIGN_OR_RETURN(auto value, LocalTimes(job.compiler, job.sql, &type, job.at));
  return ValueSql(job.compiler.options().ansi ? "cast_text" : "cast_text_legacy", {value}, {type}, TypeId::kString);
}

Result<std::string> ToString(const CastJob& job) {
  const DataType& from = job.from;
  if (from.is(TypeId::kBoolean) || from.is_integral()) return "CAST(" + job.sql + " AS VARCHAR)";
  if (from.is(TypeId::kDecimal) && from.scale() > 6 && !job.compiler.options().ansi) return ByText(job);
  if (from.is(TypeId::kDecimal)) {
    auto text = fmt::format("CAST(CAST({} AS {}) AS VARCHAR)", job.sql, DuckDbType(from));
    // DuckDB prints no zero before the point of a type that has no digits there.
    return from.precision() > from.scale() ? text : "regexp_replace(" + text + ", '^(-?)\\.', '\\10.')";
  }
  if (from.is_fractional()) return fmt::format("tm_text_{}({})", from.is(TypeId::kFloat) ? "float" : "double", job.sql);
  if (from.is(TypeId::kDate)) return "tm_text_of_date(" + job.sql + ")";
  if (from.is(TypeId::kTimestampNtz)) return "tm_text_of_time(" + job.sql + ")";
  if (from.is(TypeId::kTimestamp)) return "tm_text_of_time(" + job.compiler.Local(job.sql) + ")";
  if (from.is(TypeId::kBinary)) return "decode(" + job.sql + ")";
  if (from.is(TypeId::kString)) return job.sql;
  return ByText(job);
}

// A number as an integer as Java's narrowing has it.
std::string Narrowed(const CastJob& job) {
  const DataType &from = job.from, &to = job.to;
  std::string whole = job.sql;
  if (from.is(TypeId::kTimestamp)) whole = "tm_seconds(" + whole + ")";
  if (from.is(TypeId::kDecimal)) whole = "tm_wrap_bigint(CAST(trunc(" + whole + ") AS HUGEINT))";
  if (from.is_fractional()) whole = fmt::format("tm_java_{}({})", to.is(TypeId::kLong) ? "bigint" : "int", whole);
  return to.is(TypeId::kLong) ? "CAST(" + whole + " AS BIGINT)"
                              : fmt::format("tm_wrap_{}({})", DuckDbType(to), "CAST(" + whole + " AS BIGINT)");
}

// What one of an interval's last field is, in months or microseconds.
int64_t UnitOf(const DataType& interval) {
  constexpr int64_t kSizes[] = {12, 1, 86400000000, 3600000000, 60000000, 1000000};
  return kSizes[static_cast<int>(interval.to())];
}

// Whole units of the last field; a decimal keeps the seconds' fraction.
Result<std::string> IntervalToNumber(const CastJob& job) {
  int64_t unit = UnitOf(job.from);
  if (job.to.is_integral()) return fmt::format("CAST(({} // {}) AS {})", job.sql, unit, DuckDbType(job.to));
  if (!job.to.is(TypeId::kDecimal)) return job.Refused();
  if (job.from.to() != plan::IntervalField::kSecond) {
    return Decimal(job,
                   fmt::format("(CAST({} // {} AS HUGEINT) * CAST(1e{} AS HUGEINT))", job.sql, unit, job.to.scale()));
  }
  return job.Plain(fmt::format("(CAST({} AS DECIMAL(18,6)) / 1000000)::DECIMAL(18,6)", job.sql));
}

// Counts of its last field.
Result<std::string> ToInterval(const CastJob& job) {
  if (!job.from.is_integral() && !job.from.is(TypeId::kDecimal)) return job.Refused();
  std::string name = std::string(job.mode == typed::Cast::Mode::kTry ? "try_" : "") + "number_to_interval";
  return ValueSql(name, {job.sql, std::to_string(UnitOf(job.to))}, {job.from, TypeId::kLong}, job.to);
}

// Big-endian bytes.
std::string IntegerToBinary(const CastJob& job) {
  const char* digits = job.from.is(TypeId::kByte)    ? "2"
                       : job.from.is(TypeId::kShort) ? "4"
                       : job.from.is(TypeId::kInt)   ? "8"
                                                     : "16";
  return fmt::format("unhex(right(printf('%016x', CAST({} AS BIGINT)), {}))", job.sql, digits);
}

Result<std::string> ToNumber(const CastJob& job) {
  const DataType &from = job.from, &to = job.to;
  if (from.is(TypeId::kDate)) return fmt::format("CAST(NULL AS {})", DuckDbType(to));
  if (job.legacy() && to.is_integral() && !from.is(TypeId::kBoolean) && !from.is_ansi_interval()) return Narrowed(job);
  if (from.is(TypeId::kTimestamp)) {
    if (to.is(TypeId::kDouble)) return fmt::format("(epoch_us({}) / 1000000)", job.sql);
    if (!to.is_integral()) return job.Refused();
    std::string seconds = "tm_seconds(" + job.sql + ")";
    return to.is(TypeId::kLong) ? seconds : job.Plain(seconds);
  }
  if (from.is_ansi_interval()) return IntervalToNumber(job);
  if (to.is_integral() && (from.is_fractional() || from.is(TypeId::kDecimal)))
    return job.Plain("trunc(" + job.sql + ")");
  if (to.is(TypeId::kDecimal) && from.is_fractional()) {
    // What is no number has no digits, and is NULL in every mode.
    auto text = fmt::format("tm_text_double(CASE WHEN isfinite({0}) THEN CAST({0} AS DOUBLE) END)", job.sql);
    return Decimal(job, fmt::format("tm_{}_digits({}, {}, {})", job.null_on_failure() ? "try" : "cast", text,
                                    to.precision(), to.scale()));
  }
  // Over 15 digits the quotient of two doubles may be one bit off: through text it is not.
  if (to.is_fractional() && from.is(TypeId::kDecimal) && from.precision() > 15) {
    return job.Plain("CAST(" + job.sql + " AS VARCHAR)");
  }
  if (to.is(TypeId::kFloat) && from.is(TypeId::kDouble)) return "tm_narrow(" + job.sql + ")";
  if (to.is(TypeId::kFloat) && from.is(TypeId::kDecimal)) return job.Plain("CAST(" + job.sql + " AS VARCHAR)");
  return job.Plain(job.sql);
}

Result<std::string> ToTime(const CastJob& job) {
  const DataType &from = job.from, &to = job.to;
  const auto& c = job.compiler;
  if (to.is(TypeId::kDate)) {
    if (from.is(TypeId::kTimestamp)) return "CAST(" + c.Local(job.sql) + " AS DATE)";
    if (from.is(TypeId::kTimestampNtz)) return "CAST(" + job.sql + " AS DATE)";
    return job.Refused();
  }
  if (to.is(TypeId::kTimestampNtz)) {
    if (from.is(TypeId::kDate)) return "CAST(" + job.sql + " AS TIMESTAMP)";
    if (from.is(TypeId::kTimestamp)) return c.Local(job.sql);
    return job.Refused();
  }
  if (from.is(TypeId::kDate)) return c.Instant("CAST(" + job.sql + " AS TIMESTAMP)");
  if (from.is(TypeId::kTimestampNtz)) return c.Instant(job.sql);
  if (from.is(TypeId::kBoolean)) return "tm_instant(make_timestamp(CAST(" + job.sql + " AS BIGINT)))";
  if (from.is_integral()) return "tm_from_seconds(CAST(" + job.sql + " AS BIGINT))";
  if (from.is_fractional()) {
    return fmt::format("tm_{}from_double_seconds(CAST({} AS DOUBLE))", job.null_on_failure() ? "" : "exactly_",
                       job.sql);
  }
  if (from.is_numeric()) return fmt::format("tm_from_decimal_seconds(tm_unscaled({}), {})", job.sql, from.scale());
  return job.Refused();
}

Result<std::string> Nested(const CastJob& job) {
  const DataType &from = job.from, &to = job.to;
  const auto mode = job.mode;
  if (from.is(TypeId::kArray) && to.is(TypeId::kArray)) {
    auto element = CompileCast(job.compiler, "e", from.element(), to.element(), mode, job.at);
    if (!element.ok()) return element;
    if (element->size() == 1) return job.sql;  // "e" itself: nothing to cast
    return fmt::format("list_transform({}, lambda e: {})", job.sql, *element);
  }
  if (from.is(TypeId::kStruct) && to.is(TypeId::kStruct)) {
    std::string fields;
    for (size_t i = 0; i < from.fields().size(); ++i) {
      auto field = fmt::format("struct_extract({}, {})", job.sql, QuoteText(from.fields()[i].name));
      ASSIGN_OR_RETURN(auto value,
                       CompileCast(job.compiler, field, from.fields()[i].type, to.fields()[i].type, mode, job.at));
      fields += fmt::format("{}{}: {}", fields.empty() ? "" : ", ", QuoteText(to.fields()[i].name), value);
    }
    return fmt::format("CASE WHEN {} IS NULL THEN NULL ELSE {{{}}} END", job.sql, fields);
  }
  if (from.is(TypeId::kMap) && to.is(TypeId::kMap)) {
    bool empty = from.key().is(TypeId::kNull);
    if (empty || (from.key().SameType(to.key()) && from.value().SameType(to.value()))) return job.Plain(job.sql);
    ASSIGN_OR_RETURN(auto key, CompileCast(job.compiler, "e", from.key(), to.key(), mode, job.at));
    ASSIGN_OR_RETURN(auto value, CompileCast(job.compiler, "e", from.value(), to.value(), mode, job.at));
    return fmt::format(
        "map_from_entries(list_transform(map_entries({}), lambda m: {{'k': list_transform([m.key], lambda e: {})[1], "
        "'v': list_transform([m.value], lambda e: {})[1]}}))",
        job.sql, key, value);
  }
  return job.Refused();
}

}  // namespace

Result<std::string> CompileCast(const ExprCompiler& compiler, const std::string& sql, const DataType& from,
                                const DataType& to, typed::Cast::Mode mode, Position at) {
  CastJob job{compiler, sql, from, to, mode, at};
  if (mode == typed::Cast::Mode::kBits) return sql;  // the same number under another name
  if (from.SameType(to)) return sql;
  if (from.is(TypeId::kNull)) return "CAST(" + sql + " AS " + DuckDbType(to) + ")";
  if (from.id() == to.id() && from.is_ansi_interval()) return sql;
  if (from.is(TypeId::kVariant) || to.is(TypeId::kVariant)) {
    if (!to.is(TypeId::kString)) return job.Refused();
    return ValueSql("variant_text", {sql}, {from}, to);
  }
  if (to.is(TypeId::kString)) return ToString(job);
  if (from.is(TypeId::kString)) return FromString(job);
  if (from.is_nested() || to.is_nested()) return Nested(job);
  if (to.is(TypeId::kBoolean) && from.is(TypeId::kDate)) return std::string("CAST(NULL AS BOOLEAN)");
  if (to.is(TypeId::kBoolean) && from.is(TypeId::kTimestamp)) return "(epoch_us(" + sql + ") <> 0)";
  if (to.is(TypeId::kBoolean) && from.is_numeric()) return "(" + sql + " <> 0)";
  if (to.is_numeric()) return ToNumber(job);
  if (to.is_datetime()) return ToTime(job);
  if (to.is_ansi_interval()) return ToInterval(job);
  if (to.is(TypeId::kBinary) && from.is_integral()) return IntegerToBinary(job);
  return job.Refused();
}

}  // namespace tidemill::engine::duckdb
