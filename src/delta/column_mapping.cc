#include "delta/column_mapping.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/clock.h"
#include "delta/detail/json_fields.h"

namespace tidemill::delta {
namespace {

constexpr const char* kId = "delta.columnMapping.id";
constexpr const char* kPhysicalName = "delta.columnMapping.physicalName";
constexpr const char* kMaxColumnId = "delta.columnMapping.maxColumnId";

Json MetadataOf(const plan::Field& field) {
  Json metadata = Json::parse(field.metadata, nullptr, false);
  return metadata.is_object() ? metadata : Json::object();
}

// The type with `change` made to every field of every struct in it.
template <typename Change>
plan::DataType ChangeFields(const plan::DataType& type, const Change& change) {
  switch (type.id()) {
    case plan::TypeId::kArray:
      return plan::DataType::Array(ChangeFields(type.element(), change), type.contains_null());
    case plan::TypeId::kMap:
      return plan::DataType::Map(ChangeFields(type.key(), change), ChangeFields(type.value(), change),
                                 type.value_contains_null());
    case plan::TypeId::kStruct: {
      auto fields = type.fields();
      for (auto& field : fields) {
        change(field);
        field.type = ChangeFields(field.type, change);
      }
      return plan::DataType::Struct(std::move(fields));
    }
    default:
      return type;
  }
}

template <typename Change>
plan::Schema ChangeFields(const plan::Schema& schema, const Change& change) {
  return {ChangeFields(plan::DataType::Struct(schema.fields), change).fields()};
}

}  // namespace

Result<ColumnMapping> ColumnMappingOf(const Metadata& metadata) {
  const auto found = metadata.configuration.find(kMappingModeProperty);
  if (found == metadata.configuration.end() || found->second == "none") return ColumnMapping::kNone;
  if (found->second == "name") return ColumnMapping::kName;
  if (found->second == "id") return ColumnMapping::kId;
  return Unimplemented(
      fmt::format("the table's column mapping mode '{}' is not known here (none, name, id)", found->second));
}

std::string PhysicalName(const plan::Field& field, ColumnMapping mapping) {
  if (mapping == ColumnMapping::kNone || field.metadata.empty()) return field.name;
  const Json metadata = MetadataOf(field);
  const auto name = metadata.find(kPhysicalName);
  return name != metadata.end() && name->is_string() ? name->get<std::string>() : field.name;
}

std::optional<int32_t> FieldId(const plan::Field& field) {
  if (field.metadata.empty()) return std::nullopt;
  const Json metadata = MetadataOf(field);
  const auto id = metadata.find(kId);
  return id != metadata.end() && id->is_number_integer() ? std::optional(id->get<int32_t>()) : std::nullopt;
}

plan::Schema PhysicalSchema(const plan::Schema& schema, ColumnMapping mapping) {
  if (mapping == ColumnMapping::kNone) return schema;
  return ChangeFields(schema, [&](plan::Field& field) { field.name = PhysicalName(field, mapping); });
}

Status MapColumns(plan::Schema& schema, StringMap& properties, NewPhysicalNames names, std::mt19937_64& random) {
  ASSIGN_OR_RETURN(const auto mode, ColumnMappingOf({.configuration = properties}));
  if (mode == ColumnMapping::kNone) return Ok();
  int32_t highest = 0;
  if (const auto known = properties.find(kMaxColumnId); known != properties.end()) {
    const std::string& text = known->second;
    std::from_chars(text.data(), text.data() + text.size(), highest);
  }
  ChangeFields(schema, [&](plan::Field& field) { highest = std::max(highest, FieldId(field).value_or(0)); });
  schema = ChangeFields(schema, [&](plan::Field& field) {
    Json metadata = MetadataOf(field);
    if (!metadata.contains(kId)) metadata[kId] = ++highest;
    if (!metadata.contains(kPhysicalName)) {
      metadata[kPhysicalName] = names == NewPhysicalNames::kAsNamed ? field.name : "col-" + NewUuid(random);
    }
    field.metadata = Dump(metadata);
  });
  properties[kMaxColumnId] = std::to_string(highest);
  return Ok();
}

plan::Schema Unmapped(const plan::Schema& schema) {
  return ChangeFields(schema, [](plan::Field& field) {
    Json metadata = MetadataOf(field);
    metadata.erase(kId);
    metadata.erase(kPhysicalName);
    field.metadata = metadata.empty() ? "" : Dump(metadata);
  });
}

std::optional<plan::Schema> FileSchema(const plan::Schema& schema, ColumnMapping mapping) {
  return mapping == ColumnMapping::kNone ? std::nullopt : std::optional(PhysicalSchema(schema, mapping));
}

plan::Schema ReadableSchema(const plan::Schema& schema) {
  plan::Schema readable;
  for (auto field : schema.fields) {
    if (field.type.is(plan::TypeId::kNull)) continue;
    if (field.type.is(plan::TypeId::kStruct)) {
      field.type = plan::DataType::Struct(ReadableSchema({field.type.fields()}).fields);
    }
    readable.fields.push_back(std::move(field));
  }
  return readable;
}

}  // namespace tidemill::delta
