// csv.h: CSV files by Spark's rules: fields are split by DuckDB, their text is typed by text_values.h.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/duckdb/sources.h"

namespace tidemill::engine::duckdb {

// A relation of one column `line`, each a line of the files.
std::string LinesOf(const std::vector<File>& files);

Result<SourceSelect> CsvSelect(Connection& connection, const Source& source, int ordinal, const std::string& time_zone);
Result<plan::Schema> InferCsv(Connection& connection, const Source& source);

// A field's text `value` as `type`: raising on malformed text with the column's name, or giving NULL.
Result<std::string> TypedText(Connection& connection, const std::string& value, const plan::Field& field, bool raises,
                              const std::string& time_zone);

// DuckDB's account of a line it could not split, as ours: file, line, what is wrong, what to do. None when `message` is
// about something else.
std::optional<Error> ExplainCsvError(const std::string& message);

}  // namespace tidemill::engine::duckdb
