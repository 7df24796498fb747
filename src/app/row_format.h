// Rows of a query as text: a table for people, or tsv, csv, json, jsonl for programs.
#pragma once

#include <string>

#include "engine/engine.h"

namespace tidemill::app {

// With a frame, as Spark's show() draws it.
std::string AsTable(const engine::Rows& rows);
// As `spark-sql` prints: no heading, NULL for NULL.
std::string AsTsv(const engine::Rows& rows);
// With a heading; NULL is an empty field.
std::string AsCsv(const engine::Rows& rows);
// An array of objects; numbers and booleans as such, nested values as text.
std::string AsJson(const engine::Rows& rows);

// What one statement gave, as one JSON line: {"sql", "schema", "rows", "error", "ms"}.
std::string AsJsonLine(std::string_view sql, const Result<engine::Rows>& result, Micros took);

}  // namespace tidemill::app
