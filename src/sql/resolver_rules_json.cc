// Rules in code for JSON and CSV: the type of what is parsed is an argument.
#include <algorithm>
#include <cctype>
#include <map>

#include "sql/detail/resolver_error.h"
#include "sql/detail/resolver_operator.h"
#include "sql/detail/resolver_typed.h"
#include "sql/json_text.h"
#include "sql/parser.h"

namespace tidemill::sql {

using plan::DataType;
using plan::TypeId;
using typed::ExprPtr;

namespace {

using Options = std::map<std::string, std::string>;

std::string Lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

// The options given as map('name', 'value', ...), names in lower case.
Result<Options> OptionsOf(const PendingCall& call, size_t index) {
  Options options;
  if (index >= call.args.size()) return options;
  const auto* map = AsCall(call.args[index]);
  if (!map || map->function != "map") {
    if (call.args[index]->type.is(TypeId::kMap)) return Refused("options that are not map('name', 'value')", call.at);
    return AnalysisError("INVALID_OPTIONS.NON_MAP_FUNCTION", "42K06",
                         "Invalid options: Must use the `map()` function for options.", {}, call.at);
  }
  for (size_t i = 0; i + 1 < map->args.size(); i += 2) {
    auto name = LiteralText(map->args[i]), value = LiteralText(map->args[i + 1]);
    if (!name || !value) {
      return AnalysisError("INVALID_OPTIONS.NON_STRING_TYPE", "42K06",
                           "Invalid options: A type of keys and values in `map()` must be string, but got <mapType>.",
                           {{"mapType", QuotedType(call.args[index]->type)}}, call.at);
    }
    options[Lower(*name)] = *value;
  }
  return options;
}

// What options may say; all others are refused by name.
Status OnlyOptions(const Options& options, std::initializer_list<const char*> known, Position at) {
  for (const auto& [name, value] : options) {
    if (std::none_of(known.begin(), known.end(), [&](const char* k) { return name == k; })) {
      return Refused("the option " + name, at);
    }
  }
  return Ok();
}

Result<bool> FailsFast(const PendingCall& call, const Options& options) {
  auto mode = options.find("mode");
  if (mode == options.end()) return false;
  std::string name = Lower(mode->second);
  if (name == "failfast") return true;
  if (name == "permissive") return false;
  return AnalysisError("PARSE_MODE_UNSUPPORTED", "42601",
                       "The function <funcName> doesn't support the <mode> mode. Acceptable modes are PERMISSIVE and "
                       "FAILFAST.",
                       {{"funcName", QuotedName({call.name})}, {"mode", mode->second}}, call.at);
}

DataType AllNullable(const DataType& type) {
  if (type.is(TypeId::kArray)) return DataType::Array(AllNullable(type.element()));
  if (type.is(TypeId::kMap)) return DataType::Map(AllNullable(type.key()), AllNullable(type.value()));
  if (!type.is(TypeId::kStruct)) return type;
  auto fields = type.fields();
  for (auto& field : fields) {
    field.type = AllNullable(field.type);
    field.nullable = true;
  }
  return DataType::Struct(std::move(fields));
}

Result<DataType> TypeArgument(const PendingCall& call, size_t index) {
  auto text = LiteralText(call.args[index]);
  if (!text) {
    return AnalysisError("INVALID_SCHEMA.NON_STRING_LITERAL", "42K07",
                         "The input schema <inputSchema> is not a valid schema string: The input expression must be "
                         "string literal and not null.",
                         {{"inputSchema", QuotedSql(call.arg_sql[index])}}, call.at);
  }
  auto type = ParseType(*text);
  if (type.ok()) return AllNullable(*type);
  auto schema = ParseSchema(*text);
  if (schema.ok()) return AllNullable(DataType::Struct(schema->fields));
  Error error = type.error();
  if (text->find(' ') != std::string::npos) {  // more than a name is no type's syntax
    error.error_class = "PARSE_SYNTAX_ERROR";
    error.sqlstate = "42601";
  }
  error.at = call.at;
  return error;
}

Ruled FromJson(const PendingCall& call) {
  if (call.args.size() < 2 || call.args.size() > 3) return WrongCount(call, "[2, 3]");
  ASSIGN_OR_RETURN(auto text, Implicit(call, 0, TypeId::kString));
  ASSIGN_OR_RETURN(auto type, TypeArgument(call, 1));
  ASSIGN_OR_RETURN(auto options, OptionsOf(call, 2));
  ASSIGN_OR_RETURN(bool fails, FailsFast(call, options));
  RETURN_IF_ERROR(OnlyOptions(options, {"mode"}, call.at));
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
  return MakeCall("from_json", {text, BoolLiteral(fails)}, type, true, call.at);
}

Ruled ToJson(const PendingCall& call) {
  if (call.args.empty() || call.args.size() > 2) return WrongCount(call, "[1, 2]");
  ASSIGN_OR_RETURN(auto options, OptionsOf(call, 1));
  if (!call.args[0]->type.is_nested()) {
    return Mismatch("INVALID_JSON_SCHEMA", call.sql,
                    "Input schema <schema> must be a struct, an array, a map or a variant.",
                    {{"schema", QuotedType(call.args[0]->type)}}, call.at);
  }
  bool ignore = true;
  if (auto found = options.find("ignorenullfields"); found != options.end()) ignore = Lower(found->second) != "false";
  RETURN_IF_ERROR(OnlyOptions(options, {"ignorenullfields"}, call.at));
  return MakeCall("to_json", {call.args[0], BoolLiteral(ignore)}, TypeId::kString, call.args[0]->nullable, call.at);
}

bool HoldsNested(const DataType& type) {
  return std::any_of(type.fields().begin(), type.fields().end(), [](const auto& f) {
    return f.type.is_nested() || f.type.is(TypeId::kVariant) || f.type.is(TypeId::kCalendarInterval);
  });
}

// (struct, separator, quote, escape, text of NULL)
Ruled ToCsv(const PendingCall& call) {
  if (call.args.empty() || call.args.size() > 2) return WrongCount(call, "[1, 2]");
  ASSIGN_OR_RETURN(auto options, OptionsOf(call, 1));
  if (!call.args[0]->type.is(TypeId::kStruct)) {
    return Mismatch("UNSUPPORTED_INPUT_TYPE", call.sql, "The input of <functionName> can't be <dataType> type data.",
                    {{"functionName", "`to_csv`"}, {"dataType", QuotedType(call.args[0]->type)}}, call.at);
  }
  RETURN_IF_ERROR(OnlyOptions(options, {"sep", "delimiter", "quote", "escape", "nullvalue"}, call.at));
  if (HoldsNested(call.args[0]->type)) return Refused("to_csv of nested values", call.at);
  const auto& fields = call.args[0]->type.fields();
  if (std::ranges::any_of(fields, [](const auto& f) { return f.type.is(TypeId::kBinary); }) && call.options &&
      call.options->conf.contains("spark.sql.binaryOutputStyle")) {
    return Refused("to_csv of BINARY under spark.sql.binaryOutputStyle", call.at);
  }
  const auto option = [&](const char* name, const std::string& otherwise) {
    const auto found = options.find(name);
    return found == options.end() ? otherwise : found->second;
  };
  std::vector<ExprPtr> args{call.args[0]};
  for (const auto& text : {option("delimiter", option("sep", ",")), option("quote", "\""), option("escape", "\\")}) {
    if (text.size() != 1) return Refused("a separator, quote or escape of to_csv that is not one character", call.at);
    args.push_back(StringLiteral(text));
  }
  args.push_back(StringLiteral(option("nullvalue", "")));
  return MakeCall("to_csv", std::move(args), TypeId::kString, call.args[0]->nullable, call.at);
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

using Rule = Ruled (*)(const PendingCall&);

}  // namespace

Ruled JsonRule(const PendingCall& call) {
  static const auto* rules = new std::map<std::string, Rule>{
      {"from_json", FromJson}, {"to_json", ToJson}, {"to_csv", ToCsv}, {"schema_of_json", SchemaOfJson}};
  auto found = rules->find(call.name);
  return found == rules->end() ? Ruled(std::optional<ExprPtr>()) : found->second(call);
}

}  // namespace tidemill::sql
