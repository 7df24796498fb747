// What a name that is being typed in a SQL statement may become.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "app/line_editor.h"

namespace tidemill::app {

// Where names come from. Each is asked only when its answer is needed; a question that fails has no names.
struct SqlNames {
  using List = std::vector<std::string>;
  std::function<List()> databases;
  std::function<List(const std::string& database)> tables;  // empty: of the current database, and temporary views
  std::function<List(const std::string& table)> columns;    // of a table as it is written, csv.`a.csv` too
  std::function<List()> functions;
  std::function<List(const std::string& folder)> files;  // folders end in a slash; a relative folder as written
};

// `line_start`: where in `before` the line begins that the cursor is in; the candidates are for that line. After FROM,
// JOIN and their like: tables; behind a dot: what its qualifier has; in quotes: files; elsewhere columns of the tables
// that the statement names, functions and keywords, which take the case of what was typed.
Completion CompleteSql(std::string_view before, std::string_view after, size_t line_start, const SqlNames& names);

}  // namespace tidemill::app
