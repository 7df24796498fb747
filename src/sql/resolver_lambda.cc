// Higher-order functions whose lambdas take one or two parameters: transform, filter, aggregate.
#include "sql/coercion.h"
#include "sql/detail/resolver_core.h"
#include "sql/detail/resolver_error.h"
#include "sql/detail/resolver_operator.h"
#include "sql/detail/resolver_typed.h"

namespace tidemill::sql {

using typed::ExprPtr;

// The value that the lambda makes of each key of either map, and of its values in both.
Result<std::optional<ExprPtr>> Resolver::MapZipWith(const std::vector<plan::ExprPtr>& args, const plan::Expr& expr,
                                                    const Names& names) {
  PendingCall pending{
      "map_zip_with", {},       {}, {}, SparkName(plan::MakeExpr(std::get<plan::Call>(expr.node), expr.at)),
      expr.at,        &options_};
  pending.args.resize(args.size());
  if (args.size() != 3) return WrongCount(pending, "3");
  for (size_t i = 0; i < 2; ++i) {
    ASSIGN_OR_RETURN(pending.args[i], Expression(args[i], names));
    pending.arg_sql.push_back(SparkName(args[i]));
    if (!pending.args[i]->type.is(TypeId::kMap)) return UnexpectedType(pending, i, "\"MAP\"");
  }
  const DataType left = pending.args[0]->type, right = pending.args[1]->type;
  auto key = TightestCommonType(left.key(), right.key(), options_.rules());
  bool decimals = left.key().is(TypeId::kDecimal) || right.key().is(TypeId::kDecimal);
  if (!key && decimals) key = WiderType(left.key(), right.key(), options_.rules());
  if (!key) {
    return Mismatch("MAP_ZIP_WITH_DIFF_TYPES", pending.sql,
                    "Input to the <functionName> should have been two maps with compatible key types, but it's "
                    "[<leftType>, <rightType>].",
                    {{"functionName", "`map_zip_with`"},
                     {"leftType", QuotedType(left.key())},
                     {"rightType", QuotedType(right.key())}},
                    expr.at);
  }
  auto with_key = [&](const ExprPtr& map) {
    return CastTo(map, DataType::Map(*key, map->type.value(), map->type.value_contains_null()));
  };
  ExprPtr body;
  ASSIGN_OR_RETURN(auto lambda,
                   ResolveLambda(args[2], {*key, left.value(), right.value()}, {false, true, true}, names, &body));
  DataType type = DataType::Map(*key, body->type, body->nullable);
  auto made = typed::MakeExpr(std::move(lambda), body->type, false, args[2]->at);
  bool nullable = pending.args[0]->nullable || pending.args[1]->nullable;
  return std::optional(
      MakeCall("map_zip_with", {with_key(pending.args[0]), with_key(pending.args[1]), made}, type, nullable, expr.at));
}

Result<std::optional<ExprPtr>> Resolver::HigherOrder(const Function& function, const std::vector<plan::ExprPtr>& args,
                                                     const plan::Expr& expr, const Names& names) {
  const std::string& name = function.name;
  bool folds = name == "aggregate";
  if (name == "map_zip_with") return MapZipWith(args, expr, names);
  if (name != "transform" && name != "filter" && !folds) return std::optional<ExprPtr>();
  if (folds ? args.size() < 3 || args.size() > 4 : args.size() != 2) {
    PendingCall pending{name, std::vector<ExprPtr>(args.size()), {}, {}, "", expr.at, &options_};
    return WrongCount(pending, folds ? "[3, 4]" : "2");
  }
  ASSIGN_OR_RETURN(auto array, Expression(args[0], names));
  if (!array->type.is(TypeId::kArray)) {
    PendingCall pending{name, {array}, {SparkName(args[0])}, {}, name, expr.at, &options_};
    return UnexpectedType(pending, 0, "\"ARRAY\"");
  }
  const DataType element = array->type.element();
  bool may_null = array->type.contains_null();
  ExprPtr body;
  if (!folds) {
    ASSIGN_OR_RETURN(auto lambda, ResolveLambda(args[1], {element, TypeId::kInt}, {may_null, false}, names, &body));
    if (name == "filter") {
      if (!body->type.is(TypeId::kBoolean) && !body->type.is(TypeId::kNull)) {
        PendingCall pending{name,    {array, body}, {SparkName(args[0]), SparkName(args[1])}, {}, name,
                            expr.at, &options_};
        return UnexpectedType(pending, 1, "\"BOOLEAN\"");
      }
      lambda.body = CastTo(body, TypeId::kBoolean);
    }
    DataType type = name == "filter" ? array->type : DataType::Array(body->type, body->nullable);
    auto made = typed::MakeExpr(std::move(lambda), body->type, false, args[1]->at);
    return std::optional(MakeCall(name, {array, made}, type, array->nullable, expr.at));
  }
  ASSIGN_OR_RETURN(auto zero, Expression(args[1], names));
  ASSIGN_OR_RETURN(auto merge, ResolveLambda(args[2], {zero->type, element}, {true, may_null}, names, &body));
  if (!body->type.SameType(zero->type)) {
    if (!CanImplicitlyCast(body->type, zero->type, options_.rules())) {
      PendingCall pending{name, {array, zero, body}, {}, {}, name, expr.at, &options_};
      return UnexpectedType(pending, 2, QuotedType(zero->type));
    }
    merge.body = CastTo(body, zero->type);
  }
  std::vector<ExprPtr> made{array, zero, typed::MakeExpr(std::move(merge), zero->type, false, args[2]->at)};
  DataType type = zero->type;
  if (args.size() == 4) {
    ASSIGN_OR_RETURN(auto finish, ResolveLambda(args[3], {zero->type}, {true}, names, &body));
    type = body->type;
    made.push_back(typed::MakeExpr(std::move(finish), type, false, args[3]->at));
  }
  return std::optional(MakeCall("aggregate", made, type, true, expr.at));
}

}  // namespace tidemill::sql
