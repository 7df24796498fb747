#include "job/commit.h"

#include <fmt/format.h>

#include "delta/partition_value.h"
#include "delta/path.h"
#include "delta/statistics.h"

namespace tidemill::job {
namespace {

std::string StatisticsOf(const engine::WrittenFile& file, const plan::Schema& physical) {
  delta::FileStatistics statistics;
  statistics.num_records = file.rows;
  for (const auto& [name, column] : file.stats) {
    delta::ColumnStatistics stats{column.min, column.max, std::nullopt};
    if (column.null_count >= 0) stats.null_count = column.null_count;
    statistics.columns[name] = std::move(stats);
  }
  return delta::StatisticsToJson(statistics, physical);
}

}  // namespace

Result<std::vector<delta::Add>> MakeAdds(const std::string& root, const std::vector<engine::WrittenFile>& files,
                                         const plan::Schema& schema, delta::ColumnMapping mapping, Timestamp now) {
  const plan::Schema physical = delta::PhysicalSchema(schema, mapping);
  std::vector<delta::Add> adds;
  for (const auto& file : files) {
    if (!file.path.starts_with(root + "/")) return Internal(fmt::format("{} was written outside {}", file.path, root));
    delta::Add add;
    add.path = delta::EncodePath(file.path.substr(root.size() + 1));
    add.size_bytes = file.size_bytes;
    add.modification_time_ms = now.time_since_epoch().count() / 1000;
    for (const auto& [name, value] : file.partition_values) {
      const int index = physical.IndexOf(name);
      if (index < 0) return Internal(fmt::format("{} has an unknown partition column {}", file.path, name));
      ASSIGN_OR_RETURN(add.partition_values[name],
                       delta::FormatPartitionValue(value, physical.fields[static_cast<size_t>(index)].type));
    }
    add.stats = StatisticsOf(file, physical);
    adds.push_back(std::move(add));
  }
  return adds;
}

Result<std::vector<delta::Add>> MakeAdds(const std::string& root, const std::vector<engine::WrittenFile>& files,
                                         const plan::Schema& schema, delta::ColumnMapping mapping,
                                         const std::string& run_key, int64_t txn_version, Timestamp now) {
  ASSIGN_OR_RETURN(auto adds, MakeAdds(root, files, schema, mapping, now));
  for (auto& add : adds) {
    add.tags[kRunTag] = run_key;
    add.tags[kRunVersionTag] = std::to_string(txn_version);
    add.tags[kRunFilesTag] = std::to_string(files.size());
  }
  return adds;
}

Result<delta::Metadata> NewTableMetadata(const plan::Schema& schema, const std::vector<std::string>& partitions,
                                         const Clock& clock, std::mt19937_64& random) {
  return delta::Transaction::NewMetadata(schema, partitions, {}, clock, random);
}

int64_t TotalRows(const std::vector<engine::WrittenFile>& files) {
  int64_t sum = 0;
  for (const auto& file : files) sum += file.rows;
  return sum;
}

int64_t TotalBytes(const std::vector<engine::WrittenFile>& files) {
  int64_t sum = 0;
  for (const auto& file : files) sum += file.size_bytes;
  return sum;
}

}  // namespace tidemill::job
