// Statements as written: everything a script may hold besides a query, and the query. See relation.h.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "plan/relation.h"

namespace tidemill::plan {

using Properties = std::map<std::string, std::string>;

// The name of a table, view, database, function or variable. With `identifier` set it is what that expression gives.
struct ObjectName {
  Name name;
  ExprPtr identifier;
  Position at;
};

// A query with its text, for views and for tables made from it.
struct QueryText {
  RelationPtr query;
  std::string text;
};

// An expression with its text: defaults are kept as written.
struct ExprText {
  ExprPtr expr;
  std::string text;
};

// The place of a new or moved column: FIRST (then `after` is empty), or AFTER a column.
struct ColumnPlace {
  std::string after;
};

// GENERATED ALWAYS | BY DEFAULT AS IDENTITY (START WITH n INCREMENT BY n)
struct IdentitySpec {
  bool always = true;
  int64_t start = 1;
  int64_t step = 1;
};

struct ColumnSpec {
  Name name;  // more than one part: a field inside a struct (ALTER TABLE only)
  DataType type;
  bool nullable = true;
  std::optional<std::string> comment;
  std::optional<ExprText> default_value;
  std::optional<ExprText> generated;
  std::optional<IdentitySpec> identity;
  std::optional<ColumnPlace> place;
};

// ---- Tables ----

struct Bucketing {
  std::vector<std::string> columns;
  std::vector<SortKey> sort;
  int count = 0;
};

// SHALLOW CLONE or DEEP CLONE of a table, as it is or was.
struct CloneOf {
  ObjectName source;
  bool shallow = true;
  ExprPtr version;
  ExprPtr timestamp;
};

struct CreateTable {
  ObjectName name;
  bool create = true;  // false: REPLACE TABLE, which wants the table to be there
  bool replace = false;
  bool if_not_exists = false;
  bool external = false;
  std::vector<ColumnSpec> columns;
  std::string provider;  // empty: the session's default
  Properties options;
  std::vector<std::string> partition_columns;
  std::vector<ColumnSpec> typed_partitions;  // PARTITIONED BY (p INT): columns of their own, behind the others
  std::vector<std::string> cluster_columns;  // CLUSTER BY
  std::optional<Bucketing> buckets;
  std::optional<std::string> location;
  std::optional<std::string> comment;
  std::optional<std::string> collation;
  Properties properties;
  std::optional<QueryText> query;
  std::optional<ObjectName> like;
  std::optional<CloneOf> clone;
};

struct ViewColumn {
  std::string name;
  std::optional<std::string> comment;
};

struct CreateView {
  ObjectName name;
  bool replace = false;
  bool if_not_exists = false;
  bool temporary = false;
  bool global = false;
  bool materialized = false;  // its rows are kept in a table
  std::vector<ViewColumn> columns;
  std::optional<std::string> comment;
  std::vector<std::string> partition_columns;  // materialized, as the next
  std::optional<std::string> location;
  std::optional<std::string> collation;
  std::string schema_mode;  // BINDING, COMPENSATION, TYPE EVOLUTION, EVOLUTION; empty: not written
  Properties properties;
  QueryText query;
};

// CREATE TEMPORARY VIEW name (columns) USING provider OPTIONS (...).
struct CreateViewUsing {
  ObjectName name;
  bool replace = false;
  bool global = false;
  std::vector<ColumnSpec> columns;
  std::string provider;
  Properties options;
};

enum class ObjectKind { kTable, kView, kDatabase, kFunction, kVariable, kColumn };

struct Drop {
  ObjectKind kind = ObjectKind::kTable;
  ObjectName name;
  bool if_exists = false;
  bool cascade = false;
  bool temporary = false;
  bool materialized = false;  // a view of that kind
};

// PARTITION (a = 1, b): a value left out is a dynamic one.
using PartitionSpec = std::vector<std::pair<std::string, ExprPtr>>;

struct AlterTable {
  struct Rename {
    ObjectName to;
  };
  struct SetProperties {
    Properties properties;
  };
  struct UnsetProperties {
    std::vector<std::string> keys;
    bool if_exists = false;
  };
  struct AddColumns {
    std::vector<ColumnSpec> columns;
    bool if_not_exists = false;
  };
  struct ReplaceColumns {
    std::vector<ColumnSpec> columns;
  };
  struct DropColumns {
    std::vector<Name> columns;
    bool if_exists = false;
  };
  struct RenameColumn {
    Name from;
    std::string to;
  };
  // ALTER [COLUMN] c TYPE t | COMMENT 'x' | SET NOT NULL | DROP NOT NULL | FIRST | AFTER x | SET DEFAULT e | DROP
  // DEFAULT
  struct ChangeColumn {
    Name column;
    std::optional<std::string> rename;  // CHANGE a b type
    std::optional<DataType> type;
    std::optional<bool> nullable;
    std::optional<std::string> comment;
    std::optional<ColumnPlace> place;
    std::optional<ExprText> default_value;
    bool drop_default = false;
  };
  struct SetLocation {
    PartitionSpec partition;
    std::string location;
  };
  struct AddPartitions {
    std::vector<std::pair<PartitionSpec, std::optional<std::string>>> partitions;  // with locations
    bool if_not_exists = false;
  };
  struct DropPartitions {
    std::vector<PartitionSpec> partitions;
    bool if_exists = false;
  };
  struct RenamePartition {
    PartitionSpec from;
    PartitionSpec to;
  };
  struct RecoverPartitions {};
  struct ViewQuery {
    QueryText query;
  };
  ObjectName name;
  bool view = false;
  std::variant<Rename, SetProperties, UnsetProperties, AddColumns, ReplaceColumns, DropColumns, RenameColumn,
               ChangeColumn, SetLocation, AddPartitions, DropPartitions, RenamePartition, RecoverPartitions, ViewQuery>
      change;
};

struct Truncate {
  ObjectName name;
  PartitionSpec partition;
};

// ---- Databases ----

struct CreateDatabase {
  ObjectName name;
  bool if_not_exists = false;
  std::optional<std::string> comment;
  std::optional<std::string> location;
  Properties properties;
};

struct AlterDatabase {
  ObjectName name;
  Properties properties;
  std::optional<std::string> location;
};

// COMMENT ON TABLE t IS 'text' | NULL.
struct CommentOn {
  ObjectKind kind = ObjectKind::kTable;
  ObjectName name;
  std::string comment;
};

// ---- Rows ----

struct Insert {
  enum class Mode { kInto, kOverwrite, kReplaceWhere };
  ObjectName table;
  Mode mode = Mode::kInto;
  bool if_not_exists = false;
  bool by_name = false;
  std::vector<std::string> columns;
  PartitionSpec partition;
  ExprPtr replace_where;
  RelationPtr query;
};

// FROM x INSERT INTO a SELECT ... INSERT INTO b SELECT ...
struct MultiInsert {
  std::vector<Insert> inserts;
};

struct Delete {
  ObjectName table;
  std::string alias;
  ExprPtr where;  // null: every row
};

struct Assignment {
  Name column;
  ExprPtr value;  // a bare DEFAULT is the Attribute {"DEFAULT"}
};

struct Update {
  ObjectName table;
  std::string alias;
  std::vector<Assignment> assignments;
  ExprPtr where;
};

struct MergeClause {
  enum class When { kMatched, kNotMatched, kNotMatchedBySource };
  enum class Action { kDelete, kUpdate, kUpdateAll, kInsert, kInsertAll };
  When when = When::kMatched;
  ExprPtr condition;
  Action action = Action::kDelete;
  std::vector<Assignment> assignments;
};

struct Merge {
  ObjectName target;
  std::string target_alias;
  RelationPtr source;  // aliased where an alias is written
  ExprPtr condition;
  std::vector<MergeClause> clauses;
  bool schema_evolution = false;
};

// ---- The session ----

// SET k = v, SET k, SET, SET -v, RESET [k].
struct SetCommand {
  std::optional<std::string> key;
  std::optional<std::string> value;
  bool reset = false;
  bool verbose = false;
};

struct Use {
  ObjectName name;
};
struct SetCatalog {
  std::string name;
};

struct DeclareVariable {
  std::vector<ObjectName> names;
  bool replace = false;
  std::optional<DataType> type;
  std::optional<ExprText> default_value;
};

// SET VAR a = 1, b = DEFAULT; SET VAR (a, b) = (SELECT ...).
struct SetVariables {
  std::vector<ObjectName> names;
  std::vector<ExprPtr> values;  // empty with `query`
  RelationPtr query;
};

struct ExecuteImmediate {
  ExprPtr text;
  std::vector<Name> into;
  std::vector<std::pair<ExprPtr, std::string>> arguments;  // with their names; "" is positional
};

struct RoutineParameter {
  std::string name;
  DataType type;
  std::optional<ExprText> default_value;
  std::optional<std::string> comment;
};

// CREATE FUNCTION f(a INT DEFAULT 1) RETURNS INT RETURN a + 1, or RETURNS TABLE (...) RETURN SELECT ...
struct CreateFunction {
  ObjectName name;
  bool replace = false;
  bool if_not_exists = false;
  bool temporary = false;
  std::vector<RoutineParameter> parameters;
  bool table = false;
  std::optional<DataType> returns;
  std::vector<ColumnSpec> table_columns;
  std::optional<std::string> comment;
  std::optional<bool> deterministic;
  std::optional<bool> contains_sql;  // false: READS SQL DATA
  ExprPtr expression;                // one of these two
  RelationPtr query;
  std::string body;
};

struct Cache {
  ObjectName name;
  bool lazy = false;
  std::optional<QueryText> query;
};
struct Uncache {
  ObjectName name;
  bool if_exists = false;
  bool all = false;  // CLEAR CACHE
};
struct Refresh {
  enum class What { kTable, kFunction, kPath, kMaterializedView } what = What::kTable;
  ObjectName name;
  bool full = false;  // of a materialized view: all rows anew
};
struct Analyze {
  ObjectName name;  // empty with `tables`
  bool tables = false;
};

// ---- What is told ----

struct Show {
  enum class What {
    kTables,
    kTableExtended,
    kDatabases,
    kColumns,
    kProperties,
    kCreateTable,
    kViews,
    kFunctions,
    kPartitions,
    kCatalogs,
    kCurrentNamespace,
  };
  What what = What::kTables;
  ObjectName name;                    // the table, or the database it is asked in
  ObjectName database;                // SHOW COLUMNS IN t IN db
  std::optional<std::string> filter;  // LIKE 'pattern', or the property's key
  std::string scope;                  // USER, SYSTEM, ALL of SHOW FUNCTIONS
  PartitionSpec partition;
};

struct Describe {
  ObjectKind kind = ObjectKind::kTable;
  ObjectName name;
  bool extended = false;
  bool json = false;
  Name column;
  PartitionSpec partition;
};

struct DescribeQuery {
  RelationPtr query;
};

// ---- Of a Delta table's log ----

// DESCRIBE HISTORY t [LIMIT n]
struct DescribeHistory {
  ObjectName table;
  std::optional<int64_t> limit;
};

// RESTORE [TABLE] t TO VERSION AS OF n | TIMESTAMP AS OF e
struct RestoreTable {
  ObjectName table;
  ExprPtr version;
  ExprPtr timestamp;
};

// OPTIMIZE t [WHERE condition on partition columns] [ZORDER BY (a, b)]: small files are written together
struct OptimizeTable {
  ObjectName table;
  std::optional<ExprText> where;
  std::vector<std::string> zorder;
};

// VACUUM t [RETAIN n HOURS] [DRY RUN]
struct VacuumTable {
  ObjectName table;
  std::optional<double> retain_hours;
  bool dry_run = false;
};

struct Statement;
struct Explain {
  std::shared_ptr<const Statement> statement;
  std::string mode;
};

// A statement of the language that no engine of ours runs yet; it names itself.
struct UnsupportedStatement {
  std::string what;
};

struct Statement {
  std::variant<RelationPtr, CreateTable, CreateView, CreateViewUsing, Drop, AlterTable, Truncate, CreateDatabase,
               AlterDatabase, CommentOn, Insert, MultiInsert, Delete, Update, Merge, SetCommand, Use, SetCatalog,
               DeclareVariable, SetVariables, ExecuteImmediate, CreateFunction, Cache, Uncache, Refresh, Analyze, Show,
               Describe, DescribeQuery, DescribeHistory, RestoreTable, OptimizeTable, VacuumTable, Explain,
               UnsupportedStatement>
      node;
  std::string text;  // the statement as written, without its semicolon
  Position at;
};

}  // namespace tidemill::plan
