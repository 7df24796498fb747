// Room engine/duckdb: the native engine. The only room that includes DuckDB.
//
// compile.h: typed plan -> DuckDB SQL. DuckDB's own answer is never trusted to be Spark's: every function, operator and
// cast goes through a template or a kernel whose semantics are Spark's.
#pragma once

#include <functional>
#include <string>

#include "base/result.h"
#include "plan/typed.h"

namespace tidemill::engine::duckdb {

// Columns of a registered table (typed::Scan) are named c0, c1, ... in its DuckDB relation.
struct CompileOptions {
  bool ansi = true;
  std::string time_zone = "UTC";
  int64_t now_micros = 0;
  // The quoted DuckDB relation a catalog key stands for.
  std::function<std::string(const std::string& table)> table_name;
};

// A SELECT whose columns are named c0, c1, ... in the order of relation.columns, each of exactly
// DuckDbType(column.type).
Result<std::string> Compile(const plan::typed::RelationPtr& relation, const CompileOptions& options);

// How a Spark type is held in DuckDB: TIMESTAMP is TIMESTAMPTZ, TIMESTAMP_NTZ is TIMESTAMP, year-month intervals are
// INTEGER months, day-time intervals BIGINT microseconds, calendar intervals INTERVAL, VOID is INTEGER (all NULL).
std::string DuckDbType(const plan::DataType& type);

}  // namespace tidemill::engine::duckdb
