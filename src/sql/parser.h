// Room sql: text <-> plan. Parses Spark SQL, resolves it against a Catalog into typed plans with Spark's types, names
// and errors. It knows no table, no engine and no file; it asks a Catalog.
//
// parser.h: text -> plan. Errors are kInvalidArgument with class PARSE_SYNTAX_ERROR (or Spark's own for the case),
// SQLSTATE 42601, the position, and what was expected. Nesting deeper than the parser's limit is an error.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "plan/statement.h"

namespace tidemill::sql {

struct ParseOptions {
  bool ansi = true;                        // spark.sql.ansi.enabled
  bool enforce_reserved_keywords = false;  // spark.sql.ansi.enforceReservedKeywords
  bool double_quoted_identifiers = false;  // spark.sql.ansi.doubleQuotedIdentifiers
  bool escaped_string_literals = false;    // spark.sql.parser.escapedStringLiterals
  bool timestamp_ntz = false;              // spark.sql.timestampType=TIMESTAMP_NTZ: what TIMESTAMP means
  bool quoted_patterns = false;            // spark.sql.parser.quotedRegexColumnNames
  bool bang_is_not = false;                // spark.sql.legacy.bangEqualsNot
  int max_depth = 500;
};

// A script of statements separated by semicolons.
Result<std::vector<plan::Statement>> ParseScript(std::string_view text, const ParseOptions& options = {});
// Exactly one query, as a job's step is.
Result<plan::RelationPtr> ParseQuery(std::string_view text, const ParseOptions& options = {});
// One expression, as a check's predicate is.
Result<plan::ExprPtr> ParseExpression(std::string_view text, const ParseOptions& options = {});
// "INT", "ARRAY<STRING>", "DECIMAL(10, 2)".
Result<plan::DataType> ParseType(std::string_view text);
// "a INT NOT NULL, b STRING COMMENT 'x'", or "struct<a:int>".
Result<plan::Schema> ParseSchema(std::string_view text);

}  // namespace tidemill::sql
