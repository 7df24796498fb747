#include "engine/duckdb/json.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "engine/duckdb/compile.h"
#include "engine/duckdb/csv.h"
#include "engine/duckdb/kernel_vector.h"
#include "engine/duckdb/text_values.h"

namespace tidemill::engine::duckdb {
namespace {

using plan::DataType;
using plan::Field;
using plan::Schema;
using plan::TypeId;
using Json = nlohmann::ordered_json;

// The structure json_transform reads a record into. Dates, times and decimals arrive as text, typed afterwards.
Result<Json> StructureOf(const Field& field, bool top) {
  switch (field.type.id()) {
    case TypeId::kArray: {
      ASSIGN_OR_RETURN(auto element, StructureOf(Field{field.name, field.type.element()}, false));
      return Json::array({std::move(element)});
    }
    case TypeId::kStruct: {
      Json fields = Json::object();
      for (const auto& child : field.type.fields()) {
        ASSIGN_OR_RETURN(fields[child.name], StructureOf(child, false));
      }
      return fields;
    }
    case TypeId::kDate:
    case TypeId::kTimestamp:
    case TypeId::kTimestampNtz:
      if (!top)
        return Unimplemented(fmt::format("column {}: {} inside a nested JSON value", field.name, field.type.ToSql()));
      return Json("VARCHAR");
    case TypeId::kMap:
    case TypeId::kBinary:
    case TypeId::kCalendarInterval:
    case TypeId::kVariant:
      return Unimplemented(fmt::format("column {}: {} from JSON", field.name, field.type.ToSql()));
    default:
      return Json(DuckDbType(field.type));
  }
}

Result<DataType> TypeOfStructure(const Json& structure) {
  if (structure.is_array()) {
    ASSIGN_OR_RETURN(auto element, TypeOfStructure(structure.empty() ? Json("NULL") : structure[0]));
    return DataType::Array(std::move(element));
  }
  if (structure.is_object()) {
    std::vector<Field> fields;
    for (const auto& [name, value] : structure.items()) {
      Field field{name, {}};
      ASSIGN_OR_RETURN(field.type, TypeOfStructure(value));
      fields.push_back(std::move(field));
    }
    // JsonInferSchema sorts the fields by name.
    std::sort(fields.begin(), fields.end(), [](const Field& a, const Field& b) { return a.name < b.name; });
    return DataType::Struct(std::move(fields));
  }
  const auto name = structure.get<std::string>();
  if (name == "BOOLEAN") return DataType(TypeId::kBoolean);
  if (name == "BIGINT" || name == "UBIGINT") return DataType(TypeId::kLong);
  if (name == "DOUBLE") return DataType(TypeId::kDouble);
  return DataType(TypeId::kString);  // texts, only nulls, or values of mixed types
}

}  // namespace

Result<SourceSelect> JsonSelect(Connection& connection, const Source& source, const std::string& time_zone,
                                const std::string& window) {
  if (source.text.multi_line) return Unimplemented("JSON records over several lines (multi_line) on the native engine");
  Json structure = Json::object();
  std::string typed;
  const bool raises = source.text.malformed == Malformed::kFail;
  std::string fits = "tm_row IS NOT NULL";
  for (size_t i = 0; i < source.schema.fields.size(); ++i) {
    const auto& field = source.schema.fields[i];
    ASSIGN_OR_RETURN(structure[field.name], StructureOf(field, true));
    std::string value = "tm_row." + QuoteName(field.name);
    if (field.type.is_datetime()) {
      const std::string raw = value;
      ASSIGN_OR_RETURN(value, TypedText(connection, raw, field, {source.text, raises, time_zone}));
      fits += fmt::format(" AND ({} IS NULL OR c{} IS NOT NULL)", raw, i);
    }
    typed += fmt::format("{}{} AS c{}", i == 0 ? "" : ", ", value, i);
  }
  const std::string lines =
      fmt::format("(SELECT line, filename AS tm_file FROM {} WHERE trim(line) <> '')", LinesOf(source.files));
  const std::string record = fmt::format("json_transform_strict(line, {})", QuoteText(structure.dump()));
  SourceSelect select;
  if (raises) {
    const std::string wrong = fmt::format(
        "error(replace({}, '%', regexp_replace(tm_file, '^tmz?://', '') || ': not a JSON record of the schema: ' || "
        "left(line, 100)))",
        QuoteText(EncodeError(kMalformedRecord, "22023", "%")));
    select.sql = fmt::format(
        "SELECT * FROM (SELECT {} FROM (SELECT CASE WHEN json_valid(line) THEN {} ELSE {} END AS tm_row FROM {})) "
        "WHERE {}",
        typed, record, wrong, lines, window);
    return select;
  }
  std::string outputs;
  for (size_t i = 0; i < source.schema.fields.size(); ++i) outputs += fmt::format("{}c{}", i == 0 ? "" : ", ", i);
  select.run_once = true;
  select.sql =
      FittingRows(outputs, fmt::format("SELECT *, {} FROM (SELECT *, TRY({}) AS tm_row FROM {})", typed, record, lines),
                  fits, window, source.name, "line", "not a JSON record of the schema");
  return select;
}

Result<Schema> InferJson(Connection& connection, const Source& source) {
  ASSIGN_OR_RETURN(
      auto answer,
      connection.Run(fmt::format("SELECT CAST(json_group_structure(CASE WHEN json_valid(line) THEN line::JSON END) AS "
                                 "VARCHAR) FROM {} WHERE trim(line) <> ''",
                                 LinesOf(source.files))));
  ASSIGN_OR_RETURN(const std::string text, answer->Text());
  const Json structure = Json::parse(text, nullptr, false);
  if (!structure.is_object()) {
    return DataLoss(
        fmt::format("{} holds no JSON objects, one a line (source {})", source.files.front().path, source.name));
  }
  ASSIGN_OR_RETURN(const auto type, TypeOfStructure(structure));
  return Schema{type.fields()};
}

}  // namespace tidemill::engine::duckdb
