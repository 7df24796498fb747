// Queries as written: relations over unresolved expressions. See expr.h.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "plan/expr.h"

namespace tidemill::plan {

// A name in FROM: a table, view, step or common table expression. `format.\`path\`` arrives as two parts.
struct TableRef {
  Name name;
  ExprPtr identifier;  // IDENTIFIER(expr) instead of a name
  ExprPtr version_as_of;
  ExprPtr timestamp_as_of;
  std::map<std::string, std::string> options;  // WITH (k = v)
};

// range(10), explode(...), a SQL table function; also `TABLE(x)` arguments are refused by the parser by name.
struct TableFunction {
  Name name;
  std::vector<ExprPtr> args;
  std::vector<std::string> arg_names;
};

// VALUES (1, 'a'), (2, 'b').
struct Values {
  std::vector<std::vector<ExprPtr>> rows;
};

// SELECT without FROM reads one row of no columns.
struct OneRow {};

// (query) AS alias (a, b); also gives an alias to any other relation.
struct Aliased {
  RelationPtr input;
  std::string alias;
  std::vector<std::string> columns;
};

enum class JoinType { kInner, kLeft, kRight, kFull, kCross, kLeftSemi, kLeftAnti };

struct Join {
  RelationPtr left;
  RelationPtr right;
  JoinType type = JoinType::kInner;
  ExprPtr condition;  // ON
  std::vector<std::string> using_columns;
  bool natural = false;
  bool lateral = false;  // the right side may see the left side's columns
};

// LATERAL VIEW [OUTER] generator(...) alias AS a, b.
struct LateralView {
  RelationPtr input;
  ExprPtr generator;
  bool outer = false;
  std::string alias;
  std::vector<std::string> columns;
};

struct Grouping {
  enum class Kind { kNone, kSimple, kRollup, kCube, kSets, kAll };
  Kind kind = Kind::kNone;
  std::vector<ExprPtr> exprs;
  // kSets: each set. kSimple with mixed elements (GROUP BY a, ROLLUP(b, c)): `elements` holds them in order.
  std::vector<std::vector<ExprPtr>> sets;
  std::vector<Grouping> elements;
};

struct Hint {
  std::string name;
  std::vector<ExprPtr> args;
};

// One SELECT block. The resolver splits it into filter, aggregate, window and projection.
struct Select {
  std::vector<Hint> hints;
  bool distinct = false;
  std::vector<ExprPtr> list;
  RelationPtr from;  // OneRow when there is none
  ExprPtr where;
  Grouping group_by;
  ExprPtr having;
  std::vector<std::pair<std::string, WindowSpec>> windows;
};

enum class SetOpKind { kUnion, kIntersect, kExcept };

struct SetOp {
  SetOpKind kind = SetOpKind::kUnion;
  bool all = false;
  bool by_name = false;
  bool allow_missing_columns = false;
  RelationPtr left;
  RelationPtr right;
};

// ORDER BY (global), or SORT BY / DISTRIBUTE BY / CLUSTER BY, whose rows are the same.
struct Sort {
  RelationPtr input;
  std::vector<SortKey> keys;
  bool global = true;
  std::vector<ExprPtr> distribute_by;
  bool all = false;  // ORDER BY ALL
  SortKey all_direction;
};

struct Limit {
  RelationPtr input;
  ExprPtr limit;   // null: none, or LIMIT ALL
  ExprPtr offset;  // null: none
};

struct CommonTable {
  std::string name;
  std::vector<std::string> columns;
  RelationPtr query;
  int max_recursion = -1;  // MAX RECURSION LEVEL n
};

struct With {
  bool recursive = false;
  std::vector<CommonTable> tables;
  RelationPtr body;
};

struct Pivot {
  RelationPtr input;
  std::vector<ExprPtr> aggregates;
  std::vector<ExprPtr> columns;
  std::vector<ExprPtr> values;  // each an expression or an Alias of one; a call of "struct" for several columns
};

struct Unpivot {
  RelationPtr input;
  bool include_nulls = false;
  std::vector<std::string> value_names;
  std::string name_column;
  struct Group {
    std::vector<ExprPtr> columns;
    std::string alias;
  };
  std::vector<Group> groups;
};

// TABLESAMPLE (10 PERCENT | 5 ROWS | BUCKET 1 OUT OF 4) [REPEATABLE (seed)].
struct Sample {
  RelationPtr input;
  enum class Kind { kPercent, kRows, kBucket } kind = Kind::kPercent;
  double percent = 0;
  ExprPtr rows;
  int bucket = 0;
  int buckets = 0;
  std::optional<int64_t> seed;
};

// One step of pipe syntax: `input |> ...`. The part is what follows the bar.
struct Pipe {
  RelationPtr input;
  struct Where {
    ExprPtr condition;
  };
  struct SelectList {
    std::vector<ExprPtr> list;
    bool distinct = false;
    std::vector<std::pair<std::string, WindowSpec>> windows;
  };
  struct Extend {
    std::vector<ExprPtr> list;
  };
  struct Set {
    std::vector<std::pair<Name, ExprPtr>> assignments;
  };
  struct Drop {
    std::vector<Name> columns;
  };
  struct As {
    std::string alias;
  };
  struct Aggregate {
    std::vector<ExprPtr> list;
    Grouping group_by;
  };
  std::variant<Where, SelectList, Extend, Set, Drop, As, Aggregate> part;
};

struct Relation {
  std::variant<TableRef, TableFunction, Values, OneRow, Aliased, Join, LateralView, Select, SetOp, Sort, Limit, With,
               Pivot, Unpivot, Sample, Pipe>
      node;
  Position at;
};

template <typename Node>
RelationPtr MakeRelation(Node node, Position at = {}) {
  return std::make_shared<const Relation>(Relation{std::move(node), at});
}

}  // namespace tidemill::plan
