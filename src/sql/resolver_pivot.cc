// PIVOT, UNPIVOT and pipe syntax: rewritten into what the rest of the resolver knows.
#include <optional>
#include <set>

#include <algorithm>

#include "sql/coercion.h"
#include "sql/detail/resolver_core.h"
#include "sql/detail/resolver_error.h"
#include "sql/detail/resolver_typed.h"

namespace tidemill::sql {

using typed::ExprPtr;

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

namespace {

plan::ExprPtr CallOf(std::string name, std::vector<plan::ExprPtr> args, Position at) {
  plan::Call call;
  call.name = {std::move(name)};
  call.args = std::move(args);
  return plan::MakeExpr(std::move(call), at);
}

const plan::ExprPtr& WithoutAlias(const plan::ExprPtr& expr) {
  const auto* alias = std::get_if<plan::Alias>(&expr->node);
  return alias ? alias->child : expr;
}

std::string AliasOr(const plan::ExprPtr& expr, const std::string& otherwise) {
  const auto* alias = std::get_if<plan::Alias>(&expr->node);
  return alias ? alias->names.front() : otherwise;
}

// The value's text as a column's name, as a cast to string gives it; nothing for what is no plain constant.
std::optional<std::string> PivotName(const plan::ExprPtr& value) {
  const auto* literal = std::get_if<plan::Literal>(&WithoutAlias(value)->node);
  if (!literal) return std::nullopt;
  if (literal->value.is_null()) return AliasOr(value, "null");
  bool plain = literal->type.is(TypeId::kString) || literal->type.is_integral() || literal->type.is(TypeId::kBoolean);
  if (!plain) return std::nullopt;
  const auto* text = std::get_if<std::string>(&literal->value.data);
  return AliasOr(value, text ? *text : SparkName(WithoutAlias(value)));
}

// The expression with every aggregate function in it over only the rows that match; false: there is none.
bool OnlyOver(plan::ExprPtr& expr, const plan::ExprPtr& matches) {
  const auto* call = std::get_if<plan::Call>(&expr->node);
  if (const auto* cast = std::get_if<plan::Cast>(&expr->node)) {
    plan::Cast copy = *cast;
    if (!OnlyOver(copy.child, matches)) return false;
    expr = plan::MakeExpr(std::move(copy), expr->at);
    return true;
  }
  if (!call || call->over || call->filter) return false;
  plan::Call copy = *call;
  const Function* function = FindFunction(call->name.back());
  bool found = function && function->kind == FunctionKind::kAggregate;
  if (found) {
    copy.filter = matches;
  } else {
    for (auto& arg : copy.args) {
      const bool in_it = OnlyOver(arg, matches);
      if (!in_it && !std::holds_alternative<plan::Literal>(arg->node)) return false;
      found = found || in_it;
    }
  }
  expr = plan::MakeExpr(std::move(copy), expr->at);
  return found;
}

Error NoPivotAggregate(const plan::ExprPtr& aggregate) {
  return AnalysisError("_LEGACY_ERROR_TEMP_1006", "",
                       "Aggregate expression required for pivot, but '<sql>' did not appear in any aggregate function.",
                       {{"sql", SparkName(aggregate)}}, aggregate->at);
}

bool HoldsMap(const DataType& type) {
  if (type.is(TypeId::kMap)) return true;
  if (type.is(TypeId::kArray)) return HoldsMap(type.element());
  return std::any_of(type.fields().begin(), type.fields().end(), [](const auto& f) { return HoldsMap(f.type); });
}

}  // namespace

// The value's text as the name of a column.
Result<std::string> Resolver::PivotValueName(const plan::ExprPtr& value) {
  if (auto name = PivotName(value)) return *name;
  ASSIGN_OR_RETURN(const auto expr, Expression(WithoutAlias(value), Names{}));
  ASSIGN_OR_RETURN(const auto text, catalog_->Evaluate(CastTo(expr, TypeId::kString)));
  return AliasOr(value, text.is_null() ? "null" : std::get<std::string>(text.data));
}

// column <=> value of the column's type; of several columns all of them.
Result<plan::ExprPtr> Resolver::PivotMatch(const plan::Pivot& node, const std::vector<ExprPtr>& columns,
                                           const plan::ExprPtr& value, const Names& names) {
  const auto* row = std::get_if<plan::Call>(&WithoutAlias(value)->node);
  const bool several = columns.size() > 1;
  const auto mismatch = [&] {
    return AnalysisError("PIVOT_VALUE_DATA_TYPE_MISMATCH", "42K09",
                         "Invalid pivot value '<value>': value data type <valueType> does not match pivot column data "
                         "type <pivotType>.",
                         {{"value", SparkName(WithoutAlias(value))}, {"valueType", ""}, {"pivotType", ""}}, value->at);
  };
  const bool is_row = row && (row->name.back() == "struct_row" || row->name.back() == "struct");
  if (several && (!is_row || row->args.size() != columns.size())) return mismatch();
  plan::ExprPtr all;
  for (size_t i = 0; i < columns.size(); ++i) {
    const auto& part = several ? row->args[i] : WithoutAlias(value);
    ASSIGN_OR_RETURN(const auto typed_part, Expression(part, names));
    if (!IsConstant(typed_part)) {
      return AnalysisError("NON_LITERAL_PIVOT_VALUES", "42K08",
                           "Literal expressions required for pivot values, found <expression>.",
                           {{"expression", QuotedSql(SparkName(part))}}, part->at);
    }
    if (!CanCast(typed_part->type, columns[i]->type, options_.rules())) return mismatch();
    auto same = typed_part->type.SameType(columns[i]->type)
                    ? part
                    : plan::MakeExpr(plan::Cast{part, columns[i]->type, false}, part->at);
    auto one = CallOf("<=>", {node.columns[i], same}, part->at);
    all = all ? CallOf("and", {all, one}, part->at) : one;
  }
  return all;
}

// GROUP BY every column that the pivot does not name; a column a value: the aggregate over the rows that have it, NULL
// where there are none (also for a count).
Result<Rel> Resolver::Resolve(const plan::Pivot& node, const plan::Relation& relation, const Names* outer) {
  Position at = relation.at;
  ASSIGN_OR_RETURN(auto input, Relation(node.input, outer));
  Names names{{&input.layer}, outer};
  std::set<typed::ColumnId> named;
  auto note = [&](const ExprPtr& expr) {
    Visit(expr, [&](const typed::Expr& e) {
      if (const auto* ref = std::get_if<typed::ColumnRef>(&e.node)) named.insert(ref->id);
      return true;
    });
  };
  std::vector<ExprPtr> columns;
  for (const auto& column : node.columns) {
    ASSIGN_OR_RETURN(auto pivot, Expression(column, names));
    note(pivot);
    if (HoldsMap(pivot->type)) {
      return AnalysisError("INCOMPARABLE_PIVOT_COLUMN", "42818",
                           "Invalid pivot column <columnName>. Pivot columns must be comparable.",
                           {{"columnName", QuotedName({LastPart(column)})}}, column->at);
    }
    columns.push_back(std::move(pivot));
  }
  for (const auto& aggregate : node.aggregates) {
    auto only = WithoutAlias(aggregate);
    if (!OnlyOver(only, nullptr)) return NoPivotAggregate(WithoutAlias(aggregate));
    ASSIGN_OR_RETURN(auto made, Expression(WithoutAlias(aggregate), names));
    note(made);
  }
  plan::Select select;
  select.from = node.input;
  select.group_by.kind = plan::Grouping::Kind::kSimple;
  for (const auto& binding : input.layer.bindings) {
    if (!binding.in_star || named.contains(binding.column.id)) continue;
    if (binding.expr) return Refused("PIVOT of a join with USING", at);
    plan::Name name = binding.column.qualifier;
    name.push_back(binding.column.name);
    select.list.push_back(plan::MakeExpr(plan::Attribute{name}, at));
    select.group_by.exprs.push_back(select.list.back());
  }
  if (select.list.empty()) select.group_by.kind = plan::Grouping::Kind::kNone;
  for (const auto& value : node.values) {
    ASSIGN_OR_RETURN(const auto matches, PivotMatch(node, columns, value, names));
    ASSIGN_OR_RETURN(const std::string value_name, PivotValueName(value));
    for (const auto& aggregate : node.aggregates) {
      auto only = WithoutAlias(aggregate);
      OnlyOver(only, matches);
      auto some = CallOf(
          ">",
          {CallOf("count_if", {matches}, at), plan::MakeExpr(plan::Literal{plan::Value{int64_t{0}}, TypeId::kInt}, at)},
          at);
      auto null = plan::MakeExpr(plan::Literal{plan::Value{}, TypeId::kNull}, at);
      auto column = CallOf("if", {some, only, null}, at);
      std::string name = value_name;
      if (node.aggregates.size() > 1) name += "_" + AliasOr(aggregate, SparkName(WithoutAlias(aggregate)));
      select.list.push_back(plan::MakeExpr(plan::Alias{column, {name}}, at));
    }
  }
  return Relation(plan::MakeRelation(std::move(select), at), outer);
}

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

namespace {

// Whether an aggregate function, not over a window, stands in the expression as written.
bool HoldsAggregate(const plan::ExprPtr& expr) {
  if (!expr) return false;
  const auto any = [](const std::vector<plan::ExprPtr>& all) { return std::ranges::any_of(all, HoldsAggregate); };
  if (const auto* alias = std::get_if<plan::Alias>(&expr->node)) return HoldsAggregate(alias->child);
  if (const auto* cast = std::get_if<plan::Cast>(&expr->node)) return HoldsAggregate(cast->child);
  if (const auto* when = std::get_if<plan::Case>(&expr->node)) {
    return HoldsAggregate(when->operand) || HoldsAggregate(when->otherwise) ||
           std::ranges::any_of(when->branches, [](const auto& branch) {
             return HoldsAggregate(branch.first) || HoldsAggregate(branch.second);
           });
  }
  const auto* call = std::get_if<plan::Call>(&expr->node);
  if (!call) return false;
  const Function* function = call->name.size() == 1 && !call->over ? FindFunction(call->name[0]) : nullptr;
  return (function && function->kind == FunctionKind::kAggregate) || any(call->args);
}

Status CheckPipeList(const std::vector<plan::ExprPtr>& list, const char* clause) {
  for (const auto& expr : list) {
    if (!HoldsAggregate(expr)) continue;
    return AnalysisError("PIPE_OPERATOR_CONTAINS_AGGREGATE_FUNCTION", "0A000",
                         "Non-grouping expression <expr> is provided as an argument to the |> <clause> pipe operator "
                         "but contains an aggregate function; please update it to not contain one, or use |> "
                         "AGGREGATE.",
                         {{"expr", SparkName(expr)}, {"clause", clause}}, expr->at);
  }
  return Ok();
}

}  // namespace

Result<Rel> Resolver::Resolve(const plan::Pipe& node, const plan::Relation& relation, const Names* outer) {
  plan::Select select;
  select.from = node.input;
  if (const auto* where = std::get_if<plan::Pipe::Where>(&node.part)) {
    select.list = {AllBut({}, relation.at)};
    select.where = where->condition;
  } else if (const auto* list = std::get_if<plan::Pipe::SelectList>(&node.part)) {
    RETURN_IF_ERROR(CheckPipeList(list->list, "SELECT"));
    select.list = list->list;
    select.distinct = list->distinct;
    select.windows = list->windows;
  } else if (const auto* extend = std::get_if<plan::Pipe::Extend>(&node.part)) {
    RETURN_IF_ERROR(CheckPipeList(extend->list, "EXTEND"));
    for (const auto& expr : extend->list) {
      if (!std::holds_alternative<plan::Star>(expr->node)) continue;
      return AnalysisError("INVALID_USAGE_OF_STAR_OR_REGEX", "42000", "Invalid usage of <elem> in <prettyName>.",
                           {{"elem", "'*'"}, {"prettyName", "expression `pipeexpression`"}}, expr->at);
    }
    select.list = {AllBut({}, relation.at)};
    select.list.insert(select.list.end(), extend->list.begin(), extend->list.end());
  } else if (const auto* drop = std::get_if<plan::Pipe::Drop>(&node.part)) {
    select.list = {AllBut(drop->columns, relation.at)};
  } else if (const auto* as = std::get_if<plan::Pipe::As>(&node.part)) {
    return Resolve(plan::Aliased{node.input, as->alias, {}}, relation, outer);
  } else if (const auto* aggregate = std::get_if<plan::Pipe::Aggregate>(&node.part)) {
    for (const auto& expr : aggregate->list) {
      if (HoldsAggregate(expr)) continue;
      return AnalysisError("PIPE_OPERATOR_AGGREGATE_EXPRESSION_CONTAINS_NO_AGGREGATE_FUNCTION", "0A000",
                           "Non-grouping expression <expr> is provided as an argument to the |> AGGREGATE pipe "
                           "operator but does not contain any aggregate function.",
                           {{"expr", SparkName(expr)}}, expr->at);
    }
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
  Layer seen = input.layer;  // a later assignment sees an earlier one's value
  Names names{{&seen}, outer};
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
    for (auto& binding : seen.bindings) {
      if (binding.in_star && SameName(binding.column.name, name[0])) binding.expr = expr;
    }
    if (!found) return UnresolvedColumn(name, relation.at, names);
  }
  return Projected(input, std::move(exprs), relation.at);
}

}  // namespace tidemill::sql
