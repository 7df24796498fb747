#include "delta/scan.h"

#include <fmt/format.h>

#include <algorithm>

#include "delta/detail/prune.h"
#include "delta/partition_value.h"
#include "delta/statistics.h"

namespace tidemill::delta {
namespace {

// A predicate's tests sorted by where their columns live.
struct BoundTests {
  struct OnPartition {
    const Test* test;
    size_t index;  // into partition_columns
  };
  struct OnData {
    const Test* test;
    const plan::Field* field;
  };
  std::vector<OnPartition> partition;
  std::vector<OnData> data;
  plan::Schema data_schema;  // only the columns that `data` asks for
};

struct PartitionColumn {
  const plan::Field* field;
  std::string physical_name;
};

Result<std::vector<PartitionColumn>> PartitionColumns(const Snapshot& snapshot) {
  std::vector<PartitionColumn> columns;
  for (const auto& name : snapshot.partition_columns()) {
    const int index = snapshot.schema().IndexOf(name);
    if (index < 0) return DataLoss(fmt::format("the partition column '{}' is not in the table's schema", name));
    const plan::Field& field = snapshot.schema().fields[static_cast<size_t>(index)];
    columns.push_back({&field, PhysicalName(field, snapshot.column_mapping())});
  }
  return columns;
}

BoundTests Bind(const Snapshot& snapshot, const std::vector<PartitionColumn>& partition, const Predicate& predicate) {
  BoundTests bound;
  for (const auto& test : predicate.tests) {
    const int index = snapshot.schema().IndexOf(test.column);
    if (index < 0) continue;  // not ours to judge
    const plan::Field& field = snapshot.schema().fields[static_cast<size_t>(index)];
    const auto found = std::find_if(partition.begin(), partition.end(),
                                    [&](const PartitionColumn& column) { return column.field == &field; });
    if (found != partition.end()) {
      bound.partition.push_back({&test, static_cast<size_t>(found - partition.begin())});
    } else {
      bound.data.push_back({&test, &field});
      if (bound.data_schema.IndexOf(field.name) < 0) bound.data_schema.fields.push_back(field);
    }
  }
  return bound;
}

Result<std::vector<plan::Value>> PartitionValuesOf(const Add& add, const std::vector<PartitionColumn>& columns) {
  std::vector<plan::Value> values;
  values.reserve(columns.size());
  for (const auto& column : columns) {
    const auto text = add.partition_values.find(column.physical_name);
    if (text == add.partition_values.end()) {
      return DataLoss(
          fmt::format("the file '{}' has no value for the partition column '{}'", add.path, column.field->name));
    }
    ASSIGN_OR_RETURN(auto value, ParsePartitionValue(text->second, column.field->type));
    values.push_back(std::move(value));
  }
  return values;
}

bool MayHoldMatch(const BoundTests& tests, const Add& add, const std::vector<PartitionColumn>& partition,
                  const std::vector<plan::Value>& partition_values, ColumnMapping mapping) {
  for (const auto& [test, index] : tests.partition) {
    if (!MayMatchValue(*test, partition_values[index], partition[index].field->type)) return false;
  }
  if (tests.data.empty() || !add.stats) return true;
  const FileStatistics statistics = ParseStatistics(*add.stats, tests.data_schema, mapping);
  for (const auto& [test, field] : tests.data) {
    const auto column = statistics.columns.find(field->name);
    if (column == statistics.columns.end()) continue;
    if (!MayMatchStatistics(*test, statistics, column->second, field->type)) return false;
  }
  return true;
}

}  // namespace

Result<Scan> Prune(const Snapshot& snapshot, const Predicate& predicate) {
  ASSIGN_OR_RETURN(const auto partition, PartitionColumns(snapshot));
  const BoundTests tests = Bind(snapshot, partition, predicate);
  Scan scan;
  for (const auto& add : snapshot.files()) {
    ASSIGN_OR_RETURN(auto values, PartitionValuesOf(add, partition));
    if (!MayHoldMatch(tests, add, partition, values, snapshot.column_mapping())) {
      ++scan.pruned_files;
      scan.pruned_bytes += add.size_bytes;
      continue;
    }
    ASSIGN_OR_RETURN(auto path, snapshot.PathOf(add));
    scan.files.push_back({&add, std::move(path), std::move(values)});
  }
  return scan;
}

}  // namespace tidemill::delta
