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

namespace tidemill::sql {

// What the resolver may know of the outside: the tables and views a query can name. Not thread-safe.
class Catalog {
 public:
  struct Table {
    std::string key;  // the engine's handle, copied into typed::Scan::table
    plan::Schema schema;
    plan::RelationPtr view;  // set: a view, expanded in place of a scan; its columns are renamed to `schema`
  };
  virtual ~Catalog() = default;
  // The table of that name (one part, or db.table), or nothing.
  virtual Result<std::optional<Table>> Find(const plan::Name& name) = 0;
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
  std::map<std::string, std::string> conf;
  TypeRules rules() const { return ansi ? TypeRules::kAnsi : TypeRules::kLegacy; }
};

Result<plan::typed::RelationPtr> ResolveQuery(const plan::RelationPtr& query, Catalog& catalog,
                                              const ResolveOptions& options = {});

// Spark's name for an expression without an alias: "sum(i)", "(a + 1)", "CAST(x AS INT)".
std::string SparkName(const plan::ExprPtr& expr);

}  // namespace tidemill::sql
