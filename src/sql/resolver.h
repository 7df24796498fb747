// resolver.h: plan -> typed plan. Names, types, coercion, nullability and Spark's analysis errors, the same for every
// engine.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "plan/relation.h"
#include "plan/typed.h"
#include "sql/coercion.h"
#include "sql/settings.h"

namespace tidemill::sql {

class Catalog;

// A function written in SQL: an expression or a query over its parameters.
struct Routine {
  struct Parameter {
    std::string name;
    plan::DataType type;
    plan::ExprPtr default_value;  // null: the caller must give it
  };
  plan::Name name;  // all its parts
  std::vector<Parameter> parameters;
  bool table = false;
  plan::DataType returns;    // of a scalar function
  plan::Schema columns;      // of a table function
  plan::ExprPtr expression;  // this, or `query`
  plan::RelationPtr query;
  std::shared_ptr<Catalog> scope;  // where its names are looked up
  bool ansi = true;                // the mode its body was written in, and runs in
};

// A session variable's value.
struct Variable {
  plan::Value value;
  plan::DataType type;
};

// Which version of a table: by number, or the newest not after that instant (microseconds since the epoch).
struct TableVersion {
  std::optional<int64_t> version;
  std::optional<int64_t> timestamp_micros;
};

// What the resolver may know of the outside: what a query can name. Not thread-safe.
class Catalog {
 public:
  struct Table {
    std::string key;  // the engine's handle, copied into typed::Scan::table
    plan::Schema schema;
    plan::RelationPtr view;          // set: a view, expanded in place of a scan; its columns are renamed to `schema`
    std::shared_ptr<Catalog> scope;  // where a view's names are looked up; null: here
    plan::Name qualifier;            // all the parts of its name; empty: as it was written
    // The columns as declared, where one is CHAR or VARCHAR (which read as STRING); otherwise empty.
    plan::Schema declared{};
    std::string collation{};  // a view's: what the texts in it are of, where nothing else is said; empty: UTF8_BINARY
  };
  virtual ~Catalog() = default;
  // The table of that name (one part, or db.table), or nothing.
  virtual Result<std::optional<Table>> Find(const plan::Name& name) = 0;
  virtual Result<std::optional<Table>> FindVersion(const plan::Name& name, const TableVersion& version);
  // The rows that changed from one version of a table to another, both included; `to` empty: up to the newest. Their
  // columns are the table's, then _change_type, _commit_version and _commit_timestamp.
  virtual Result<std::optional<Table>> FindChanges(const plan::Name&, const TableVersion& /*from*/,
                                                   const TableVersion& /*to*/) {
    return std::optional<Table>();
  }
  virtual Result<std::shared_ptr<const Routine>> FindRoutine(const plan::Name&) {
    return std::shared_ptr<const Routine>();
  }
  virtual std::optional<Variable> FindVariable(const plan::Name&) { return std::nullopt; }
  // The value of an expression without columns: an engine computes it.
  virtual Result<plan::Value> Evaluate(const plan::typed::ExprPtr& expr);
  // Names for "did you mean".
  virtual std::vector<std::string> Names() const = 0;
};

struct ResolveOptions {
  bool ansi = true;
  bool case_sensitive = false;
  std::string time_zone = "UTC";
  // Values of :name parameters, already typed.
  std::map<std::string, plan::ExprPtr> parameters;
  // What now() and current_date() are, in microseconds since the epoch: fixed for a run, so that a retry sees the same.
  int64_t now_micros = 0;
  std::string database = "default";  // the current one
  std::string user;                  // who asks; empty: nobody that a query may know
  std::map<std::string, std::string> conf;
  std::string collation{};  // of the texts in what is resolved, where nothing else is said; empty: UTF8_BINARY
  // What TIMESTAMP means (spark.sql.timestampType).
  bool timestamp_ntz() const { return ParseOptionsOf(conf).timestamp_ntz; }
  TypeRules rules() const { return ansi ? TypeRules::kAnsi : TypeRules::kLegacy; }
};

Result<plan::typed::RelationPtr> ResolveQuery(const plan::RelationPtr& query, Catalog& catalog,
                                              const ResolveOptions& options = {});

// The result's columns as a table made of them declares them: those that are columns of a table stay CHAR and VARCHAR.
Result<plan::Schema> DeclaredSchema(const plan::RelationPtr& query, Catalog& catalog, const ResolveOptions& options);

// The type an expression without columns has, and the expression, resolved.
Result<plan::typed::ExprPtr> ResolveConstant(const plan::ExprPtr& expr, Catalog& catalog,
                                             const ResolveOptions& options = {});

// Whether a subquery is written in the expression: one that a function of the user's holds is none.
bool HoldsSubquery(const plan::ExprPtr& expr);

// Spark's name for an expression without an alias: "sum(i)", "(a + 1)", "CAST(x AS INT)".
std::string SparkName(const plan::ExprPtr& expr);

}  // namespace tidemill::sql
