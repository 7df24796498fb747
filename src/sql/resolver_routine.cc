// What a session defines by itself: functions written in SQL, variables, and constants that an engine has to compute.
#include <algorithm>
#include <cctype>

#include "base/lower.h"
#include "sql/coercion.h"
#include "sql/detail/resolver_core.h"
#include "sql/detail/resolver_error.h"
#include "sql/detail/resolver_typed.h"
#include "sql/functions.h"

namespace tidemill::sql {

using typed::ExprPtr;

namespace {

constexpr int kMaxRoutineDepth = 100;

plan::ExprPtr CastOf(plan::ExprPtr expr, const DataType& type) {
  const Position at = expr->at;
  return plan::MakeExpr(plan::Cast{std::move(expr), type}, at);
}

// The function's own answer of the type it declares.
plan::ExprPtr BodyOf(const Routine& routine, Position at) {
  auto body = routine.expression;
  // SELECT expression, alone, is the expression.
  const auto* select = routine.query ? std::get_if<plan::Select>(&routine.query->node) : nullptr;
  const bool alone = select && !select->from && !select->where && !select->having && select->windows.empty() &&
                     select->group_by.kind == plan::Grouping::Kind::kNone && select->list.size() == 1;
  if (!body && alone) {
    const auto* alias = std::get_if<plan::Alias>(&select->list[0]->node);
    if (HoldsSubquery(select->list[0])) body = alias ? alias->child : select->list[0];
  }
  if (!body) body = plan::MakeExpr(plan::SubqueryExpr{plan::SubqueryExpr::Kind::kScalar, {}, routine.query}, at);
  return CastOf(body, routine.returns);
}

plan::RelationPtr TableBodyOf(const Routine& routine, Position at) {
  const std::string alias = routine.name.back();
  plan::Aliased body{routine.query, alias, {}};
  plan::Select select;
  for (const auto& field : routine.columns.fields) {
    body.columns.push_back(field.name);
    auto column = plan::MakeExpr(plan::Attribute{{field.name}}, at);
    select.list.push_back(plan::MakeExpr(plan::Alias{CastOf(column, field.type), {field.name}}, at));
  }
  select.from = plan::MakeRelation(std::move(body), at);
  return plan::MakeRelation(std::move(select), at);
}

}  // namespace

Result<plan::Value> Catalog::Evaluate(const typed::ExprPtr& expr) {
  if (const auto* literal = AsLiteral(expr)) return literal->value;
  return Unimplemented("a constant that has to be computed first is not supported here; write its value");
}

Result<std::optional<Catalog::Table>> Catalog::FindVersion(const plan::Name&, const TableVersion&) {
  return Unimplemented("time travel inside a query is not supported here");
}

// What names of parameters mean inside the body: the arguments, each cast to its parameter's type.
Result<Layer> Resolver::BindParameters(const Routine& routine, const std::vector<plan::ExprPtr>& args,
                                       const std::vector<std::string>& arg_names, Position at, const Names& names) {
  const auto& parameters = routine.parameters;
  const auto wrong_count = [&] {
    const auto optional =
        std::count_if(parameters.begin(), parameters.end(), [](const auto& p) { return p.default_value; });
    const size_t least = parameters.size() - static_cast<size_t>(optional);
    std::string expected = std::to_string(parameters.size());
    if (least < parameters.size()) expected = "[" + std::to_string(least) + ", " + expected + "]";
    return AnalysisError("WRONG_NUM_ARGS.WITHOUT_SUGGESTION", "42605",
                         "The <functionName> requires <expectedNum> parameters but the actual number is <actualNum>.",
                         {{"functionName", QuotedName(routine.name)},
                          {"expectedNum", expected},
                          {"actualNum", std::to_string(args.size())}},
                         at);
  };
  if (args.size() > parameters.size()) return wrong_count();
  std::vector<plan::ExprPtr> given(parameters.size());
  bool named = false;
  for (size_t i = 0; i < args.size(); ++i) {
    const std::string name = i < arg_names.size() ? arg_names[i] : "";
    size_t slot = i;
    if (!name.empty()) {
      named = true;
      slot = 0;
      while (slot < parameters.size() && !SameName(parameters[slot].name, name)) ++slot;
      if (slot == parameters.size()) {
        return AnalysisError("UNRECOGNIZED_PARAMETER_NAME", "4274K",
                             "Cannot invoke routine <routineName> because the routine call included a named argument "
                             "reference for the argument named <argumentName>, but this routine does not include any "
                             "signature containing an argument with this name.",
                             {{"routineName", QuotedName(routine.name)}, {"argumentName", QuotedName({name})}}, at);
      }
    } else if (named) {
      return AnalysisError("UNEXPECTED_POSITIONAL_ARGUMENT", "4274K",
                           "Cannot invoke routine <routineName> because it contains positional argument(s) following "
                           "the named argument; please rearrange them so the positional arguments come first.",
                           {{"routineName", QuotedName(routine.name)}}, at);
    }
    if (given[slot]) {
      return AnalysisError(
          "DUPLICATE_ROUTINE_PARAMETER_ASSIGNMENT.DOUBLE_NAMED_ARGUMENT_REFERENCE", "4274K",
          "Call to routine <routineName> is invalid because it includes multiple argument assignments "
          "to the same parameter name <parameterName>.",
          {{"routineName", QuotedName(routine.name)}, {"parameterName", QuotedName({parameters[slot].name})}}, at);
    }
    given[slot] = args[i];
  }
  Layer layer;
  for (size_t i = 0; i < parameters.size(); ++i) {
    const bool defaulted = !given[i];
    if (defaulted && !parameters[i].default_value) {
      if (!named) return wrong_count();
      return AnalysisError(
          "REQUIRED_PARAMETER_NOT_FOUND", "4274K",
          "Cannot invoke routine <routineName> because the parameter named <parameterName> is required, "
          "but the routine call did not supply a value.",
          {{"routineName", QuotedName(routine.name)},
           {"parameterName", QuotedName({parameters[i].name})},
           {"index", std::to_string(i)}},
          at);
    }
    const auto value = CastOf(defaulted ? parameters[i].default_value : given[i], parameters[i].type);
    ASSIGN_OR_RETURN(auto bound, Expression(value, defaulted ? Names{} : names));
    if (ContainsVolatile(bound)) {
      return Refused("an argument of a SQL function that changes from call to call, such as rand()", at);
    }
    if (routine.query && (ContainsAggregate(bound) || ContainsWindow(bound))) {
      return Refused("an aggregate or window function as the argument of a SQL function that holds a query", at);
    }
    layer.bindings.push_back(
        {{NewId(), parameters[i].name, parameters[i].type, bound->nullable, {routine.name.back()}}, bound});
  }
  return layer;
}

Result<ExprPtr> Resolver::CallRoutine(const Routine& routine, const plan::Call& call, const plan::Expr& expr,
                                      const Names& names) {
  if (routine.table) {
    return AnalysisError(
        "NOT_A_SCALAR_FUNCTION", "42887",
        "<functionName> appears as a scalar expression here, but the function was defined as a table "
        "function. Please update the query to move the function call into the FROM clause, or redefine "
        "<functionName> as a scalar function instead.",
        {{"functionName", QuotedName(routine.name)}}, expr.at);
  }
  if (call.over || call.filter || call.distinct || call.ignore_nulls || !call.within_group.empty()) {
    return AnalysisError("INVALID_SQL_SYNTAX.FUNCTION_WITH_UNSUPPORTED_SYNTAX", "42000",
                         "Invalid SQL syntax: The function <prettyName> does not support <syntax>.",
                         {{"prettyName", QuotedName(routine.name)}, {"syntax", "an aggregate's clauses"}}, expr.at);
  }
  if (routine_depth_ >= kMaxRoutineDepth) return Refused("SQL functions nested deeper than 100", expr.at);
  if (routine.ansi != options_.ansi) return Refused("a SQL function made under the other ANSI mode", expr.at);
  ASSIGN_OR_RETURN(const auto args, ExpandArguments(call.args, names));
  ASSIGN_OR_RETURN(const auto layer, BindParameters(routine, args, call.arg_names, expr.at, names));
  ++routine_depth_;
  auto saved = std::exchange(common_tables_, {});
  Catalog* around = std::exchange(catalog_, routine.scope ? routine.scope.get() : catalog_);
  auto value = Expression(BodyOf(routine, expr.at), Names{{&layer}});
  catalog_ = around;
  common_tables_ = std::move(saved);
  --routine_depth_;
  return value;
}

Result<Rel> Resolver::TableRoutine(const Routine& routine, const plan::TableFunction& node,
                                   const plan::Relation& relation, const Names* outer) {
  if (!routine.table) {
    return AnalysisError("NOT_A_TABLE_FUNCTION", "42887",
                         "<functionName> appears as a table function here, but the function was defined as a scalar "
                         "function. Please update the query to move the function call outside the FROM clause, or "
                         "redefine <functionName> as a table function instead.",
                         {{"functionName", QuotedName(routine.name)}}, relation.at);
  }
  if (routine_depth_ >= kMaxRoutineDepth) return Refused("SQL functions nested deeper than 100", relation.at);
  if (routine.ansi != options_.ansi) return Refused("a SQL function made under the other ANSI mode", relation.at);
  ASSIGN_OR_RETURN(const auto layer, BindParameters(routine, node.args, node.arg_names, relation.at, Names{{}, outer}));
  const Names parameters{{&layer}};
  ++routine_depth_;
  auto saved = std::exchange(common_tables_, {});
  Catalog* around = std::exchange(catalog_, routine.scope ? routine.scope.get() : catalog_);
  auto rel = Query(TableBodyOf(routine, relation.at), &parameters);
  catalog_ = around;
  common_tables_ = std::move(saved);
  --routine_depth_;
  if (!rel.ok()) return rel;
  rel->layer = LayerOf(rel->node->columns, {routine.name.back()});
  return rel;
}

std::optional<ExprPtr> Resolver::LookUpVariable(const plan::Name& parts, Position at) {
  // The longest name first; what is left behind it are fields of a struct.
  for (size_t count = std::min<size_t>(parts.size(), 3); count > 0; --count) {
    const auto variable = catalog_->FindVariable(plan::Name(parts.begin(), parts.begin() + static_cast<long>(count)));
    if (!variable) continue;
    ExprPtr value = typed::MakeExpr(typed::Literal{variable->value}, variable->type, variable->value.is_null(), at);
    for (size_t i = count; i < parts.size(); ++i) {
      auto field = Field(value, parts[i], at);
      if (!field.ok()) return std::nullopt;
      value = std::move(field).value();
    }
    return value;
  }
  return std::nullopt;
}

// The text of a constant that may have to be computed.
Result<std::string> Resolver::ConstantString(const plan::ExprPtr& expr, const char* place) {
  const auto wrong = [&](const char* subclass, const char* text) {
    return AnalysisError(std::string("NOT_A_CONSTANT_STRING.") + subclass, "42601",
                         std::string("The expression <expr> used for the routine or clause <name> must be a constant "
                                     "STRING which is NOT NULL. ") +
                             text,
                         {{"expr", QuotedSql(SparkName(expr))}, {"name", place}}, expr->at);
  };
  ASSIGN_OR_RETURN(auto value, Expression(expr, Names{}));
  if (ContainsAggregate(value) || !IsConstant(value))
    return wrong("NOT_CONSTANT",
                 "To be considered constant the expression must not depend on any columns, contain a subquery, or "
                 "invoke a non deterministic function.");
  if (!value->type.is(TypeId::kString)) return wrong("WRONG_TYPE", "The data type of the expression is not STRING.");
  ASSIGN_OR_RETURN(const auto constant, catalog_->Evaluate(value));
  if (constant.is_null()) return wrong("NULL", "The expression evaluates to NULL.");
  return std::get<std::string>(constant.data);
}

}  // namespace tidemill::sql
