// Materialized views: CREATE and REFRESH, and queries that read a fresh one instead of what it is made from.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/lower.h"
#include "delta/snapshot.h"
#include "job/sources.h"
#include "job/view.h"
#include "session/error.h"
#include "session/scope.h"
#include "session/statements.h"
#include "sql/parser.h"
#include "view/plan.h"

namespace tidemill::session {
namespace {

namespace typed = plan::typed;

constexpr const char* kUseSetting = "tidemill.sql.materializedViews";  // false: queries do not look for views

bool IsVersioned(const std::string& key) { return key.find("@v") != std::string::npos; }

// The Delta tables a query reads, as the engine has them now.
Result<std::vector<job::ViewSource>> SourcesOf(State& state, const typed::RelationPtr& relation) {
  view::Ids ids;
  std::vector<job::ViewSource> sources;
  for (const auto& table : view::TablesOf(view::Inlined(relation, {}, ids))) {
    const auto snapshot = state.SnapshotOf(table);
    const auto opened = state.Raw(table);
    if (snapshot == nullptr || !opened) {
      return Unimplemented(fmt::format("a materialized view reads Delta tables, and {} is none", table));
    }
    sources.push_back({table, snapshot, opened->schema, IsVersioned(table)});
  }
  if (sources.empty()) return Unimplemented("a materialized view that reads no table");
  return sources;
}

// The definition resolved now, under what it was made under.
Result<job::ViewQuery> QueryOf(State& state, const ViewDefinition& definition) {
  const auto setting = [&](const char* key, const std::string& otherwise) {
    const auto found = definition.conf.find(key);
    return found == definition.conf.end() ? otherwise : found->second;
  };
  const std::string settings = job::SettingsOfView(LowerAscii(setting("spark.sql.ansi.enabled", "true")) != "false",
                                                   setting("spark.sql.session.timeZone", "UTC"));
  if (settings != job::SettingsOfView(state.ansi(), state.time_zone())) {
    return Unimplemented(
        fmt::format("the materialized view was made under {}, which is not the session's; set it likewise", settings));
  }
  ASSIGN_OR_RETURN(const auto parsed, sql::ParseQuery(definition.text, state.parse_options()));
  Scope scope(state, definition.database, false);
  auto options = state.resolve_options();
  options.database = definition.database;
  job::ViewQuery query;
  ASSIGN_OR_RETURN(query.relation, sql::ResolveQuery(parsed, scope, options));
  if (!definition.columns.empty()) {
    if (definition.columns.size() != query.relation->columns.size()) {
      return InvalidArgument(fmt::format("the view names {} columns, its query has {}", definition.columns.size(),
                                         query.relation->columns.size()));
    }
    auto renamed = *query.relation;
    for (size_t i = 0; i < renamed.columns.size(); ++i) renamed.columns[i].name = definition.columns[i];
    query.relation = std::make_shared<const typed::Relation>(std::move(renamed));
  }
  ASSIGN_OR_RETURN(query.sources, SourcesOf(state, query.relation));
  query.text = definition.text;
  query.settings = settings;
  return query;
}

Answer Told(const job::ViewRefresh& refresh) {
  return TextRows({"refresh", "how", "version", "rows_came", "rows_went", "files_written", "files_removed"},
                  {{Name(refresh.kind), refresh.how, std::to_string(refresh.version), std::to_string(refresh.rows_came),
                    std::to_string(refresh.rows_went), std::to_string(refresh.files_written),
                    std::to_string(refresh.files_removed)}});
}

Result<job::ViewRefresh> Refreshed(State& state, const Table& view, const job::ViewOptions& options) {
  ASSIGN_OR_RETURN(const auto query, QueryOf(state, *view.materialized));
  ASSIGN_OR_RETURN(auto* session, state.engine());
  ASSIGN_OR_RETURN(auto refresh, job::RefreshView(query, view.location, options, *session, state.environment));
  if (refresh.unknown.empty()) return refresh;
  return Unavailable(
      fmt::format("whether the commit is in the view is not known: {}; run it again, it finds out", refresh.unknown));
}

Error Exists(const plan::Name& name) {
  return SqlError("TABLE_OR_VIEW_ALREADY_EXISTS", "42P07",
                  fmt::format("Cannot create table or view {} because it already exists. Choose a different name, drop "
                              "or replace the existing object, or add the IF NOT EXISTS clause to tolerate "
                              "pre-existing objects.",
                              Quoted(name)));
}

}  // namespace

Result<Answer> MakeMaterializedView(State& state, const plan::CreateView& create) {
  ASSIGN_OR_RETURN(const auto name, state.NameOf(create.name));
  ASSIGN_OR_RETURN(const auto place, state.PlaceOf(name));
  if (!IsCatalogName(place.name)) {
    return SqlError("INVALID_SCHEMA_OR_RELATION_NAME", "42602",
                    fmt::format("{} is not a valid name for tables/schemas. Valid names only contain alphabet "
                                "characters, numbers and _.",
                                Quoted({place.name})));
  }
  ASSIGN_OR_RETURN(const auto database, state.warehouse.FindDatabase(place.database));
  if (!database) return NoSchema({kCatalogName, place.database}, create.name.at);
  ASSIGN_OR_RETURN(const auto there, state.warehouse.FindTable(place.database, place.name));
  if (there && create.if_not_exists) return Nothing();
  if (there && (!create.replace || !there->materialized)) return Exists(place.full());
  Table view;
  view.database = place.database;
  view.name = place.name;
  view.provider = "delta";
  view.comment = create.comment.value_or("");
  view.properties = create.properties;
  view.created_ms = state.environment.clock->Now().time_since_epoch().count() / 1000;
  view.external = there ? there->external : create.location.has_value();
  if (there) {
    view.location = there->location;
  } else if (create.location) {
    view.location = state.AbsolutePath(*create.location);
  } else {
    ASSIGN_OR_RETURN(view.location, state.warehouse.LocationOf(place.database, place.name));
  }
  view.materialized = ViewDefinition{create.query.text, state.database, state.conf, {}};
  for (const auto& column : create.columns) view.materialized->columns.push_back(column.name);
  job::ViewOptions options;
  options.partition_by = create.partition_columns;
  options.properties = create.properties;
  // The rows first: the name is to stand for a whole view. One that was left there by a killed CREATE is gone on from.
  ASSIGN_OR_RETURN(const auto refresh, Refreshed(state, view, options));
  ASSIGN_OR_RETURN(const auto snapshot,
                   delta::LoadSnapshot({state.environment.storage, state.environment.checkpoints, view.location}));
  view.schema = snapshot->schema();
  view.partition_columns = snapshot->partition_columns();
  if (there) {
    RETURN_IF_ERROR(state.warehouse.PutTable(view));
  } else if (const auto added = state.warehouse.AddTable(view); !added.ok()) {
    return added.error().kind == ErrorKind::kAlreadyExists ? Exists(place.full()) : added.error();
  }
  return Told(refresh);
}

Result<Answer> RefreshMaterializedView(State& state, const plan::Refresh& refresh) {
  ASSIGN_OR_RETURN(const auto name, state.NameOf(refresh.name));
  ASSIGN_OR_RETURN(auto view, state.GetTable(name, refresh.name.at));
  if (!view.materialized) {
    return SqlError("WRONG_COMMAND_FOR_OBJECT_TYPE", "42809",
                    fmt::format("The operation REFRESH MATERIALIZED VIEW requires a materialized view. But {} is none.",
                                Quoted(view.FullName())));
  }
  job::ViewOptions options;
  options.full = refresh.full;
  ASSIGN_OR_RETURN(const auto done, Refreshed(state, view, options));
  ASSIGN_OR_RETURN(const auto snapshot,
                   delta::LoadSnapshot({state.environment.storage, state.environment.checkpoints, view.location}));
  if (!(snapshot->schema() == view.schema)) {
    view.schema = snapshot->schema();
    RETURN_IF_ERROR(state.warehouse.PutTable(view));
  }
  return Told(done);
}

// ---- Queries that read views ----

namespace {

struct FreshView {
  Table table;
  delta::SnapshotPtr snapshot;
};

// The views whose rows are those of the tables as this query sees them, by the digest of their plan.
Result<std::map<std::string, FreshView>> FreshViews(State& state, const std::vector<job::ViewSource>& sources) {
  std::map<std::string, FreshView> fresh;
  ASSIGN_OR_RETURN(const auto names, state.warehouse.MaterializedViews());
  for (const auto& [database, name] : names) {
    ASSIGN_OR_RETURN(const auto table, state.warehouse.FindTable(database, name));
    if (!table || !table->materialized) continue;
    // A view that can't be read is no reason for a query that did not name it to fail.
    const auto snapshot =
        delta::LoadSnapshot({state.environment.storage, state.environment.checkpoints, table->location});
    if (!snapshot.ok()) continue;
    const auto view = job::DescribeView(**snapshot);
    if (!view) continue;
    bool all = true;
    for (const auto& source : view->sources) {
      const auto found = std::ranges::find_if(sources, [&](const auto& one) {
        return one.snapshot->metadata().id == source.id && one.pinned == source.pinned &&
               one.snapshot->version() == source.seen;
      });
      all &= found != sources.end();
    }
    const auto own = all ? job::OnlyRefreshed(**snapshot) : Result<bool>(false);
    if (!own.ok() || !*own) continue;
    fresh[view->digest] = {*table, *snapshot};
  }
  return fresh;
}

// Whether the order of the rows is a part of what the relation gives.
bool IsOrdered(const typed::Relation& relation) {
  if (std::holds_alternative<typed::Sort>(relation.node)) return true;
  if (const auto* project = std::get_if<typed::Project>(&relation.node)) return IsOrdered(*project->input);
  if (const auto* filter = std::get_if<typed::Filter>(&relation.node)) return IsOrdered(*filter->input);
  if (const auto* limit = std::get_if<typed::Limit>(&relation.node)) return IsOrdered(*limit->input);
  return false;
}

class Replacer {
 public:
  Replacer(State& state, const std::map<std::string, FreshView>& views, const std::vector<job::ViewSource>& sources)
      : state_(state), views_(views), sources_(sources) {}

  Result<typed::RelationPtr> Replace(const typed::RelationPtr& relation) {
    if (std::holds_alternative<typed::Scan>(relation->node)) return relation;
    if (!IsOrdered(*relation)) {
      job::ViewQuery part{relation, {}, sources_, "", job::SettingsOfView(state_.ansi(), state_.time_zone())};
      if (const auto found = views_.find(job::PlanDigest(part)); found != views_.end()) {
        return Read(*relation, found->second);
      }
    }
    auto copy = *relation;
    RETURN_IF_ERROR(std::visit([this](auto& node) { return Below(node); }, copy.node));
    return typed::RelationPtr(std::make_shared<const typed::Relation>(std::move(copy)));
  }
  std::vector<std::string> TakeNotes() { return std::move(notes_); }

 private:
  Status One(typed::RelationPtr& relation) {
    ASSIGN_OR_RETURN(relation, Replace(relation));
    return Ok();
  }
  template <typename Node>
  Status Below(Node& node) {
    if constexpr (requires { node.input; }) RETURN_IF_ERROR(One(node.input));
    if constexpr (requires { node.left; }) {
      RETURN_IF_ERROR(One(node.left));
      RETURN_IF_ERROR(One(node.right));
    }
    if constexpr (requires { node.body; }) {
      for (auto& table : node.tables) RETURN_IF_ERROR(One(table.query));
      RETURN_IF_ERROR(One(node.body));
    }
    return Ok();
  }

  // The view's rows under the ids of the relation's columns.
  Result<typed::RelationPtr> Read(const typed::Relation& relation, const FreshView& view) {
    const std::string key = fmt::format("{}.{} for queries", view.table.database, view.table.name);
    ASSIGN_OR_RETURN(const auto source, job::SnapshotSource(key, *view.snapshot));
    if (source.schema.fields.size() != relation.columns.size()) return Internal("a view of other columns");
    RETURN_IF_ERROR(state_.Register(source));
    notes_.push_back(fmt::format("reads the materialized view {}.{} (version {}, fresh) in place of its query",
                                 view.table.database, view.table.name, view.snapshot->version()));
    return typed::MakeRelation(typed::Scan{key, relation.columns}, relation.columns, relation.at);
  }

  State& state_;
  const std::map<std::string, FreshView>& views_;
  const std::vector<job::ViewSource>& sources_;
  std::vector<std::string> notes_;
};

}  // namespace

Result<ReadsViews> WithViews(State& state, typed::RelationPtr relation) {
  if (LowerAscii(state.Setting(kUseSetting, "true")) == "false") return ReadsViews{std::move(relation), {}};
  ASSIGN_OR_RETURN(const auto names, state.warehouse.MaterializedViews());
  if (names.empty()) return ReadsViews{std::move(relation), {}};
  const auto sources = SourcesOf(state, relation);
  if (!sources.ok()) return ReadsViews{std::move(relation), {}};
  ASSIGN_OR_RETURN(const auto views, FreshViews(state, *sources));
  if (views.empty()) return ReadsViews{std::move(relation), {}};
  Replacer replacer(state, views, *sources);
  ASSIGN_OR_RETURN(auto replaced, replacer.Replace(relation));
  return ReadsViews{std::move(replaced), replacer.TakeNotes()};
}

}  // namespace tidemill::session
