// Calls of functions on whole values (kernel_value.h).
#include <fmt/format.h>

#include "engine/duckdb/functions_rows.h"
#include "plan/schema_json.h"
#include "sql/shown.h"

namespace tidemill::engine::duckdb {

using plan::DataType;
using plan::TypeId;

namespace {

bool HoldsInstant(const DataType& type) {
  if (type.is(TypeId::kTimestamp)) return true;
  if (type.is(TypeId::kArray)) return HoldsInstant(type.element());
  if (type.is(TypeId::kMap)) return HoldsInstant(type.key()) || HoldsInstant(type.value());
  for (const auto& field : type.fields()) {
    if (HoldsInstant(field.type)) return true;
  }
  return false;
}

}  // namespace

std::string ValueSql(const std::string& name, const std::vector<std::string>& args, const std::vector<DataType>& types,
                     const DataType& result) {
  plan::Schema schema;
  for (size_t i = 0; i < types.size(); ++i) schema.fields.push_back({"a" + std::to_string(i), types[i]});
  schema.fields.push_back({"result", result});
  std::string sql = fmt::format("tm_value({}, {}", QuoteText(name), QuoteText(plan::SchemaToJson(schema)));
  for (const auto& arg : args) sql += ", " + arg;
  return sql + ")";
}

Result<std::string> ByValueNamed(const Lowered& l, std::string name, const DataType& result) {
  if (l.null_on_failure() && !name.starts_with("try_")) name = "try_" + name;
  std::vector<DataType> types;
  for (const auto& arg : l.call.args) types.push_back(arg->type);
  return ValueSql(name, l.args, types, result);
}

Result<std::string> ByValue(const Lowered& l) { return ByValueNamed(l, l.call.function, l.expr.type); }

// Its argument also with local times, for the offsets.
Result<std::string> ToJson(const Lowered& l) {
  DataType local = l.type(0);
  ASSIGN_OR_RETURN(auto shown, LocalTimes(l.compiler, l.args[0], &local, l.expr.at));
  const DataType text = TypeId::kString;
  return ValueSql("to_json", {l.args[0], shown, l.args[1], l.args[2], l.args[3]},
                  {l.type(0), local, TypeId::kBoolean, text, text}, l.expr.type);
}

// The same.
Result<std::string> ToCsv(const Lowered& l) {
  DataType local = l.type(0);
  ASSIGN_OR_RETURN(auto shown, LocalTimes(l.compiler, l.args[0], &local, l.expr.at));
  const DataType text = TypeId::kString;
  std::vector<std::string> args{l.args[0], shown};
  args.insert(args.end(), l.args.begin() + 1, l.args.end());
  std::vector<DataType> types(args.size(), text);
  types[0] = l.type(0);
  types[1] = local;
  return ValueSql("to_csv", args, types, l.expr.type);
}

// The same.
Result<std::string> ToXml(const Lowered& l) {
  DataType local = l.type(0);
  ASSIGN_OR_RETURN(auto shown, LocalTimes(l.compiler, l.args[0], &local, l.expr.at));
  return ValueSql("to_xml", {l.args[0], shown, l.args[1]}, {l.type(0), local, l.type(1)}, l.expr.type);
}

// (text, options): instants are read as local times of the session's zone.
Result<std::string> FromText(const Lowered& l) {
  const DataType& type = l.expr.type;
  const DataType read = l.compiler.utc() ? type : sql::WithLocalTimes(type);
  std::string null = fmt::format("CAST(NULL AS {})", DuckDbType(type));
  auto sql = ValueSql(l.call.function, {l.args[0], l.args[1], null}, {l.type(0), l.type(1), type}, read);
  return CompileCast(l.compiler, sql, read, type, typed::Cast::Mode::kPlain, l.expr.at);
}

Result<std::string> LocalTimes(const ExprCompiler& compiler, const std::string& sql, DataType* type, Position at) {
  if (!HoldsInstant(*type)) return sql;
  DataType local = sql::WithLocalTimes(*type);
  auto cast = CompileCast(compiler, sql, *type, local, typed::Cast::Mode::kPlain, at);
  *type = local;
  return cast;
}

// $variant_x is variant_x, which fails in either mode.
static Result<std::string> OfVariant(const Lowered& l) {
  std::vector<DataType> types;
  for (size_t i = 0; i < l.args.size(); ++i) types.push_back(l.type(i));
  return ValueSql(l.call.function.substr(1), l.args, types, l.expr.type);
}

std::span<const LoweringRow> ValueLowerings() {
  static constexpr LoweringRow kRows[] = {
      {"$binary_text", "", nullptr,
       [](const Lowered& l) -> Result<std::string> {
         return ValueSql("binary_text", l.args, {TypeId::kBinary, TypeId::kString}, l.expr.type);
       }},
      {"parse_json", "", nullptr,
       [](const Lowered& l) { return Result<std::string>(ValueSql("parse_json", l.args, {l.type(0)}, l.expr.type)); }},
      {"try_parse_json", "", nullptr, ByValue},
      {"$variant_of", "", nullptr, OfVariant},
      {"$variant_path", "", nullptr, OfVariant},
      {"$variant_field", "", nullptr, OfVariant},
      {"$variant_kind", "", nullptr, OfVariant},
      {"$variant_scalar", "", nullptr, OfVariant},
      {"$variant_text", "", nullptr, OfVariant},
      {"$variant_json", "", nullptr, OfVariant},
      {"$variant_schema", "", nullptr, OfVariant},
      {"$variant_is_null", "", nullptr, OfVariant},
      {"$variant_items", "", nullptr, OfVariant},
      {"$variant_entries", "", nullptr, OfVariant},
      {"$variant_bad_cast", "", nullptr, OfVariant},
      {"from_json", "", nullptr, FromText},
      {"get_json_object", "", nullptr, ByValue},
      {"json_array_length", "", nullptr, ByValue},
      {"json_field", "", nullptr, ByValue},
      {"json_object_keys", "", nullptr, ByValue},
      {"to_json", "", nullptr, ToJson},
      {"to_csv", "", nullptr, ToCsv},
      {"from_csv", "", nullptr, FromText},
      {"from_xml", "", nullptr, FromText},
      {"to_xml", "", nullptr, ToXml},
      {"xpath", "", nullptr, ByValue},
      {"xpath_boolean", "", nullptr, ByValue},
      {"xpath_double", "", nullptr, ByValue},
      {"xpath_float", "", nullptr, ByValue},
      {"xpath_int", "", nullptr, ByValue},
      {"xpath_long", "", nullptr, ByValue},
      {"xpath_short", "", nullptr, ByValue},
      {"xpath_string", "", nullptr, ByValue},
  };
  return kRows;
}

}  // namespace tidemill::engine::duckdb
