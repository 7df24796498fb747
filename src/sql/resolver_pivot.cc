// PIVOT, UNPIVOT and pipe syntax: rewritten into what the rest of the resolver knows.
#include "sql/coercion.h"
#include "sql/detail/resolver_core.h"
#include "sql/detail/resolver_error.h"
#include "sql/detail/resolver_typed.h"

namespace tidemill::sql {

using typed::ExprPtr;

Result<Rel> Resolver::Resolve(const plan::Pivot&, const plan::Relation& relation, const Names*) {
  return Refused("PIVOT", relation.at);
}

namespace {

// A relation that is already resolved, for a rewrite that goes through plan nodes.
plan::RelationPtr SelectFrom(plan::RelationPtr from, std::vector<plan::ExprPtr> list, Position at) {
  plan::Select select;
  select.from = std::move(from);
  select.list = std::move(list);
  return plan::MakeRelation(std::move(select), at);
}

plan::ExprPtr ColumnNamed(const std::string& name, Position at) { return plan::MakeExpr(plan::Attribute{{name}}, at); }

plan::ExprPtr AllBut(std::vector<plan::Name> except, Position at) {
  return plan::MakeExpr(plan::Star{{}, std::move(except)}, at);
}

std::string LastPart(const plan::ExprPtr& expr) {
  const auto* attribute = std::get_if<plan::Attribute>(&expr->node);
  return attribute ? attribute->parts.back() : SparkName(expr);
}

}  // namespace

// One row a column: a UNION ALL of a projection for each, then the rows whose values are all NULL dropped.
Result<Rel> Resolver::Resolve(const plan::Unpivot& node, const plan::Relation& relation, const Names* outer) {
  if (node.groups.empty()) return Refused("UNPIVOT without columns", relation.at);
  std::vector<plan::Name> gone;
  for (const auto& group : node.groups) {
    if (group.columns.size() != node.value_names.size()) {
      return AnalysisError(
          "UNPIVOT_VALUE_SIZE_MISMATCH", "428C4",
          "All unpivot value columns must have the same size as there are value column names (<names>).",
          {{"names", node.value_names.empty() ? "" : node.value_names[0]}}, relation.at);
    }
    for (const auto& column : group.columns) gone.push_back({LastPart(column)});
  }
  plan::RelationPtr all;
  for (const auto& group : node.groups) {
    std::string label = group.alias;
    if (label.empty()) {
      for (const auto& column : group.columns) label += (label.empty() ? "" : "_") + LastPart(column);
    }
    auto text = plan::MakeExpr(plan::Literal{plan::Value{label}, TypeId::kString}, relation.at);
    std::vector<plan::ExprPtr> list{AllBut(gone, relation.at),
                                    plan::MakeExpr(plan::Alias{text, {node.name_column}}, relation.at)};
    for (size_t i = 0; i < group.columns.size(); ++i) {
      list.push_back(plan::MakeExpr(plan::Alias{group.columns[i], {node.value_names[i]}}, relation.at));
    }
    auto one = SelectFrom(node.input, std::move(list), relation.at);
    all =
        all ? plan::MakeRelation(plan::SetOp{plan::SetOpKind::kUnion, true, false, false, all, one}, relation.at) : one;
  }
  if (node.include_nulls) return Relation(all, outer);
  plan::ExprPtr some;
  for (const auto& name : node.value_names) {
    plan::Call not_null;
    not_null.name = {"isnotnull"};
    not_null.args = {ColumnNamed(name, relation.at)};
    auto one = plan::MakeExpr(std::move(not_null), relation.at);
    plan::Call either;
    either.name = {"or"};
    either.args = {some, one};
    some = some ? plan::MakeExpr(std::move(either), relation.at) : one;
  }
  plan::Select filter;
  filter.from = plan::MakeRelation(plan::Aliased{all, "__unpivot", {}}, relation.at);
  filter.list = {AllBut({}, relation.at)};
  filter.where = some;
  return Relation(plan::MakeRelation(std::move(filter), relation.at), outer);
}

// A number as a key of |> AGGREGATE is the place of a column of its input; anything else is itself.
Result<plan::ExprPtr> Resolver::InputColumn(const plan::ExprPtr& key, const plan::RelationPtr& from,
                                            const Names* outer) {
  const auto* literal = std::get_if<plan::Literal>(&key->node);
  const auto* ordinal =
      literal && literal->type.is(TypeId::kInt) ? std::get_if<int64_t>(&literal->value.data) : nullptr;
  if (!ordinal) return key;
  ASSIGN_OR_RETURN(auto input, Relation(from, outer));
  std::vector<plan::ExprPtr> columns;
  for (const auto& binding : input.layer.bindings) {
    if (binding.in_star) columns.push_back(ColumnNamed(binding.column.name, key->at));
  }
  if (*ordinal < 1 || *ordinal > static_cast<int64_t>(columns.size())) {
    return AnalysisError("GROUP_BY_POS_OUT_OF_RANGE", "42805",
                         "GROUP BY position <index> is not in select list (valid range is [1, <size>]).",
                         {{"index", std::to_string(*ordinal)}, {"size", std::to_string(columns.size())}}, key->at);
  }
  return columns[*ordinal - 1];
}

Result<Rel> Resolver::Resolve(const plan::Pipe& node, const plan::Relation& relation, const Names* outer) {
  plan::Select select;
  select.from = node.input;
  if (const auto* where = std::get_if<plan::Pipe::Where>(&node.part)) {
    select.list = {AllBut({}, relation.at)};
    select.where = where->condition;
  } else if (const auto* list = std::get_if<plan::Pipe::SelectList>(&node.part)) {
    select.list = list->list;
    select.distinct = list->distinct;
    select.windows = list->windows;
  } else if (const auto* extend = std::get_if<plan::Pipe::Extend>(&node.part)) {
    select.list = {AllBut({}, relation.at)};
    select.list.insert(select.list.end(), extend->list.begin(), extend->list.end());
  } else if (const auto* drop = std::get_if<plan::Pipe::Drop>(&node.part)) {
    select.list = {AllBut(drop->columns, relation.at)};
  } else if (const auto* as = std::get_if<plan::Pipe::As>(&node.part)) {
    return Resolve(plan::Aliased{node.input, as->alias, {}}, relation, outer);
  } else if (const auto* aggregate = std::get_if<plan::Pipe::Aggregate>(&node.part)) {
    select.list = aggregate->group_by.exprs;
    if (aggregate->group_by.kind != plan::Grouping::Kind::kNone &&
        aggregate->group_by.kind != plan::Grouping::Kind::kSimple) {
      return Refused("|> AGGREGATE with grouping sets", relation.at);
    }
    select.group_by.kind = aggregate->group_by.kind;
    for (auto& key : select.list) {
      ASSIGN_OR_RETURN(key, InputColumn(key, node.input, outer));
      const auto* alias = std::get_if<plan::Alias>(&key->node);
      select.group_by.exprs.push_back(alias ? alias->child : key);
    }
    select.list.insert(select.list.end(), aggregate->list.begin(), aggregate->list.end());
  } else {
    return PipeSet(std::get<plan::Pipe::Set>(node.part), node.input, relation, outer);
  }
  return Relation(plan::MakeRelation(std::move(select), relation.at), outer);
}

// |> SET a = e: every column as before, the named ones replaced where they stand.
Result<Rel> Resolver::PipeSet(const plan::Pipe::Set& set, const plan::RelationPtr& from, const plan::Relation& relation,
                              const Names* outer) {
  ASSIGN_OR_RETURN(auto input, Relation(from, outer));
  Names names{{&input.layer}, outer};
  std::vector<typed::NamedExpr> exprs;
  for (const auto& binding : input.layer.bindings) {
    if (!binding.in_star) continue;
    auto expr = binding.expr ? binding.expr : Ref(binding.column);
    exprs.push_back({{NewId(), binding.column.name, expr->type, expr->nullable, binding.column.qualifier}, expr});
  }
  for (const auto& [name, value] : set.assignments) {
    if (name.size() != 1) return Refused("|> SET of a qualified name", relation.at);
    ASSIGN_OR_RETURN(auto expr, Expression(value, names));
    bool found = false;
    for (auto& column : exprs) {
      if (!SameName(column.column.name, name[0])) continue;
      column.column.type = expr->type;
      column.column.nullable = expr->nullable;
      column.expr = expr;
      found = true;
    }
    if (!found) return UnresolvedColumn(name, relation.at, names);
  }
  return Projected(input, std::move(exprs), relation.at);
}

}  // namespace tidemill::sql
