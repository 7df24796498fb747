// DESCRIBE of tables, columns, databases, functions and queries.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/lower.h"
#include "base/names.h"
#include "session/columns.h"
#include "session/details.h"
#include "session/error.h"
#include "session/scope.h"
#include "session/statements.h"
#include "sql/functions.h"

namespace tidemill::session {
namespace {

// Rows of col_name, data_type, comment, printed in columns of 20 as `spark-sql` does.
class ColumnRows {
 public:
  ColumnRows() {
    answer_.rows.schema.fields = {{"col_name", plan::TypeId::kString, false},
                                  {"data_type", plan::TypeId::kString, false},
                                  {"comment", plan::TypeId::kString}};
  }
  void Add(const std::string& name, const std::string& type, const std::optional<std::string>& comment) {
    answer_.rows.rows.push_back({TextValue(name), TextValue(type), comment ? TextValue(*comment) : plan::Value{}});
    answer_.lines.push_back(fmt::format("{:<20}\t{:<20}\t{:<20}", name, type, comment.value_or("")));
  }
  void Field(const plan::Field& field) { Add(field.name, field.type.ToString(), MetadataText(field, kComment)); }
  Answer Take() { return std::move(answer_); }

 private:
  Answer answer_;
};

Answer InfoRows(const std::vector<std::pair<std::string, std::string>>& rows) {
  std::vector<std::vector<std::string>> texts;
  for (const auto& [key, value] : rows) texts.push_back({key, value});
  return TextRows({"info_name", "info_value"}, std::move(texts));
}

Result<Answer> DescribeColumn(const plan::Describe& describe, const plan::Schema& schema, const plan::Name& table) {
  const auto& name = describe.column;
  if (name.size() > 1 && schema.IndexOf(name[0]) >= 0) {
    return SqlError("UNSUPPORTED_FEATURE.DESC_TABLE_COLUMN_NESTED", "0A000",
                    fmt::format("DESC TABLE COLUMN does not support nested column: {}.", Quoted(name)));
  }
  const int index = schema.IndexOf(name.back());
  if (index < 0 || (name.size() > 1 && !SameIgnoringCase(name[name.size() - 2], table.back()))) {
    std::vector<std::string> names;
    for (const auto& field : schema.fields) names.push_back(Quoted({field.name}));
    return SqlError(
        "UNRESOLVED_COLUMN.WITH_SUGGESTION", "42703",
        fmt::format("A column, variable, or function parameter with name {} cannot be resolved. Did you mean "
                    "one of the following? [{}].",
                    Quoted(name), fmt::join(names, ", ")));
  }
  const auto& field = schema.fields[static_cast<size_t>(index)];
  std::vector<std::pair<std::string, std::string>> rows = {{"col_name", field.name},
                                                           {"data_type", field.type.ToString()},
                                                           {"comment", MetadataText(field, kComment).value_or("NULL")}};
  if (describe.extended) {
    for (const char* key : {"min", "max", "num_nulls", "distinct_count", "avg_col_len", "max_col_len", "histogram"}) {
      rows.emplace_back(key, "NULL");
    }
  }
  return InfoRows(rows);
}

Result<Answer> DescribeTable(State& state, const plan::Describe& describe) {
  ASSIGN_OR_RETURN(const auto name, state.NameOf(describe.name));
  if (describe.json && describe.kind == plan::ObjectKind::kColumn) {
    return SqlError("UNSUPPORTED_FEATURE.DESC_TABLE_COLUMN_JSON", "0A000",
                    "The feature is not supported: DESC TABLE COLUMN AS JSON not supported for individual columns.");
  }
  if (describe.json && !describe.extended) {
    return SqlError("DESCRIBE_JSON_NOT_EXTENDED", "0A000",
                    "DESCRIBE TABLE ... AS JSON only supported when [EXTENDED|FORMATTED] is specified.");
  }
  if (describe.json) return Unimplemented("DESCRIBE ... AS JSON is not supported");
  if (const auto* view = state.FindView(name)) {
    if (!describe.partition.empty()) {
      return SqlError(
          "FORBIDDEN_OPERATION", "42809",
          fmt::format("The operation DESC PARTITION is not allowed on the TEMPORARY VIEW: {}.", Quoted(name)));
    }
    if (describe.kind == plan::ObjectKind::kColumn) return DescribeColumn(describe, view->schema, name);
    ColumnRows rows;
    for (const auto& field : view->schema.fields) rows.Field(field);
    return rows.Take();
  }
  ASSIGN_OR_RETURN(const auto table, state.GetTable(name, describe.name.at));
  if (describe.kind == plan::ObjectKind::kColumn) return DescribeColumn(describe, table.schema, table.FullName());
  if (!describe.partition.empty()) {
    if (table.view) {
      return SqlError(
          "FORBIDDEN_OPERATION", "42809",
          fmt::format("The operation DESC PARTITION is not allowed on the VIEW: {}.", Quoted({table.name})));
    }
    if (table.provider == "delta")
      return Unimplemented("DESCRIBE TABLE ... PARTITION of a Delta table is not supported");
  }
  ColumnRows rows;
  for (const auto& field : table.schema.fields) rows.Field(field);
  if (!table.partition_columns.empty()) {
    rows.Add("# Partition Information", "", "");
    rows.Add("# col_name", "data_type", "comment");
    for (const auto& column : table.partition_columns) {
      rows.Field(table.schema.fields[static_cast<size_t>(table.schema.IndexOf(column))]);
    }
  }
  if (!describe.partition.empty()) {
    ASSIGN_OR_RETURN(const auto partition, FindPartition(state, table, describe.partition, "DESC PARTITION"));
    if (describe.extended) {
      rows.Add("", "", "");
      rows.Add("# Detailed Partition Information", "", "");
      rows.Add("Database", table.database, "");
      rows.Add("Table", table.name, "");
      for (const auto& [key, value] : DetailsOf(table, partition)) rows.Add(key, value, "");
      rows.Add("", "", "");
      rows.Add("# Storage Information", "", "");
      rows.Add("Location", "file:" + table.location, "");
    }
  } else if (describe.extended) {
    rows.Add("", "", "");
    rows.Add("# Detailed Table Information", "", "");
    for (const auto& [key, value] : DetailsOf(table)) rows.Add(key, value, "");
  }
  bool first = true;
  for (const auto& field : table.schema.fields) {
    const auto value = MetadataText(field, kCurrentDefault);
    if (!value) continue;
    if (first) {
      rows.Add("", "", "");
      rows.Add("# Column Default Values", "", "");
      first = false;
    }
    rows.Add(field.name, field.type.ToString(), *value);
  }
  return rows.Take();
}

Result<Answer> DescribeDatabase(State& state, const plan::Describe& describe) {
  ASSIGN_OR_RETURN(const auto name, state.NameOf(describe.name));
  ASSIGN_OR_RETURN(const auto key, state.DatabaseOf(name));
  ASSIGN_OR_RETURN(const auto database, state.warehouse.FindDatabase(key));
  if (!database) return NoSchema({kCatalogName, key}, describe.name.at);
  std::vector<std::pair<std::string, std::string>> rows = {{"Catalog Name", kCatalogName},
                                                           {"Namespace Name", database->name},
                                                           {"Comment", database->comment},
                                                           {"Location", "file:" + database->location}};
  if (describe.extended) {
    std::vector<std::string> pairs;
    for (const auto& [property, value] : database->properties) pairs.push_back(fmt::format("({},{})", property, value));
    rows.emplace_back("Properties", pairs.empty() ? "" : fmt::format("({})", fmt::join(pairs, ", ")));
  }
  return InfoRows(rows);
}

Result<Answer> DescribeFunction(State& state, const plan::Describe& describe) {
  ASSIGN_OR_RETURN(const auto name, state.NameOf(describe.name));
  ASSIGN_OR_RETURN(const auto routine, state.scope().FindRoutine(name));
  if (!routine) {
    if (name.size() == 1 && sql::FindFunction(LowerAscii(name[0])) != nullptr) {
      return Unimplemented("DESCRIBE FUNCTION of a built-in function is not supported");
    }
    return SqlError("UNRESOLVED_ROUTINE", "42883",
                    fmt::format("Cannot resolve routine {} on search path [`system`.`builtin`, `system`.`session`, "
                                "`spark_catalog`.{}].",
                                Quoted(name), Quoted({state.database})),
                    describe.name.at);
  }
  std::vector<std::string> parameters;
  for (const auto& parameter : routine->parameters) {
    parameters.push_back(fmt::format("{} {}", parameter.name, parameter.type.ToSql()));
  }
  const std::string returns = routine->table ? "TABLE" : routine->returns.ToSql();
  return TextRows({"function_desc"}, {{fmt::format("Function: {}", fmt::join(routine->name, "."))},
                                      {fmt::format("Input: {}", fmt::join(parameters, ", "))},
                                      {fmt::format("Returns: {}", returns)}});
}

}  // namespace

Result<Answer> Run(State& state, const plan::Describe& describe) {
  if (describe.kind == plan::ObjectKind::kDatabase) return DescribeDatabase(state, describe);
  if (describe.kind == plan::ObjectKind::kFunction) return DescribeFunction(state, describe);
  return DescribeTable(state, describe);
}

Result<Answer> Run(State& state, const plan::DescribeQuery& describe) {
  ASSIGN_OR_RETURN(const auto relation, state.Resolve(describe.query));
  ColumnRows rows;
  for (const auto& column : relation->columns) rows.Add(column.name, column.type.ToString(), std::nullopt);
  return rows.Take();
}

}  // namespace tidemill::session
