#include "sql/detail/resolver_function_rows.h"

namespace tidemill::sql {

std::span<const FunctionRow> AggregateRows() {
  static constexpr FunctionRow kRows[] = {
      {"any_value", "custom"},
      {"approx_count_distinct", "(any) bigint! | (any, double) bigint!"},
      {"approx_percentile percentile_approx", "custom"},
      {"array_agg collect_list", "custom"},
      {"avg mean", "custom"},
      {"bit_and", "(integral) $1?"},
      {"bit_or", "(integral) $1?"},
      {"bit_xor", "(integral) $1?"},
      {"bitmap_and_agg", "(binary) binary!"},
      {"bitmap_construct_agg", "(bigint) binary!"},
      {"bitmap_or_agg", "(binary) binary!"},
      {"bool_and every", "(boolean) boolean?"},
      {"bool_or some any", "(boolean) boolean?"},
      {"collect_set", "custom"},
      {"corr", "(double, double) double?"},
      {"count", "custom"},
      {"count_if", "(boolean) bigint!"},
      {"covar_pop", "(double, double) double?"},
      {"covar_samp", "(double, double) double?"},
      {"first first_value", "custom"},
      {"grouping", "custom"},
      {"grouping_id", "custom"},
      {"histogram_numeric", "custom"},
      {"kurtosis", "(double) double?"},
      {"last last_value", "custom"},
      {"listagg string_agg", "custom"},
      {"max", "custom"},
      {"max_by", "(any, any) $1?"},
      {"median", "custom"},
      {"min", "custom"},
      {"min_by", "(any, any) $1?"},
      {"mode", "custom"},
      {"percentile", "custom"},
      {"$percentile_counts", "custom"},
      {"percentile_cont", "custom"},
      {"percentile_disc", "custom"},
      {"regr_avgx", "(double, double) double?"},
      {"regr_avgy", "(double, double) double?"},
      {"regr_count", "(double, double) bigint!"},
      {"regr_intercept", "(double, double) double?"},
      {"regr_r2", "(double, double) double?"},
      {"regr_slope", "(double, double) double?"},
      {"regr_sxx", "(double, double) double?"},
      {"regr_sxy", "(double, double) double?"},
      {"regr_syy", "(double, double) double?"},
      {"schema_of_variant_agg", "(variant) string!"},
      {"skewness", "(double) double?"},
      {"std stddev stddev_samp", "(double) double?"},
      {"stddev_pop", "(double) double?"},
      {"sum", "custom"},
      {"try_sum", "custom"},
      {"try_avg", "custom"},
      {"var_pop", "(double) double?"},
      {"var_samp variance", "(double) double?"},
  };
  return kRows;
}

std::span<const FunctionRow> WindowRows() {
  static constexpr FunctionRow kRows[] = {
      {"cume_dist", "() double!"},
      {"dense_rank", "() int!"},
      {"lag", "custom"},
      {"lead", "custom"},
      {"nth_value", "custom"},
      {"ntile", "(int=1) int!"},
      {"percent_rank", "() double!"},
      {"rank", "() int!"},
      {"row_number", "() int!"},
  };
  return kRows;
}

std::span<const FunctionRow> GeneratorRows() {
  static constexpr FunctionRow kRows[] = {
      {"variant_explode", "custom"}, {"variant_explode_outer", "custom"},
      {"explode", "custom"},         {"explode_outer", "custom"},
      {"posexplode", "custom"},      {"posexplode_outer", "custom"},
      {"inline", "custom"},          {"inline_outer", "custom"},
      {"stack", "custom"},           {"json_tuple", "custom"},
  };
  return kRows;
}

}  // namespace tidemill::sql
