// Rules in code for arrays, maps and structs.
#include <algorithm>
#include <map>

#include "sql/coercion.h"
#include "sql/detail/resolver_error.h"
#include "sql/detail/resolver_operator.h"
#include "sql/detail/resolver_typed.h"

namespace tidemill::sql {

using plan::DataType;
using plan::Field;
using plan::TypeId;
using typed::ExprPtr;

namespace {

Ruled Array(const PendingCall& call) {
  if (call.args.empty()) return MakeCall("array", {}, DataType::Array(TypeId::kNull, false), false, call.at);
  ASSIGN_OR_RETURN(auto args, CastAllToCommon(call, call.args));
  DataType type = DataType::Array(args[0]->type, AnyNullable(args));
  return MakeCall("array", args, type, false, call.at);
}

Ruled Map(const PendingCall& call) {
  if (call.args.size() % 2 != 0) return WrongCount(call, "2n (n > 0)");
  if (call.args.empty()) return MakeCall("map", {}, DataType::Map(TypeId::kNull, TypeId::kNull, false), false, call.at);
  std::vector<ExprPtr> keys, values, args;
  for (size_t i = 0; i < call.args.size(); i += 2) {
    keys.push_back(call.args[i]);
    values.push_back(call.args[i + 1]);
  }
  auto same_keys = CastAllToCommon(call, keys);
  auto same_values = CastAllToCommon(call, values);
  if (!same_keys.ok() || !same_values.ok()) {
    const auto& wrong = same_keys.ok() ? values : keys;
    std::string list;
    for (const auto& e : wrong) list += (list.empty() ? "" : ", ") + QuotedType(e->type);
    return Mismatch(same_keys.ok() ? "CREATE_MAP_VALUE_DIFF_TYPES" : "CREATE_MAP_KEY_DIFF_TYPES", call.sql,
                    "The given " + std::string(same_keys.ok() ? "values" : "keys") +
                        " of function <functionName> should all be the same type, but they are <dataType>.",
                    {{"functionName", "`map`"}, {"dataType", "[" + list + "]"}}, call.at);
  }
  for (size_t i = 0; i < same_keys->size(); ++i) {
    args.push_back((*same_keys)[i]);
    args.push_back((*same_values)[i]);
  }
  DataType type = DataType::Map(args[0]->type, args[1]->type, AnyNullable(*same_values));
  return MakeCall("map", args, type, false, call.at);
}

ExprPtr MakeStruct(const std::vector<std::string>& names, const std::vector<ExprPtr>& values, Position at) {
  std::vector<Field> fields;
  std::vector<ExprPtr> args;
  for (size_t i = 0; i < names.size(); ++i) {
    fields.push_back({names[i], values[i]->type, values[i]->nullable});
    args.push_back(StringLiteral(names[i]));
    args.push_back(values[i]);
  }
  return MakeCall("named_struct", args, DataType::Struct(std::move(fields)), false, at);
}

Ruled Struct(const PendingCall& call) {
  std::vector<std::string> names;
  for (size_t i = 0; i < call.args.size(); ++i) {
    bool named = i < call.arg_names.size() && !call.arg_names[i].empty();
    names.push_back(named ? call.arg_names[i] : "col" + std::to_string(i + 1));
  }
  return MakeStruct(names, call.args, call.at);
}

Ruled NamedStruct(const PendingCall& call) {
  if (call.args.empty() || call.args.size() % 2 != 0) return WrongCount(call, "2n (n > 0)");
  std::vector<std::string> names;
  std::vector<ExprPtr> values;
  for (size_t i = 0; i < call.args.size(); i += 2) {
    auto name = LiteralText(call.args[i]);
    if (!name) {
      return Mismatch(
          "CREATE_NAMED_STRUCT_WITHOUT_FOLDABLE_STRING", call.sql,
          "Only foldable `STRING` expressions are allowed to appear at odd position, but they are <inputExprs>.",
          {{"inputExprs", call.arg_sql.empty() ? "" : call.arg_sql[i]}}, call.at);
    }
    names.push_back(*name);
    values.push_back(call.args[i + 1]);
  }
  return MakeStruct(names, values, call.at);
}

// element_at counts from 1, and backwards from the end; a map gives NULL for a missing key.
Ruled ElementAt(const PendingCall& call) {
  if (call.args.size() != 2) return WrongCount(call, "2");
  const DataType& type = call.args[0]->type;
  if (type.is(TypeId::kArray)) {
    if (call.args[1]->type.is(TypeId::kNull)) return UnexpectedType(call, 1, "\"INTEGRAL\"");
    ASSIGN_OR_RETURN(auto index, Implicit(call, 1, TypeId::kInt));
    return MakeCall(call.name, {call.args[0], index}, type.element(), true, call.at);
  }
  if (type.is(TypeId::kMap)) {
    ASSIGN_OR_RETURN(auto key, Implicit(call, 1, type.key()));
    return MakeCall("$subscript", {call.args[0], key}, type.value(), true, call.at);
  }
  return UnexpectedType(call, 0, "(\"ARRAY\" or \"MAP\")");
}

Ruled Size(const PendingCall& call) {
  if (call.args.size() != 1) return WrongCount(call, "1");
  ExprPtr arg = call.args[0];
  if (arg->type.is(TypeId::kNull)) arg = CastTo(arg, DataType::Array(TypeId::kNull));
  if (!arg->type.is(TypeId::kArray) && !arg->type.is(TypeId::kMap)) {
    return UnexpectedType(call, 0, "(\"ARRAY\" or \"MAP\")");
  }
  return MakeCall("cardinality", {arg}, TypeId::kInt, arg->nullable, call.at);
}

// sequence(start, stop [, step]) of integers, or of dates and timestamps by an interval.
Ruled Sequence(const PendingCall& call) {
  if (call.args.size() < 2 || call.args.size() > 3) return WrongCount(call, "[2, 3]");
  auto common = WiderType(call.args[0]->type, call.args[1]->type, call.options->rules());
  if (!common) return UnexpectedType(call, 1, QuotedType(call.args[0]->type));
  if (common->is_integral()) {
    if (call.args.size() == 3) common = WiderType(*common, call.args[2]->type, call.options->rules());
    if (!common || !common->is_integral()) return UnexpectedType(call, 2, "\"INTEGRAL\"");
    std::vector<ExprPtr> args;
    for (const auto& arg : call.args) args.push_back(CastTo(arg, *common));
    return MakeCall("sequence", args, DataType::Array(*common, false), AnyNullable(args), call.at);
  }
  if (!common->is(TypeId::kDate)) return Refused("sequence() of " + common->ToString(), call.at);
  std::vector<ExprPtr> args{CastTo(call.args[0], *common), CastTo(call.args[1], *common)};
  if (call.args.size() == 3) {
    const DataType& step = call.args[2]->type;
    bool days = step.is(TypeId::kDayTimeInterval) && step.to() == plan::IntervalField::kDay;
    if (!days && !step.is(TypeId::kYearMonthInterval))
      return Refused("sequence() of dates by " + step.ToString(), call.at);
    args.push_back(call.args[2]);
  }
  return MakeCall("sequence", args, DataType::Array(*common, false), AnyNullable(args), call.at);
}

Ruled MapConcat(const PendingCall& call) {
  if (call.args.empty()) return Refused("map_concat() of nothing", call.at);
  for (size_t i = 0; i < call.args.size(); ++i) {
    if (!call.args[i]->type.is(TypeId::kMap)) return UnexpectedType(call, i, "\"MAP\"");
  }
  ASSIGN_OR_RETURN(auto maps, CastAllToCommon(call, call.args));
  DataType type = maps[0]->type;
  return MakeCall("map_concat", maps, type, AnyNullable(maps), call.at);
}

// A struct of the arrays' elements at each place, up to the longest; a field is called as its column, or by its place.
Ruled ArraysZip(const PendingCall& call) {
  if (call.args.empty()) return Refused("arrays_zip() of nothing", call.at);
  std::vector<Field> fields;
  std::vector<ExprPtr> args;
  for (size_t i = 0; i < call.args.size(); ++i) {
    ExprPtr arg = call.args[i];
    if (arg->type.is(TypeId::kNull)) arg = CastTo(arg, DataType::Array(TypeId::kNull));
    if (!arg->type.is(TypeId::kArray)) return UnexpectedType(call, i, "\"ARRAY\"");
    bool named = i < call.arg_names.size() && !call.arg_names[i].empty();
    fields.push_back({named ? call.arg_names[i] : std::to_string(i), arg->type.element(), true});
    args.push_back(arg);
  }
  DataType type = DataType::Array(DataType::Struct(std::move(fields)), false);
  return MakeCall("arrays_zip", args, type, AnyNullable(args), call.at);
}

Ruled MapFromEntries(const PendingCall& call) {
  if (call.args.size() != 1) return WrongCount(call, "1");
  const DataType& type = call.args[0]->type;
  bool entries = type.is(TypeId::kArray) && type.element().is(TypeId::kStruct) && type.element().fields().size() == 2;
  if (!entries) return UnexpectedType(call, 0, "\"ARRAY\" of pair \"STRUCT\"");
  const auto& fields = type.element().fields();
  DataType map = DataType::Map(fields[0].type, fields[1].type, fields[1].nullable);
  return MakeCall("map_from_entries", call.args, map, call.args[0]->nullable || type.contains_null(), call.at);
}

}  // namespace

Ruled CollectionRule(const PendingCall& call) {
  static const auto* rules = new Rules{
      {"array", Array},          {"map", Map},
      {"struct", Struct},        {"named_struct", NamedStruct},
      {"element_at", ElementAt}, {"try_element_at", ElementAt},
      {"map_concat", MapConcat}, {"map_from_entries", MapFromEntries},
      {"cardinality", Size},     {"sequence", Sequence},
      {"arrays_zip", ArraysZip},
  };
  return Apply(*rules, call);
}

}  // namespace tidemill::sql
