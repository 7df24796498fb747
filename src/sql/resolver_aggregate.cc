// Grouping: which expressions are keys, which are aggregates, and what neither is.
#include <algorithm>

#include "plan/variant.h"
#include "sql/detail/resolver_error.h"
#include "sql/detail/resolver_select.h"
#include "sql/detail/resolver_typed.h"

namespace tidemill::sql {

using typed::ExprPtr;

namespace {

bool IsAggregate(const typed::Expr& expr) {
  const auto* call = std::get_if<typed::Call>(&expr.node);
  const Function* function = call ? FindFunction(call->function) : nullptr;
  return function && function->kind == FunctionKind::kAggregate;
}

bool IsGrouping(const typed::Call& call) { return call.function == "grouping" || call.function == "grouping_id"; }

// All prefixes of 0..n-1, longest first: ROLLUP.
std::vector<std::vector<int>> Rollup(const std::vector<int>& keys) {
  std::vector<std::vector<int>> sets;
  for (size_t n = keys.size() + 1; n-- > 0;) sets.emplace_back(keys.begin(), keys.begin() + n);
  return sets;
}

std::vector<std::vector<int>> Cube(const std::vector<int>& keys) {
  std::vector<std::vector<int>> sets;
  for (size_t mask = (size_t{1} << keys.size()); mask-- > 0;) {
    std::vector<int> set;
    for (size_t i = 0; i < keys.size(); ++i) {
      if (mask >> (keys.size() - 1 - i) & 1) set.push_back(keys[i]);
    }
    sets.push_back(std::move(set));
  }
  return sets;
}

// Every set of `a` joined with every set of `b`.
std::vector<std::vector<int>> Cross(const std::vector<std::vector<int>>& a, const std::vector<std::vector<int>>& b) {
  std::vector<std::vector<int>> sets;
  for (const auto& x : a) {
    for (const auto& y : b) {
      auto both = x;
      both.insert(both.end(), y.begin(), y.end());
      sets.push_back(std::move(both));
    }
  }
  return sets;
}

}  // namespace

Grouper::Grouper(Resolver&, std::vector<ExprPtr> keys, bool written, std::function<typed::ColumnId()> new_id)
    : written_(written), new_id_(std::move(new_id)) {
  for (auto& key : keys) {
    int known = KeyIndex(key);
    if (known < 0) {
      known = static_cast<int>(keys_.size());
      // A plain column keeps its id, so that what refers to it (also from a subquery) stays right.
      const auto* ref = std::get_if<typed::ColumnRef>(&key->node);
      typed::ColumnId id = ref && !ref->outer ? ref->id : new_id_();
      keys_.push_back({{id, "key", key->type, key->nullable, {}}, key});
    }
    slots_.push_back(known);
  }
}

std::vector<int> Grouper::Set(const std::vector<int>& written) const {
  std::vector<int> set;
  for (int index : written) {
    if (std::find(set.begin(), set.end(), slots_[index]) == set.end()) set.push_back(slots_[index]);
  }
  return set;
}

void Grouper::UseGroupingSets() {
  grouping_id_ = typed::Column{new_id_(), "grouping_id", TypeId::kLong, false, {}};
  for (auto& key : keys_) key.column.nullable = true;
}

int Grouper::KeyIndex(const ExprPtr& expr) const {
  for (size_t i = 0; i < keys_.size(); ++i) {
    if (SameExpr(keys_[i].expr, expr)) return static_cast<int>(i);
  }
  return -1;
}

Result<ExprPtr> Grouper::GroupingRead(const typed::Call& call, const typed::Expr& expr) {
  if (!grouping_id_) {
    return AnalysisError("UNSUPPORTED_GROUPING_EXPRESSION", "42K0E",
                         "grouping()/grouping_id() can only be used with GroupingSets/Cube/Rollup.", {}, expr.at);
  }
  auto bit = [&](const ExprPtr& arg) -> Result<ExprPtr> {
    int index = KeyIndex(arg);
    if (index < 0) {
      return AnalysisError("GROUPING_COLUMN_MISMATCH", "42803",
                           "Column of grouping (<grouping>) can't be found in grouping columns <groupingColumns>.",
                           {{"grouping", ""}, {"groupingColumns", ""}}, expr.at);
    }
    auto shift = IntLiteral(static_cast<int64_t>(keys_.size()) - 1 - index);
    auto shifted = MakeCall("shiftright", {Ref(*grouping_id_), shift}, TypeId::kLong, false, expr.at);
    return MakeCall("&", {shifted, IntLiteral(1, TypeId::kLong)}, TypeId::kLong, false, expr.at);
  };
  if (call.function == "grouping") {
    ASSIGN_OR_RETURN(auto one, bit(call.args[0]));
    return CastTo(one, TypeId::kByte);
  }
  if (call.args.empty()) return Ref(*grouping_id_, expr.at);
  ExprPtr sum;
  for (const auto& arg : call.args) {
    ASSIGN_OR_RETURN(auto one, bit(arg));
    if (sum) {
      auto doubled = MakeCall("shiftleft", {sum, IntLiteral(1)}, TypeId::kLong, false, expr.at);
      one = MakeCall("|", {doubled, one}, TypeId::kLong, false, expr.at);
    }
    sum = one;
  }
  return sum;
}

Error Grouper::NotGrouped(const ExprPtr& column) const {
  if (!written_) {
    return AnalysisError("MISSING_GROUP_BY", "42803",
                         "The query does not include a GROUP BY clause. Add GROUP BY or turn it into the window "
                         "functions using OVER clauses.",
                         {}, column->at);
  }
  return AnalysisError("MISSING_AGGREGATION", "42803",
                       "The non-aggregating expression <expression> is based on columns which are not participating "
                       "in the GROUP BY clause. Add the columns or the expression to the GROUP BY, aggregate the "
                       "expression, or use <expressionAnyValue> if you do not care which of the values within a group "
                       "is returned.",
                       {{"expression", "\"column\""}, {"expressionAnyValue", "\"any_value(column)\""}}, column->at);
}

namespace {

const typed::ColumnRef* AsOuter(const typed::Expr& expr) {
  const auto* ref = std::get_if<typed::ColumnRef>(&expr.node);
  return ref && ref->outer ? ref : nullptr;
}

}  // namespace

// In a subquery: what is grouped must not read the query around it, as Spark has it.
Status Grouper::CheckOutside(const ExprPtr& expr) const {
  bool mixed = false;
  Visit(expr, [&](const typed::Expr& e) {
    if (!IsAggregate(e)) return true;
    bool outside = false, inside = false;
    for (const auto& arg : std::get<typed::Call>(e.node).args) {
      Visit(arg, [&](const typed::Expr& part) {
        const auto* ref = std::get_if<typed::ColumnRef>(&part.node);
        outside = outside || (ref && ref->outer);
        inside = inside || (ref && !ref->outer);
        return true;
      });
    }
    mixed = mixed || (outside && inside);
    return false;
  });
  if (mixed) {
    return AnalysisError(
        "UNSUPPORTED_SUBQUERY_EXPRESSION_CATEGORY.AGGREGATE_FUNCTION_MIXED_OUTER_LOCAL_REFERENCES", "0A000",
        "Unsupported subquery expression: Found an aggregate function in a correlated predicate that has both outer "
        "and local references, which is not supported.",
        {}, expr->at);
  }
  bool outside = false;
  Visit(expr, [&](const typed::Expr& e) {
    outside = outside || AsOuter(e);
    return !IsAggregate(e);
  });
  if (!outside) return Ok();
  return AnalysisError("UNSUPPORTED_SUBQUERY_EXPRESSION_CATEGORY.CORRELATED_REFERENCE", "0A000",
                       "Unsupported subquery expression: Expressions referencing the outer query are not supported "
                       "outside of WHERE/HAVING clauses.",
                       {}, expr->at);
}

// A subquery that reads the rows being grouped gives no value of the group's, but as a key of it.
Status Grouper::CheckInList(const ExprPtr& expr) const {
  if (KeyIndex(expr) >= 0 || IsAggregate(*expr)) return Ok();
  const auto* subquery = std::get_if<typed::Subquery>(&expr->node);
  if (subquery && subquery->kind == plan::SubqueryExpr::Kind::kScalar) {
    bool reads = false;
    VisitRelation(subquery->query, [&](const typed::Expr& e) {
      const auto* ref = AsOuter(e);
      reads = reads || (ref && input_ids_.contains(ref->id));
      return true;
    });
    if (reads) {
      return AnalysisError("SCALAR_SUBQUERY_IS_IN_GROUP_BY_OR_AGGREGATE_FUNCTION", "0A000",
                           "The correlated scalar subquery '<sqlExpr>' is neither present in GROUP BY, nor in an "
                           "aggregate function. Add it to GROUP BY using ordinal position or wrap it in `first()` (or "
                           "`first_value`) if you don't care which value you get.",
                           {{"sqlExpr", "scalarsubquery"}}, expr->at);
    }
  }
  auto checked = MapChildren(expr, [this](const ExprPtr& child) -> Result<ExprPtr> {
    RETURN_IF_ERROR(CheckInList(child));
    return child;
  });
  return checked.ok() ? Ok() : Status(checked.error());
}

// A subquery may read this query's columns only where they are keys.
Status Grouper::CheckSubquery(const typed::Subquery& subquery) const {
  std::optional<Error> error;
  VisitRelation(subquery.query, [&](const typed::Expr& expr) {
    const auto* ref = std::get_if<typed::ColumnRef>(&expr.node);
    if (!ref || !ref->outer || error) return true;
    bool is_key = std::any_of(keys_.begin(), keys_.end(), [&](const auto& key) { return key.column.id == ref->id; });
    if (!is_key && input_ids_.contains(ref->id)) error = NotGrouped(std::make_shared<const typed::Expr>(expr));
    return true;
  });
  if (error) return *error;
  return Ok();
}

Result<ExprPtr> Grouper::Rewrite(const ExprPtr& expr) {
  if (int index = KeyIndex(expr); index >= 0 && !AsLiteral(expr)) return Ref(keys_[index].column, expr->at);
  for (const auto& collated : collated_) {
    if (SameExpr(collated, expr)) return Rewrite(MakeCall("any_value", {expr}, expr->type, expr->nullable, expr->at));
  }
  if (const auto* call = AsCall(expr); call && IsWindowTime(*call)) return NotGrouped(expr);
  if (const auto* call = AsCall(expr); call && IsAggregate(*expr)) {
    if (IsGrouping(*call)) return GroupingRead(*call, *expr);
    if (std::ranges::any_of(call->args, ContainsVolatile)) {
      return AnalysisError("AGGREGATE_FUNCTION_WITH_NONDETERMINISTIC_EXPRESSION", "42845",
                           "Non-deterministic expression <sqlExpr> should not appear in the arguments of an aggregate "
                           "function.",
                           {{"sqlExpr", call->function}}, expr->at);
    }
    for (const auto& known : aggregates_) {
      if (SameExpr(known.expr, expr)) return Ref(known.column, expr->at);
    }
    aggregates_.push_back({{new_id_(), call->function, expr->type, expr->nullable, {}}, expr});
    return Ref(aggregates_.back().column, expr->at);
  }
  if (const auto* ref = std::get_if<typed::ColumnRef>(&expr->node);
      ref && !ref->outer && input_ids_.contains(ref->id)) {
    return NotGrouped(expr);
  }
  if (const auto* subquery = std::get_if<typed::Subquery>(&expr->node)) RETURN_IF_ERROR(CheckSubquery(*subquery));
  if (const auto* window = std::get_if<typed::WindowCall>(&expr->node)) {
    // The window's own call stays; what it works on is grouped.
    typed::WindowCall copy = *window;
    auto inner = typed::MakeExpr(typed::Call{"coalesce", copy.call.args}, expr->type, true, expr->at);
    ASSIGN_OR_RETURN(inner, MapChildren(inner, [&](const ExprPtr& child) { return Rewrite(child); }));
    typed::WindowCall rest = copy;
    rest.call.args.clear();
    ASSIGN_OR_RETURN(auto mapped, MapChildren(typed::MakeExpr(rest, expr->type, expr->nullable, expr->at),
                                              [&](const ExprPtr& child) { return Rewrite(child); }));
    copy = std::get<typed::WindowCall>(mapped->node);
    copy.call.args = AsCall(inner)->args;
    return typed::MakeExpr(std::move(copy), expr->type, expr->nullable, expr->at);
  }
  return MapChildren(expr, [&](const ExprPtr& child) { return Rewrite(child); });
}

typed::RelationPtr Grouper::Build(const typed::RelationPtr& input, const std::vector<std::vector<int>>& sets,
                                  Position at) const {
  std::vector<typed::Column> columns;
  for (const auto& key : keys_) columns.push_back(key.column);
  for (const auto& aggregate : aggregates_) columns.push_back(aggregate.column);
  if (grouping_id_) columns.push_back(*grouping_id_);
  typed::Aggregate node{input, keys_, sets, aggregates_, grouping_id_};
  return typed::MakeRelation(std::move(node), std::move(columns), at);
}

// ---- GROUP BY as written ----

// The select list's expression at the item, as a key.
Result<ExprPtr> SelectResolver::KeyAt(size_t item, Position at) const {
  if (!alias_readers_.contains(item)) return items_[item].expr;
  return AnalysisError("UNSUPPORTED_FEATURE.LATERAL_COLUMN_ALIAS_IN_GROUP_BY", "0A000",
                       "The feature is not supported: Referencing a lateral column alias via GROUP BY alias/ALL is not "
                       "supported yet.",
                       {}, at);
}

// A key: an ordinal, an alias of the select list, or an expression over FROM.
Result<ExprPtr> SelectResolver::GroupExpr(const plan::ExprPtr& written) {
  if (const auto* literal = std::get_if<plan::Literal>(&written->node)) {
    const auto* ordinal = std::get_if<int64_t>(&literal->value.data);
    if (ordinal && literal->type.is(TypeId::kInt)) {
      if (*ordinal < 1 || *ordinal > static_cast<int64_t>(items_.size())) {
        return AnalysisError("GROUP_BY_POS_OUT_OF_RANGE", "42805",
                             "GROUP BY position <index> is not in select list (valid range is [1, <size>]).",
                             {{"index", std::to_string(*ordinal)}, {"size", std::to_string(items_.size())}},
                             written->at);
      }
      auto expr = items_[*ordinal - 1].expr;
      if (ContainsAggregate(expr)) {
        return AnalysisError("GROUP_BY_POS_AGGREGATE", "42903",
                             "GROUP BY <index> refers to an expression <aggExpr> that contains an aggregate function. "
                             "Aggregate functions are not allowed in GROUP BY.",
                             {{"index", std::to_string(*ordinal)}, {"aggExpr", items_[*ordinal - 1].name}},
                             written->at);
      }
      return KeyAt(static_cast<size_t>(*ordinal) - 1, written->at);
    }
  }
  ASSIGN_OR_RETURN(auto key, resolver_.Expression(written, group_names_));
  const auto* name = std::get_if<plan::Attribute>(&written->node);
  for (const size_t item : alias_readers_) {
    if (!name || name->parts.size() > 1 || !resolver_.SameName(items_[item].name, name->parts[0])) continue;
    if (SameExpr(items_[item].expr, key)) return KeyAt(item, written->at);
  }
  return key;
}

Result<int> SelectResolver::KeyOf(const plan::ExprPtr& written, Groups& groups) {
  ASSIGN_OR_RETURN(auto key, GroupExpr(written));
  if (ContainsAggregate(key)) {
    return AnalysisError("GROUP_BY_AGGREGATE", "42903",
                         "Aggregate functions are not allowed in GROUP BY, but found <sqlExpr>.",
                         {{"sqlExpr", QuotedSql(SparkName(written))}}, written->at);
  }
  if (plan::HoldsVariant(key->type)) {
    return AnalysisError("GROUP_EXPRESSION_TYPE_IS_NOT_ORDERABLE", "42822",
                         "The expression <sqlExpr> cannot be used as a grouping expression because its data type "
                         "<dataType> is not an orderable data type.",
                         {{"sqlExpr", QuotedSql(SparkName(written))}, {"dataType", QuotedType(key->type)}},
                         written->at);
  }
  if (HoldsCollation(key->type)) groups.collated.push_back(key);
  ASSIGN_OR_RETURN(key, CollationKey(key));
  groups.keys.push_back(key);
  return static_cast<int>(groups.keys.size()) - 1;
}

Result<std::vector<std::vector<int>>> SelectResolver::SetsOf(const plan::Grouping& grouping, Groups& groups) {
  std::vector<int> keys;
  for (const auto& expr : grouping.exprs) {
    ASSIGN_OR_RETURN(int key, KeyOf(expr, groups));
    keys.push_back(key);
  }
  std::vector<std::vector<int>> sets{keys};
  switch (grouping.kind) {
    case plan::Grouping::Kind::kRollup:
    case plan::Grouping::Kind::kCube: {
      groups.grouping_sets = true;
      if (!grouping.sets.empty()) return Refused("ROLLUP or CUBE of column groups", at_);
      sets = grouping.kind == plan::Grouping::Kind::kCube ? Cube(keys) : Rollup(keys);
      break;
    }
    case plan::Grouping::Kind::kSets: {
      groups.grouping_sets = true;
      sets.clear();
      for (const auto& written : grouping.sets) {
        std::vector<int> set;
        for (const auto& expr : written) {
          ASSIGN_OR_RETURN(int key, KeyOf(expr, groups));
          set.push_back(key);
        }
        sets.push_back(set);
      }
      break;
    }
    default:
      break;
  }
  for (const auto& element : grouping.elements) {
    ASSIGN_OR_RETURN(auto inner, SetsOf(element, groups));
    sets = Cross(sets, inner);
  }
  return sets;
}

Result<SelectResolver::Groups> SelectResolver::ResolveGroups() {
  Groups groups;
  if (select_.group_by.kind == plan::Grouping::Kind::kAll) {
    // A column or an alias called ALL comes first; one of the query around does not.
    for (const Layer* layer : group_names_.layers) {
      const bool named = std::ranges::any_of(
          layer->bindings, [&](const Binding& binding) { return resolver_.SameName(binding.column.name, "all"); });
      if (!named) continue;
      ASSIGN_OR_RETURN(const int key, KeyOf(plan::MakeExpr(plan::Attribute{{"all"}}, at_), groups));
      groups.sets = {{key}};
      return groups;
    }
    std::vector<int> all;
    for (size_t i = 0; i < items_.size(); ++i) {
      const auto& item = items_[i];
      if (!item.expr || ContainsAggregate(item.expr) || item.generator) continue;
      if (IsConstant(item.expr) && AsLiteral(item.expr)) continue;
      all.push_back(static_cast<int>(groups.keys.size()));
      ASSIGN_OR_RETURN(auto key, KeyAt(i, at_));
      if (plan::HoldsVariant(key->type)) return Refused("GROUP BY ALL of VARIANT", at_);
      if (HoldsCollation(key->type)) groups.collated.push_back(key);
      ASSIGN_OR_RETURN(key, CollationKey(key));
      groups.keys.push_back(std::move(key));
    }
    groups.sets = {all};
    return groups;
  }
  ASSIGN_OR_RETURN(groups.sets, SetsOf(select_.group_by, groups));
  return groups;
}

Status SelectResolver::Group(const Groups& groups) {
  bool written = select_.group_by.kind != plan::Grouping::Kind::kNone;
  RETURN_IF_ERROR(MergeSessions(groups));
  Grouper grouper(resolver_, groups.keys, written, [this] { return resolver_.NewId(); });
  for (const auto& column : node_->columns) grouper.AddInput(column.id);
  for (const auto& expr : groups.collated) grouper.AddCollated(expr);
  if (groups.grouping_sets && !groups.collated.empty()) return Refused("grouping sets of texts with a collation", at_);
  if (groups.grouping_sets) grouper.UseGroupingSets();
  const bool subqueries = std::any_of(select_.list.begin(), select_.list.end(), HoldsSubquery);
  for (const auto& key : groups.keys) RETURN_IF_ERROR(grouper.CheckOutside(key));
  for (auto& item : items_) {
    if (!item.expr) continue;
    RETURN_IF_ERROR(grouper.CheckOutside(item.expr));
    if (subqueries) RETURN_IF_ERROR(grouper.CheckInList(item.expr));
    ASSIGN_OR_RETURN(item.expr, grouper.Rewrite(item.expr));
  }
  for (auto& arg : generator_args_) {
    ASSIGN_OR_RETURN(arg, grouper.Rewrite(arg));
  }
  if (having_) {
    ASSIGN_OR_RETURN(having_, grouper.Rewrite(having_));
  }
  for (size_t i = 0; i < sort_keys_.size(); ++i) {
    if (sort_items_[i] >= 0) continue;
    ASSIGN_OR_RETURN(sort_keys_[i].expr, grouper.Rewrite(sort_keys_[i].expr));
  }
  std::vector<std::vector<int>> sets;
  for (const auto& set : groups.sets) sets.push_back(grouper.Set(set));
  node_ = grouper.Build(node_, sets, at_);
  return Ok();
}

}  // namespace tidemill::sql
