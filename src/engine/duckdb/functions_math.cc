// Numbers.
#include <fmt/format.h>

#include <map>

#include "engine/duckdb/functions_rows.h"

namespace tidemill::engine::duckdb {

using plan::TypeId;

namespace {

// round and bround; the places are a constant.
Result<std::string> Round(const Lowered& l) {
  const auto& type = l.type(0);
  int64_t places = std::get<int64_t>(std::get<typed::Literal>(l.call.args[1]->node).value.data);
  bool even = l.call.function == "bround";
  const char* name = even ? "tm_bround" : "tm_round";
  if (type.is_integral()) {
    if (places >= 0) return l.args[0];
    if (l.null_on_failure()) {
      auto rounded = fmt::format("tm_wrap_{}_whole({}, {})", l.call.function, l.args[0], places);
      return type.is(TypeId::kLong) ? rounded : fmt::format("tm_wrap_{}({})", DuckDbType(type), rounded);
    }
    static const auto* most = new std::map<TypeId, const char*>{{TypeId::kByte, "127"},
                                                                {TypeId::kShort, "32767"},
                                                                {TypeId::kInt, "2147483647"},
                                                                {TypeId::kLong, "9223372036854775807"}};
    return fmt::format("CAST({}_whole({}, {}, {}) AS {})", name, l.args[0], places, most->at(type.id()),
                       DuckDbType(type));
  }
  if (type.is(TypeId::kDouble)) return fmt::format("{}({}, {})", name, l.args[0], places);
  if (!type.is(TypeId::kDecimal)) return Refuse(l.call.function + " of a float", l.expr.at);
  if (even) return Refuse("bround of a decimal", l.expr.at);
  const auto& to = l.expr.type;
  if (places >= 0) return fmt::format("CAST({} AS {})", l.args[0], DuckDbType(to));
  return fmt::format("tm_decimal(tm_round_digits(tm_unscaled({}), {}) * CAST(1e{} AS HUGEINT), {}, 0)", l.args[0],
                     type.scale() - places, -places, to.precision());
}

Result<std::string> CeilOrFloor(const Lowered& l) {
  const auto& type = l.type(0);
  if (l.args.size() == 2) {
    // Of a decimal; digits before the point are dropped, and come back as zeros.
    int64_t places = std::get<int64_t>(std::get<typed::Literal>(l.call.args[1]->node).value.data);
    const auto& to = l.expr.type;
    int64_t drop = type.scale() - std::min<int64_t>(places, type.scale());
    auto digits = fmt::format("tm_{}_digits(tm_unscaled({}), {})", l.call.function, l.args[0], drop);
    if (places < 0 && -places > 37) return Refuse(l.call.function + " to so many places", l.expr.at);
    if (places < 0) digits += fmt::format(" * CAST(1e{} AS HUGEINT)", -places);
    return fmt::format("tm_{}decimal({}, {}, {})", l.try_(), digits, to.precision(), to.scale());
  }
  if (type.is_integral()) return l.args[0];
  if (type.is(TypeId::kDouble)) return fmt::format("tm_{}({})", l.call.function, l.args[0]);
  return fmt::format("CAST({}({}) AS {})", l.call.function, l.args[0], DuckDbType(l.expr.type));
}

Result<std::string> Log(const Lowered& l) {
  return l.args.size() == 1 ? "tm_ln(" + l.args[0] + ")" : fmt::format("tm_log({}, {})", l.args[0], l.args[1]);
}

// A bit by its place; a place that the type does not have is an error.
Result<std::string> BitGet(const Lowered& l) {
  const auto& type = l.type(0);
  int bits = type.is(TypeId::kByte) ? 8 : type.is(TypeId::kShort) ? 16 : type.is(TypeId::kInt) ? 32 : 64;
  return fmt::format("tm_bit_get(CAST({} AS BIGINT), {}, {})", l.args[0], l.args[1], bits);
}

}  // namespace

std::span<const LoweringRow> MathLowerings() {
  static constexpr LoweringRow kRows[] = {
      {"abs", "", "abs($1)", nullptr},
      {"monotonically_increasing_id", "", "tm_ids(CAST(0 AS BIGINT))", nullptr},
      {"rand", "", "tm_rand($1)", nullptr},
      {"randn", "", "tm_randn($1)", nullptr},
      {"randstr", "", "tm_randstr($1, $2)", nullptr},
      {"acos", "", "tm_acos($1)", nullptr},
      {"acosh", "", "tm_acosh($1)", nullptr},
      {"asin", "", "tm_asin($1)", nullptr},
      {"asinh", "", "tm_asinh($1)", nullptr},
      {"atan", "", "tm_atan($1)", nullptr},
      {"atan2", "", "atan2($1 + 0.0, $2 + 0.0)", nullptr},
      {"atanh", "", "tm_atanh($1)", nullptr},
      {"bin", "", "bin($1)", nullptr},
      {"bit_count", "integral", "CAST(bit_count(CAST($1 AS BIGINT)) AS INTEGER)", nullptr},
      {"bround", "", nullptr, Round},
      {"cbrt", "", "tm_cbrt($1)", nullptr},
      {"ceil", "", nullptr, CeilOrFloor},
      {"conv", "", nullptr, ByValue},
      {"width_bucket", "", nullptr, ByValue},
      {"bitmap_count", "", nullptr, ByValue},
      {"bit_count", "boolean", "CAST($1 AS INTEGER)", nullptr},
      // Buckets of 32768 bits. A hugeint, because the least BIGINT has no positive.
      {"bitmap_bit_position", "",
       "CAST(CASE WHEN $1 > 0 THEN ($1 - 1) % 32768 ELSE (-CAST($1 AS HUGEINT)) % 32768 END AS BIGINT)", nullptr},
      {"bitmap_bucket_number", "", "CASE WHEN $1 > 0 THEN 1 + ($1 - 1) // 32768 ELSE $1 // 32768 END", nullptr},
      {"bit_get", "integral", nullptr, BitGet},
      {"cos", "", "tm_cos($1)", nullptr},
      {"cosh", "", "tm_cosh($1)", nullptr},
      {"cot", "", "(1 / tm_tan($1))", nullptr},
      {"csc", "", "(1 / tm_sin($1))", nullptr},
      {"sec", "", "(1 / tm_cos($1))", nullptr},
      {"degrees", "", "degrees($1)", nullptr},
      {"e", "", "CAST('2.718281828459045' AS DOUBLE)", nullptr},
      {"exp", "", "tm_exp($1)", nullptr},
      {"expm1", "", "tm_expm1($1)", nullptr},
      {"factorial", "", "CASE WHEN $1 BETWEEN 0 AND 20 THEN CAST(factorial($1) AS BIGINT) END", nullptr},
      {"floor", "", nullptr, CeilOrFloor},
      {"hash", "", nullptr, ByValue},
      {"xxhash64", "", nullptr, ByValue},
      {"hypot", "", "tm_hypot($1, $2)", nullptr},
      {"isnan", "", "coalesce(isnan($1), FALSE)", nullptr},
      {"ln", "", "tm_ln($1)", nullptr},
      {"log", "", nullptr, Log},
      {"log10", "", "tm_log10($1)", nullptr},
      {"log1p", "", "tm_log1p($1)", nullptr},
      {"log2", "", "tm_log2($1)", nullptr},
      {"nanvl", "", "CASE WHEN isnan($1) THEN $2 ELSE $1 END", nullptr},
      {"pi", "", "pi()", nullptr},
      {"pow", "", "tm_pow($1, $2)", nullptr},
      {"radians", "", "radians($1)", nullptr},
      {"rint", "", "tm_rint($1)", nullptr},
      {"round", "", nullptr, Round},
      {"shiftleft", "int", "tm_shl_int($1, $2)", nullptr},
      {"shiftleft", "bigint", "tm_shl_bigint($1, $2)", nullptr},
      {"shiftright", "int", "tm_shr_int($1, $2)", nullptr},
      {"shiftright", "bigint", "tm_shr_bigint($1, $2)", nullptr},
      {"shiftrightunsigned", "int", "tm_ushr_int($1, $2)", nullptr},
      {"shiftrightunsigned", "bigint", "tm_ushr_bigint($1, $2)", nullptr},
      {"sign", "", "tm_signum($1)", nullptr},
      {"sin", "", "tm_sin($1)", nullptr},
      {"sinh", "", "tm_sinh($1)", nullptr},
      {"sqrt", "", "tm_sqrt($1)", nullptr},
      {"tan", "", "tm_tan($1)", nullptr},
      {"tanh", "", "tm_tanh($1)", nullptr},
  };
  return kRows;
}

}  // namespace tidemill::engine::duckdb
