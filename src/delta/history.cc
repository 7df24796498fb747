#include "delta/history.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "delta/detail/commit_times.h"
#include "delta/detail/log_listing.h"
#include "delta/statistics.h"

namespace tidemill::delta {
namespace {

Timestamp AtMillis(int64_t millis) { return Timestamp(std::chrono::milliseconds(millis)); }

Result<HistoryEntry> ReadEntry(const Table& table, int64_t version, const storage::FileInfo& file,
                               Timestamp file_time) {
  ASSIGN_OR_RETURN(const auto bytes, storage::ReadAll(*table.storage, file.path));
  ASSIGN_OR_RETURN(auto actions, ParseCommit(bytes, file.path));
  HistoryEntry entry{.version = version, .timestamp = file_time, .info = {}, .txns = {}};
  for (auto& action : actions) {
    if (auto* info = std::get_if<CommitInfo>(&action)) entry.info = std::move(*info);
    if (auto* txn = std::get_if<Txn>(&action)) entry.txns.push_back(std::move(*txn));
  }
  if (entry.info.in_commit_timestamp_ms) entry.timestamp = AtMillis(*entry.info.in_commit_timestamp_ms);
  return entry;
}

// Rows that a file still shows; none without a count.
std::optional<int64_t> RowsOf(const Add& add) {
  if (!add.stats) return std::nullopt;
  const auto statistics = ParseStatistics(*add.stats, {}, ColumnMapping::kNone);
  if (!statistics.num_records) return std::nullopt;
  return *statistics.num_records - (add.deletion_vector ? add.deletion_vector->cardinality : 0);
}

}  // namespace

Result<std::vector<HistoryEntry>> ReadHistory(const Table& table, int64_t limit) {
  ASSIGN_OR_RETURN(const auto listing, ListLog(table));
  if (listing.empty()) return NotFound(fmt::format("there is no Delta table at '{}'. Check the path.", table.root));
  const auto times = FileTimes(listing);
  std::vector<HistoryEntry> entries;
  for (auto at = listing.commits.rbegin(); at != listing.commits.rend() && std::ssize(entries) < limit; ++at) {
    ASSIGN_OR_RETURN(auto entry, ReadEntry(table, at->first, at->second, times.at(at->first)));
    entries.push_back(std::move(entry));
  }
  return entries;
}

Result<std::optional<int64_t>> FindTxnVersion(const Table& table, const std::string& app_id) {
  ASSIGN_OR_RETURN(const auto listing, ListLog(table));
  for (auto at = listing.commits.rbegin(); at != listing.commits.rend(); ++at) {
    ASSIGN_OR_RETURN(const auto entry, ReadEntry(table, at->first, at->second, at->second.modified));
    const bool carries =
        std::any_of(entry.txns.begin(), entry.txns.end(), [&](const Txn& txn) { return txn.app_id == app_id; });
    if (carries) return std::optional(at->first);
  }
  return std::optional<int64_t>();
}

TableDescription Describe(const Snapshot& snapshot) {
  const Metadata& metadata = snapshot.metadata();
  TableDescription description{.root = snapshot.table().root,
                               .id = metadata.id,
                               .name = metadata.name.value_or(""),
                               .version = snapshot.version(),
                               .created = AtMillis(metadata.created_time_ms.value_or(0)),
                               .last_modified = snapshot.timestamp(),
                               .schema = snapshot.schema(),
                               .partition_columns = metadata.partition_columns,
                               .protocol = snapshot.protocol(),
                               .properties = metadata.configuration,
                               .num_files = std::ssize(snapshot.files()),
                               .size_bytes = snapshot.total_bytes(),
                               .num_records = 0,
                               .checkpoint_version = snapshot.checkpoint_version()};
  for (const auto& add : snapshot.files()) {
    const auto rows = RowsOf(add);
    if (!rows || !description.num_records) {
      description.num_records.reset();
    } else {
      *description.num_records += *rows;
    }
  }
  return description;
}

}  // namespace tidemill::delta
