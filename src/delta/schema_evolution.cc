#include "delta/schema_evolution.h"

#include "base/lower.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <set>

namespace tidemill::delta {
namespace {

using plan::DataType;
using plan::Field;
using plan::Schema;
using plan::TypeId;

const Field* FindField(const std::vector<Field>& fields, const std::string& name) {
  const auto found = std::find_if(fields.begin(), fields.end(),
                                  [&](const Field& field) { return LowerAscii(field.name) == LowerAscii(name); });
  return found == fields.end() ? nullptr : &*found;
}

// char(n) and varchar(n) hold strings; their lengths are the writer's to enforce.
bool Storable(const DataType& table, const DataType& data) {
  if (table.is(TypeId::kString) && data.is(TypeId::kString)) return true;
  return table.SameType(data);
}

class Comparison {
 public:
  explicit Comparison(SchemaDifference& out) : out_(out) {}

  void Fields(const std::vector<Field>& table, const std::vector<Field>& data, const std::string& prefix) {
    for (const auto& field : table) {
      if (FindField(data, field.name) == nullptr) out_.missing.push_back(prefix + field.name);
    }
    for (const auto& field : data) {
      const Field* known = FindField(table, field.name);
      if (known == nullptr) {
        out_.extra.push_back(prefix + field.name);
      } else {
        if (!known->nullable && field.nullable) out_.nullable.push_back(prefix + field.name);
        Type(known->type, field.type, prefix + field.name);
      }
    }
  }

 private:
  void Type(const DataType& table, const DataType& data, const std::string& path) {
    if (table.is(TypeId::kStruct) && data.is(TypeId::kStruct)) {
      Fields(table.fields(), data.fields(), path + ".");
    } else if (table.is(TypeId::kArray) && data.is(TypeId::kArray)) {
      Type(table.element(), data.element(), path + ".element");
    } else if (table.is(TypeId::kMap) && data.is(TypeId::kMap)) {
      Type(table.key(), data.key(), path + ".key");
      Type(table.value(), data.value(), path + ".value");
    } else if (!Storable(table, data)) {
      out_.mismatched.push_back(
          fmt::format("{}: the table has {}, the data has {}", path, table.ToString(), data.ToString()));
    }
  }

  SchemaDifference& out_;
};

std::vector<Field> MergeFields(const std::vector<Field>& table, const std::vector<Field>& data);

DataType MergeType(const DataType& table, const DataType& data) {
  if (table.is(TypeId::kStruct) && data.is(TypeId::kStruct)) {
    return DataType::Struct(MergeFields(table.fields(), data.fields()));
  }
  if (table.is(TypeId::kArray) && data.is(TypeId::kArray)) {
    return DataType::Array(MergeType(table.element(), data.element()), table.contains_null());
  }
  if (table.is(TypeId::kMap) && data.is(TypeId::kMap)) {
    return DataType::Map(MergeType(table.key(), data.key()), MergeType(table.value(), data.value()),
                         table.value_contains_null());
  }
  return table;
}

std::vector<Field> MergeFields(const std::vector<Field>& table, const std::vector<Field>& data) {
  std::vector<Field> merged = table;
  for (auto& field : merged) {
    if (const Field* other = FindField(data, field.name)) field.type = MergeType(field.type, other->type);
  }
  for (const auto& field : data) {
    if (FindField(table, field.name) != nullptr) continue;
    merged.push_back(field);
    merged.back().nullable = true;
  }
  return merged;
}

Error Different(std::string_view what, const std::vector<std::string>& list, std::string_view advice) {
  return FailedPrecondition(
      fmt::format("the data does not fit the table: {}: {}. {}", what, fmt::join(list, "; "), advice));
}

Status CheckField(const Field& field, const std::string& prefix);

Status CheckType(const DataType& type, const std::string& path) {
  switch (type.id()) {
    case TypeId::kStruct:
      for (const auto& field : type.fields()) RETURN_IF_ERROR(CheckField(field, path + "."));
      return Ok();
    case TypeId::kArray:
      return CheckType(type.element(), path + ".element");
    case TypeId::kMap:
      RETURN_IF_ERROR(CheckType(type.key(), path + ".key"));
      return CheckType(type.value(), path + ".value");
    case TypeId::kNull:
    case TypeId::kYearMonthInterval:
    case TypeId::kDayTimeInterval:
    case TypeId::kCalendarInterval:
    case TypeId::kVariant:
      return Unimplemented(
          fmt::format("the column '{}' has the type {}, which is not stored in Delta tables here. Cast it.", path,
                      type.ToString()));
    default:
      return Ok();
  }
}

Status CheckField(const Field& field, const std::string& prefix) { return CheckType(field.type, prefix + field.name); }

// Characters that Parquet's own schema syntax uses; Delta forbids them without column mapping.
constexpr std::string_view kForbidden = " ,;{}()\n\t=";

Status CheckNames(const Schema& schema) {
  std::set<std::string> seen;
  for (const auto& field : schema.fields) {
    if (!seen.insert(LowerAscii(field.name)).second) {
      return InvalidArgument(
          fmt::format("the column '{}' is there twice (case does not count). Give one another name.", field.name));
    }
    if (field.name.empty() || field.name.find_first_of(kForbidden) != std::string::npos) {
      return InvalidArgument(
          fmt::format("the column name '{}' has one of the characters ' ,;{{}}()\\n\\t=' that Delta "
                      "tables cannot hold, or is empty. Give it an alias.",
                      field.name));
    }
  }
  return Ok();
}

}  // namespace

SchemaDifference CompareSchemas(const Schema& table, const Schema& data) {
  SchemaDifference difference;
  Comparison(difference).Fields(table.fields, data.fields, "");
  return difference;
}

Status EnforceSchema(const Schema& table, const Schema& data) {
  const auto difference = CompareSchemas(table, data);
  if (!difference.extra.empty()) {
    return Different("columns the table lacks", difference.extra, "Leave them out, or allow the schema to evolve.");
  }
  if (!difference.mismatched.empty()) {
    return Different("columns of another type", difference.mismatched, "Cast them to the table's types.");
  }
  std::vector<std::string> missing;
  for (const auto& field : table.fields) {
    if (!field.nullable && FindField(data.fields, field.name) == nullptr) missing.push_back(field.name);
  }
  if (!missing.empty()) return Different("missing columns that are NOT NULL", missing, "Add them.");
  return Ok();
}

Result<Schema> MergeSchema(const Schema& table, const Schema& data) {
  const auto difference = CompareSchemas(table, data);
  if (!difference.mismatched.empty()) {
    return Different("columns of another type", difference.mismatched, "Cast them to the table's types.");
  }
  return Schema{MergeFields(table.fields, data.fields)};
}

Status CheckTableSchema(const Schema& schema, const std::vector<std::string>& partition_columns) {
  if (schema.fields.empty()) return InvalidArgument("a table needs at least one column");
  RETURN_IF_ERROR(CheckNames(schema));
  for (const auto& field : schema.fields) RETURN_IF_ERROR(CheckField(field, ""));
  std::set<std::string> seen;
  for (const auto& name : partition_columns) {
    const int index = schema.IndexOf(name);
    if (index < 0)
      return InvalidArgument(fmt::format("the partition column '{}' is not among the table's columns", name));
    if (schema.fields[static_cast<size_t>(index)].type.is_nested()) {
      return InvalidArgument(fmt::format("the nested column '{}' cannot partition a table", name));
    }
    if (!seen.insert(LowerAscii(name)).second)
      return InvalidArgument(fmt::format("the partition column '{}' is there twice", name));
  }
  if (partition_columns.size() >= schema.fields.size()) {
    return InvalidArgument("every column is a partition column; at least one must hold data");
  }
  return Ok();
}

}  // namespace tidemill::delta
