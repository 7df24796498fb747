#include "session/partition.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/names.h"
#include "delta/partition_value.h"
#include "delta/path.h"
#include "session/error.h"
#include "session/table_files.h"
#include "session/tree.h"

namespace tidemill::session {

std::string Partition::ToString() const {
  std::vector<std::string> pairs;
  for (const auto& [column, value] : values) pairs.push_back(fmt::format("{}={}", column, value));
  return fmt::format("[{}]", fmt::join(pairs, ", "));
}

Result<Partition> FindPartition(State& state, const Table& table, const plan::PartitionSpec& spec,
                                const std::string& operation) {
  const auto not_found = [&](const std::string& what) {
    return SqlError("PARTITIONS_NOT_FOUND", "428FT",
                    fmt::format("The partition(s) {} cannot be found in table {}. Verify the partition specification "
                                "and table name.",
                                what, Quoted(table.FullName())));
  };
  if (table.partition_columns.empty()) {
    return SqlError("_LEGACY_ERROR_TEMP_1251", "",
                    fmt::format("{} is not allowed on {} since its partition metadata is not stored in the Hive "
                                "metastore. To import this information into the metastore, run `msck repair table {}`.",
                                operation, table.name, table.name));
  }
  for (const auto& [column, value] : spec) {
    const bool known = std::ranges::any_of(table.partition_columns,
                                           [&](const auto& partition) { return SameIgnoringCase(partition, column); });
    if (!known || !value) return not_found(Quoted({column}));
  }
  std::vector<std::string> named;
  for (const auto& part : spec) named.push_back(part.first);
  if (spec.size() != table.partition_columns.size()) {
    return SqlError(
        "_LEGACY_ERROR_TEMP_1232", "",
        fmt::format("Partition spec is invalid. The spec ({}) must match the partition spec ({}) defined in "
                    "table '{}'.",
                    fmt::join(named, ", "), fmt::join(table.partition_columns, ", "), Quoted(table.FullName())));
  }
  Partition partition;
  for (const auto& column : table.partition_columns) {
    const auto part = std::ranges::find_if(spec, [&](const auto& p) { return SameIgnoringCase(p.first, column); });
    const auto& field = table.schema.fields[static_cast<size_t>(table.schema.IndexOf(column))];
    ASSIGN_OR_RETURN(const auto value,
                     state.Evaluate(CastTo(part->second, AsRead(plan::Schema{{field}}).fields[0].type)));
    ASSIGN_OR_RETURN(const auto text, delta::FormatPartitionValue(value, field.type));
    partition.values.emplace_back(field.name, text.value_or("null"));
    partition.folder += (partition.folder.empty() ? "" : "/") + delta::PartitionFolder(field.name, text);
  }
  ASSIGN_OR_RETURN(const auto there, PartitionsOf(*state.environment.storage, table));
  if (std::ranges::find(there, partition.folder) == there.end()) {
    std::vector<std::string> pairs;
    for (const auto& [column, value] : partition.values)
      pairs.push_back(fmt::format("{} = {}", Quoted({column}), value));
    return not_found(fmt::format("PARTITION ({})", fmt::join(pairs, ", ")));
  }
  return partition;
}

}  // namespace tidemill::session
