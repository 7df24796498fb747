#include "sql/functions_refused.h"

#include "base/lower.h"

#include <algorithm>
#include <cctype>
#include <string>

namespace tidemill::sql {

const RefusedFunction* FindRefusedFunction(std::string_view name) {
  static constexpr RefusedFunction kRows[] = {
      {"approx_top_k", 1, 3},
      {"approx_top_k_accumulate", 1, 2},
      {"approx_top_k_combine", 1, 2},
      {"approx_top_k_estimate", 1, 2},
      {"count_min_sketch", 0, 4},
      {"current_time", 0, 1},
      {"from_avro", 2, 3},
      {"from_protobuf", 2, 4},
      {"hll_sketch_agg", 1, 2},
      {"hll_sketch_estimate", 1, 1},
      {"hll_union", 2, 3},
      {"hll_union_agg", 1, 2},
      {"input_file_block_length", 0, 0},
      {"input_file_block_start", 0, 0},
      {"java_method", 2, -1},
      {"kll_merge_agg_bigint", 1, 2},
      {"kll_merge_agg_double", 1, 2},
      {"kll_merge_agg_float", 1, 2},
      {"kll_sketch_agg_bigint", 1, 2},
      {"kll_sketch_agg_double", 1, 2},
      {"kll_sketch_agg_float", 1, 2},
      {"kll_sketch_get_n_bigint", 1, 1},
      {"kll_sketch_get_n_double", 1, 1},
      {"kll_sketch_get_n_float", 1, 1},
      {"kll_sketch_get_quantile_bigint", 2, 2},
      {"kll_sketch_get_quantile_double", 2, 2},
      {"kll_sketch_get_quantile_float", 2, 2},
      {"kll_sketch_get_rank_bigint", 2, 2},
      {"kll_sketch_get_rank_double", 2, 2},
      {"kll_sketch_get_rank_float", 2, 2},
      {"kll_sketch_merge_bigint", 2, 2},
      {"kll_sketch_merge_double", 2, 2},
      {"kll_sketch_merge_float", 2, 2},
      {"kll_sketch_to_string_bigint", 1, 1},
      {"kll_sketch_to_string_double", 1, 1},
      {"kll_sketch_to_string_float", 1, 1},
      {"make_time", 3, 3},
      {"python_worker_logs", 0, -1},
      {"reflect", 2, -1},
      {"schema_of_avro", 1, 2},
      {"st_asbinary", 1, 1},
      {"st_geogfromwkb", 1, 1},
      {"st_geomfromwkb", 1, 1},
      {"st_setsrid", 2, 2},
      {"st_srid", 1, 1},
      {"theta_difference", 2, 2},
      {"theta_intersection", 2, 2},
      {"theta_intersection_agg", 1, 1},
      {"theta_sketch_agg", 1, 2},
      {"theta_sketch_estimate", 1, 1},
      {"theta_union", 2, 3},
      {"theta_union_agg", 1, 2},
      {"time", 1, 1},
      {"time_diff", 3, 3},
      {"time_trunc", 2, 2},
      {"to_avro", 1, 2},
      {"to_protobuf", 2, 4},
      {"to_time", 1, 2},
      {"try_reflect", 2, -1},
      {"try_to_time", 1, 2},
  };
  std::string lower = LowerAscii(name);
  const auto* found = std::ranges::find(kRows, lower, &RefusedFunction::name);
  return found == std::end(kRows) ? nullptr : found;
}

}  // namespace tidemill::sql
