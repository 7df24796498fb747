// Higher-order functions whose lambdas take one or two parameters: transform, filter, aggregate.
#include "sql/coercion.h"
#include "sql/detail/resolver_core.h"
#include "sql/detail/resolver_error.h"
#include "sql/detail/resolver_operator.h"
#include "sql/detail/resolver_typed.h"

namespace tidemill::sql {

using typed::ExprPtr;

Result<std::optional<ExprPtr>> Resolver::HigherOrder(const Function& function, const std::vector<plan::ExprPtr>& args,
                                                     const plan::Expr& expr, const Names& names) {
  const std::string& name = function.name;
  bool folds = name == "aggregate";
  if (name != "transform" && name != "filter" && !folds) {
    if (name == "map_zip_with") return Refused("map_zip_with", expr.at);
    return std::optional<ExprPtr>();
  }
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
