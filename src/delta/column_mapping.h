// "Column Mapping": the names and ids by which columns are found inside data files, partition values and statistics.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"
#include "delta/actions.h"
#include "plan/type.h"

namespace tidemill::delta {

enum class ColumnMapping { kNone, kName, kId };

// From the table's configuration "delta.columnMapping.mode".
Result<ColumnMapping> ColumnMappingOf(const Metadata& metadata);

// The field's name inside the table's files; its own name without mapping.
std::string PhysicalName(const plan::Field& field, ColumnMapping mapping);
// The Parquet field id (mapping kId, also present under kName).
std::optional<int32_t> FieldId(const plan::Field& field);
// The same schema under physical names, nested fields included.
plan::Schema PhysicalSchema(const plan::Schema& schema, ColumnMapping mapping);

}  // namespace tidemill::delta
