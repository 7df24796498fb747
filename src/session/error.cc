#include "session/error.h"

#include <fmt/format.h>

namespace tidemill::session {

Error SqlError(std::string error_class, std::string sqlstate, std::string message, Position at) {
  Error error = InvalidArgument(std::move(message));
  error.error_class = std::move(error_class);
  error.sqlstate = std::move(sqlstate);
  error.at = at;
  return error;
}

std::string Quoted(const plan::Name& name) {
  std::string text;
  for (const auto& part : name) {
    text += text.empty() ? "`" : ".`";
    for (const char c : part) text += c == '`' ? "``" : std::string(1, c);
    text += '`';
  }
  return text;
}

Error NoTable(const plan::Name& name, Position at) {
  return SqlError("TABLE_OR_VIEW_NOT_FOUND", "42P01",
                  fmt::format("The table or view {} cannot be found. Verify the spelling and correctness of the schema "
                              "and catalog, or write IF EXISTS.",
                              Quoted(name)),
                  at);
}

Error NoSchema(const plan::Name& name, Position at) {
  return SqlError("SCHEMA_NOT_FOUND", "42704",
                  fmt::format("The schema {} cannot be found. Verify its spelling.", Quoted(name)), at);
}

Error NoSuchOperation(const plan::Name& table, const std::string& operation) {
  return SqlError("UNSUPPORTED_FEATURE.TABLE_OPERATION", "0A000",
                  fmt::format("The feature is not supported: Table {} does not support {}. Please check the current "
                              "catalog and namespace to make sure the qualified table name is expected, and also check "
                              "the catalog implementation which is configured by \"spark.sql.catalog\".",
                              Quoted(table), operation));
}

}  // namespace tidemill::session
