// sources.h: a Source as a DuckDB SELECT whose columns are c0, c1, ... in the order of its schema.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "engine/duckdb/connection.h"
#include "engine/engine.h"

namespace tidemill::engine::duckdb {

struct SourceSelect {
  std::string sql;
  // Rows may be malformed and are handed to the malformed-row collector (tm_malformed): the select must be run exactly
  // once, so its result is kept.
  bool run_once = false;
  // DuckDB's own tables of rows it could not split into fields; empty when there are none.
  std::string rejects_table;
  std::string rejects_scan;
};

// The files as a DuckDB list of paths.
std::string PathList(const std::vector<File>& files);

// Prepares what the select needs in the database (decimal readers, tables of deleted rows) and gives it. `ordinal`
// makes the names it creates unique.
Result<SourceSelect> MakeSourceSelect(Connection& connection, const Source& source, int ordinal,
                                      const std::string& time_zone);

// The schema Spark's inferSchema would find. Text formats are read whole once.
Result<plan::Schema> InferSourceSchema(Connection& connection, const Source& source);

}  // namespace tidemill::engine::duckdb
