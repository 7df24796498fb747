// Expressions as written: the unresolved half of the vocabulary. A parser makes them, the resolver reads them.
//
// Operators are calls under Spark's function name ("+", "and", "not", "<=>", "like", "between", "in", "isnull", ...),
// so that there is one path from a name to its meaning. Trees are immutable and shared; no behaviour here.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/error.h"
#include "plan/type.h"
#include "plan/value.h"

namespace tidemill::plan {

struct Expr;
using ExprPtr = std::shared_ptr<const Expr>;
struct Relation;
using RelationPtr = std::shared_ptr<const Relation>;

// The parts of a possibly qualified name: db.table.column is three parts, quotes removed.
using Name = std::vector<std::string>;

struct Literal {
  Value value;
  DataType type;
};

// A name to be looked up: a column, a struct field behind one, a lambda variable, an alias, a variable.
struct Attribute {
  Name parts;
};

// `*`, `t.*`, `* EXCEPT (a, b.c)`.
struct Star {
  Name qualifier;
  std::vector<Name> except;
  // Only columns whose whole name matches the regular expression (spark.sql.parser.quotedRegexColumnNames).
  std::string pattern{};
};

struct SortKey {
  ExprPtr expr;
  bool ascending = true;
  // Without a word of the user's: first when ascending, last when descending.
  bool nulls_first = true;
};

// One end of a window frame. `offset` only for the two kOffset kinds.
struct FrameBound {
  enum class Kind { kUnboundedPreceding, kPreceding, kCurrentRow, kFollowing, kUnboundedFollowing };
  Kind kind = Kind::kCurrentRow;
  ExprPtr offset;
};

struct WindowFrame {
  bool rows = false;  // else RANGE
  FrameBound start;
  FrameBound end;
};

// OVER (...), or OVER name (then `reference` is set and the rest is empty), or a definition in a WINDOW clause.
struct WindowSpec {
  std::string reference;
  std::vector<ExprPtr> partition_by;
  std::vector<SortKey> order_by;
  std::optional<WindowFrame> frame;
};

// A function or operator call.
struct Call {
  Name name;  // as written; operators as in the list at the head of this file
  std::vector<ExprPtr> args;
  std::vector<std::string> arg_names;  // parallel to args; "" is positional; empty vector: all positional
  bool distinct = false;
  bool is_operator = false;           // written as an operator: never a user's function
  std::optional<bool> ignore_nulls;   // IGNORE NULLS | RESPECT NULLS
  ExprPtr filter;                     // FILTER (WHERE ...)
  std::vector<SortKey> within_group;  // WITHIN GROUP (ORDER BY ...)
  std::shared_ptr<const WindowSpec> over;
};

struct Cast {
  ExprPtr child;
  DataType type;
  bool try_cast = false;
  bool double_colon = false;  // written x::T
};

// CASE [operand] WHEN ... THEN ... [ELSE ...] END.
struct Case {
  ExprPtr operand;
  std::vector<std::pair<ExprPtr, ExprPtr>> branches;
  ExprPtr otherwise;
};

struct Lambda {
  std::vector<std::string> params;
  ExprPtr body;
};

// (SELECT ...), EXISTS (SELECT ...), needle IN (SELECT ...). Negation is a call of "not" around it.
struct SubqueryExpr {
  enum class Kind { kScalar, kExists, kIn };
  Kind kind = Kind::kScalar;
  std::vector<ExprPtr> needle;  // kIn: one, or several for (a, b) IN (...)
  RelationPtr query;
};

// expr AS name, or expr AS (a, b) for a generator.
struct Alias {
  ExprPtr child;
  std::vector<std::string> names;
};

// child[index] on an array or map, child.field on a struct that is not a plain name path.
struct Subscript {
  ExprPtr child;
  ExprPtr index;
};
struct FieldAccess {
  ExprPtr child;
  std::string field;
};

// :name or ? (then name is empty; ordinal counts from 0 in the text).
struct Parameter {
  std::string name;
  int ordinal = 0;
};

// IDENTIFIER(expr) in the place of a name; `call` holds the function call's other parts where it names a function.
struct IdentifierClause {
  ExprPtr expr;
  std::shared_ptr<const Call> call;
};

struct Expr {
  std::variant<Literal, Attribute, Star, Call, Cast, Case, Lambda, SubqueryExpr, Alias, Subscript, FieldAccess,
               Parameter, IdentifierClause>
      node;
  Position at;
};

template <typename Node>
ExprPtr MakeExpr(Node node, Position at = {}) {
  return std::make_shared<const Expr>(Expr{std::move(node), at});
}

}  // namespace tidemill::plan
