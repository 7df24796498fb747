#include "engine/duckdb/kernels.h"

#include "engine/duckdb/kernel_value.h"
#include "engine/duckdb/kernel_vector.h"

namespace tidemill::engine::duckdb {

Status kernel::RegisterEntry(duckdb_connection connection, const char* name, const duckdb_type* args, size_t count,
                             duckdb_type result, duckdb_scalar_function_t entry) {
  duckdb_scalar_function function = duckdb_create_scalar_function();
  duckdb_scalar_function_set_name(function, name);
  for (size_t i = 0; i < count; ++i) {
    duckdb_logical_type type = duckdb_create_logical_type(args[i]);
    duckdb_scalar_function_add_parameter(function, type);
    duckdb_destroy_logical_type(&type);
  }
  duckdb_logical_type type = duckdb_create_logical_type(result);
  duckdb_scalar_function_set_return_type(function, type);
  duckdb_destroy_logical_type(&type);
  duckdb_scalar_function_set_function(function, entry);
  MarkFallible(function);
  duckdb_state state = duckdb_register_scalar_function(connection, function);
  duckdb_destroy_scalar_function(&function);
  if (state != DuckDBSuccess) return Internal(std::string("DuckDB did not take the function ") + name);
  return Ok();
}

namespace {

// A local time that occurs twice (clocks set back by an hour) is the earlier instant, as in Spark; ICU takes the later.
constexpr const char* kZoned =
    "CREATE OR REPLACE MACRO tm_zoned(local_time, zone) AS CASE WHEN timezone(zone, timezone(zone, local_time) - "
    "INTERVAL "
    "1 HOUR) = local_time THEN timezone(zone, local_time) - INTERVAL 1 HOUR ELSE timezone(zone, local_time) END";

Status RegisterMacros(duckdb_connection connection) {
  duckdb_result result;
  duckdb_state state = duckdb_query(connection, kZoned, &result);
  std::string message = state == DuckDBSuccess ? "" : duckdb_result_error(&result);
  duckdb_destroy_result(&result);
  if (state != DuckDBSuccess) return Internal("DuckDB did not take a macro: " + message);
  return Ok();
}

}  // namespace

Status RegisterKernels(duckdb_connection connection) {
  RETURN_IF_ERROR(RegisterMacros(connection));
  RETURN_IF_ERROR(RegisterBridge(connection));
  RETURN_IF_ERROR(RegisterValueFunctions(connection));
  RETURN_IF_ERROR(RegisterCastKernels(connection));
  RETURN_IF_ERROR(RegisterMathKernels(connection));
  RETURN_IF_ERROR(RegisterTextKernels(connection));
  RETURN_IF_ERROR(RegisterCollectionKernels(connection));
  RETURN_IF_ERROR(RegisterIntervalKernels(connection));
  RETURN_IF_ERROR(RegisterRandomKernels(connection));
  RETURN_IF_ERROR(RegisterSetKernels(connection));
  return RegisterTimeKernels(connection);
}

}  // namespace tidemill::engine::duckdb
