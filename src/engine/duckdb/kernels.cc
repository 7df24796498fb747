#include "engine/duckdb/kernels.h"

#include "engine/duckdb/kernel_collation.h"
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

// java.time's ZonedDateTime over ICU's zones, as macros. A local time that occurs twice is the earlier instant, ICU
// takes the later; how far the clocks are set back differs (an hour; four minutes where local mean time ended), so the
// offset of a day before is tried first. tm_zoned_near keeps the offset of an instant where the local time has it, as
// tm_moved, by whole days or months, does. What is looked at twice stands in a list of one: written out twice it would
// double with every call inside a call.
constexpr const char* kZoneMacros[] = {
    "CREATE OR REPLACE MACRO tm_at_offset_of(local_time, zone, instant) AS "
    "tm_instant(local_time - (timezone(zone, instant) - tm_local(instant)))",
    "CREATE OR REPLACE MACRO tm_day_before(local_time) AS CASE WHEN local_time > TIMESTAMP '0001-01-01 00:00:00' THEN "
    "tm_instant(local_time - INTERVAL 1 DAY) ELSE tm_instant(local_time) END",
    "CREATE OR REPLACE MACRO tm_zoned(local_time, zone) AS list_transform(list_transform([local_time], lambda l: {'l': "
    "l, "
    "'i': tm_at_offset_of(l, zone, tm_day_before(l))}), lambda z: CASE WHEN timezone(zone, z.i) = z.l THEN z.i ELSE "
    "timezone(zone, z.l) END)[1]",
    "CREATE OR REPLACE MACRO tm_zoned_near(local_time, zone, instant) AS list_transform(list_transform([{'l': "
    "local_time, "
    "'i': instant}], lambda l: {'l': l.l, 'i': tm_at_offset_of(l.l, zone, l.i)}), lambda n: CASE WHEN timezone(zone, "
    "n.i) = n.l THEN n.i ELSE tm_zoned(n.l, zone) END)[1]",
    "CREATE OR REPLACE MACRO tm_moved(instant, zone, calendar) AS list_transform([{'t': instant, 'c': calendar}], "
    "lambda "
    "m: tm_zoned_near(timezone(zone, m.t) + m.c, zone, m.t))[1]"};

Status RegisterMacros(duckdb_connection connection) {
  for (const char* macro : kZoneMacros) {
    duckdb_result result;
    duckdb_state state = duckdb_query(connection, macro, &result);
    std::string message = state == DuckDBSuccess ? "" : duckdb_result_error(&result);
    duckdb_destroy_result(&result);
    if (state != DuckDBSuccess) return Internal("DuckDB did not take a macro: " + message);
  }
  return Ok();
}

}  // namespace

Status RegisterKernels(duckdb_connection connection) {
  RETURN_IF_ERROR(RegisterBridge(connection));
  RETURN_IF_ERROR(RegisterMacros(connection));
  RETURN_IF_ERROR(RegisterValueFunctions(connection));
  RETURN_IF_ERROR(RegisterCastKernels(connection));
  RETURN_IF_ERROR(RegisterMathKernels(connection));
  RETURN_IF_ERROR(RegisterTextKernels(connection));
  RETURN_IF_ERROR(RegisterCollationKernels(connection));
  RETURN_IF_ERROR(RegisterCollectionKernels(connection));
  RETURN_IF_ERROR(RegisterIntervalKernels(connection));
  RETURN_IF_ERROR(RegisterRandomKernels(connection));
  RETURN_IF_ERROR(RegisterSetKernels(connection));
  return RegisterTimeKernels(connection);
}

}  // namespace tidemill::engine::duckdb
