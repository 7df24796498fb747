// What lasts from one statement to the next: settings, the current database, temporary views, variables and functions,
// and the engine's session with the tables it knows.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "delta/snapshot.h"
#include "engine/engine.h"
#include "job/run.h"
#include "plan/statement.h"
#include "plan/typed.h"
#include "session/warehouse.h"
#include "sql/parser.h"
#include "sql/resolver.h"

namespace tidemill::session {

// A statement's rows, and how `spark-sql` prints them where that is not the values with tabs between.
struct Answer {
  engine::Rows rows;
  std::vector<std::string> lines{};  // one a row, or none at all
};

struct TemporaryView {
  std::string name;  // as written
  plan::Schema schema;
  plan::RelationPtr query;
  std::shared_ptr<sql::Catalog> scope;
  std::string text;
  std::optional<std::string> source_key;  // USING: the engine's table
  std::string collation{};                // of the texts in its query; empty: UTF8_BINARY
};

struct TemporaryVariable {
  sql::Variable value;
  plan::ExprPtr default_value;
};

class State {
 public:
  State(job::RunEnvironment environment, std::string folder, std::string warehouse, plan::Properties conf);

  job::RunEnvironment environment;
  std::string folder;  // relative paths are read from here
  Warehouse warehouse;
  plan::Properties conf;
  std::string database = kDefaultDatabase;
  std::string user;                                   // who current_user() is; empty: it is refused
  std::map<std::string, TemporaryView> views;         // by lower-case name
  std::map<std::string, TemporaryView> global_views;  // of the schema global_temp
  std::map<std::string, TemporaryVariable> variables;
  std::map<std::string, std::shared_ptr<const sql::Routine>> routines;
  std::map<std::string, plan::ExprPtr> parameters;  // while EXECUTE IMMEDIATE runs
  std::string statement_text;                       // of the statement that runs
  int64_t most_rows = -1;                           // of a query's answer

  // Seen while names were looked up: what a view or function may not be made from.
  struct Seen {
    std::vector<std::pair<std::string, plan::Name>> temporary;  // kind, name
    plan::Name defining;                                        // must not be met again
    std::set<plan::Name> routines;                              // in full, lower case
  } seen;

  // ---- settings
  std::string Setting(const std::string& key, const std::string& otherwise = "") const;  // of any case as written
  bool ansi() const;
  std::string time_zone() const;
  void SettingChanged(const std::string& key);
  sql::ParseOptions parse_options() const;

  // ---- names
  Result<plan::Name> NameOf(const plan::ObjectName& object);
  struct Place {
    std::string database;
    std::string name;
    plan::Name full() const { return {kCatalogName, database, name}; }
  };
  // Where a table of that name lies in the catalog, whether it is there or not; names are lower case.
  Result<Place> PlaceOf(const plan::Name& name) const;
  Result<std::string> DatabaseOf(const plan::Name& name) const;
  const TemporaryView* FindView(const plan::Name& name) const;
  // A table or view of the catalog; TABLE_OR_VIEW_NOT_FOUND, or nothing.
  Result<Table> GetTable(const plan::Name& name, Position at = {}) const;
  Result<std::optional<Table>> FindTable(const plan::Name& name) const;

  // ---- the engine
  Result<engine::Session*> engine();
  Result<plan::typed::RelationPtr> Resolve(const plan::RelationPtr& query);
  Result<engine::Rows> Query(const plan::RelationPtr& query, int64_t most_rows = -1);
  // A constant's value, computed.
  Result<plan::Value> Evaluate(const plan::ExprPtr& expr);
  Result<plan::Value> Evaluate(const plan::typed::ExprPtr& expr);
  sql::ResolveOptions resolve_options() const;
  sql::Catalog& scope() { return *scope_; }
  std::shared_ptr<sql::Catalog> NewScope(bool temporary) const;

  // A table as queries read it, registered with the engine as it is now.
  Result<sql::Catalog::Table> Open(const Table& table, const sql::TableVersion& version = {});
  Result<std::optional<sql::Catalog::Table>> OpenPath(const std::string& format, const std::string& path);
  // Makes a source, or a query's rows computed once, readable as the raw table {kRawTable, name}.
  Status Register(const engine::Source& source);
  Status Materialize(const std::string& name, const plan::typed::RelationPtr& rows);
  std::optional<sql::Catalog::Table> Raw(const std::string& name) const;
  // The Delta table's version that the engine's table `key` is, once a query has named it; null for any other.
  delta::SnapshotPtr SnapshotOf(const std::string& key) const;
  std::string AbsolutePath(const std::string& path) const;

 private:
  std::shared_ptr<sql::Catalog> scope_;
  std::unique_ptr<engine::Session> session_;
  std::map<std::string, engine::Source> registered_;     // by key: what the engine was told
  std::map<std::string, plan::Schema> computed_;         // by key
  std::map<std::string, sql::Catalog::Table> paths_;     // by key
  std::map<std::string, delta::SnapshotPtr> snapshots_;  // by key
};

// The columns of a table as a query sees them: CHAR and VARCHAR are STRING.
plan::Schema AsRead(const plan::Schema& schema);
// The schema where a column of it is CHAR or VARCHAR; empty otherwise.
plan::Schema Declared(const plan::Schema& schema);

}  // namespace tidemill::session
