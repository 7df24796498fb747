// csv.h: CSV files by Spark's rules: fields are split by DuckDB, their text is typed by text_values.h.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/duckdb/sources.h"

namespace tidemill::engine::duckdb {

// A relation of one column `line`, each a line of the files.
std::string LinesOf(const std::vector<File>& files);

// `window`: the condition on c0, c1, ... that the rows must fulfil; "true" for every row. Malformed rows have no
// window.
Result<SourceSelect> CsvSelect(Connection& connection, const Source& source, int ordinal, const std::string& time_zone,
                               const std::string& window);
Result<plan::Schema> InferCsv(Connection& connection, const Source& source);

// The columns `outputs` of those `rows` that fit and lie in the window; those that do not fit go to the collector, as
// text `raw`. A projected column, not a filter, has that effect: DuckDB would move a filter, and rows would be missed.
std::string FittingRows(const std::string& outputs, const std::string& rows, const std::string& fits,
                        const std::string& window, const std::string& source, const std::string& raw,
                        const std::string& detail);

// How texts become values: raising on malformed text with the column's name, or giving NULL; without a zone of its own
// a text is a local time of `time_zone`.
struct Typing {
  const TextOptions& text;
  bool raises = false;
  const std::string& time_zone;
};

// A field's text `value` as the field's type.
Result<std::string> TypedText(Connection& connection, const std::string& value, const plan::Field& field,
                              const Typing& typing);

// DuckDB's account of a line it could not split, as ours: file, line, what is wrong, what to do. None when `message` is
// about something else.
std::optional<Error> ExplainCsvError(const std::string& message);

}  // namespace tidemill::engine::duckdb
