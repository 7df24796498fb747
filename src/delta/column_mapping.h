// "Column Mapping": the names and ids by which columns are found inside data files, partition values and statistics.
#pragma once

#include <cstdint>
#include <optional>
#include <random>
#include <string>

#include "base/result.h"
#include "delta/actions.h"
#include "plan/type.h"

namespace tidemill::delta {

enum class ColumnMapping { kNone, kName, kId };

inline constexpr const char* kMappingModeProperty = "delta.columnMapping.mode";

// From the table's configuration "delta.columnMapping.mode".
Result<ColumnMapping> ColumnMappingOf(const Metadata& metadata);

// The field's name inside the table's files; its own name without mapping.
std::string PhysicalName(const plan::Field& field, ColumnMapping mapping);
// The Parquet field id (mapping kId, also present under kName).
std::optional<int32_t> FieldId(const plan::Field& field);
// The same schema under physical names, nested fields included.
plan::Schema PhysicalSchema(const plan::Schema& schema, ColumnMapping mapping);
// What the columns that get a physical name now are called in the table's files.
enum class NewPhysicalNames {
  kRandom,   // "col-<uuid>": of a new table or column
  kAsNamed,  // of a table that has files and is mapped from now on
};
// Gives every field without one an id and a physical name, nested fields included, and keeps the property
// delta.columnMapping.maxColumnId. Does nothing where `properties` ask for no mapping.
Status MapColumns(plan::Schema& schema, StringMap& properties, NewPhysicalNames names, std::mt19937_64& random);
// The schema without ids and physical names, as a new table may take it over.
plan::Schema Unmapped(const plan::Schema& schema);

// The same, or none where columns are not mapped.
std::optional<plan::Schema> FileSchema(const plan::Schema& schema, ColumnMapping mapping);
// What a query sees of a table: without columns and fields of structs that are VOID, as in Spark. Files don't hold
// them.
plan::Schema ReadableSchema(const plan::Schema& schema);

}  // namespace tidemill::delta
