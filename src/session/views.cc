// Views of the catalog and temporary ones; CACHE and its like, which name what they concern and change no answer.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/lower.h"
#include "base/names.h"
#include "session/columns.h"
#include "session/error.h"
#include "session/scope.h"
#include "session/statements.h"
#include "session/tree.h"

namespace tidemill::session {
namespace {

// An expression whose name Spark makes up, in the SELECT list that names the query's columns.
const plan::Expr* Unnamed(const plan::RelationPtr& query) {
  if (const auto* with = std::get_if<plan::With>(&query->node)) return Unnamed(with->body);
  if (const auto* sort = std::get_if<plan::Sort>(&query->node)) return Unnamed(sort->input);
  if (const auto* limit = std::get_if<plan::Limit>(&query->node)) return Unnamed(limit->input);
  if (const auto* op = std::get_if<plan::SetOp>(&query->node)) return Unnamed(op->left);
  const auto* select = std::get_if<plan::Select>(&query->node);
  if (select == nullptr) return nullptr;
  for (const auto& item : select->list) {
    const plan::Expr* expr = item.get();
    if (const auto* cast = std::get_if<plan::Cast>(&expr->node)) expr = cast->child.get();
    const bool named =
        std::holds_alternative<plan::Alias>(item->node) || std::holds_alternative<plan::Attribute>(expr->node) ||
        std::holds_alternative<plan::Literal>(expr->node) || std::holds_alternative<plan::Star>(expr->node) ||
        std::holds_alternative<plan::FieldAccess>(expr->node) || std::holds_alternative<plan::Subscript>(expr->node) ||
        std::holds_alternative<plan::IdentifierClause>(expr->node);
    if (!named) return item.get();
  }
  return nullptr;
}

Error ColumnCount(const plan::Name& name, size_t given, size_t has) {
  const char* kind = given > has ? "NOT_ENOUGH_DATA_COLUMNS" : "TOO_MANY_DATA_COLUMNS";
  return SqlError(
      fmt::format("CREATE_VIEW_COLUMN_ARITY_MISMATCH.{}", kind), "21S01",
      fmt::format("Cannot create view {}: it names {} columns, its query has {}.", Quoted(name), given, has));
}

// The query's columns under the view's names.
Result<plan::Schema> ViewSchema(const plan::Name& name, const std::vector<plan::ViewColumn>& columns,
                                plan::Schema schema) {
  if (!columns.empty() && columns.size() != schema.fields.size()) {
    return ColumnCount(name, columns.size(), schema.fields.size());
  }
  for (size_t i = 0; i < columns.size(); ++i) {
    schema.fields[i].name = columns[i].name;
    if (columns[i].comment) SetMetadataText(schema.fields[i], kComment, *columns[i].comment);
  }
  std::set<std::string> seen;
  for (const auto& field : schema.fields) {
    if (seen.insert(LowerAscii(field.name)).second) continue;
    return SqlError("COLUMN_ALREADY_EXISTS", "42711",
                    fmt::format("The column {} already exists. Choose another name or rename the existing column.",
                                Quoted({LowerAscii(field.name)})));
  }
  return schema;
}

// The query resolved with an eye on what a view may not be made from.
Result<plan::Schema> ResolveBody(State& state, const plan::RelationPtr& query, const plan::Name& defining,
                                 const std::string& collation) {
  state.seen.temporary.clear();
  state.seen.defining = defining;
  auto options = state.resolve_options();
  options.collation = collation;
  const auto resolved = sql::ResolveQuery(query, state.scope(), options);
  auto declared = sql::DeclaredSchema(query, state.scope(), options);
  state.seen.defining.clear();
  if (!resolved.ok()) return resolved.error();
  return declared;
}

Result<Answer> MakeTemporaryView(State& state, const plan::CreateView& create, const plan::Name& name) {
  auto& views = create.global ? state.global_views : state.views;
  const std::string key = LowerAscii(name.back());
  const bool there = views.contains(key);
  if (there && !create.replace) {
    return SqlError(
        "TEMP_TABLE_OR_VIEW_ALREADY_EXISTS", "42P07",
        fmt::format("Cannot create the temporary view {} because it already exists. Choose a different name, "
                    "drop or replace the existing view, or write CREATE OR REPLACE.",
                    Quoted(name)),
        create.name.at);
  }
  ASSIGN_OR_RETURN(const auto collation, DefaultCollation(state, create.collation));
  ASSIGN_OR_RETURN(auto schema,
                   ResolveBody(state, create.query.query, there ? plan::Name{key} : plan::Name{}, collation));
  ASSIGN_OR_RETURN(schema, ViewSchema(name, create.columns, AsRead(schema)));
  views[key] = TemporaryView{
      name.back(), std::move(schema), create.query.query, state.NewScope(true), create.query.text, {}, collation};
  return Nothing();
}

Status PutView(State& state, Table view, const std::vector<plan::ViewColumn>& columns, const plan::QueryText& query,
               bool exists) {
  ASSIGN_OR_RETURN(auto schema,
                   ResolveBody(state, query.query, exists ? view.FullName() : plan::Name{}, view.collation));
  if (!state.seen.temporary.empty()) {
    const auto& [kind, name] = state.seen.temporary.front();
    return SqlError(
        "INVALID_TEMP_OBJ_REFERENCE", "42K0F",
        fmt::format("Cannot create the persistent object {0} of the type VIEW because it references to the "
                    "temporary object {1} of the type {2}. Please make the temporary object {1} persistent, or "
                    "make the persistent object {0} temporary.",
                    Quoted(view.FullName()), Quoted(name), kind));
  }
  if (const auto* item = Unnamed(query.query); item != nullptr && columns.empty()) {
    return SqlError(
        "CREATE_PERMANENT_VIEW_WITHOUT_ALIAS", "0A000",
        fmt::format("Not allowed to create the permanent view {} without explicitly assigning an alias for the "
                    "expression {}.",
                    Quoted(view.FullName()), sql::SparkName(std::make_shared<const plan::Expr>(*item))),
        item->at);
  }
  view.view->columns.clear();
  for (const auto& field : schema.fields) view.view->columns.push_back(field.name);
  ASSIGN_OR_RETURN(view.schema, ViewSchema(view.FullName(), columns, std::move(schema)));
  view.view->text = query.text;
  view.view->database = state.database;
  view.view->conf = state.conf;
  return exists ? state.warehouse.PutTable(view) : state.warehouse.AddTable(view);
}

}  // namespace

Result<Answer> Run(State& state, const plan::CreateView& create) {
  if (create.materialized) return MakeMaterializedView(state, create);
  ASSIGN_OR_RETURN(const auto name, state.NameOf(create.name));
  if (create.temporary) {
    if (name.size() > 1) {
      return SqlError(
          "TEMP_VIEW_NAME_TOO_MANY_NAME_PARTS", "428EK",
          fmt::format("CREATE TEMPORARY VIEW or the corresponding Dataset APIs only accept single-part view "
                      "names, but got: {}.",
                      Quoted(name)));
    }
    return MakeTemporaryView(state, create, name);
  }
  ASSIGN_OR_RETURN(const auto place, state.PlaceOf(name));
  if (!IsCatalogName(place.name)) {
    return SqlError(
        "INVALID_SCHEMA_OR_RELATION_NAME", "42602",
        fmt::format("{} is not a valid name for tables/schemas. Valid names only contain alphabet characters, "
                    "numbers and _.",
                    Quoted({place.name})));
  }
  ASSIGN_OR_RETURN(const auto database, state.warehouse.FindDatabase(place.database));
  if (!database) return NoSchema({kCatalogName, place.database}, create.name.at);
  ASSIGN_OR_RETURN(const auto there, state.warehouse.FindTable(place.database, place.name));
  if (there && create.if_not_exists) return Nothing();
  if (there && create.replace && !there->view) {
    return SqlError("EXPECT_VIEW_NOT_TABLE.NO_ALTERNATIVE", "42809",
                    fmt::format("The table {} does not support CREATE OR REPLACE VIEW.", Quoted(there->FullName())));
  }
  if (there && !create.replace) {
    return SqlError(
        "TABLE_OR_VIEW_ALREADY_EXISTS", "42P07",
        fmt::format("Cannot create table or view {} because it already exists. Choose a different name, drop "
                    "or replace the existing object, or add the IF NOT EXISTS clause to tolerate "
                    "pre-existing objects.",
                    Quoted(place.full())));
  }
  Table view;
  view.database = place.database;
  view.name = place.name;
  view.comment = create.comment.value_or("");
  ASSIGN_OR_RETURN(view.collation, DefaultCollation(state, create.collation));
  view.properties = create.properties;
  view.created_ms = state.environment.clock->Now().time_since_epoch().count() / 1000;
  view.view.emplace();
  if (!create.schema_mode.empty()) view.view->schema_mode = create.schema_mode;
  RETURN_IF_ERROR(PutView(state, std::move(view), create.columns, create.query, there.has_value()));
  return Nothing();
}

Result<Answer> AlterView(State& state, const Table& view, const plan::QueryText& query) {
  RETURN_IF_ERROR(PutView(state, view, {}, query, true));
  return Nothing();
}

Result<Answer> AlterTemporaryView(State& state, const plan::Name& name, const plan::QueryText& query) {
  plan::CreateView create;
  create.replace = true;
  create.temporary = true;
  create.global = name.size() == 2;
  if (const auto* view = state.FindView(name); view && !view->collation.empty()) create.collation = view->collation;
  create.query = query;
  return MakeTemporaryView(state, create, {name.back()});
}

Result<Answer> Run(State& state, const plan::CreateViewUsing& create) {
  ASSIGN_OR_RETURN(const auto name, state.NameOf(create.name));
  auto& views = create.global ? state.global_views : state.views;
  const std::string key = LowerAscii(name.back());
  if (views.contains(key) && !create.replace) {
    return SqlError("TEMP_TABLE_OR_VIEW_ALREADY_EXISTS", "42P07",
                    fmt::format("Cannot create the temporary view {} because it already exists.", Quoted(name)),
                    create.name.at);
  }
  Table table;
  table.database = "temporary view";
  table.name = key;
  table.provider = create.provider;
  table.external = true;
  for (const auto& [option, value] : create.options) {
    if (SameIgnoringCase(option, "path")) {
      table.location = state.AbsolutePath(value);
    } else {
      table.options[option] = value;
    }
  }
  for (const auto& spec : create.columns) {
    ASSIGN_OR_RETURN(auto field, FieldOf(state, spec, "CREATE TEMPORARY VIEW"));
    field.nullable = true;
    table.schema.fields.push_back(std::move(field));
  }
  if (table.location.empty()) {
    if (table.schema.fields.empty() || !table.options.empty()) {
      return Unimplemented(
          fmt::format("CREATE TEMPORARY VIEW ... USING {} without a path is not supported", create.provider));
    }
    // No files: no rows.
    const auto schema = AsRead(table.schema);
    views[key] = TemporaryView{name.back(), schema, NoRowsOf(schema), state.NewScope(true), "", {}};
    return Nothing();
  }
  if (table.schema.fields.empty()) {
    if (!table.options.empty()) {
      return Unimplemented("CREATE TEMPORARY VIEW ... USING with options and without columns is not supported");
    }
    ASSIGN_OR_RETURN(const auto opened, state.OpenPath(table.provider, table.location));
    if (!opened) {
      return SqlError("DATA_SOURCE_NOT_FOUND", "42K02",
                      fmt::format("Failed to find the data source: {}.", table.provider));
    }
    views[key] = TemporaryView{name.back(), opened->schema, nullptr, nullptr, "", opened->key};
    return Nothing();
  }
  ASSIGN_OR_RETURN(const auto opened, state.Open(table));
  views[key] = TemporaryView{name.back(), opened.schema, nullptr, nullptr, "", opened.key};
  return Nothing();
}

// ---- CACHE and the like ----

namespace {

Status MustExist(State& state, const plan::ObjectName& object) {
  ASSIGN_OR_RETURN(const auto name, state.NameOf(object));
  if (state.FindView(name) != nullptr) return Ok();
  return state.GetTable(name, object.at).ok() ? Ok() : Status(NoTable(name, object.at));
}

}  // namespace

// Nothing is kept in memory: a table is read as it is. With a query it makes a temporary view, as in Spark.
Result<Answer> Run(State& state, const plan::Cache& cache) {
  if (!cache.query) {
    RETURN_IF_ERROR(MustExist(state, cache.name));
    return Nothing();
  }
  plan::CreateView create;
  create.name = cache.name;
  create.temporary = true;
  create.query = *cache.query;
  return Run(state, create);
}

Result<Answer> Run(State& state, const plan::Uncache& uncache) {
  if (uncache.all || uncache.if_exists) return Nothing();
  RETURN_IF_ERROR(MustExist(state, uncache.name));
  return Nothing();
}

Result<Answer> Run(State& state, const plan::Refresh& refresh) {
  if (refresh.what == plan::Refresh::What::kPath) return Nothing();
  if (refresh.what == plan::Refresh::What::kFunction) {
    ASSIGN_OR_RETURN(const auto name, state.NameOf(refresh.name));
    ASSIGN_OR_RETURN(const auto routine, state.scope().FindRoutine(name));
    if (routine) return Nothing();
    return SqlError("UNRESOLVED_ROUTINE", "42883", fmt::format("Cannot resolve routine {}.", Quoted(name)));
  }
  if (refresh.what == plan::Refresh::What::kMaterializedView) return RefreshMaterializedView(state, refresh);
  RETURN_IF_ERROR(MustExist(state, refresh.name));
  return Nothing();
}

// Statistics come from the files themselves; there is nothing to gather.
Result<Answer> Run(State& state, const plan::Analyze& analyze) {
  if (!analyze.tables) RETURN_IF_ERROR(MustExist(state, analyze.name));
  return Nothing();
}

}  // namespace tidemill::session
