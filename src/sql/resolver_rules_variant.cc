// Rules in code for VARIANT. What it is cast to is put together from its parts here, so that an engine needs no casts
// of variants: $variant_kind tells which Variant::Kind it is, $variant_scalar the value of that kind's own type.
#include <set>

#include "plan/variant.h"
#include "sql/coercion.h"
#include "sql/detail/resolver_error.h"
#include "sql/detail/resolver_operator.h"
#include "sql/detail/resolver_options.h"
#include "sql/detail/resolver_typed.h"

namespace tidemill::sql {

using plan::DataType;
using plan::TypeId;
using typed::ExprPtr;
using Kind = plan::Variant::Kind;

namespace {

struct ScalarKind {
  Kind kind;
  DataType type;
};
const std::vector<ScalarKind>& ScalarKinds() {
  static const auto* kinds =
      new std::vector<ScalarKind>{{Kind::kLong, TypeId::kLong},     {Kind::kString, TypeId::kString},
                                  {Kind::kDouble, TypeId::kDouble}, {Kind::kDecimal, DataType::Decimal(38, 18)},
                                  {Kind::kFloat, TypeId::kFloat},   {Kind::kBoolean, TypeId::kBoolean},
                                  {Kind::kDate, TypeId::kDate},     {Kind::kTimestampNtz, TypeId::kTimestampNtz}};
  return *kinds;
}

// What a variant becomes of a type, and what where it can't.
class CastOfVariant {
 public:
  CastOfVariant(bool fails, Position at) : fails_(fails), at_(at) {}

  Result<ExprPtr> To(const ExprPtr& variant, const DataType& type) {
    switch (type.id()) {
      case TypeId::kVariant:
        return variant;
      case TypeId::kString:
        return MakeCall("$variant_text", {variant}, type, true, at_);
      case TypeId::kArray:
        return Array(variant, type);
      case TypeId::kStruct:
        return Struct(variant, type);
      case TypeId::kBoolean:
      case TypeId::kDate:
      case TypeId::kTimestamp:
      case TypeId::kTimestampNtz:
        return Scalar(variant, type);
      default:
        if (type.is_numeric()) return Scalar(variant, type);
        return Refused("a cast of VARIANT to " + type.ToSql(), at_);
    }
  }

 private:
  ExprPtr Is(const ExprPtr& variant, Kind kind) const {
    auto name = MakeCall("$variant_kind", {variant}, TypeId::kString, true, at_);
    return MakeCall("=", {name, StringLiteral(std::string(1, static_cast<char>(kind)))}, TypeId::kBoolean, true, at_);
  }
  ExprPtr Otherwise(const ExprPtr& variant, const DataType& type) const {
    if (!fails_) return NullLiteral(type);
    return MakeCall("$variant_bad_cast", {variant, StringLiteral(type.ToSql())}, type, true, at_);
  }
  // Nothing is NULL, and so is the variant's own null.
  typed::Case Begun(const ExprPtr& variant, const DataType& type) const {
    auto nothing = MakeCall("isnull", {variant}, TypeId::kBoolean, false, at_);
    return {{{nothing, NullLiteral(type)}, {Is(variant, Kind::kNull), NullLiteral(type)}}, Otherwise(variant, type)};
  }

  Result<ExprPtr> Scalar(const ExprPtr& variant, const DataType& type) const {
    typed::Case made = Begun(variant, type);
    for (const auto& [kind, from] : ScalarKinds()) {
      if (!CanCast(from, type, TypeRules::kAnsi)) continue;
      auto value = MakeCall("$variant_scalar", {variant}, from, true, at_);
      value = CastTo(value, type, typed::Cast::Mode::kTry);
      if (fails_) value = MakeCall("coalesce", {value, Otherwise(variant, type)}, type, true, at_);
      made.branches.emplace_back(Is(variant, kind), value);
    }
    return typed::MakeExpr(std::move(made), type, true, at_);
  }

  Result<ExprPtr> Array(const ExprPtr& variant, const DataType& type) {
    const typed::LambdaVariable item{"v" + std::to_string(at_.line) + "_" + std::to_string(at_.column) + "_" +
                                     std::to_string(depth_++)};
    ASSIGN_OR_RETURN(auto body, To(typed::MakeExpr(item, TypeId::kVariant, true, at_), type.element()));
    const DataType element = body->type;
    auto lambda = typed::MakeExpr(typed::Lambda{{item}, std::move(body)}, element, true, at_);
    auto items = MakeCall("$variant_items", {variant}, DataType::Array(TypeId::kVariant), true, at_);
    typed::Case made = Begun(variant, type);
    made.branches.emplace_back(Is(variant, Kind::kArray), MakeCall("transform", {items, lambda}, type, true, at_));
    return typed::MakeExpr(std::move(made), type, true, at_);
  }

  Result<ExprPtr> Struct(const ExprPtr& variant, const DataType& type) {
    std::vector<ExprPtr> fields;
    for (const auto& field : type.fields()) {
      auto part = MakeCall("$variant_field", {variant, StringLiteral(field.name)}, TypeId::kVariant, true, at_);
      ASSIGN_OR_RETURN(part, To(part, field.type));
      fields.push_back(StringLiteral(field.name));
      fields.push_back(std::move(part));
    }
    typed::Case made = Begun(variant, type);
    made.branches.emplace_back(Is(variant, Kind::kObject),
                               MakeCall("named_struct", std::move(fields), type, true, at_));
    return typed::MakeExpr(std::move(made), type, true, at_);
  }

  bool fails_;
  Position at_;
  int depth_ = 0;
};

Result<ExprPtr> VariantArgument(const PendingCall& call) {
  if (call.args[0]->type.is(TypeId::kNull)) return NullLiteral(TypeId::kVariant);
  if (!call.args[0]->type.is(TypeId::kVariant)) return UnexpectedType(call, 0, "\"VARIANT\"");
  return call.args[0];
}

Ruled ParseJsonText(const PendingCall& call) {
  if (call.args.size() != 1) return WrongCount(call, "1");
  if (!call.args[0]->type.is(TypeId::kString) && !call.args[0]->type.is(TypeId::kNull)) {
    return UnexpectedType(call, 0, "\"STRING\"");
  }
  const bool nullable = call.args[0]->nullable || call.name == "try_parse_json";
  return MakeCall(call.name, {CastTo(call.args[0], TypeId::kString)}, TypeId::kVariant, nullable, call.at);
}

// (variant, path, type)
Ruled Get(const PendingCall& call) {
  if (call.args.size() < 2 || call.args.size() > 3) return WrongCount(call, "[2, 3]");
  ASSIGN_OR_RETURN(auto variant, VariantArgument(call));
  ASSIGN_OR_RETURN(auto path, Implicit(call, 1, TypeId::kString));
  DataType type = TypeId::kVariant;
  if (call.args.size() == 3) {
    ASSIGN_OR_RETURN(type, TypeArgument(call, 2));
  }
  auto part = MakeCall("$variant_path", {variant, path}, TypeId::kVariant, true, call.at);
  return CastOfVariant(call.name == "variant_get", call.at).To(part, type);
}

Ruled OfOne(const PendingCall& call) {
  if (call.args.size() != 1) return WrongCount(call, "1");
  ASSIGN_OR_RETURN(auto variant, VariantArgument(call));
  if (call.name == "is_variant_null") {
    return MakeCall("$variant_is_null", {variant}, TypeId::kBoolean, false, call.at);
  }
  return MakeCall("$variant_schema", {variant}, TypeId::kString, variant->nullable, call.at);
}

Status CheckToVariant(const DataType& type, Position at) {
  switch (type.id()) {
    case TypeId::kArray:
      return CheckToVariant(type.element(), at);
    case TypeId::kMap:
      return CheckToVariant(type.value(), at);
    case TypeId::kStruct:
      for (const auto& field : type.fields()) RETURN_IF_ERROR(CheckToVariant(field.type, at));
      return Ok();
    case TypeId::kTimestamp:
    case TypeId::kYearMonthInterval:
    case TypeId::kDayTimeInterval:
    case TypeId::kCalendarInterval:
      return Refused("a cast of " + type.ToSql() + " to VARIANT", at);
    default:
      return Ok();
  }
}

Ruled ToObject(const PendingCall& call) {
  if (call.args.size() != 1) return WrongCount(call, "1");
  const DataType& type = call.args[0]->type;
  if (!type.is_nested() || (type.is(TypeId::kMap) && !type.key().is(TypeId::kString))) {
    return Mismatch("CAST_WITHOUT_SUGGESTION", call.sql, "cannot cast <srcType> to \"VARIANT\".",
                    {{"srcType", QuotedType(type)}}, call.at);
  }
  return VariantOf(call.args[0], call.at);
}

}  // namespace

Result<ExprPtr> VariantOf(const ExprPtr& expr, Position at) {
  RETURN_IF_ERROR(CheckToVariant(expr->type, at));
  return MakeCall("$variant_of", {expr}, TypeId::kVariant, expr->nullable, at);
}

Result<ExprPtr> CastVariant(const ExprPtr& variant, const DataType& type, bool is_try, Position at) {
  return CastOfVariant(!is_try, at).To(variant, type);
}

Status CheckVariants(const std::string& function, const std::vector<ExprPtr>& args, bool distinct,
                     const std::string& sql, Position at) {
  bool any = false;
  for (const auto& arg : args) any = any || (arg && plan::HoldsVariant(arg->type));
  if (!any) return Ok();
  static const auto* unordered = new std::set<std::string>{"max",      "min",   "sort_array", "array_sort",
                                                           "greatest", "least", "array_max",  "array_min"};
  if (unordered->contains(function)) {
    return Mismatch("INVALID_ORDERING_TYPE", sql, "The <functionName> does not support ordering on type \"VARIANT\".",
                    {{"functionName", "`" + function + "`"}}, at);
  }
  if (function == "hash" || function == "xxhash64") {
    return Mismatch("HASH_VARIANT_TYPE", sql,
                    "Input to the function <functionName> cannot contain elements of the \"VARIANT\" type yet.",
                    {{"functionName", QuotedName({function})}}, at);
  }
  // None of these looks into a value, but those that are about variants.
  static const auto* carriers = new std::set<std::string>{"coalesce",
                                                          "nvl",
                                                          "nvl2",
                                                          "if",
                                                          "isnull",
                                                          "isnotnull",
                                                          "array",
                                                          "map",
                                                          "struct",
                                                          "named_struct",
                                                          "element_at",
                                                          "try_element_at",
                                                          "$subscript",
                                                          "get",
                                                          "size",
                                                          "cardinality",
                                                          "array_size",
                                                          "count",
                                                          "first",
                                                          "last",
                                                          "any_value",
                                                          "collect_list",
                                                          "lag",
                                                          "lead",
                                                          "nth_value",
                                                          "typeof",
                                                          "to_json",
                                                          "variant_get",
                                                          "try_variant_get",
                                                          "is_variant_null",
                                                          "slice",
                                                          "reverse",
                                                          "transform",
                                                          "filter",
                                                          "schema_of_variant",
                                                          "schema_of_variant_agg",
                                                          "to_variant_object",
                                                          "exists",
                                                          "forall",
                                                          "map_keys",
                                                          "map_values",
                                                          "$by_collation",
                                                          "=",
                                                          "<=>",
                                                          "<",
                                                          "<=",
                                                          ">",
                                                          ">=",
                                                          "!=",
                                                          "+",
                                                          "-",
                                                          "*",
                                                          "/",
                                                          "string"};
  if (carriers->contains(function) && !distinct) return Ok();
  return Refused(function + (distinct ? " of distinct values of VARIANT" : " of VARIANT"), at);
}

Ruled VariantRule(const PendingCall& call) {
  static const auto* rules =
      new Rules{{"parse_json", ParseJsonText},  {"try_parse_json", ParseJsonText}, {"variant_get", Get},
                {"try_variant_get", Get},       {"is_variant_null", OfOne},        {"schema_of_variant", OfOne},
                {"to_variant_object", ToObject}};
  return Apply(*rules, call);
}

}  // namespace tidemill::sql
