// SHOW in all its forms.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <regex>

#include "base/names.h"
#include "delta/partition_value.h"
#include "delta/path.h"
#include "session/columns.h"
#include "session/details.h"
#include "session/error.h"
#include "session/scope.h"
#include "session/statements.h"
#include "session/table_files.h"
#include "session/tree.h"
#include "sql/functions.h"

namespace tidemill::session {
namespace {

using What = plan::Show::What;

// Spark's patterns: `*` is any text, `|` separates alternatives, the rest is a regular expression; case is ignored.
bool Matches(const std::string& name, const std::optional<std::string>& pattern) {
  if (!pattern) return true;
  size_t from = 0;
  while (from <= pattern->size()) {
    const size_t bar = std::min(pattern->find('|', from), pattern->size());
    std::string text;
    for (const char c : pattern->substr(from, bar - from)) text += c == '*' ? std::string(".*") : std::string(1, c);
    while (!text.empty() && text.front() == ' ') text.erase(0, 1);
    while (!text.empty() && text.back() == ' ') text.pop_back();
    try {
      if (std::regex_match(name, std::regex(text, std::regex::ECMAScript | std::regex::icase))) return true;
    } catch (const std::regex_error&) {
      // No pattern of ours matches what is no pattern.
    }
    from = bar + 1;
  }
  return false;
}

Result<std::string> DatabaseIn(State& state, const plan::ObjectName& object) {
  ASSIGN_OR_RETURN(const auto name, state.NameOf(object));
  ASSIGN_OR_RETURN(const auto database, state.DatabaseOf(name));
  if (database == kGlobalTemporary) return database;
  ASSIGN_OR_RETURN(const auto there, state.warehouse.FindDatabase(database));
  if (!there) return NoSchema({kCatalogName, database}, object.at);
  return database;
}

// namespace, name, isTemporary of the tables and views that match; `views`: of the views alone.
Result<Answer> Relations(State& state, const plan::Show& show, bool views) {
  ASSIGN_OR_RETURN(const auto database, DatabaseIn(state, show.name));
  Answer answer;
  answer.rows.schema.fields = {{"namespace", plan::TypeId::kString, false},
                               {views ? "viewName" : "tableName", plan::TypeId::kString, false},
                               {"isTemporary", plan::TypeId::kBoolean, false}};
  const auto add = [&](const std::string& space, const std::string& name, bool temporary) {
    if (!Matches(name, show.filter)) return;
    answer.rows.rows.push_back({TextValue(space), TextValue(name), plan::Value{temporary}});
    answer.lines.push_back(name);
  };
  ASSIGN_OR_RETURN(const auto names, state.warehouse.Tables(database));
  for (const auto& name : names) {
    ASSIGN_OR_RETURN(const auto table, state.warehouse.FindTable(database, name));
    if (table && (!views || table->view)) add(database, name, false);
  }
  if (database == kGlobalTemporary) {
    for (const auto& [name, view] : state.global_views) add(database, name, true);
  }
  for (const auto& [name, view] : state.views) add("", name, true);
  return answer;
}

Result<Answer> Extended(State& state, const plan::Show& show) {
  ASSIGN_OR_RETURN(const auto database, DatabaseIn(state, show.name));
  Answer answer;
  answer.rows.schema.fields = {{"namespace", plan::TypeId::kString, false},
                               {"tableName", plan::TypeId::kString, false},
                               {"isTemporary", plan::TypeId::kBoolean, false},
                               {"information", plan::TypeId::kString, false}};
  if (!show.partition.empty()) {  // the filter is one table's name
    ASSIGN_OR_RETURN(const auto table, state.GetTable({database, show.filter.value_or("")}, show.name.at));
    if (table.provider == "delta")
      return Unimplemented("SHOW TABLE EXTENDED ... PARTITION of a Delta table is not supported");
    ASSIGN_OR_RETURN(const auto partition, FindPartition(state, table, show.partition, "SHOW TABLE EXTENDED"));
    std::string information;
    for (const auto& [key, value] : DetailsOf(table, partition)) information += fmt::format("{}: {}\n", key, value);
    answer.rows.rows.push_back(
        {TextValue(database), TextValue(table.name), plan::Value{false}, TextValue(information + "\n")});
    return answer;
  }
  ASSIGN_OR_RETURN(const auto names, state.warehouse.Tables(database));
  for (const auto& name : names) {
    if (!Matches(name, show.filter)) continue;
    ASSIGN_OR_RETURN(const auto table, state.FindTable({database, name}));
    if (!table) continue;
    answer.rows.rows.push_back(
        {TextValue(database), TextValue(name), plan::Value{false}, TextValue(InformationOf(*table) + "\n")});
  }
  for (const auto& [name, view] : state.views) {
    if (!Matches(name, show.filter)) continue;
    answer.rows.rows.push_back({TextValue(""), TextValue(name), plan::Value{true},
                                TextValue(fmt::format("Table: {}\n{}\n", name, TreeOf(view.schema)))});
  }
  return answer;
}

Result<Answer> Columns(State& state, const plan::Show& show) {
  ASSIGN_OR_RETURN(auto name, state.NameOf(show.name));
  if (!show.database.name.empty() || show.database.identifier) {
    ASSIGN_OR_RETURN(const auto database, state.NameOf(show.database));
    if (name.size() > 1 && !SameIgnoringCase(name[name.size() - 2], database.back())) {
      return SqlError("SHOW_COLUMNS_WITH_CONFLICT_NAMESPACE", "42K05",
                      fmt::format("SHOW COLUMNS with conflicting namespaces: {} != {}.", Quoted({database.back()}),
                                  Quoted({name[name.size() - 2]})));
    }
    name = {database.back(), name.back()};
  }
  std::vector<std::vector<std::string>> rows;
  if (const auto* view = state.FindView(name)) {
    for (const auto& field : view->schema.fields) rows.push_back({field.name});
  } else {
    ASSIGN_OR_RETURN(const auto table, state.GetTable(name, show.name.at));
    for (const auto& field : table.schema.fields) rows.push_back({field.name});
  }
  return TextRows({"col_name"}, std::move(rows));
}

Result<Answer> Properties(State& state, const plan::Show& show) {
  ASSIGN_OR_RETURN(const auto name, state.NameOf(show.name));
  std::vector<std::vector<std::string>> rows;
  if (state.FindView(name) != nullptr) return TextRows({"key", "value"}, {});
  ASSIGN_OR_RETURN(const auto table, state.GetTable(name, show.name.at));
  if (show.filter) {
    const auto found = table.properties.find(*show.filter);
    const std::string missing =
        fmt::format("Table {} does not have property: {}", fmt::join(table.FullName(), "."), *show.filter);
    rows.push_back({*show.filter, found == table.properties.end() ? missing : found->second});
    return TextRows({"key", "value"}, std::move(rows));
  }
  for (const auto& [key, value] : table.properties) rows.push_back({key, value});
  return TextRows({"key", "value"}, std::move(rows));
}

Result<Answer> Partitions(State& state, const plan::Show& show) {
  ASSIGN_OR_RETURN(const auto name, state.NameOf(show.name));
  if (state.FindView(name) != nullptr) {
    return SqlError("EXPECT_TABLE_NOT_VIEW.NO_ALTERNATIVE", "42809",
                    fmt::format("'SHOW PARTITIONS' expects a table but {} is a view.", Quoted(name)), show.name.at);
  }
  ASSIGN_OR_RETURN(const auto table, state.GetTable(name, show.name.at));
  if (table.view) {
    return SqlError("EXPECT_TABLE_NOT_VIEW.NO_ALTERNATIVE", "42809",
                    fmt::format("'SHOW PARTITIONS' expects a table but {} is a view.", Quoted(table.FullName())),
                    show.name.at);
  }
  if (table.partition_columns.empty()) {
    return SqlError(
        "INVALID_PARTITION_OPERATION.PARTITION_SCHEMA_IS_EMPTY", "42601",
        fmt::format("The partition command is invalid. Table {} is not partitioned.", Quoted(table.FullName())));
  }
  if (table.provider == "delta") return Unimplemented("SHOW PARTITIONS of a Delta table is not supported");
  ASSIGN_OR_RETURN(const auto partitions, PartitionsOf(*state.environment.storage, table));
  std::vector<std::string> wanted;
  for (const auto& [column, value] : show.partition) {
    const int index = table.schema.IndexOf(column);
    const bool known = std::ranges::any_of(table.partition_columns,
                                           [&](const auto& partition) { return SameIgnoringCase(partition, column); });
    if (!known || !value) {
      return SqlError(
          "PARTITIONS_NOT_FOUND", "428FT",
          fmt::format("The partition(s) {} cannot be found in table {}.", Quoted({column}), Quoted(table.FullName())));
    }
    const auto& field = table.schema.fields[static_cast<size_t>(index)];
    ASSIGN_OR_RETURN(const auto computed, state.Evaluate(CastTo(value, AsRead(plan::Schema{{field}}).fields[0].type)));
    ASSIGN_OR_RETURN(const auto text, delta::FormatPartitionValue(computed, field.type));
    wanted.push_back(delta::PartitionFolder(field.name, text));
  }
  std::vector<std::vector<std::string>> rows;
  for (const auto& partition : partitions) {
    const std::string framed = "/" + partition + "/";
    const bool fits = std::ranges::all_of(
        wanted, [&](const auto& part) { return framed.find("/" + part + "/") != std::string::npos; });
    if (fits) rows.push_back({partition});
  }
  return TextRows({"partition"}, std::move(rows));
}

Result<Answer> Functions(State& state, const plan::Show& show) {
  std::vector<std::string> names;
  if (show.scope != "USER") {
    names = sql::ListedFunctions();
  }
  if (show.scope != "SYSTEM") {
    for (const auto& [name, routine] : state.routines) names.push_back(name);
    ASSIGN_OR_RETURN(const auto database, DatabaseIn(state, show.name));
    ASSIGN_OR_RETURN(const auto functions, state.warehouse.Functions(database));
    for (const auto& name : functions) {
      if (Matches(name, show.filter)) names.push_back(fmt::format("{}.{}.{}", kCatalogName, database, name));
    }
  }
  std::ranges::sort(names);
  std::vector<std::vector<std::string>> rows;
  for (const auto& name : names) {
    if (name.starts_with(std::string(kCatalogName) + ".") || Matches(name, show.filter)) rows.push_back({name});
  }
  return TextRows({"function"}, std::move(rows));
}

}  // namespace

Result<Answer> Run(State& state, const plan::Show& show) {
  switch (show.what) {
    case What::kTables:
      return Relations(state, show, false);
    case What::kViews:
      return Relations(state, show, true);
    case What::kTableExtended:
      return Extended(state, show);
    case What::kColumns:
      return Columns(state, show);
    case What::kProperties:
      return Properties(state, show);
    case What::kPartitions:
      return Partitions(state, show);
    case What::kFunctions:
      return Functions(state, show);
    case What::kCreateTable: {
      ASSIGN_OR_RETURN(const auto name, state.NameOf(show.name));
      if (state.FindView(name) != nullptr) {
        return SqlError(
            "EXPECT_PERMANENT_VIEW_NOT_TEMP", "42809",
            fmt::format("'SHOW CREATE TABLE' expects a permanent view but {} is a temp view.", Quoted(name)),
            show.name.at);
      }
      ASSIGN_OR_RETURN(const auto table, state.GetTable(name, show.name.at));
      return TextRows({"createtab_stmt"}, {{CreateTextOf(table)}});
    }
    case What::kDatabases: {
      ASSIGN_OR_RETURN(const auto names, state.warehouse.Databases());
      std::vector<std::vector<std::string>> rows;
      for (const auto& name : names) {
        if (Matches(name, show.filter)) rows.push_back({name});
      }
      return TextRows({"namespace"}, std::move(rows));
    }
    case What::kCatalogs:
      return TextRows({"catalog"}, Matches(kCatalogName, show.filter)
                                       ? std::vector<std::vector<std::string>>{{kCatalogName}}
                                       : std::vector<std::vector<std::string>>{});
    case What::kCurrentNamespace:
      return TextRows({"catalog", "namespace"}, {{kCatalogName, state.database}});
  }
  return Internal("an unknown SHOW");
}

}  // namespace tidemill::session
