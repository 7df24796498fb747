// compile_expr.h: typed expressions -> DuckDB SQL.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "engine/duckdb/compile.h"
#include "engine/duckdb/connection.h"
#include "plan/typed.h"

namespace tidemill::engine::duckdb {

namespace typed = plan::typed;

// A column inside a query: x<id>.
std::string ColumnName(typed::ColumnId id);
// Refused by name, with the place in the user's text.
Error Refuse(std::string what, Position at);
// Whether DuckDB orders the type's values as Spark does, and what to order them by where it does not.
bool OrdersAlike(const plan::DataType& type);
std::string OrderKey(const std::string& sql, const plan::DataType& type);
// Whether the type is a map or holds one, and a value of it with every map's entries sorted by key, so that equal maps
// are equal values.
bool HoldsMap(const plan::DataType& type);
std::string WithSortedMaps(const std::string& sql, const plan::DataType& type);
// A constant of a type.
Result<std::string> CompileLiteral(const plan::Value& value, const plan::DataType& type, Position at);

// Columns that are written otherwise than by ColumnName.
using ColumnTexts = std::map<typed::ColumnId, std::string>;

class ExprCompiler {
 public:
  // Compiles the relation inside a subquery expression.
  using CompileRelation = std::function<Result<std::string>(const typed::RelationPtr&)>;

  // `renamed` is looked at during each compilation, and outlives the compiler.
  ExprCompiler(const CompileOptions& options, const ColumnTexts& renamed, CompileRelation relation)
      : options_(options), renamed_(renamed), relation_(std::move(relation)) {}

  // The SQL, of DuckDbType(expr->type) but for decimals, whose precision may be narrower (the scale never differs).
  Result<std::string> Compile(const typed::ExprPtr& expr) const;
  // A WHERE or ON condition: DuckDB tests its conjuncts one by one, each on the rows the last one left.
  Result<std::string> Condition(const typed::ExprPtr& expr) const;
  // Exactly of DuckDbType(expr->type).
  Result<std::string> CompileExact(const typed::ExprPtr& expr) const;
  Result<std::string> SortKeys(const std::vector<typed::SortKey>& keys) const;
  Result<std::string> CompileWindow(const typed::WindowCall& window, const typed::Expr& expr) const;
  // An aggregate as it stands in a SELECT list.
  Result<std::string> CompileAggregate(const typed::Call& call, const typed::Expr& expr) const;

  const CompileOptions& options() const { return options_; }
  bool utc() const {
    return options_.time_zone == "UTC" || options_.time_zone == "Etc/UTC" || options_.time_zone == "Z";
  }
  // TIMESTAMPTZ -> local TIMESTAMP in the session's zone, and back.
  std::string Local(const std::string& sql) const;
  std::string Instant(const std::string& sql) const;
  // The local time as an instant at the offset that `instant` has, where both exist.
  std::string InstantNear(const std::string& sql, const std::string& instant) const;
  // An instant moved by an interval of months and days, by the calendar of the session's zone.
  std::string Moved(const std::string& instant, const std::string& interval) const;

 private:
  Result<std::string> Node(const typed::Literal& node, const typed::Expr& expr) const;
  Result<std::string> Node(const typed::ColumnRef& node, const typed::Expr& expr) const;
  Result<std::string> Node(const typed::Call& node, const typed::Expr& expr) const;
  Result<std::string> Node(const typed::Cast& node, const typed::Expr& expr) const;
  Result<std::string> Node(const typed::Case& node, const typed::Expr& expr) const;
  Result<std::string> Node(const typed::LambdaVariable& node, const typed::Expr& expr) const;
  Result<std::string> Node(const typed::Lambda& node, const typed::Expr& expr) const;
  Result<std::string> Node(const typed::Subquery& node, const typed::Expr& expr) const;
  Result<std::string> Node(const typed::GetField& node, const typed::Expr& expr) const;
  Result<std::string> Node(const typed::WindowCall& node, const typed::Expr& expr) const;
  Result<std::string> Logic(const typed::Call& node) const;
  // NOT of the expression, by Spark's rules for IN (query).
  Result<std::string> Negated(const typed::ExprPtr& expr) const;
  // IN (query) of one column by DuckDB's operator, of several by EXISTS; `unknown` is what an unknown comparison
  // counts.
  Result<std::string> InQuery(const typed::Subquery& node) const;
  Result<std::string> InQueryOfMany(const typed::Subquery& node, const char* unknown) const;
  Result<std::string> Bound(const typed::WindowCall& window, const typed::FrameBound& bound) const;

  const CompileOptions& options_;
  const ColumnTexts& renamed_;
  CompileRelation relation_;
};

// A cast between two types; compile_cast.cc.
Result<std::string> CompileCast(const ExprCompiler& compiler, const std::string& sql, const plan::DataType& from,
                                const plan::DataType& to, typed::Cast::Mode mode, Position at);

}  // namespace tidemill::engine::duckdb
