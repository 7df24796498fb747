#include "delta/scan.h"

#include <algorithm>

#include "delta/detail/partition_columns.h"
#include "delta/detail/prune.h"
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
  ASSIGN_OR_RETURN(const auto partition, PartitionColumnsOf(snapshot));
  const BoundTests tests = Bind(snapshot, partition, predicate);
  Scan scan;
  for (const auto& add : snapshot.files()) {
    ASSIGN_OR_RETURN(auto values, PartitionValuesOf(add.path, add.partition_values, partition));
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
