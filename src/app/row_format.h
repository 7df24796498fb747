// Rows of a query as text: a table for people, or tsv, csv, json, jsonl for programs.
#pragma once

#include <string>

#include "engine/engine.h"
#include "session/session.h"

namespace tidemill::app {

// With a frame, as Spark's show() draws it.
std::string AsTable(const session::Answer& answer);
// As `spark-sql` prints: no heading, NULL for NULL.
std::string AsTsv(const session::Answer& answer);
// With a heading; NULL is an empty field.
std::string AsCsv(const session::Answer& answer);
// An array of objects; numbers and booleans as such, nested values as text.
std::string AsJson(const session::Answer& answer);

// What one statement gave, as one JSON line: {"sql", "schema", "rows", "error", "ms"}.
std::string AsJsonLine(std::string_view sql, const Result<session::Answer>& result, Micros took);

}  // namespace tidemill::app
