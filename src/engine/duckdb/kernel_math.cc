// Arithmetic that raises or rounds as Spark does: division, remainders, decimals past 128 bits, round().
#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <string>

#include "engine/duckdb/kernel_vector.h"
#include "plan/value.h"

namespace tidemill::engine::duckdb {

namespace {

using plan::Int128;
using Unsigned128 = unsigned __int128;

constexpr Int128 kTooLarge = static_cast<Int128>(~Unsigned128{0} >> 1);  // over 38 digits: tm_decimal refuses it

void DivideByZero(Row& row) {
  row.Fail("DIVIDE_BY_ZERO", "22012",
           "Division by zero. Use `try_divide` to tolerate divisor being 0 and return NULL instead.");
}
void RemainderByZero(Row& row) {
  row.Fail("REMAINDER_BY_ZERO", "22012",
           "Remainder by zero. Use `try_mod` to tolerate divisor being 0 and return NULL instead.");
}
void Overflow(Row& row, const char* what) {
  row.Fail("ARITHMETIC_OVERFLOW", "22003",
           std::string(what) + " overflow. Use try_cast or the try_ form to tolerate it.");
}

Unsigned128 Magnitude(Int128 v) { return v < 0 ? -static_cast<Unsigned128>(v) : static_cast<Unsigned128>(v); }
Int128 Signed(Unsigned128 v, bool negative) { return negative ? -static_cast<Int128>(v) : static_cast<Int128>(v); }

Unsigned128 PowerOfTen(int exponent) {
  Unsigned128 power = 1;
  while (exponent-- > 0) power *= 10;
  return power;
}

double DivideDouble(Row& row, double a, double b) {
  if (b == 0) DivideByZero(row);
  return a / b;
}
double TryDivideDouble(Row& row, double a, double b) {
  if (b == 0) row.Null();
  return a / b;
}

template <typename T>
T Remainder(Row& row, T a, T b) {
  if (b == 0) {
    RemainderByZero(row);
    return 0;
  }
  if constexpr (std::is_floating_point_v<T>) {
    return std::fmod(a, b);
  } else {
    return b == T(-1) ? T(0) : T(a % b);
  }
}
template <typename T>
T TryRemainder(Row& row, T a, T b) {
  if (b != 0) return Remainder<T>(row, a, b);
  row.Null();
  return 0;
}
template <typename T>
T PositiveRemainder(Row& row, T a, T b) {
  T r = Remainder<T>(row, a, b);
  if (row.failed() || r >= 0) return r;
  if constexpr (std::is_floating_point_v<T>) {
    return std::fmod(r + b, b);
  } else {
    return T((r + b) % b);
  }
}

Int128 Quotient(Row& row, Int128 a, Int128 b) {
  if (b != 0) return a / b;
  DivideByZero(row);
  return 0;
}

int64_t DivideWhole(Row& row, int64_t a, int64_t b) {
  if (b == 0) {
    DivideByZero(row);
    return 0;
  }
  if (b == -1 && a == std::numeric_limits<int64_t>::min()) {
    Overflow(row, "long");
    return 0;
  }
  return a / b;
}

// ---- Wrapping around, as Java's integers do ----

template <typename T, typename From>
T Wrap(Row&, From value) {
  return static_cast<T>(value);
}
int64_t WrapAdd(Row&, int64_t a, int64_t b) { return static_cast<int64_t>(uint64_t(a) + uint64_t(b)); }
int64_t WrapSubtract(Row&, int64_t a, int64_t b) { return static_cast<int64_t>(uint64_t(a) - uint64_t(b)); }
int64_t WrapMultiply(Row&, int64_t a, int64_t b) { return static_cast<int64_t>(uint64_t(a) * uint64_t(b)); }
int64_t WrapDiv(Row& row, int64_t a, int64_t b) {
  if (b == 0) row.Null();
  return b == 0 ? 0 : b == -1 ? WrapSubtract(row, 0, a) : a / b;
}

// ---- Decimals as digits ----

// rest * 10 / divisor without leaving 128 bits; rest < divisor < 2^127.
int NextDigit(Unsigned128& rest, Unsigned128 divisor) {
  Unsigned128 once = rest;
  int digit = 0;
  auto twice = [&] {
    rest *= 2;
    digit *= 2;
    if (rest >= divisor) {
      rest -= divisor;
      ++digit;
    }
  };
  twice();
  twice();
  rest += once;
  if (rest >= divisor) {
    rest -= divisor;
    ++digit;
  }
  twice();
  return digit;
}

// a * 10^shift / b, rounded half up.
Int128 DivideDigits(Row& row, Int128 a, Int128 b, int32_t shift) {
  if (b == 0) {
    DivideByZero(row);
    return 0;
  }
  Unsigned128 divisor = Magnitude(b), quotient = Magnitude(a) / divisor, rest = Magnitude(a) % divisor;
  const Unsigned128 limit = static_cast<Unsigned128>(kTooLarge) / 10 - 10;
  for (int i = 0; i < shift; ++i) {
    if (quotient >= limit) return kTooLarge;
    quotient = quotient * 10 + NextDigit(rest, divisor);
  }
  if (rest >= divisor - rest) ++quotient;
  return Signed(quotient, (a < 0) != (b < 0));
}

Int128 TryDivideDigits(Row& row, Int128 a, Int128 b, int32_t shift) {
  if (b != 0) return DivideDigits(row, a, b, shift);
  row.Null();
  return 0;
}

// The sum of `count` values of a decimal, over the count; one more place of precision per shift.
Int128 AverageDigits(Row& row, Int128 sum, int64_t count, int32_t shift) {
  if (count == 0) {
    row.Null();
    return 0;
  }
  return DivideDigits(row, sum, count, shift);
}

// Rounds the last `drop` digits away, half up.
Unsigned128 DropDigits(Unsigned128 digits, int drop) {
  if (drop <= 0) return digits;
  if (drop > 38) return 0;
  Unsigned128 power = PowerOfTen(drop);
  Unsigned128 quotient = digits / power, rest = digits % power;
  return rest >= power - rest ? quotient + 1 : quotient;
}

Int128 RoundDigits(Row&, Int128 value, int32_t drop) { return Signed(DropDigits(Magnitude(value), drop), value < 0); }

// a * b / 10^drop, rounded half up, through 256 bits.
Int128 MultiplyDigits(Row&, Int128 a, Int128 b, int32_t drop) {
  uint32_t limbs[8] = {};
  Unsigned128 x = Magnitude(a), y = Magnitude(b);
  for (int i = 0; i < 4; ++i) {
    uint64_t carry = 0;
    for (int j = 0; j < 4; ++j) {
      uint64_t product = uint64_t(uint32_t(x >> (32 * i))) * uint32_t(y >> (32 * j)) + limbs[i + j] + carry;
      limbs[i + j] = uint32_t(product);
      carry = product >> 32;
    }
    limbs[i + 4] = uint32_t(carry);
  }
  // The digit last dropped decides the rounding: half and more goes up.
  uint64_t last = 0;
  for (int d = 0; d < drop; ++d) {
    last = 0;
    for (int i = 7; i >= 0; --i) {
      uint64_t part = last << 32 | limbs[i];
      limbs[i] = uint32_t(part / 10);
      last = part % 10;
    }
  }
  if (limbs[4] | limbs[5] | limbs[6] | limbs[7] | (limbs[3] >> 31)) return kTooLarge;
  Unsigned128 result = 0;
  for (int i = 3; i >= 0; --i) result = result << 32 | limbs[i];
  if (last >= 5) ++result;
  return Signed(result, (a < 0) != (b < 0));
}

// A value of `up` more digits, as what stays without its last `drop` digits and what those are.
std::pair<Int128, Int128> SplitDigits(Int128 value, int32_t up, int32_t drop) {
  if (up < drop) {
    const auto unit = static_cast<Int128>(PowerOfTen(drop - up));
    return {value / unit, value % unit * static_cast<Int128>(PowerOfTen(up))};
  }
  Int128 kept = 0;
  const bool fits = !__builtin_mul_overflow(value, static_cast<Int128>(PowerOfTen(up - drop)), &kept);
  return {fits ? kept : value < 0 ? -kTooLarge : kTooLarge, 0};
}

// a * 10^up_a + b * 10^up_b without the last `drop` digits, rounded half up. What is beyond 38 digits stays so.
Int128 AddDigits(Row&, Int128 a, int32_t up_a, Int128 b, int32_t up_b, int32_t drop) {
  auto [sum, rest] = SplitDigits(a, up_a, drop);
  const auto [other, other_rest] = SplitDigits(b, up_b, drop);
  if (__builtin_add_overflow(sum, other, &sum)) return a < 0 ? -kTooLarge : kTooLarge;
  const auto unit = static_cast<Int128>(PowerOfTen(drop));
  if ((rest < 0) == (other_rest < 0) && Magnitude(rest) >= static_cast<Unsigned128>(unit) - Magnitude(other_rest)) {
    sum += other_rest < 0 ? -1 : 1;
    rest = other_rest < 0 ? rest + (unit + other_rest) : rest - (unit - other_rest);
  } else {
    rest += other_rest;
  }
  if (sum > 0 && rest < 0) {
    --sum;
    rest += unit;
  } else if (sum < 0 && rest > 0) {
    ++sum;
    rest -= unit;
  }
  const Unsigned128 left = Magnitude(rest);
  if (left != 0 && left >= static_cast<Unsigned128>(unit) - left) sum += rest < 0 ? -1 : 1;
  return sum;
}

Int128 RemainderDigits(Row& row, Int128 a, Int128 b) { return Remainder<Int128>(row, a, b); }
Int128 TryRemainderDigits(Row& row, Int128 a, Int128 b) { return TryRemainder<Int128>(row, a, b); }
Int128 PositiveRemainderDigits(Row& row, Int128 a, Int128 b) { return PositiveRemainder<Int128>(row, a, b); }

// ---- round() of doubles: on the decimal that Java prints, not on the binary fraction ----

// The shortest digits, rounded to `places`; half up, or half even.
double RoundText(double value, int places, bool even) {
  if (!std::isfinite(value) || value == 0) return value;
  char buffer[64];
  auto end = std::to_chars(buffer, buffer + sizeof buffer, std::fabs(value), std::chars_format::scientific).ptr;
  std::string text(buffer, end), digits;
  size_t e = text.find('e');
  int exponent = std::atoi(text.c_str() + e + 1);
  for (char c : text.substr(0, e)) {
    if (c != '.') digits += c;
  }
  int keep = exponent + 1 + places;  // digits that stay
  if (keep >= static_cast<int>(digits.size())) return value;
  if (keep < 0) return std::copysign(0.0, value) + 0.0;
  bool up = digits[keep] > '5' || (digits[keep] == '5' && digits.find_first_not_of('0', keep + 1) != std::string::npos);
  if (!up && digits[keep] == '5') up = !even || (keep > 0 && (digits[keep - 1] - '0') % 2 == 1);
  digits.resize(keep);
  digits.insert(0, "0");
  for (size_t i = digits.size(); up && i-- > 0;) {
    up = digits[i] == '9';
    digits[i] = up ? '0' : char(digits[i] + 1);
  }
  std::string number = digits + "e" + std::to_string(exponent + 1 - keep);
  double rounded = std::strtod(number.c_str(), nullptr);
  return value < 0 && rounded != 0 ? -rounded : rounded;
}

double RoundHalfUp(Row&, double value, int32_t places) { return RoundText(value, places, false); }
double RoundHalfEven(Row&, double value, int32_t places) { return RoundText(value, places, true); }

// round(integer, -n).
template <bool kEven>
int64_t RoundWhole(Row& row, int64_t value, int32_t places, int64_t most) {
  if (places >= 0) return value;
  if (places < -18) return 0;
  Unsigned128 power = PowerOfTen(-places), digits = Magnitude(value);
  Unsigned128 quotient = digits / power, rest = digits % power;
  bool half = rest == power - rest;
  if (rest > power - rest || (half && (!kEven || quotient % 2 == 1))) ++quotient;
  Int128 result = Signed(quotient * power, value < 0);
  if (result > most || result < -Int128{most} - 1) Overflow(row, "integer");
  return static_cast<int64_t>(result);
}

// The same where what does not fit wraps around.
template <bool kEven>
int64_t WrapRoundWhole(Row&, int64_t value, int32_t places) {
  if (places >= 0) return value;
  if (places < -18) return 0;
  Unsigned128 power = PowerOfTen(-places), digits = Magnitude(value);
  Unsigned128 quotient = digits / power, rest = digits % power;
  bool half = rest == power - rest;
  if (rest > power - rest || (half && (!kEven || quotient % 2 == 1))) ++quotient;
  return static_cast<int64_t>(Signed(quotient * power, value < 0));
}

// high * 10^19 + low.
Int128 JoinDigits(Row& row, Int128 high, Int128 low) {
  Int128 digits = 0;
  bool overflow = __builtin_mul_overflow(high, static_cast<Int128>(PowerOfTen(19)), &digits) ||
                  __builtin_add_overflow(digits, low, &digits);
  if (overflow) Overflow(row, "decimal");
  return digits;
}

// ceil and floor of a decimal's digits without the last `drop` of them.
Int128 CeilDigits(Row&, Int128 digits, int32_t drop) {
  if (drop > 38) return digits > 0 ? 1 : 0;
  auto power = static_cast<Int128>(PowerOfTen(drop));
  return digits / power + (digits % power > 0);
}
Int128 FloorDigits(Row&, Int128 digits, int32_t drop) {
  if (drop > 38) return digits < 0 ? -1 : 0;
  auto power = static_cast<Int128>(PowerOfTen(drop));
  return digits / power - (digits % power < 0);
}

int8_t BitGet(Row& row, int64_t value, int32_t place, int32_t bits) {
  if (place >= 0 && place < bits) return static_cast<int8_t>(value >> place & 1);
  row.Fail("INVALID_PARAMETER_VALUE.BIT_POSITION_RANGE", "22023",
           "The value of parameter(s) `pos` in `bit_get` is invalid: expects an integer value in [0, " +
               std::to_string(bits) + "), but got " + std::to_string(place) + ".");
  return 0;
}

template <typename T>
T ShiftLeft(Row&, T value, int32_t by) {
  using U = std::make_unsigned_t<T>;
  return static_cast<T>(static_cast<U>(value) << (by & int(sizeof(T) * 8 - 1)));
}
template <typename T>
T ShiftRight(Row&, T value, int32_t by) {
  return value >> (by & int(sizeof(T) * 8 - 1));
}
template <typename T>
T ShiftRightUnsigned(Row&, T value, int32_t by) {
  using U = std::make_unsigned_t<T>;
  return static_cast<T>(static_cast<U>(value) >> (by & int(sizeof(T) * 8 - 1)));
}

// Spark's logarithms give NULL where they have no value.
template <auto F>
double LogOrNull(Row& row, double value) {
  if (!(value > 0) && !std::isnan(value)) row.Null();
  return F(value);
}
double Log1pOrNull(Row& row, double value) {
  if (!(value > -1) && !std::isnan(value)) row.Null();
  return std::log1p(value);
}
double Ln(double v) { return std::log(v); }
double Lg10(double v) { return std::log10(v); }
double Lg2(double v) { return std::log(v) / std::log(2.0); }
// The other sign, rounded half even to the 34 digits of java.math.MathContext.DECIMAL128.
plan::Int128 NegativeDigits(Row&, plan::Int128 digits) {
  plan::Int128 limit = 1, dropped = 1;
  for (int i = 0; i < 34; ++i) limit *= 10;
  plan::Int128 size = digits < 0 ? -digits : digits;
  while (size / dropped >= limit) dropped *= 10;
  plan::Int128 kept = size / dropped, rest = size % dropped;
  if (rest * 2 > dropped || (rest * 2 == dropped && kept % 2 != 0)) ++kept;
  return digits < 0 ? kept * dropped : -kept * dropped;
}

double LogBase(Row& row, double base, double value) {
  if (value <= 0 || base <= 0) row.Null();
  return std::log(value) / std::log(base);
}

template <auto F>
double Plain(Row&, double value) {
  return F(value);
}
#define TM_MATH(NAME) \
  double NAME##_(double v) { return std::NAME(v); }
TM_MATH(sin)
TM_MATH(cos)
TM_MATH(tan)
TM_MATH(asin)
TM_MATH(acos)
TM_MATH(atan)
TM_MATH(sinh)
TM_MATH(cosh)
TM_MATH(tanh)
TM_MATH(expm1)
TM_MATH(rint)
TM_MATH(sqrt)
#undef TM_MATH
// By the formulas that Spark computes, not the exact ones.
double asinh_(double x) { return std::isinf(x) && x < 0 ? x : std::log(x + std::sqrt(x * x + 1)); }
double acosh_(double x) { return std::log(x + std::sqrt(x * x - 1)); }
double atanh_(double x) { return 0.5 * (std::log1p(x) - std::log1p(-x)); }
// Java's cube root is right to the last bit where the C library's may be one off: one step of Newton's.
double cbrt_(double x) {
  double root = std::cbrt(x);
  if (!std::isfinite(root) || root == 0) return root;
  long double r = root;
  return static_cast<double>(r - (r * r * r - x) / (3 * r * r));
}

// e^x by the method of Java's StrictMath, whose last bit differs from the C library's: x = k ln 2 + r, and a rational
// approximation on r.
double exp_(double x) {
  constexpr double kLn2High = 6.93147180369123816490e-01, kLn2Low = 1.90821492927058770002e-10;
  constexpr double kPerLn2 = 1.44269504088896338700e+00;
  constexpr double kP[] = {1.66666666666666019037e-01, -2.77777777770155933842e-03, 6.61375632143793436117e-05,
                           -1.65339022054652515390e-06, 4.13813679705723846039e-08};
  if (!(std::fabs(x) < 700)) return std::exp(x);
  double size = std::fabs(x);
  if (size < 0x1p-28) return 1 + x;
  double high = x, low = 0;
  int k = 0;
  if (size > 0.5 * 0.69314718055994530942) {
    k = size < 1.5 * 0.69314718055994530942 ? (x < 0 ? -1 : 1) : static_cast<int>(kPerLn2 * x + (x < 0 ? -0.5 : 0.5));
    high = x - k * kLn2High;
    low = k * kLn2Low;
  }
  double r = high - low, t = r * r;
  double c = r - t * (kP[0] + t * (kP[1] + t * (kP[2] + t * (kP[3] + t * kP[4]))));
  if (k == 0) return 1 - ((r * c) / (c - 2) - r);
  return std::ldexp(1 - ((low - (r * c) / (2 - c)) - high), k);
}

// As Java has it: NaN to any power but zero is NaN, and so is one to an infinite power.
double Power(Row&, double a, double b) {
  if (std::isnan(b) || (std::fabs(a) == 1 && std::isinf(b))) return std::numeric_limits<double>::quiet_NaN();
  return std::pow(a, b);
}
// A double as a BIGINT as Java does it: the nearest there is, and 0 for NaN.
template <auto Round>
int64_t RoundToLong(Row&, double value) {
  double whole = Round(value);
  if (std::isnan(whole)) return 0;
  if (whole >= 0x1p63) return std::numeric_limits<int64_t>::max();
  return whole < -0x1p63 ? std::numeric_limits<int64_t>::min() : static_cast<int64_t>(whole);
}
double Truncated(double v) { return std::trunc(v); }
// Java's (int) of a double.
int32_t JavaInt(Row& row, double value) {
  int64_t whole = RoundToLong<Truncated>(row, value);
  return static_cast<int32_t>(std::clamp<int64_t>(whole, INT32_MIN, INT32_MAX));
}
double Ceil(double v) { return std::ceil(v); }
double Floor(double v) { return std::floor(v); }
double Hypot(Row&, double a, double b) { return std::hypot(a, b); }
double Signum(Row&, double v) { return v > 0 ? 1.0 : v < 0 ? -1.0 : v; }

}  // namespace

Status RegisterMathKernels(duckdb_connection c) {
  RETURN_IF_ERROR((RegisterKernel<Wrap<int8_t, int64_t>>(c, "tm_wrap_tinyint")));
  RETURN_IF_ERROR((RegisterKernel<Wrap<int16_t, int64_t>>(c, "tm_wrap_smallint")));
  RETURN_IF_ERROR((RegisterKernel<Wrap<int32_t, int64_t>>(c, "tm_wrap_integer")));
  RETURN_IF_ERROR((RegisterKernel<Wrap<int64_t, Int128>>(c, "tm_wrap_bigint")));
  RETURN_IF_ERROR(RegisterKernel<WrapAdd>(c, "tm_wrap_add"));
  RETURN_IF_ERROR(RegisterKernel<WrapSubtract>(c, "tm_wrap_subtract"));
  RETURN_IF_ERROR(RegisterKernel<WrapMultiply>(c, "tm_wrap_multiply"));
  RETURN_IF_ERROR(RegisterKernel<WrapDiv>(c, "tm_wrap_div"));
  RETURN_IF_ERROR(RegisterKernel<RoundToLong<Truncated>>(c, "tm_java_bigint"));
  RETURN_IF_ERROR(RegisterKernel<JavaInt>(c, "tm_java_int"));
  RETURN_IF_ERROR(RegisterKernel<DivideDouble>(c, "tm_divide"));
  RETURN_IF_ERROR(RegisterKernel<TryDivideDouble>(c, "tm_try_divide"));
  RETURN_IF_ERROR(RegisterBoth<DivideWhole>(c, "div"));
  RETURN_IF_ERROR(RegisterBoth<Quotient>(c, "quotient"));
  RETURN_IF_ERROR(RegisterKernel<Remainder<int64_t>>(c, "tm_mod"));
  RETURN_IF_ERROR(RegisterKernel<Remainder<double>>(c, "tm_mod_double"));
  RETURN_IF_ERROR(RegisterKernel<TryRemainder<int64_t>>(c, "tm_try_mod"));
  RETURN_IF_ERROR(RegisterKernel<TryRemainder<double>>(c, "tm_try_mod_double"));
  RETURN_IF_ERROR(RegisterBoth<PositiveRemainder<int64_t>>(c, "pmod"));
  RETURN_IF_ERROR(RegisterBoth<PositiveRemainder<double>>(c, "pmod_double"));
  RETURN_IF_ERROR(RegisterKernel<DivideDigits>(c, "tm_divide_digits"));
  RETURN_IF_ERROR(RegisterKernel<TryDivideDigits>(c, "tm_try_divide_digits"));
  RETURN_IF_ERROR(RegisterKernel<AverageDigits>(c, "tm_average"));
  RETURN_IF_ERROR(RegisterKernel<RoundDigits>(c, "tm_round_digits"));
  RETURN_IF_ERROR(RegisterKernel<MultiplyDigits>(c, "tm_multiply_digits"));
  RETURN_IF_ERROR(RegisterKernel<AddDigits>(c, "tm_add_digits"));
  RETURN_IF_ERROR(RegisterKernel<RemainderDigits>(c, "tm_mod_digits"));
  RETURN_IF_ERROR(RegisterKernel<TryRemainderDigits>(c, "tm_try_mod_digits"));
  RETURN_IF_ERROR(RegisterBoth<PositiveRemainderDigits>(c, "pmod_digits"));
  RETURN_IF_ERROR(RegisterKernel<RoundHalfUp>(c, "tm_round"));
  RETURN_IF_ERROR(RegisterKernel<RoundHalfEven>(c, "tm_bround"));
  RETURN_IF_ERROR(RegisterKernel<RoundWhole<false>>(c, "tm_round_whole"));
  RETURN_IF_ERROR(RegisterKernel<RoundWhole<true>>(c, "tm_bround_whole"));
  RETURN_IF_ERROR(RegisterKernel<WrapRoundWhole<false>>(c, "tm_wrap_round_whole"));
  RETURN_IF_ERROR(RegisterKernel<WrapRoundWhole<true>>(c, "tm_wrap_bround_whole"));
  RETURN_IF_ERROR(RegisterBoth<JoinDigits>(c, "join_digits"));
  RETURN_IF_ERROR(RegisterKernel<CeilDigits>(c, "tm_ceil_digits"));
  RETURN_IF_ERROR(RegisterKernel<FloorDigits>(c, "tm_floor_digits"));
  RETURN_IF_ERROR(RegisterKernel<BitGet>(c, "tm_bit_get"));
  RETURN_IF_ERROR(RegisterKernel<ShiftLeft<int32_t>>(c, "tm_shl_int"));
  RETURN_IF_ERROR(RegisterKernel<ShiftLeft<int64_t>>(c, "tm_shl_bigint"));
  RETURN_IF_ERROR(RegisterKernel<ShiftRight<int32_t>>(c, "tm_shr_int"));
  RETURN_IF_ERROR(RegisterKernel<ShiftRight<int64_t>>(c, "tm_shr_bigint"));
  RETURN_IF_ERROR(RegisterKernel<ShiftRightUnsigned<int32_t>>(c, "tm_ushr_int"));
  RETURN_IF_ERROR(RegisterKernel<ShiftRightUnsigned<int64_t>>(c, "tm_ushr_bigint"));
  RETURN_IF_ERROR(RegisterKernel<LogOrNull<Ln>>(c, "tm_ln"));
  RETURN_IF_ERROR(RegisterKernel<LogOrNull<Lg10>>(c, "tm_log10"));
  RETURN_IF_ERROR(RegisterKernel<LogOrNull<Lg2>>(c, "tm_log2"));
  RETURN_IF_ERROR(RegisterKernel<Log1pOrNull>(c, "tm_log1p"));
  RETURN_IF_ERROR(RegisterKernel<NegativeDigits>(c, "tm_negative_digits"));
  RETURN_IF_ERROR(RegisterKernel<LogBase>(c, "tm_log"));
  RETURN_IF_ERROR(RegisterKernel<Plain<sin_>>(c, "tm_sin"));
  RETURN_IF_ERROR(RegisterKernel<Plain<cos_>>(c, "tm_cos"));
  RETURN_IF_ERROR(RegisterKernel<Plain<tan_>>(c, "tm_tan"));
  RETURN_IF_ERROR(RegisterKernel<Plain<asin_>>(c, "tm_asin"));
  RETURN_IF_ERROR(RegisterKernel<Plain<acos_>>(c, "tm_acos"));
  RETURN_IF_ERROR(RegisterKernel<Plain<atan_>>(c, "tm_atan"));
  RETURN_IF_ERROR(RegisterKernel<Plain<sinh_>>(c, "tm_sinh"));
  RETURN_IF_ERROR(RegisterKernel<Plain<cosh_>>(c, "tm_cosh"));
  RETURN_IF_ERROR(RegisterKernel<Plain<tanh_>>(c, "tm_tanh"));
  RETURN_IF_ERROR(RegisterKernel<Plain<asinh_>>(c, "tm_asinh"));
  RETURN_IF_ERROR(RegisterKernel<Plain<acosh_>>(c, "tm_acosh"));
  RETURN_IF_ERROR(RegisterKernel<Plain<atanh_>>(c, "tm_atanh"));
  RETURN_IF_ERROR(RegisterKernel<Plain<exp_>>(c, "tm_exp"));
  RETURN_IF_ERROR(RegisterKernel<Plain<expm1_>>(c, "tm_expm1"));
  RETURN_IF_ERROR(RegisterKernel<Plain<cbrt_>>(c, "tm_cbrt"));
  RETURN_IF_ERROR(RegisterKernel<Plain<rint_>>(c, "tm_rint"));
  RETURN_IF_ERROR(RegisterKernel<Plain<sqrt_>>(c, "tm_sqrt"));
  RETURN_IF_ERROR(RegisterKernel<Power>(c, "tm_pow"));
  RETURN_IF_ERROR(RegisterKernel<RoundToLong<Ceil>>(c, "tm_ceil"));
  RETURN_IF_ERROR(RegisterKernel<RoundToLong<Floor>>(c, "tm_floor"));
  RETURN_IF_ERROR(RegisterKernel<Hypot>(c, "tm_hypot"));
  return RegisterKernel<Signum>(c, "tm_signum");
}

}  // namespace tidemill::engine::duckdb
