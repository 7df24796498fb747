// Rules in code for numbers: round and its kin follow the decimal's digits.
#include <algorithm>
#include <map>

#include "sql/coercion.h"
#include "sql/detail/resolver_error.h"
#include "sql/detail/resolver_operator.h"
#include "sql/detail/resolver_typed.h"

namespace tidemill::sql {

using plan::DataType;
using plan::TypeId;
using typed::ExprPtr;

namespace {

Result<ExprPtr> AsNumber(const PendingCall& call, size_t index) {
  ExprPtr arg = call.args[index];
  if (arg->type.is(TypeId::kString) || arg->type.is(TypeId::kNull)) return CastTo(arg, TypeId::kDouble);
  if (!arg->type.is_numeric()) return UnexpectedType(call, index, "\"NUMERIC\"");
  return arg;
}

// The digits of round(decimal(p, s), places).
DataType RoundedDecimal(const DataType& type, int64_t places) {
  int integer_digits = type.precision() - type.scale() + 1;
  if (places < 0) {
    int64_t digits = std::max<int64_t>(integer_digits, -places + 1);
    return DataType::Decimal(static_cast<int>(std::min<int64_t>(digits, 38)), 0);
  }
  int scale = static_cast<int>(std::min<int64_t>(type.scale(), places));
  return DataType::Decimal(std::min(integer_digits + scale, 38), scale);
}

Result<int64_t> Places(const PendingCall& call) {
  if (call.args.size() == 1) return int64_t{0};
  auto places = ConstantInteger(call.args[1]);
  if (!places) {
    return Mismatch("NON_FOLDABLE_INPUT", call.sql,
                    "the input <inputName> should be a foldable <inputType> expression; however, got <inputExpr>.",
                    {{"inputName", "scale"}, {"inputType", "\"INT\""}, {"inputExpr", QuotedSql(call.arg_sql[1])}},
                    call.at);
  }
  return *places;
}

// round and bround, half up and half even.
Ruled Round(const PendingCall& call) {
  if (call.args.empty() || call.args.size() > 2) return WrongCount(call, "[1, 2]");
  ASSIGN_OR_RETURN(auto arg, AsNumber(call, 0));
  ASSIGN_OR_RETURN(int64_t places, Places(call));
  DataType type = arg->type.is(TypeId::kDecimal) ? RoundedDecimal(arg->type, places) : arg->type;
  return MakeCall(call.name, {arg, IntLiteral(places)}, type, true, call.at);
}

// ceil and floor, of a number or to a number of places.
Ruled CeilOrFloor(const PendingCall& call) {
  if (call.args.empty() || call.args.size() > 2) return WrongCount(call, "[1, 2]");
  ASSIGN_OR_RETURN(auto arg, AsNumber(call, 0));
  if (call.args.size() == 1) {
    if (arg->type.is(TypeId::kDecimal)) {
      const DataType& type = arg->type;
      DataType result = type.scale() == 0 ? type : DataType::Decimal(type.precision() - type.scale() + 1, 0);
      return MakeCall(call.name, {arg}, result, true, call.at);
    }
    return MakeCall(call.name, {CastTo(arg, arg->type.is_integral() ? TypeId::kLong : TypeId::kDouble)}, TypeId::kLong,
                    true, call.at);
  }
  ASSIGN_OR_RETURN(int64_t places, Places(call));
  ExprPtr decimal = CastTo(arg, DecimalForType(arg->type));
  return MakeCall(call.name, {decimal, IntLiteral(places)}, RoundedDecimal(decimal->type, places), true, call.at);
}

Ruled Abs(const PendingCall& call) {
  if (call.args.size() != 1) return WrongCount(call, "1");
  if (call.args[0]->type.is_ansi_interval()) {
    return MakeCall("abs", call.args, call.args[0]->type, call.args[0]->nullable, call.at);
  }
  ASSIGN_OR_RETURN(auto arg, AsNumber(call, 0));
  DataType type = arg->type;
  return MakeCall("abs", {arg}, type, arg->nullable, call.at);
}

bool HoldsMap(const DataType& type) {
  if (type.is(TypeId::kMap)) return true;
  if (type.is(TypeId::kArray)) return HoldsMap(type.element());
  return std::any_of(type.fields().begin(), type.fields().end(),
                     [](const auto& field) { return HoldsMap(field.type); });
}

// Spark's hash functions follow the arguments' types byte by byte.
Ruled Hash(const PendingCall& call) {
  if (call.args.empty()) return WrongCount(call, "> 0");
  bool maps = Flag(call.options->conf, "spark.sql.legacy.allowHashOnMapType", false);
  if (!maps && std::any_of(call.args.begin(), call.args.end(), [](const auto& arg) { return HoldsMap(arg->type); })) {
    return Mismatch("HASH_MAP_TYPE", call.sql,
                    "Input to the function <functionName> cannot contain elements of the \"MAP\" type. In Spark, same "
                    "maps may have different hashcode, thus hash expressions are prohibited on \"MAP\" elements.",
                    {{"functionName", "`" + call.name + "`"}}, call.at);
  }
  DataType type = call.name == "hash" ? TypeId::kInt : TypeId::kLong;
  return MakeCall(call.name, call.args, type, false, call.at);
}

Error NotFoldable(const PendingCall& call, const char* name, const char* type) {
  return Mismatch("NON_FOLDABLE_INPUT", call.sql,
                  "the input <inputName> should be a foldable <inputType> expression; however, got <inputExpr>.",
                  {{"inputName", name}, {"inputType", type}, {"inputExpr", ""}}, call.at);
}

// The seed among the arguments; without one, any number.
Result<ExprPtr> Seed(const PendingCall& call, size_t index) {
  if (call.args.size() <= index) return IntLiteral(call.options->now_micros + call.at.column, TypeId::kLong);
  const ExprPtr& seed = call.args[index];
  if (!IsConstant(seed)) {
    return AnalysisError("SEED_EXPRESSION_IS_UNFOLDABLE", "42K08",
                         "The seed expression <seedExpr> of the expression <exprWithSeed> must be foldable.",
                         {{"seedExpr", QuotedSql(call.arg_sql[index])}, {"exprWithSeed", QuotedSql(call.sql)}},
                         call.at);
  }
  if (seed->type.is(TypeId::kNull)) return IntLiteral(0, TypeId::kLong);
  if (!seed->type.is(TypeId::kInt) && !seed->type.is(TypeId::kLong)) {
    return UnexpectedType(call, index, "(\"INT\" or \"BIGINT\")");
  }
  return CastTo(seed, TypeId::kLong);
}

Ruled Random(const PendingCall& call) {
  if (call.args.size() > 1) return WrongCount(call, "[0, 1]");
  ASSIGN_OR_RETURN(auto seed, Seed(call, 0));
  return MakeCall(call.name, {seed}, TypeId::kDouble, false, call.at);
}

Ruled RandomText(const PendingCall& call) {
  if (call.args.empty() || call.args.size() > 2) return WrongCount(call, "[1, 2]");
  const ExprPtr& length = call.args[0];
  if (!length->type.is_numeric()) return UnexpectedType(call, 0, "INT or SMALLINT");
  if (!IsConstant(length)) return NotFoldable(call, "length", "INT or SMALLINT");
  auto size = ConstantInteger(length);
  if (size && *size < 0) {
    return AnalysisError("INVALID_PARAMETER_VALUE.LENGTH", "22023",
                         "The value of parameter(s) `length` in `randstr` is invalid: Expects `length` greater than or "
                         "equal to 0, but got <length>.",
                         {{"length", std::to_string(*size)}}, call.at);
  }
  ASSIGN_OR_RETURN(auto seed, Seed(call, 1));
  return MakeCall("randstr", {seed, CastTo(length, TypeId::kInt)}, TypeId::kString, false, call.at);
}

// uniform(min, max [, seed]): min + (max - min) * rand(seed), in the type both meet at.
Ruled Uniform(const PendingCall& call) {
  if (call.args.size() < 2 || call.args.size() > 3) return WrongCount(call, "[2, 3]");
  for (size_t i = 0; i < 2; ++i) {
    const DataType& type = call.args[i]->type;
    if (!type.is_integral() && !type.is_fractional() && !type.is(TypeId::kDecimal) && !type.is(TypeId::kNull)) {
      return UnexpectedType(call, i, "integer or floating-point");
    }
    if (!IsConstant(call.args[i])) return NotFoldable(call, i == 0 ? "min" : "max", "integer or floating-point");
  }
  if (call.args[0]->type.is(TypeId::kNull) || call.args[1]->type.is(TypeId::kNull)) return NullLiteral(TypeId::kDouble);
  ASSIGN_OR_RETURN(auto seed, Seed(call, 2));
  const DataType &a = call.args[0]->type, &b = call.args[1]->type;
  if (a.is(TypeId::kDecimal) || b.is(TypeId::kDecimal)) return Refused("uniform() of decimals", call.at);
  auto common = TightestCommonType(a, b, TypeRules::kLegacy);
  if (!common) return DifferentTypes(call, {a, b});
  auto low = CastTo(call.args[0], TypeId::kDouble), high = CastTo(call.args[1], TypeId::kDouble);
  auto width = MakeCall("-", {high, low}, TypeId::kDouble, false, call.at);
  auto random = MakeCall("rand", {seed}, TypeId::kDouble, false, call.at);
  auto offset = MakeCall("*", {width, random}, TypeId::kDouble, false, call.at);
  return CastTo(MakeCall("+", {low, offset}, TypeId::kDouble, false, call.at), *common);
}

}  // namespace

Ruled MathRule(const PendingCall& call) {
  if (call.name == "round" || call.name == "bround") return Round(call);
  if (call.name == "ceil" || call.name == "floor") return CeilOrFloor(call);
  if (call.name == "abs") return Abs(call);
  if (call.name == "hash" || call.name == "xxhash64") return Hash(call);
  if (call.name == "rand" || call.name == "randn") return Random(call);
  if (call.name == "randstr") return RandomText(call);
  if (call.name == "uniform") return Uniform(call);
  return std::optional<ExprPtr>();
}

}  // namespace tidemill::sql
