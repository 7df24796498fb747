#include "delta/column_mapping.h"

#include <fmt/format.h>

#include "delta/detail/json_fields.h"

namespace tidemill::delta {
namespace {

plan::DataType PhysicalType(const plan::DataType& type, ColumnMapping mapping) {
  switch (type.id()) {
    case plan::TypeId::kArray:
      return plan::DataType::Array(PhysicalType(type.element(), mapping), type.contains_null());
    case plan::TypeId::kMap:
      return plan::DataType::Map(PhysicalType(type.key(), mapping), PhysicalType(type.value(), mapping),
                                 type.value_contains_null());
    case plan::TypeId::kStruct:
      return plan::DataType::Struct(PhysicalSchema({type.fields()}, mapping).fields);
    default:
      return type;
  }
}

}  // namespace

Result<ColumnMapping> ColumnMappingOf(const Metadata& metadata) {
  const auto found = metadata.configuration.find("delta.columnMapping.mode");
  if (found == metadata.configuration.end() || found->second == "none") return ColumnMapping::kNone;
  if (found->second == "name") return ColumnMapping::kName;
  if (found->second == "id") return ColumnMapping::kId;
  return Unimplemented(
      fmt::format("the table's column mapping mode '{}' is not known here (none, name, id)", found->second));
}

std::string PhysicalName(const plan::Field& field, ColumnMapping mapping) {
  if (mapping == ColumnMapping::kNone || field.metadata.empty()) return field.name;
  const Json metadata = Json::parse(field.metadata, nullptr, false);
  if (!metadata.is_object()) return field.name;
  const auto name = metadata.find("delta.columnMapping.physicalName");
  return name != metadata.end() && name->is_string() ? name->get<std::string>() : field.name;
}

std::optional<int32_t> FieldId(const plan::Field& field) {
  if (field.metadata.empty()) return std::nullopt;
  const Json metadata = Json::parse(field.metadata, nullptr, false);
  if (!metadata.is_object()) return std::nullopt;
  const auto id = metadata.find("delta.columnMapping.id");
  return id != metadata.end() && id->is_number_integer() ? std::optional(id->get<int32_t>()) : std::nullopt;
}

plan::Schema PhysicalSchema(const plan::Schema& schema, ColumnMapping mapping) {
  if (mapping == ColumnMapping::kNone) return schema;
  plan::Schema physical;
  for (const auto& field : schema.fields) {
    physical.fields.push_back(
        {PhysicalName(field, mapping), PhysicalType(field.type, mapping), field.nullable, field.metadata});
  }
  return physical;
}

}  // namespace tidemill::delta
