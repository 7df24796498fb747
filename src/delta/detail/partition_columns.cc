#include "delta/detail/partition_columns.h"

#include <fmt/format.h>

#include "delta/column_mapping.h"
#include "delta/partition_value.h"

namespace tidemill::delta {

Result<std::vector<PartitionColumn>> PartitionColumnsOf(const Snapshot& snapshot) {
  std::vector<PartitionColumn> columns;
  for (const auto& name : snapshot.partition_columns()) {
    const int index = snapshot.schema().IndexOf(name);
    if (index < 0) return DataLoss(fmt::format("the partition column '{}' is not in the table's schema", name));
    const plan::Field& field = snapshot.schema().fields[static_cast<size_t>(index)];
    columns.push_back({&field, PhysicalName(field, snapshot.column_mapping())});
  }
  return columns;
}

Result<std::vector<plan::Value>> PartitionValuesOf(const std::string& file, const PartitionValues& texts,
                                                   const std::vector<PartitionColumn>& columns) {
  std::vector<plan::Value> values;
  values.reserve(columns.size());
  for (const auto& column : columns) {
    const auto text = texts.find(column.physical_name);
    if (text == texts.end()) {
      return DataLoss(
          fmt::format("the file '{}' has no value for the partition column '{}'", file, column.field->name));
    }
    ASSIGN_OR_RETURN(auto value, ParsePartitionValue(text->second, column.field->type));
    values.push_back(std::move(value));
  }
  return values;
}

}  // namespace tidemill::delta
