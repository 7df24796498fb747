// What spark.sql.ansi.enabled=false changes: integers wrap around, and what else would fail is NULL. Functions that are
// not here either never fail, fail in both modes, or ask Lowered::null_on_failure().
#include "engine/duckdb/functions_rows.h"

namespace tidemill::engine::duckdb {

std::span<const LoweringRow> LegacyLowerings() {
  static constexpr LoweringRow kRows[] = {
      {"+", "tinyint smallint int", "tm_wrap_$T(CAST($1 AS BIGINT) + $2)", nullptr},
      {"+", "bigint", "tm_wrap_add($1, $2)", nullptr},
      {"-", "tinyint smallint int", "tm_wrap_$T(CAST($1 AS BIGINT) - $2)", nullptr},
      {"-", "bigint", "tm_wrap_subtract($1, $2)", nullptr},
      {"*", "tinyint smallint int", "tm_wrap_$T(CAST($1 AS BIGINT) * $2)", nullptr},
      {"*", "bigint", "tm_wrap_multiply($1, $2)", nullptr},
      {"/", "double", "tm_try_divide($1, $2)", nullptr},
      {"div", "bigint", "tm_wrap_div($1, $2)", nullptr},
      {"%", "integral", "CAST(tm_try_mod($1, $2) AS $T)", nullptr},
      {"%", "fractional", "CAST(tm_try_mod_double($1, $2) AS $T)", nullptr},
      {"pmod", "integral", "CAST(tm_try_pmod($1, $2) AS $T)", nullptr},
      {"pmod", "fractional", "CAST(tm_try_pmod_double($1, $2) AS $T)", nullptr},
      {"negative", "tinyint smallint int", "tm_wrap_$T(-CAST($1 AS BIGINT))", nullptr},
      {"negative", "bigint", "tm_wrap_subtract(0, $1)", nullptr},
      {"abs", "tinyint smallint int", "tm_wrap_$T(abs(CAST($1 AS BIGINT)))", nullptr},
      {"abs", "bigint", "CASE WHEN $1 < 0 THEN tm_wrap_subtract(0, $1) ELSE $1 END", nullptr},
      {"conv", "", nullptr,
       [](const Lowered& l) -> Result<std::string> {
         return ValueSql("conv_wrapping", l.args, {l.type(0), l.type(1), l.type(2)}, l.expr.type);
       }},
      {"$subscript", "array", "CASE WHEN $2 >= 0 THEN list_extract($1, CAST($2 AS BIGINT) + 1) END", nullptr},
      {"cardinality", "array", "coalesce(CAST(len($1) AS INTEGER), -1)", nullptr},
      {"cardinality", "map", "coalesce(CAST(cardinality($1) AS INTEGER), -1)", nullptr},
      {"make_date", "", "tm_try_make_date($1, $2, $3)", nullptr},
      {"make_timestamp_ntz", "", "tm_try_make_time($1, $2, $3, $4, $5, tm_unscaled(CAST($6 AS DECIMAL(16,6))))",
       nullptr},
      {"next_day", "", "tm_try_next_day($1, $2)", nullptr},
  };
  return kRows;
}

}  // namespace tidemill::engine::duckdb
