// Intervals: years and months as a number of months, days and shorter as a number of microseconds; and calendar
// intervals, which hold all three.
#include <cmath>

#include "engine/duckdb/kernel_value.h"
#include "engine/duckdb/kernel_vector.h"

namespace tidemill::engine::duckdb {

using plan::DataType;
using plan::Int128;
using plan::IntervalParts;
using plan::TypeId;
using plan::Value;

namespace {

constexpr int64_t kMicrosPerSecond = 1000000;
constexpr int64_t kMicrosPerDay = 86400 * kMicrosPerSecond;

enum class Advice { kTry, kNone };

void Overflow(Row& row, Advice advice) {
  bool try_it = advice == Advice::kTry;
  row.Fail(try_it ? "INTERVAL_ARITHMETIC_OVERFLOW.WITH_SUGGESTION" : "INTERVAL_ARITHMETIC_OVERFLOW.WITHOUT_SUGGESTION",
           "22015",
           std::string("Integer overflow while operating with intervals.") +
               (try_it ? " Use `try_add` or another try_ function to tolerate it and return NULL instead." : ""));
}

void DividedByZero(Row& row) {
  row.Fail("INTERVAL_DIVIDED_BY_ZERO", "22012",
           "Division by zero. Use `try_divide` to tolerate divisor being 0 and return NULL instead.");
}

template <typename T>
T Fitted(Row& row, Int128 value, Advice advice) {
  if (value > std::numeric_limits<T>::max() || value < std::numeric_limits<T>::min()) Overflow(row, advice);
  return static_cast<T>(value);
}

// tm_months(HUGEINT), tm_micros(HUGEINT): a sum brought back to its interval.
int32_t Months(Row& row, Int128 value) { return Fitted<int32_t>(row, value, Advice::kTry); }
int64_t Micros(Row& row, Int128 value) { return Fitted<int64_t>(row, value, Advice::kTry); }
int32_t NegatedMonths(Row& row, int32_t value) { return Fitted<int32_t>(row, -Int128{value}, Advice::kNone); }
int64_t NegatedMicros(Row& row, int64_t value) { return Fitted<int64_t>(row, -Int128{value}, Advice::kNone); }

// The quotient, a half rounded away from zero.
Int128 HalfUp(Int128 a, Int128 b) {
  Int128 quotient = a / b, rest = a % b;
  if (rest < 0) rest = -rest;
  Int128 size = b < 0 ? -b : b;
  if (rest >= size - rest) quotient += (a < 0) == (b < 0) ? 1 : -1;
  return quotient;
}

int32_t AverageMonths(Row& row, Int128 sum, int64_t count) {
  return static_cast<int32_t>(HalfUp(Months(row, sum), std::max<int64_t>(count, 1)));
}
int64_t AverageMicros(Row& row, Int128 sum, int64_t count) {
  return static_cast<int64_t>(HalfUp(Micros(row, sum), std::max<int64_t>(count, 1)));
}

// ---- interval * number, interval / number ----

struct Limits {
  Int128 least, most;
};
Limits LimitsOf(const DataType& interval) {
  if (interval.is(TypeId::kYearMonthInterval)) return {INT32_MIN, INT32_MAX};
  return {INT64_MIN, INT64_MAX};
}

void OutOfRange(Row& row) {
  row.Fail("ARITHMETIC_OVERFLOW", "22003", "The interval overflows. Use a try_ function to tolerate it.");
}

Value Whole(Row& row, Int128 value, const Limits& limits) {
  if (value < limits.least || value > limits.most) OutOfRange(row);
  return {static_cast<int64_t>(value)};
}

// Half up, that is away from zero; NaN and what is too large have no whole number.
Value Whole(Row& row, double value, const Limits& limits) {
  double rounded = std::round(value);
  bool fits = rounded >= static_cast<double>(limits.least) && rounded <= static_cast<double>(limits.most) &&
              !(limits.most == INT64_MAX && rounded >= 9223372036854775808.0);
  if (!fits) {
    OutOfRange(row);
    return {};
  }
  return {static_cast<int64_t>(rounded)};
}

Int128 PowerOfTen(int exponent) {
  Int128 power = 1;
  for (int i = 0; i < exponent; ++i) power *= 10;
  return power;
}

// A calendar interval from parts with fractions: what is left of a day goes to the microseconds.
Value FromParts(Row& row, double months, double days, double micros) {
  auto fits = [](double v) { return v > -2147483649.0 && v < 2147483648.0; };
  if (!fits(months) || !fits(days)) {
    row.Fail("ARITHMETIC_OVERFLOW", "22003", "integer overflow. Use a smaller factor.");
    return {};
  }
  auto whole_days = static_cast<int32_t>(days);
  double rest = std::floor(micros + static_cast<double>(kMicrosPerDay) * (days - whole_days) + 0.5);
  int64_t most = std::numeric_limits<int64_t>::max();
  int64_t rounded = std::isnan(rest)                ? 0
                    : rest >= 9223372036854775808.0 ? most
                    : rest < -9223372036854775808.0 ? -most - 1
                                                    : static_cast<int64_t>(rest);
  return {IntervalParts{static_cast<int32_t>(months), whole_days, rounded}};
}

Value Multiply(Row& row, const ValueCall& call) {
  if (call.types[0].is(TypeId::kCalendarInterval)) {
    const auto& parts = std::get<IntervalParts>(call.args[0].data);
    double n = std::get<double>(call.args[1].data);
    return FromParts(row, n * parts.months, n * parts.days, n * static_cast<double>(parts.micros));
  }
  Limits limits = LimitsOf(call.result);
  int64_t amount = call.number(0);
  if (const auto* factor = std::get_if<double>(&call.args[1].data)) {
    return Whole(row, static_cast<double>(amount) * *factor, limits);
  }
  if (const auto* whole = std::get_if<int64_t>(&call.args[1].data)) return Whole(row, Int128{amount} * *whole, limits);
  Int128 product = 0;
  if (__builtin_mul_overflow(Int128{amount}, std::get<Int128>(call.args[1].data), &product)) {
    OutOfRange(row);
    return {};
  }
  return Whole(row, HalfUp(product, PowerOfTen(call.types[1].scale())), limits);
}

Value Divide(Row& row, const ValueCall& call) {
  const auto* divisor = std::get_if<double>(&call.args[1].data);
  const auto* whole = std::get_if<int64_t>(&call.args[1].data);
  if (divisor ? *divisor == 0 : whole ? *whole == 0 : std::get<Int128>(call.args[1].data) == 0) {
    DividedByZero(row);
    return {};
  }
  if (call.types[0].is(TypeId::kCalendarInterval)) {
    const auto& parts = std::get<IntervalParts>(call.args[0].data);
    return FromParts(row, parts.months / *divisor, parts.days / *divisor, static_cast<double>(parts.micros) / *divisor);
  }
  Limits limits = LimitsOf(call.result);
  int64_t amount = call.number(0);
  if (divisor) return Whole(row, static_cast<double>(amount) / *divisor, limits);
  if (whole) {
    Int128 quotient = HalfUp(amount, *whole);
    if (quotient > limits.most) Overflow(row, Advice::kTry);
    return {static_cast<int64_t>(quotient)};
  }
  Int128 shifted = 0;
  if (__builtin_mul_overflow(Int128{amount}, PowerOfTen(call.types[1].scale()), &shifted)) {
    OutOfRange(row);
    return {};
  }
  return Whole(row, HalfUp(shifted, std::get<Int128>(call.args[1].data)), limits);
}

// ---- From numbers ----

Value MakeInterval(Row& row, const ValueCall& call) {
  Int128 months = Int128{call.number(0)} * 12 + call.number(1);
  Int128 days = Int128{call.number(2)} * 7 + call.number(3);
  Int128 micros = (Int128{call.number(4)} * 3600 + Int128{call.number(5)} * 60) * kMicrosPerSecond +
                  std::get<Int128>(call.args[6].data);
  auto fits = [](Int128 v, Int128 most) { return v <= most && v >= -most - 1; };
  if (!fits(months, INT32_MAX) || !fits(days, INT32_MAX) || !fits(micros, INT64_MAX)) {
    row.Fail("ARITHMETIC_OVERFLOW", "22003", "integer overflow. Use `try_make_interval` to tolerate it.");
  }
  return {IntervalParts{static_cast<int32_t>(months), static_cast<int32_t>(days), static_cast<int64_t>(micros)}};
}

Value MakeDayTime(Row& row, const ValueCall& call) {
  Int128 seconds = Int128{call.number(0)} * 86400 + Int128{call.number(1)} * 3600 + Int128{call.number(2)} * 60;
  return {Fitted<int64_t>(row, seconds * kMicrosPerSecond + std::get<Int128>(call.args[3].data), Advice::kNone)};
}

Value MakeYearMonth(Row& row, const ValueCall& call) {
  return {int64_t{Fitted<int32_t>(row, Int128{call.number(0)} * 12 + call.number(1), Advice::kNone)}};
}

// (number, the size of its unit): half up.
Value FromNumber(Row& row, const ValueCall& call) {
  Limits limits = LimitsOf(call.result);
  const auto* digits = std::get_if<Int128>(&call.args[0].data);
  Int128 product = 0;
  bool overflow = __builtin_mul_overflow(digits ? *digits : Int128{call.number(0)}, Int128{call.number(1)}, &product);
  if (digits && !overflow) product = HalfUp(product, PowerOfTen(call.types[0].scale()));
  if (overflow || product < limits.least || product > limits.most) {
    row.Fail("CAST_OVERFLOW", "22003",
             "The value " + plan::ToSparkText(call.args[0], call.types[0]) + " of the type \"" + call.types[0].ToSql() +
                 "\" cannot be cast to \"" + call.result.ToSql() + "\" due to an overflow.");
    return {};
  }
  return {static_cast<int64_t>(product)};
}

// ---- Fields ----

// The field by plan::IntervalField's number; seconds with their fraction, as decimal(8,6).
Value Extract(Row&, const ValueCall& call) {
  IntervalParts parts;
  if (call.types[0].is(TypeId::kCalendarInterval)) {
    parts = std::get<IntervalParts>(call.args[0].data);
  } else if (call.types[0].is(TypeId::kYearMonthInterval)) {
    parts.months = static_cast<int32_t>(call.number(0));
  } else {
    parts.days = static_cast<int32_t>(call.number(0) / kMicrosPerDay);
    parts.micros = call.number(0) % kMicrosPerDay;
  }
  switch (static_cast<plan::IntervalField>(call.number(1))) {
    case plan::IntervalField::kYear:
      return {int64_t{parts.months / 12}};
    case plan::IntervalField::kMonth:
      return {int64_t{parts.months % 12}};
    case plan::IntervalField::kDay:
      return {int64_t{parts.days}};
    case plan::IntervalField::kHour:
      return {parts.micros % kMicrosPerDay / (3600 * kMicrosPerSecond)};
    case plan::IntervalField::kMinute:
      return {parts.micros / (60 * kMicrosPerSecond) % 60};
    case plan::IntervalField::kSecond:
      return {Int128{parts.micros % (60 * kMicrosPerSecond)}};
  }
  return {};
}

// A date moved by months and days; hours would make it no date.
Value AddToDate(Row& row, const ValueCall& call) {
  const auto& parts = std::get<IntervalParts>(call.args[1].data);
  if (parts.micros != 0) {
    row.Fail("INVALID_INTERVAL_WITH_MICROSECONDS_ADDITION", "22006",
             "Cannot add an interval to a date because its microseconds part is not 0. Cast the date to a timestamp.");
    return {};
  }
  return call.args[1];
}

}  // namespace

std::span<const ValueRow> IntervalValues() {
  static constexpr ValueRow kRows[] = {{"$interval_multiply", Multiply},    {"$interval_divide", Divide},
                                       {"make_interval", MakeInterval},     {"make_dt_interval", MakeDayTime},
                                       {"make_ym_interval", MakeYearMonth}, {"$extract_interval", Extract},
                                       {"days_of_interval", AddToDate},     {"number_to_interval", FromNumber}};
  return kRows;
}

Status RegisterIntervalKernels(duckdb_connection c) {
  RETURN_IF_ERROR(RegisterBoth<Months>(c, "months"));
  RETURN_IF_ERROR(RegisterBoth<Micros>(c, "micros"));
  RETURN_IF_ERROR(RegisterKernel<NegatedMonths>(c, "tm_negated_months"));
  RETURN_IF_ERROR(RegisterKernel<NegatedMicros>(c, "tm_negated_micros"));
  RETURN_IF_ERROR(RegisterBoth<AverageMonths>(c, "average_months"));
  return RegisterBoth<AverageMicros>(c, "average_micros");
}

}  // namespace tidemill::engine::duckdb
