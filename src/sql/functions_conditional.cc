#include "sql/detail/resolver_function_rows.h"

namespace tidemill::sql {

// Conditions, casts by name, and what tells about the session.
std::span<const FunctionRow> ConditionalRows() {
  static constexpr FunctionRow kRows[] = {
      {"coalesce", "custom"},
      {"if iff", "custom"},
      {"ifnull nvl", "custom"},
      {"nvl2", "custom"},
      {"nullif", "custom"},
      {"nullifzero", "custom"},
      {"zeroifnull", "custom"},
      {"case", "custom"},
      {"assert_true", "custom"},
      {"raise_error", "custom"},
      {"typeof", "custom"},
      {"version", "() string!"},
      {"current_user user session_user", "custom"},
      {"current_database current_schema", "custom"},
      {"current_catalog", "custom"},
      {"monotonically_increasing_id", "() bigint!"},
      {"spark_partition_id", "() int!"},
      {"input_file_name", "() string!"},
      {"bigint", "custom"},
      {"int", "custom"},
      {"smallint", "custom"},
      {"tinyint", "custom"},
      {"float", "custom"},
      {"double", "custom"},
      {"decimal", "custom"},
      {"string", "custom"},
      {"binary", "custom"},
      {"boolean", "custom"},
      {"date", "custom"},
      {"timestamp", "custom"},
      {"to_char to_varchar", "custom"},
      {"to_number", "custom"},
      {"try_to_number", "custom"},
  };
  return kRows;
}

}  // namespace tidemill::sql
