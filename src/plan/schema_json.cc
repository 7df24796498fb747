#include "plan/schema_json.h"

#include <fmt/format.h>

#include <charconv>
#include <nlohmann/json.hpp>

namespace tidemill::plan {
namespace {

using Json = nlohmann::ordered_json;

struct NamedType {
  std::string_view json;
  TypeId id;
};

// The names DataType.json uses where they differ from catalogString, and all simple types for reading.
constexpr NamedType kSimpleTypes[] = {
    {"void", TypeId::kNull},
    {"boolean", TypeId::kBoolean},
    {"byte", TypeId::kByte},
    {"short", TypeId::kShort},
    {"integer", TypeId::kInt},
    {"long", TypeId::kLong},
    {"float", TypeId::kFloat},
    {"double", TypeId::kDouble},
    {"string", TypeId::kString},
    {"binary", TypeId::kBinary},
    {"date", TypeId::kDate},
    {"timestamp", TypeId::kTimestamp},
    {"timestamp_ntz", TypeId::kTimestampNtz},
    {"interval", TypeId::kCalendarInterval},
    {"variant", TypeId::kVariant},
};

constexpr std::string_view kCharVarchar = "__CHAR_VARCHAR_TYPE_STRING";

Json TypeToJson(const DataType& type);

Json FieldToJson(const Field& field) {
  Json metadata = field.metadata.empty() ? Json::object() : Json::parse(field.metadata);
  DataType type = field.type;
  if (type.is_char() || type.is_varchar()) {  // CharVarcharUtils: a string whose true type is metadata
    metadata[std::string(kCharVarchar)] = type.ToString();
    type = TypeId::kString;
  }
  return Json{{"name", field.name}, {"type", TypeToJson(type)}, {"nullable", field.nullable}, {"metadata", metadata}};
}

Json FieldsToJson(const std::vector<Field>& fields) {
  Json list = Json::array();
  for (const auto& field : fields) list.push_back(FieldToJson(field));
  return Json{{"type", "struct"}, {"fields", std::move(list)}};
}

Json TypeToJson(const DataType& type) {
  switch (type.id()) {
    case TypeId::kArray:
      return Json{
          {"type", "array"}, {"elementType", TypeToJson(type.element())}, {"containsNull", type.contains_null()}};
    case TypeId::kMap:
      return Json{{"type", "map"},
                  {"keyType", TypeToJson(type.key())},
                  {"valueType", TypeToJson(type.value())},
                  {"valueContainsNull", type.value_contains_null()}};
    case TypeId::kStruct:
      return FieldsToJson(type.fields());
    case TypeId::kDecimal:
    case TypeId::kYearMonthInterval:
    case TypeId::kDayTimeInterval:
      return type.ToString();
    case TypeId::kString:
      return type.is_char() || type.is_varchar() || !type.collation().empty() ? type.ToString() : "string";
    default:
      for (const auto& simple : kSimpleTypes) {
        if (simple.id == type.id()) return std::string(simple.json);
      }
      return "void";
  }
}

Error Bad(const std::string& what) { return DataLoss("the schema's JSON is not Spark's: " + what); }

// "decimal(10,2)" -> {10, 2}; "varchar(5)" -> {5}.
std::vector<int> Arguments(std::string_view text) {
  std::vector<int> numbers;
  const size_t open = text.find('(');
  for (size_t at = open == std::string_view::npos ? text.size() : open + 1; at < text.size();) {
    while (at < text.size() && (text[at] == ' ' || text[at] == ',')) ++at;
    int value = 0;
    const auto [end, code] = std::from_chars(text.data() + at, text.data() + text.size(), value);
    if (code != std::errc{}) break;
    numbers.push_back(value);
    at = static_cast<size_t>(end - text.data());
  }
  return numbers;
}

constexpr std::string_view kFieldNames[] = {"year", "month", "day", "hour", "minute", "second"};

Result<DataType> IntervalFromName(const std::string& name) {
  std::vector<int> ends;
  for (std::string_view rest = std::string_view(name).substr(9); !rest.empty();) {
    const auto word = rest.substr(0, rest.find(' '));
    rest.remove_prefix(std::min(rest.size(), word.size() + 1));
    if (word == "to") continue;
    int index = 0;
    while (index < 6 && kFieldNames[index] != word) ++index;
    if (index == 6) return Bad(fmt::format("unknown type '{}'", name));
    ends.push_back(index);
  }
  if (ends.empty()) return Bad(fmt::format("unknown type '{}'", name));
  const auto from = static_cast<IntervalField>(ends.front());
  const auto to = static_cast<IntervalField>(ends.back());
  return to <= IntervalField::kMonth ? DataType::YearMonth(from, to) : DataType::DayTime(from, to);
}

Result<DataType> SimpleFromName(const std::string& name) {
  for (const auto& simple : kSimpleTypes) {
    if (simple.json == name) return DataType(simple.id);
  }
  const auto arguments = Arguments(name);
  if (name == "decimal") return DataType::Decimal(10, 0);
  if (name.starts_with("decimal(") && arguments.size() == 2) return DataType::Decimal(arguments[0], arguments[1]);
  if (name.starts_with("char(") && arguments.size() == 1) return DataType::Char(arguments[0]);
  if (name.starts_with("varchar(") && arguments.size() == 1) return DataType::Varchar(arguments[0]);
  if (name.starts_with("interval ")) return IntervalFromName(name);
  constexpr std::string_view kCollated = "string collate ";
  if (name.starts_with(kCollated)) return DataType::Collated(name.substr(kCollated.size()));
  return Bad(fmt::format("unknown type '{}'", name));
}

Result<DataType> TypeFromJson(const Json& json);

Result<std::vector<Field>> FieldsFromJson(const Json& json) {
  if (!json.contains("fields") || !json["fields"].is_array()) return Bad("a struct without fields");
  std::vector<Field> fields;
  for (const auto& entry : json["fields"]) {
    if (!entry.is_object() || !entry.contains("name") || !entry["name"].is_string() || !entry.contains("type")) {
      return Bad("a field without name or type");
    }
    Field field{.name = entry["name"].get<std::string>(), .type = {}};
    ASSIGN_OR_RETURN(field.type, TypeFromJson(entry["type"]));
    field.nullable = !entry.contains("nullable") || !entry["nullable"].is_boolean() || entry["nullable"].get<bool>();
    if (entry.contains("metadata") && entry["metadata"].is_object() && !entry["metadata"].empty()) {
      Json metadata = entry["metadata"];
      const auto char_varchar = metadata.find(kCharVarchar);
      if (char_varchar != metadata.end() && char_varchar->is_string() && field.type.is(TypeId::kString)) {
        ASSIGN_OR_RETURN(field.type, SimpleFromName(char_varchar->get<std::string>()));
        metadata.erase(char_varchar);
      }
      if (!metadata.empty()) field.metadata = metadata.dump();
    }
    fields.push_back(std::move(field));
  }
  return fields;
}

Result<DataType> TypeFromJson(const Json& json) {
  if (json.is_string()) return SimpleFromName(json.get<std::string>());
  if (!json.is_object() || !json.contains("type") || !json["type"].is_string()) return Bad("a type without a name");
  const auto kind = json["type"].get<std::string>();
  const auto flag = [&](const char* key) {
    return !json.contains(key) || !json[key].is_boolean() || json[key].get<bool>();
  };
  if (kind == "struct") {
    ASSIGN_OR_RETURN(auto fields, FieldsFromJson(json));
    return DataType::Struct(std::move(fields));
  }
  if (kind == "array" && json.contains("elementType")) {
    ASSIGN_OR_RETURN(auto element, TypeFromJson(json["elementType"]));
    return DataType::Array(std::move(element), flag("containsNull"));
  }
  if (kind == "map" && json.contains("keyType") && json.contains("valueType")) {
    ASSIGN_OR_RETURN(auto key, TypeFromJson(json["keyType"]));
    ASSIGN_OR_RETURN(auto value, TypeFromJson(json["valueType"]));
    return DataType::Map(std::move(key), std::move(value), flag("valueContainsNull"));
  }
  return Bad(fmt::format("unknown type '{}'", kind));
}

}  // namespace

std::string SchemaToJson(const Schema& schema) { return FieldsToJson(schema.fields).dump(); }

Result<Schema> SchemaFromJson(std::string_view json) {
  const Json parsed = Json::parse(json, nullptr, /*allow_exceptions=*/false);
  if (parsed.is_discarded() || !parsed.is_object()) return Bad("not a JSON object");
  ASSIGN_OR_RETURN(auto type, TypeFromJson(parsed));
  if (!type.is(TypeId::kStruct)) return Bad("the top is not a struct");
  return Schema{type.fields()};
}

}  // namespace tidemill::plan
