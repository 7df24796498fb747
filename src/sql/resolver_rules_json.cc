// Rules in code for JSON: the type of what is parsed is an argument.
#include <algorithm>
#include <map>

#include "base/lower.h"
#include "sql/detail/resolver_error.h"
#include "sql/detail/resolver_operator.h"
#include "sql/detail/resolver_options.h"
#include "sql/detail/resolver_typed.h"
#include "sql/json_text.h"

namespace tidemill::sql {

using plan::DataType;
using plan::TypeId;
using typed::ExprPtr;

namespace {

Ruled FromJson(const PendingCall& call) {
  if (call.args.size() < 2 || call.args.size() > 3) return WrongCount(call, "[2, 3]");
  ASSIGN_OR_RETURN(auto text, Implicit(call, 0, TypeId::kString));
  ASSIGN_OR_RETURN(auto type, TypeArgument(call, 1));
  ASSIGN_OR_RETURN(auto options, OptionsOf(call, 2));
  RETURN_IF_ERROR(FailsFast(call, options));
  RETURN_IF_ERROR(OnlyOptions(options, {"mode", "dateformat", "timestampformat"}, call.at));
  if (!type.is_nested()) {
    return Mismatch("INVALID_JSON_SCHEMA", call.sql,
                    "Input schema <schema> must be a struct, an array, a map or a variant.",
                    {{"schema", QuotedType(type)}}, call.at);
  }
  if (type.is(TypeId::kMap) && !type.key().is(TypeId::kString)) {
    return Mismatch("INVALID_JSON_MAP_KEY_TYPE", call.sql,
                    "Input schema <schema> can only contain STRING as a key type for a MAP.",
                    {{"schema", QuotedType(type)}}, call.at);
  }
  return MakeCall("from_json", {text, OptionsLiteral(options)}, type, true, call.at);
}

Ruled ToJson(const PendingCall& call) {
  if (call.args.empty() || call.args.size() > 2) return WrongCount(call, "[1, 2]");
  ASSIGN_OR_RETURN(auto options, OptionsOf(call, 1));
  if (call.args[0]->type.is(TypeId::kVariant)) {
    RETURN_IF_ERROR(OnlyOptions(options, {}, call.at));
    return MakeCall("$variant_json", {call.args[0]}, TypeId::kString, call.args[0]->nullable, call.at);
  }
  if (!call.args[0]->type.is_nested()) {
    return Mismatch("INVALID_JSON_SCHEMA", call.sql,
                    "Input schema <schema> must be a struct, an array, a map or a variant.",
                    {{"schema", QuotedType(call.args[0]->type)}}, call.at);
  }
  bool ignore = true;
  if (auto found = options.find("ignorenullfields"); found != options.end())
    ignore = LowerAscii(found->second) != "false";
  RETURN_IF_ERROR(OnlyOptions(options, {"ignorenullfields", "dateformat", "timestampformat"}, call.at));
  std::vector<ExprPtr> args{call.args[0], BoolLiteral(ignore)};
  for (const char* name : {"dateformat", "timestampformat"}) {
    auto format = options.find(name);
    args.push_back(StringLiteral(format == options.end() ? "" : format->second));
  }
  return MakeCall("to_json", std::move(args), TypeId::kString, call.args[0]->nullable, call.at);
}

Ruled SchemaOfJson(const PendingCall& call) {
  if (call.args.empty() || call.args.size() > 2) return WrongCount(call, "[1, 2]");
  ASSIGN_OR_RETURN(auto options, OptionsOf(call, 1));
  RETURN_IF_ERROR(OnlyOptions(options, {}, call.at));
  auto text = LiteralText(call.args[0]);
  if (!text) {
    bool null = AsLiteral(call.args[0]) != nullptr;
    return Mismatch(null ? "UNEXPECTED_NULL" : "NON_FOLDABLE_INPUT", call.sql,
                    null ? "The <exprName> must not be null."
                         : "the input <inputName> should be a foldable <inputType> expression; however, got "
                           "<inputExpr>.",
                    {{"exprName", "json"},
                     {"inputName", "`json`"},
                     {"inputType", "\"STRING\""},
                     {"inputExpr", QuotedSql(call.arg_sql[0])}},
                    call.at);
  }
  auto node = ParseJson(*text);
  if (!node) return Refused("schema_of_json of text that is no JSON", call.at);
  return StringLiteral(JsonType(*node).ToSql());
}

}  // namespace

Ruled JsonRule(const PendingCall& call) {
  static const auto* rules = new Rules{{"from_json", FromJson}, {"to_json", ToJson}, {"schema_of_json", SchemaOfJson}};
  return Apply(*rules, call);
}

}  // namespace tidemill::sql
