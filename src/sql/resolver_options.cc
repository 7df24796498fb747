#include "sql/detail/resolver_options.h"
#include "base/lower.h"

#include <algorithm>
#include <cctype>
#include <set>

#include "sql/detail/resolver_error.h"
#include "sql/detail/resolver_typed.h"
#include "sql/parser.h"

namespace tidemill::sql {

using plan::DataType;
using plan::TypeId;
using typed::ExprPtr;

namespace {

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

// DuckDB's structs tell no names apart by case.
bool HasNameTwice(const DataType& type) {
  if (type.is(TypeId::kArray)) return HasNameTwice(type.element());
  if (type.is(TypeId::kMap)) return HasNameTwice(type.key()) || HasNameTwice(type.value());
  std::set<std::string> names;
  return std::any_of(type.fields().begin(), type.fields().end(), [&](const plan::Field& field) {
    return !names.insert(LowerAscii(field.name)).second || HasNameTwice(field.type);
  });
}

}  // namespace

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
    options[LowerAscii(*name)] = *value;
  }
  return options;
}

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
  std::string name = LowerAscii(mode->second);
  if (name == "failfast") return true;
  if (name != "dropmalformed") return false;  // what is no mode is PERMISSIVE, to Spark too
  return AnalysisError("PARSE_MODE_UNSUPPORTED", "42601",
                       "The function <funcName> doesn't support the <mode> mode. Acceptable modes are PERMISSIVE and "
                       "FAILFAST.",
                       {{"funcName", QuotedName({call.name})}, {"mode", mode->second}}, call.at);
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
  if (auto schema = type.ok() ? Result<plan::Schema>(plan::Schema{}) : ParseSchema(*text); !type.ok() && schema.ok()) {
    type = DataType::Struct(schema->fields);
  }
  if (type.ok() && HasNameTwice(*type)) return Refused("a struct with a name twice", call.at);
  if (type.ok()) return AllNullable(*type);
  Error error = type.error();
  if (text->find(' ') != std::string::npos) {  // more than a name is no type's syntax
    error.error_class = "PARSE_SYNTAX_ERROR";
    error.sqlstate = "42601";
  }
  error.at = call.at;
  return error;
}

ExprPtr OptionsLiteral(const Options& options) {
  std::vector<ExprPtr> entries;
  for (const auto& [name, value] : options) {
    entries.push_back(StringLiteral(name));
    entries.push_back(StringLiteral(value));
  }
  return MakeCall("map", std::move(entries), DataType::Map(TypeId::kString, TypeId::kString), false);
}

Result<std::string> ConstantArgument(const PendingCall& call, size_t index, const std::string& name) {
  const auto& arg = call.args[index];
  if (auto text = LiteralText(arg)) return *text;
  const auto* literal = AsLiteral(arg);
  if (literal && !literal->value.is_null()) return UnexpectedType(call, index, "\"STRING\"");
  if (literal)
    return Mismatch("UNEXPECTED_NULL", call.sql, "The <exprName> must not be null.", {{"exprName", name}}, call.at);
  if (IsConstant(arg)) return Refused(call.name + " of a computed constant", call.at);
  return Mismatch(
      "NON_FOLDABLE_INPUT", call.sql,
      "the input <inputName> should be a foldable <inputType> expression; however, got <inputExpr>.",
      {{"inputName", "`" + name + "`"}, {"inputType", "\"STRING\""}, {"inputExpr", QuotedSql(call.arg_sql[index])}},
      call.at);
}

}  // namespace tidemill::sql
