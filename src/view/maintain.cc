#include "view/maintain.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>

#include "view/apply.h"
#include "view/detail/build.h"

namespace tidemill::view {
namespace {

using plan::JoinType;
using typed::Column;
using typed::ColumnId;
using typed::ExprPtr;
using typed::RelationPtr;

// A change of a relation: its columns, then the weight.
struct Delta {
  RelationPtr rows;
  bool inserts = false;  // every weight is 1
  const Column& weight() const { return rows->columns.back(); }
};
using MaybeDelta = std::optional<Delta>;  // none: no row can have changed

// Another value each time, or one that only this computer at this time has.
const std::set<std::string>& Volatile() {
  static const auto* names = new std::set<std::string>{"rand",
                                                       "randn",
                                                       "randstr",
                                                       "uniform",
                                                       "uuid",
                                                       "shuffle",
                                                       "monotonically_increasing_id",
                                                       "spark_partition_id",
                                                       "input_file_name",
                                                       "input_file_block_start",
                                                       "input_file_block_length"};
  return *names;
}

// Their value depends on the order of the rows where that is not told: computed again from the same rows it may differ.
const std::set<std::string>& OrderDependent() {
  static const auto* names = new std::set<std::string>{
      "first", "last",       "any_value", "array_agg",         "collect_set",       "listagg", "max_by", "min_by",
      "mode",  "row_number", "ntile",     "approx_percentile", "histogram_numeric", "lag",     "lead",   "nth_value"};
  return *names;
}

// Adding floating-point numbers in another order gives other last digits.
bool SumsInOrder(const typed::Call& call) {
  static const auto* exact = new std::set<std::string>{"min",
                                                       "max",
                                                       "count",
                                                       "count_if",
                                                       "bool_and",
                                                       "bool_or",
                                                       "rank",
                                                       "dense_rank",
                                                       "cume_dist",
                                                       "percent_rank",
                                                       "approx_count_distinct"};
  if (exact->contains(call.function)) return false;
  return std::any_of(call.args.begin(), call.args.end(), [](const auto& arg) { return arg->type.is_fractional(); });
}

bool ReadsOnly(const ExprPtr& expr, const std::vector<Column>& columns) {
  bool only = true, any = false;
  Walk(expr, [&](const typed::Expr& e) {
    const auto* ref = std::get_if<typed::ColumnRef>(&e.node);
    if (ref == nullptr) return;
    any = true;
    only &= std::any_of(columns.begin(), columns.end(), [&](const auto& column) { return column.id == ref->id; });
  });
  return only && any;
}

void Conjuncts(const ExprPtr& condition, std::vector<ExprPtr>& out) {
  if (!condition) return;
  const auto* call = std::get_if<typed::Call>(&condition->node);
  if (call == nullptr || call->function != "and") return out.push_back(condition);
  for (const auto& arg : call->args) Conjuncts(arg, out);
}

// The columns of both sides that a join says are equal.
struct JoinKeys {
  std::vector<ExprPtr> left, right;
};
JoinKeys KeysOf(const typed::Join& join) {
  JoinKeys keys;
  std::vector<ExprPtr> conjuncts;
  Conjuncts(join.condition, conjuncts);
  for (const auto& conjunct : conjuncts) {
    const auto* call = std::get_if<typed::Call>(&conjunct->node);
    if (call == nullptr || (call->function != "=" && call->function != "<=>")) continue;
    const auto& a = call->args[0];
    const auto& b = call->args[1];
    if (!CanTellApart(a->type) || !CanTellApart(b->type) || !a->type.SameType(b->type)) continue;
    if (ReadsOnly(a, join.left->columns) && ReadsOnly(b, join.right->columns)) {
      keys.left.push_back(a);
      keys.right.push_back(b);
    } else if (ReadsOnly(b, join.left->columns) && ReadsOnly(a, join.right->columns)) {
      keys.left.push_back(b);
      keys.right.push_back(a);
    }
  }
  return keys;
}

const char* JoinName(JoinType type) {
  static constexpr const char* kNames[] = {"an inner", "a left", "a right", "a full", "a cross", "a semi", "an anti"};
  return kNames[static_cast<int>(type)];
}

class Planner {
 public:
  Planner(const std::map<std::string, TableChange>& changes, Ids& ids) : changes_(changes), ids_(ids) {}

  Result<Maintenance> Plan(const RelationPtr& relation) {
    RETURN_IF_ERROR(CheckAll(relation));
    auto keyed = ByKeys(relation);
    if (!keyed.ok()) return std::move(keyed).error();
    if (*keyed) return Done();
    ASSIGN_OR_RETURN(const auto delta, Of(relation));
    if (!delta) return Internal("no table of the view has changed");
    made_.kind = delta->inserts ? Maintenance::Kind::kAppend : Maintenance::Kind::kRows;
    made_.rows = delta->inserts ? Pick(delta->rows, relation->columns) : delta->rows;
    made_.how = delta->inserts ? "rows that came" : "rows that came and went";
    if (!delta->inserts) {
      for (const auto& column : relation->columns) {
        if (CanTellApart(column.type)) continue;
        return Unimplemented(fmt::format("rows went, and its column {} is {}, by which rows can't be told apart",
                                         column.name, column.type.ToSql()));
      }
    }
    return Done();
  }

 private:
  Maintenance Done() {
    made_.before.assign(before_.begin(), before_.end());
    return std::move(made_);
  }

  // ---- What makes every part of a query unfit
  static Status CheckAll(const RelationPtr& relation) {
    std::string found;
    Walk(
        relation,
        [&](const typed::Relation& at) {
          if (std::holds_alternative<typed::Limit>(at.node)) found = "LIMIT keeps rows by their place among all";
          if (std::holds_alternative<typed::Sample>(at.node)) found = "TABLESAMPLE takes other rows each time";
          if (std::holds_alternative<typed::With>(at.node)) found = "it has a recursive common table";
        },
        [&](const typed::Expr& expr) {
          if (const auto* call = std::get_if<typed::Call>(&expr.node); call && Volatile().contains(call->function)) {
            found = fmt::format("{}() gives another value each time", call->function);
          }
          if (std::holds_alternative<typed::Subquery>(expr.node)) found = "it has a subquery in an expression";
        });
    return found.empty() ? Ok() : Status(Unimplemented(found));
  }

  // The calls of an operator whose own change is needed, not only its rows.
  static Status CheckExact(const std::vector<typed::NamedExpr>& exprs) {
    std::string found;
    for (const auto& named : exprs) {
      const auto* call = std::get_if<typed::Call>(&named.expr->node);
      if (const auto* window = std::get_if<typed::WindowCall>(&named.expr->node)) {
        call = &window->call;
        if (window->has_frame && window->rows && !window->order_by.empty()) found = "a window's frame of ROWS";
      }
      if (call == nullptr) continue;
      if (OrderDependent().contains(call->function)) found = call->function + "()";
      if (SumsInOrder(*call)) found = fmt::format("{}() of floating-point numbers", call->function);
    }
    if (found.empty()) return Ok();
    return Unimplemented(fmt::format("{} below another operator depends on the order of the rows", found));
  }

  TableChange ChangeOf(const std::string& table) const {
    const auto found = changes_.find(table);
    return found == changes_.end() ? TableChange::kNone : found->second;
  }
  bool Changes(const RelationPtr& relation) const {
    const auto tables = TablesOf(relation);
    return std::any_of(tables.begin(), tables.end(),
                       [this](const auto& table) { return ChangeOf(table) != TableChange::kNone; });
  }

  RelationPtr Now(const RelationPtr& relation) { return Copied(relation, ids_); }
  RelationPtr Before(const RelationPtr& relation) {
    return Copied(relation, ids_, [this](const std::string& table) {
      if (ChangeOf(table) == TableChange::kNone) return table;
      before_.insert(table);
      return BeforeOf(table);
    });
  }

  Column NewWeight() { return {ids_.Next(), "weight", plan::TypeId::kInt, false, {}}; }
  static ExprPtr Times(const ExprPtr& a, const ExprPtr& b) {
    typed::Case choice;
    choice.branches.emplace_back(Test("=", a, b), Whole(1));
    choice.otherwise = Whole(-1);
    return typed::MakeExpr(std::move(choice), plan::TypeId::kInt, false);
  }
  static RelationPtr WithWeight(const RelationPtr& input, const std::vector<Column>& columns, Column weight,
                                ExprPtr value) {
    std::vector<typed::NamedExpr> exprs;
    for (const auto& column : columns) exprs.push_back({column, Ref(column)});
    exprs.push_back({std::move(weight), std::move(value)});
    return ProjectOf(input, std::move(exprs));
  }
  // Both, as a change of the relation with these columns.
  Delta Sum(Delta left, Delta right, const std::vector<Column>& columns) {
    auto all = columns;
    all.push_back(NewWeight());
    return {UnionAll(Copied(left.rows, ids_), Copied(right.rows, ids_), std::move(all)), left.inserts && right.inserts};
  }
  // What an operator gives now, and what it gave: where the keys bound it, its change.
  Delta Difference(const RelationPtr& bounded) {
    const auto now = Now(bounded), then = Before(bounded);
    return Sum({WithWeight(now, now->columns, NewWeight(), Whole(1)), false},
               {WithWeight(then, then->columns, NewWeight(), Whole(-1)), false}, bounded->columns);
  }

  // ---- Keys

  // The distinct values of `keys`, over the change's columns, as a step.
  struct Keys {
    std::string step;
    std::vector<Column> columns;
  };
  Result<Keys> MakeKeys(const std::vector<std::pair<Delta, std::vector<ExprPtr>>>& from) {
    RelationPtr all;
    for (const auto& [delta, exprs] : from) {
      std::vector<typed::NamedExpr> named;
      for (const auto& expr : exprs) {
        if (!CanTellApart(expr->type)) {
          return Unimplemented(fmt::format("a key is {}, whose values can't be compared here", expr->type.ToSql()));
        }
        named.push_back({Column{ids_.Next(), fmt::format("k{}", named.size()), expr->type, true, {}}, expr});
      }
      auto part = Copied(ProjectOf(delta.rows, std::move(named)), ids_);
      all = all ? UnionAll(all, part, WithNewIds(part->columns, ids_)) : part;
    }
    Keys keys{fmt::format("view keys {}", made_.steps.size()), all->columns};
    made_.steps.push_back({keys.step, DistinctOf(std::move(all))});
    return keys;
  }
  // The rows of `input` with one of the keys.
  RelationPtr Bounded(const RelationPtr& input, const Keys& keys, const std::vector<ExprPtr>& exprs) {
    const auto columns = WithNewIds(keys.columns, ids_);
    std::vector<ExprPtr> right;
    for (const auto& column : columns) right.push_back(Ref(column));
    return JoinOf(input, ScanOf(keys.step, columns), JoinType::kLeftSemi, AllSame(exprs, right));
  }
  static std::vector<ExprPtr> ExprsOf(const std::vector<typed::NamedExpr>& named) {
    std::vector<ExprPtr> exprs;
    for (const auto& one : named) exprs.push_back(one.expr);
    return exprs;
  }
  static std::vector<ExprPtr> RefsOf(const std::vector<Column>& columns) {
    std::vector<ExprPtr> exprs;
    for (const auto& column : columns) exprs.push_back(Ref(column));
    return exprs;
  }

  // An operator that works key by key over one input.
  struct ByKey {
    RelationPtr input;
    std::vector<ExprPtr> keys;                   // over the input
    std::vector<std::optional<ColumnId>> shown;  // the operator's column with that key
    std::string what;
  };
  static Result<std::optional<ByKey>> KeyedBy(const typed::Relation& relation) {
    if (const auto* aggregate = std::get_if<typed::Aggregate>(&relation.node)) {
      if (aggregate->keys.empty()) return Unimplemented("an aggregate without GROUP BY is one group of all rows");
      if (aggregate->grouping_id || aggregate->sets.size() > 1) {
        return Unimplemented("its groups are of several kinds (ROLLUP, CUBE, GROUPING SETS)");
      }
      ByKey by{aggregate->input, ExprsOf(aggregate->keys), {}, "groups"};
      for (const auto& key : aggregate->keys) by.shown.emplace_back(key.column.id);
      return std::optional(std::move(by));
    }
    if (const auto* distinct = std::get_if<typed::Distinct>(&relation.node)) {
      ByKey by{distinct->input, RefsOf(distinct->input->columns), {}, "rows"};
      for (const auto& column : distinct->input->columns) by.shown.emplace_back(column.id);
      return std::optional(std::move(by));
    }
    const auto* window = std::get_if<typed::Window>(&relation.node);
    if (window == nullptr) return std::optional<ByKey>();
    ByKey by{window->input, {}, {}, "partitions of a window"};
    std::string first;
    for (size_t i = 0; i < window->calls.size(); ++i) {
      const auto& call = std::get<typed::WindowCall>(window->calls[i].expr->node);
      if (call.partition_by.empty()) return Unimplemented("a window without PARTITION BY is over all rows");
      const std::string print = PrintOf(call.partition_by, window->input);
      if (i == 0) {
        first = print;
        by.keys = call.partition_by;
      } else if (print != first) {
        return Unimplemented("its windows are partitioned in several ways");
      }
    }
    for (const auto& key : by.keys) {
      const auto* ref = std::get_if<typed::ColumnRef>(&key->node);
      by.shown.push_back(ref == nullptr ? std::nullopt : std::optional(ref->id));
    }
    return std::optional(std::move(by));
  }
  // Expressions over one input, compared as texts.
  static std::string PrintOf(const std::vector<ExprPtr>& exprs, const RelationPtr& input) {
    std::vector<typed::NamedExpr> named;
    ColumnId id = 1 << 30;
    for (const auto& expr : exprs) named.push_back({Column{id++, "", expr->type, true, {}}, expr});
    const auto leaf = typed::MakeRelation(typed::Values{{}, input->columns}, input->columns);
    return Fingerprint(ProjectOf(leaf, std::move(named)), [](const std::string& table) { return table; });
  }
  static RelationPtr Over(const typed::Relation& relation, const RelationPtr& input) {
    auto copy = relation;
    std::visit(
        [&](auto& node) {
          if constexpr (requires { node.input; }) node.input = input;
        },
        copy.node);
    return std::make_shared<const typed::Relation>(std::move(copy));
  }

  // ---- The whole view by its keys: true where it could be planned so.
  Result<bool> ByKeys(const RelationPtr& relation) {
    std::vector<RelationPtr> above;  // from the top
    RelationPtr at = relation;
    for (;;) {
      if (std::holds_alternative<typed::Project>(at->node) || std::holds_alternative<typed::Filter>(at->node) ||
          std::holds_alternative<typed::Sort>(at->node)) {
        above.push_back(at);
        at = InputOf(*at);
        continue;
      }
      break;
    }
    ASSIGN_OR_RETURN(const auto by, KeyedBy(*at));
    if (!by) return false;
    std::vector<int> shown;
    for (const auto& key : by->shown) {
      const int column = key ? ShownAs(relation, above, *key) : -1;
      if (column < 0) return false;
      shown.push_back(column);
    }
    ASSIGN_OR_RETURN(const auto delta, Of(by->input));
    if (!delta) return Internal("no table of the view has changed");
    ASSIGN_OR_RETURN(const auto keys, MakeKeys({{*delta, by->keys}}));
    RelationPtr rows = Over(*at, Bounded(by->input, keys, by->keys));
    for (auto level = above.rbegin(); level != above.rend(); ++level) {
      if (!std::holds_alternative<typed::Sort>((*level)->node)) rows = Over(**level, rows);
    }
    made_.kind = Maintenance::Kind::kKeys;
    made_.rows = Now(rows);
    made_.keys = ScanOf(keys.step, WithNewIds(keys.columns, ids_));
    made_.key_columns = shown;
    made_.how = by->what + " that changed";
    return true;
  }
  static RelationPtr InputOf(const typed::Relation& relation) {
    return std::visit(
        [](const auto& node) -> RelationPtr {
          if constexpr (requires { node.input; }) return node.input;
          return nullptr;
        },
        relation.node);
  }
  // The view's column that is the column `id` from below `above`; -1: none is.
  static int ShownAs(const RelationPtr& view, const std::vector<RelationPtr>& above, ColumnId id) {
    for (size_t i = 0; i < view->columns.size(); ++i) {
      ColumnId at = view->columns[i].id;
      bool same = true;
      for (const auto& level : above) {
        const auto* project = std::get_if<typed::Project>(&level->node);
        if (project == nullptr) continue;
        const auto made = std::find_if(project->exprs.begin(), project->exprs.end(),
                                       [&](const auto& named) { return named.column.id == at; });
        const auto* ref = made == project->exprs.end() ? nullptr : std::get_if<typed::ColumnRef>(&made->expr->node);
        same = same && ref != nullptr && !ref->outer;
        if (!same) break;
        at = ref->id;
      }
      if (same && at == id) return static_cast<int>(i);
    }
    return -1;
  }

  // ---- The change of a relation

  Result<MaybeDelta> Of(const RelationPtr& relation) {
    if (!Changes(relation)) return MaybeDelta();
    return std::visit([&](const auto& node) { return Node(node, relation); }, relation->node);
  }

  Result<MaybeDelta> Node(const typed::Scan& node, const RelationPtr& relation) {
    auto columns = node.columns;
    columns.push_back(NewWeight());
    auto rows = ScanOf(ChangesOf(node.table), columns);
    auto shown = relation->columns;
    shown.push_back(columns.back());
    return MaybeDelta({Pick(std::move(rows), shown), ChangeOf(node.table) == TableChange::kInserts});
  }

  Result<MaybeDelta> Node(const typed::Project& node, const RelationPtr&) {
    ASSIGN_OR_RETURN(auto delta, Of(node.input));
    auto exprs = node.exprs;
    exprs.push_back({delta->weight(), Ref(delta->weight())});
    return MaybeDelta({ProjectOf(delta->rows, std::move(exprs)), delta->inserts});
  }
  Result<MaybeDelta> Node(const typed::Filter& node, const RelationPtr&) {
    ASSIGN_OR_RETURN(auto delta, Of(node.input));
    return MaybeDelta({FilterOf(delta->rows, node.condition), delta->inserts});
  }
  Result<MaybeDelta> Node(const typed::Sort& node, const RelationPtr&) { return Of(node.input); }
  Result<MaybeDelta> Node(const typed::Generate& node, const RelationPtr& relation) {
    ASSIGN_OR_RETURN(auto delta, Of(node.input));
    auto generate = node;
    generate.input = delta->rows;
    auto made = delta->rows->columns;
    made.insert(made.end(), node.columns.begin(), node.columns.end());
    auto shown = relation->columns;
    shown.push_back(delta->weight());
    return MaybeDelta({Pick(typed::MakeRelation(std::move(generate), std::move(made)), shown), delta->inserts});
  }

  Result<MaybeDelta> Node(const typed::SetOp& node, const RelationPtr& relation) {
    if (node.kind != plan::SetOpKind::kUnion) {
      return Unimplemented("INTERSECT and EXCEPT compare all rows of both sides");
    }
    if (!node.all) {
      auto all = node;
      all.all = true;
      return Of(DistinctOf(typed::MakeRelation(std::move(all), relation->columns)));
    }
    ASSIGN_OR_RETURN(auto left, Of(node.left));
    ASSIGN_OR_RETURN(auto right, Of(node.right));
    if (left && right) return MaybeDelta(Sum(std::move(*left), std::move(*right), node.columns));
    const Delta& only = left ? *left : *right;
    const auto rows = Copied(only.rows, ids_);
    std::vector<typed::NamedExpr> exprs;
    for (size_t i = 0; i < node.columns.size(); ++i) exprs.push_back({node.columns[i], Ref(rows->columns[i])});
    exprs.push_back({rows->columns.back(), Ref(rows->columns.back())});
    return MaybeDelta({ProjectOf(rows, std::move(exprs)), only.inserts});
  }

  Result<MaybeDelta> Node(const typed::Join& node, const RelationPtr& relation) {
    if (node.lateral) return Unimplemented("a lateral join is computed row by row");
    const bool inner = node.type == JoinType::kInner || node.type == JoinType::kCross;
    const bool left_changes = Changes(node.left), right_changes = Changes(node.right);
    const bool keeps_left =
        node.type == JoinType::kLeft || node.type == JoinType::kLeftSemi || node.type == JoinType::kLeftAnti;
    if (left_changes && !right_changes && (inner || keeps_left)) return JoinLeft(node, relation, node.right);
    if (right_changes && !left_changes && (inner || node.type == JoinType::kRight)) {
      return JoinRight(node, relation, node.left);
    }
    if (!inner) return JoinByKeys(node, relation);
    ASSIGN_OR_RETURN(auto first, JoinLeft(node, relation, node.right));
    // Copies are made where ids would meet.
    ASSIGN_OR_RETURN(auto second, JoinRight(node, relation, nullptr));
    return MaybeDelta(Sum(std::move(*first), std::move(*second), relation->columns));
  }
  // The change of the left side with the rows of the right one.
  Result<MaybeDelta> JoinLeft(const typed::Join& node, const RelationPtr& relation, const RelationPtr& right) {
    ASSIGN_OR_RETURN(auto delta, Of(node.left));
    const auto joined = JoinOf(delta->rows, right, node.type, node.condition);
    auto shown = relation->columns;
    shown.push_back(delta->weight());
    return MaybeDelta({Pick(joined, shown), delta->inserts});
  }
  // The change of the right side with the rows of the left one, as they are or (null) as they were.
  Result<MaybeDelta> JoinRight(const typed::Join& node, const RelationPtr& relation, RelationPtr left) {
    ASSIGN_OR_RETURN(auto delta, Of(node.right));
    if (!left) {
      // Under the same ids as now: the condition reads them.
      const auto then = Before(node.left);
      std::vector<typed::NamedExpr> exprs;
      for (size_t i = 0; i < then->columns.size(); ++i) {
        exprs.push_back({node.left->columns[i], Ref(then->columns[i])});
      }
      left = ProjectOf(then, std::move(exprs));
    }
    const auto joined = JoinOf(left, delta->rows, node.type, node.condition);
    auto shown = relation->columns;
    shown.push_back(delta->weight());
    return MaybeDelta({Pick(joined, shown), delta->inserts});
  }
  Result<MaybeDelta> JoinByKeys(const typed::Join& node, const RelationPtr& relation) {
    const auto keys = KeysOf(node);
    if (keys.left.empty()) {
      return Unimplemented(fmt::format("{} join without an equality of its sides", JoinName(node.type)));
    }
    std::vector<std::pair<Delta, std::vector<ExprPtr>>> from;
    ASSIGN_OR_RETURN(auto left, Of(node.left));
    if (left) from.emplace_back(*left, keys.left);
    ASSIGN_OR_RETURN(auto right, Of(node.right));
    if (right) from.emplace_back(*right, keys.right);
    ASSIGN_OR_RETURN(const auto made, MakeKeys(from));
    auto join = node;
    join.left = Bounded(node.left, made, keys.left);
    join.right = Bounded(node.right, made, keys.right);
    return MaybeDelta(Difference(typed::MakeRelation(std::move(join), relation->columns)));
  }

  Result<MaybeDelta> Node(const typed::Aggregate& node, const RelationPtr& relation) {
    RETURN_IF_ERROR(CheckExact(node.aggregates));
    return OfKeyed(relation);
  }
  Result<MaybeDelta> Node(const typed::Window& node, const RelationPtr& relation) {
    RETURN_IF_ERROR(CheckExact(node.calls));
    return OfKeyed(relation);
  }
  Result<MaybeDelta> Node(const typed::Distinct&, const RelationPtr& relation) { return OfKeyed(relation); }
  Result<MaybeDelta> OfKeyed(const RelationPtr& relation) {
    ASSIGN_OR_RETURN(const auto by, KeyedBy(*relation));
    ASSIGN_OR_RETURN(const auto delta, Of(by->input));
    ASSIGN_OR_RETURN(const auto keys, MakeKeys({{*delta, by->keys}}));
    return MaybeDelta(Difference(Over(*relation, Bounded(by->input, keys, by->keys))));
  }

  // CheckAll let none of these through, or there is no table below them that could change.
  template <typename Other>
  Result<MaybeDelta> Node(const Other&, const RelationPtr&) {
    return Internal("a part of the view that has no change");
  }

  const std::map<std::string, TableChange>& changes_;
  Ids& ids_;
  Maintenance made_;
  std::set<std::string> before_;
};

}  // namespace

std::string ChangesOf(const std::string& table) { return table + " changes"; }
std::string BeforeOf(const std::string& table) { return table + " before"; }

Result<Maintenance> Maintain(const RelationPtr& relation, const std::map<std::string, TableChange>& changes, Ids& ids) {
  return Planner(changes, ids).Plan(relation);
}

}  // namespace tidemill::view
