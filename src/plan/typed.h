// Queries resolved: the half of the vocabulary that engines read. Every column has an id, every expression a type, a
// nullability and Spark's semantics; all implicit casts are explicit, all names are gone but for display.
//
// The resolver makes these; a compiler per engine turns them into that engine's language. An engine that can't do a
// construct exactly refuses it by name (kUnimplemented), never approximates it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/error.h"
#include "plan/expr.h"
#include "plan/relation.h"
#include "plan/type.h"
#include "plan/value.h"

namespace tidemill::plan::typed {

// Unique within one resolved query.
using ColumnId = int32_t;

struct Expr;
using ExprPtr = std::shared_ptr<const Expr>;
struct Relation;
using RelationPtr = std::shared_ptr<const Relation>;

struct Column {
  ColumnId id = 0;
  std::string name;  // Spark's, for display and for the result's schema
  DataType type;
  bool nullable = true;
  std::vector<std::string> qualifier;  // for name resolution only
};

struct SortKey {
  ExprPtr expr;
  bool ascending = true;
  bool nulls_first = true;
};

struct Literal {
  Value value;
};

struct ColumnRef {
  ColumnId id = 0;
  bool outer = false;  // belongs to an enclosing query (a correlated subquery or a lateral join)
};

// A scalar or aggregate function applied to arguments already cast to the types of its signature. `function` is the
// canonical lower-case name of the row in sql's function table ("+", "concat", "date_add", "sum").
struct Call {
  std::string function;
  std::vector<ExprPtr> args;
  bool distinct = false;              // aggregates
  bool ignore_nulls = false;          // first, last, any_value, lead, lag, nth_value, ...
  ExprPtr filter;                     // aggregates: FILTER (WHERE ...)
  std::vector<SortKey> within_group;  // ordered-set aggregates
};

struct Cast {
  ExprPtr child;
  // kPlain: where it fails, an error, or what spark.sql.ansi.enabled=false gives. kTry: NULL. kBits: the same number
  // under another type's name.
  enum class Mode { kPlain, kTry, kBits } mode = Mode::kPlain;
};

struct Case {
  std::vector<std::pair<ExprPtr, ExprPtr>> branches;
  ExprPtr otherwise;  // null: NULL
};

struct LambdaVariable {
  std::string name;  // unique within the query
};
struct Lambda {
  std::vector<LambdaVariable> params;
  ExprPtr body;
};

struct Subquery {
  plan::SubqueryExpr::Kind kind = plan::SubqueryExpr::Kind::kScalar;
  std::vector<ExprPtr> needle;
  RelationPtr query;
  bool correlated = false;  // the query reads columns of the one around it
};

// A struct's field by position.
struct GetField {
  ExprPtr child;
  int index = 0;
};

struct FrameBound {
  plan::FrameBound::Kind kind = plan::FrameBound::Kind::kCurrentRow;
  ExprPtr offset;
};

// An aggregate or window function over a window; only inside relation Window.
struct WindowCall {
  Call call;
  std::vector<ExprPtr> partition_by;
  std::vector<SortKey> order_by;
  bool rows = false;
  FrameBound start;
  FrameBound end;
  bool has_frame = false;  // false: the function's own default (ranking functions)
};

struct Expr {
  std::variant<Literal, ColumnRef, Call, Cast, Case, LambdaVariable, Lambda, Subquery, GetField, WindowCall> node;
  DataType type;
  bool nullable = true;
  Position at;
};

// A column and the expression that makes it.
struct NamedExpr {
  Column column;
  ExprPtr expr;
};

// A table of the catalog. `table` is the catalog's key, by which the engine finds its files; `columns` maps the
// table's columns (by position in the catalog's schema) to ids.
struct Scan {
  std::string table;
  std::vector<Column> columns;
};
struct Values {
  std::vector<std::vector<ExprPtr>> rows;
  std::vector<Column> columns;
};
struct OneRow {};
struct Range {
  ExprPtr start, end, step;
  Column column;
};
struct Project {
  RelationPtr input;
  std::vector<NamedExpr> exprs;
};
struct Filter {
  RelationPtr input;
  ExprPtr condition;
};
// Grouping sets are sets of indexes into `keys`; one set of all keys is a plain GROUP BY. With several sets, a key's
// output column is NULL where its set lacks it, and `grouping_id` (when set) is Spark's grouping_id().
struct Aggregate {
  RelationPtr input;
  std::vector<NamedExpr> keys;
  std::vector<std::vector<int>> sets;
  std::vector<NamedExpr> aggregates;
  std::optional<Column> grouping_id;
};
struct Window {
  RelationPtr input;
  std::vector<NamedExpr> calls;  // each a WindowCall; the input's columns stay
};
struct Join {
  RelationPtr left;
  RelationPtr right;
  JoinType type = JoinType::kInner;
  ExprPtr condition;  // null: true
  bool lateral = false;
};
// explode, posexplode, inline, stack, ...: the input's columns, then the generator's.
struct Generate {
  RelationPtr input;
  std::string function;
  std::vector<ExprPtr> args;
  bool outer = false;
  std::vector<Column> columns;
};
struct SetOp {
  SetOpKind kind = SetOpKind::kUnion;
  bool all = false;
  RelationPtr left;
  RelationPtr right;
  std::vector<Column> columns;  // fresh; both sides have these types by position
};
struct Distinct {
  RelationPtr input;
};
struct Sort {
  RelationPtr input;
  std::vector<SortKey> keys;
  bool global = true;
};
struct Limit {
  RelationPtr input;
  std::optional<int64_t> limit;
  int64_t offset = 0;
};
struct Sample {
  RelationPtr input;
  double fraction = 0;
  int64_t seed = 0;
};
// A common table used by name below `body`; computed once when `materialize`.
struct With {
  struct Table {
    int cte = 0;  // unique within the query
    std::string name;
    RelationPtr query;  // of a recursive table: its first level
    bool materialize = false;
    // The rows of a next level, of the same types as `query`'s: inside it a CteRef of `cte` is the level before. Null:
    // the table is not recursive. Levels go on until one is empty.
    RelationPtr recursion = nullptr;
    int64_t level_limit = -1;  // a level after these is an error; -1: none is
    int64_t row_limit = -1;    // as many rows are an error, where no LIMIT is on the table; -1: no number is
  };
  std::vector<Table> tables;
  RelationPtr body;
};
struct CteRef {
  int cte = 0;
  std::vector<Column> columns;  // fresh ids, by position of the common table's columns
};

struct Relation {
  std::variant<Scan, Values, OneRow, Range, Project, Filter, Aggregate, Window, Join, Generate, SetOp, Distinct, Sort,
               Limit, Sample, With, CteRef>
      node;
  std::vector<Column> columns;  // the output, in order
  Position at;
};

template <typename Node>
ExprPtr MakeExpr(Node node, DataType type, bool nullable, Position at = {}) {
  return std::make_shared<const Expr>(Expr{std::move(node), std::move(type), nullable, at});
}
template <typename Node>
RelationPtr MakeRelation(Node node, std::vector<Column> columns, Position at = {}) {
  return std::make_shared<const Relation>(Relation{std::move(node), std::move(columns), at});
}

// The result's schema.
inline Schema SchemaOf(const Relation& relation) {
  Schema schema;
  for (const auto& column : relation.columns) schema.fields.push_back({column.name, column.type, column.nullable});
  return schema;
}

}  // namespace tidemill::plan::typed
