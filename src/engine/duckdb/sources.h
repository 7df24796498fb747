// sources.h: sources as DuckDB SELECTs whose columns are c0, c1, ... in the order of the schema.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "engine/duckdb/connection.h"
#include "engine/duckdb/text/scan.h"
#include "engine/engine.h"

namespace tidemill::engine::duckdb {

// The files as a DuckDB list of paths.
std::string PathList(const std::vector<File>& files);

// Prepares what the SELECT of a Parquet source needs in the database (its tables of files and deleted rows) and gives
// it. `ordinal` makes the names it creates unique.
Result<std::string> ParquetSelect(Connection& connection, const Source& source, int ordinal);
// The same of a text source: text/scan.h reads the files, the partition columns come from a table of files.
Result<std::string> TextSelect(Connection& connection, const Source& source, int ordinal, text::TextScans& scans,
                               const std::string& time_zone);
Result<plan::Schema> DescribeParquet(Connection& connection, const Source& source);

// What a source without files gives.
std::string NoRows(const plan::Schema& schema);
// The condition that a row lies in the source's window, over columns c0, c1, ...; "true" without one.
Result<std::string> WindowCondition(const Source& source);

}  // namespace tidemill::engine::duckdb
