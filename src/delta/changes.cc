#include "delta/changes.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <iterator>

#include "delta/deletion_vector.h"
#include "delta/detail/commit_times.h"
#include "delta/detail/log_listing.h"
#include "delta/detail/partition_columns.h"
#include "delta/path.h"
#include "delta/statistics.h"
#include "plan/schema_json.h"

namespace tidemill::delta {
namespace {

Error Classed(ErrorKind kind, std::string error_class, std::string sqlstate, std::string message) {
  Error error{kind, std::move(message)};
  error.error_class = std::move(error_class);
  error.sqlstate = std::move(sqlstate);
  return error;
}

bool IsRecorded(const Metadata& metadata) {
  const auto found = metadata.configuration.find(kChangeFeedProperty);
  return found != metadata.configuration.end() && found->second == "true";
}

// The rows of a file of which a deletion vector may take some.
using Rows = std::vector<int64_t>;

Result<Rows> DeletedRows(const Table& table, const std::optional<DeletionVector>& vector) {
  if (!vector) return Rows();
  return ReadDeletionVector(table, *vector);
}

Rows Without(const Rows& rows, const Rows& others) {
  Rows left;
  std::ranges::set_difference(rows, others, std::back_inserter(left));
  return left;
}

// Every row of a file but these.
Rows Complement(const Rows& rows, int64_t count) {
  Rows others;
  auto next = rows.begin();
  for (int64_t row = 0; row < count; ++row) {
    if (next != rows.end() && *next == row) {
      ++next;
    } else {
      others.push_back(row);
    }
  }
  return others;
}

class Reader {
 public:
  Reader(const Table& table, int64_t from, int64_t to, Unrecorded unrecorded)
      : table_(table), from_(from), to_(to), unrecorded_(unrecorded) {}

  Result<Changes> Read(const LogListing& listing, const SnapshotPtr& newest) {
    changes_.snapshot = newest;
    ASSIGN_OR_RETURN(const auto first, LoadSnapshot(table_, {.version = from_}));
    if (!MayTell(first->metadata())) return NotRecorded(from_);
    // Under a mapping a name may have moved since; the schema then is that of the range's end.
    if (newest->column_mapping() != ColumnMapping::kNone && to_ < newest->version()) {
      ASSIGN_OR_RETURN(changes_.snapshot, LoadSnapshot(table_, {.version = to_}));
    }
    RETURN_IF_ERROR(CheckSchema(first->schema(), from_));
    ASSIGN_OR_RETURN(partition_, PartitionColumnsOf(*changes_.snapshot));
    const auto times = FileTimes(listing);
    for (int64_t version = from_; version <= to_; ++version) {
      const auto commit = listing.commits.find(version);
      if (commit == listing.commits.end()) {
        return DataLoss(fmt::format("'{}/{}' is missing: the changes of version {} cannot be told", table_.log_folder(),
                                    CommitName(version), version));
      }
      ASSIGN_OR_RETURN(const auto bytes, storage::ReadAll(*table_.storage, commit->second.path));
      ASSIGN_OR_RETURN(const auto actions, ParseCommit(bytes, commit->second.path));
      version_ = version;
      time_ = times.at(version);
      RETURN_IF_ERROR(ReadCommit(actions, *newest));
    }
    return std::move(changes_);
  }

 private:
  bool MayTell(const Metadata& metadata) const { return unrecorded_ == Unrecorded::kFromFiles || IsRecorded(metadata); }

  Error NotRecorded(int64_t version) const {
    return Classed(ErrorKind::kFailedPrecondition, "DELTA_MISSING_CHANGE_DATA", "KD002",
                   fmt::format("Error getting change data for range [{} , {}] as change data was not recorded for "
                               "version [{}]. Start recording it with ALTER TABLE ... SET TBLPROPERTIES "
                               "({}=true).",
                               from_, to_, version, kChangeFeedProperty));
  }

  // Columns may have come since, nothing else.
  Status CheckSchema(const plan::Schema& then, int64_t version) const {
    const auto& now = changes_.snapshot->schema();
    for (const auto& field : then.fields) {
      const int index = now.IndexOf(field.name);
      const auto mapping = changes_.snapshot->column_mapping();
      const bool same = index >= 0 && now.fields[static_cast<size_t>(index)].type.SameType(field.type) &&
                        PhysicalName(now.fields[static_cast<size_t>(index)], mapping) == PhysicalName(field, mapping);
      if (same) continue;
      return Classed(
          ErrorKind::kFailedPrecondition, "DELTA_CHANGE_DATA_FEED_INCOMPATIBLE_DATA_SCHEMA", "0AKDC",
          fmt::format("Retrieving table changes between version {} and {} failed because of an incompatible data "
                      "schema: the column {} of version {} is not the one of version {}. Read a range in which it "
                      "stays the same.",
                      from_, to_, field.name, version, changes_.snapshot->version()));
    }
    return Ok();
  }

  Status ReadCommit(const std::vector<Action>& actions, const Snapshot& newest) {
    bool recorded = false;
    for (const auto& action : actions) {
      if (const auto* metadata = std::get_if<Metadata>(&action)) {
        if (!MayTell(*metadata)) return NotRecorded(version_);
        ASSIGN_OR_RETURN(const auto schema, plan::SchemaFromJson(metadata->schema_string));
        RETURN_IF_ERROR(CheckSchema(schema, version_));
      }
      if (const auto* info = std::get_if<CommitInfo>(&action);
          info && info->in_commit_timestamp_ms &&
          HasInCommitTimestamp(newest.protocol(), newest.metadata(), version_)) {
        time_ = Timestamp(std::chrono::milliseconds(*info->in_commit_timestamp_ms));
      }
      const auto* cdc = std::get_if<Cdc>(&action);
      if (cdc == nullptr) continue;
      recorded = true;
      RETURN_IF_ERROR(Add(ChangeFile::Kind::kRecorded, cdc->path, cdc->size_bytes, cdc->partition_values, {}));
    }
    return recorded ? Ok() : ReadFiles(actions);
  }

  // Where a commit recorded no change itself its files tell: whole ones came and went, or another deletion vector.
  Status ReadFiles(const std::vector<Action>& actions) {
    std::map<std::string, const delta::Add*> adds;
    std::map<std::string, const Remove*> removes;
    for (const auto& action : actions) {
      if (const auto* remove = std::get_if<Remove>(&action); remove && remove->data_change) {
        removes[remove->path] = remove;
      }
    }
    // A file whose rows are marked by a writer that kept the word of an earlier commit, that no data changed, changed.
    for (const auto& action : actions) {
      const auto* add = std::get_if<delta::Add>(&action);
      if (add && (add->data_change || removes.contains(add->path))) adds[add->path] = add;
    }
    for (const auto& [path, add] : adds) {
      ASSIGN_OR_RETURN(auto gone, DeletedRows(table_, add->deletion_vector));
      const auto before = removes.find(path);
      if (before == removes.end()) {
        RETURN_IF_ERROR(Add(ChangeFile::Kind::kInsert, path, add->size_bytes, add->partition_values, std::move(gone)));
        continue;
      }
      ASSIGN_OR_RETURN(const auto gone_before, DeletedRows(table_, before->second->deletion_vector));
      const auto count = ParseStatistics(add->stats.value_or(""), {}, ColumnMapping::kNone).num_records;
      if (!count) return DataLoss(fmt::format("the file '{}' has a deletion vector and no count of its rows", path));
      for (const auto& [kind, rows] : {std::pair(ChangeFile::Kind::kDelete, Without(gone, gone_before)),
                                       std::pair(ChangeFile::Kind::kInsert, Without(gone_before, gone))}) {
        if (rows.empty()) continue;
        RETURN_IF_ERROR(Add(kind, path, add->size_bytes, add->partition_values, Complement(rows, *count)));
      }
    }
    for (const auto& [path, remove] : removes) {
      if (adds.contains(path)) continue;
      ASSIGN_OR_RETURN(auto gone, DeletedRows(table_, remove->deletion_vector));
      RETURN_IF_ERROR(Add(ChangeFile::Kind::kDelete, path, remove->size_bytes.value_or(0), remove->partition_values,
                          std::move(gone)));
    }
    return Ok();
  }

  Status Add(ChangeFile::Kind kind, const std::string& logged, int64_t size, PartitionValues partition,
             Rows other_rows) {
    // Spark leaves a null out of what it says of a removed file.
    for (const auto& column : partition_) partition.try_emplace(column.physical_name);
    ChangeFile file{.kind = kind, .version = version_, .timestamp = time_, .size_bytes = size};
    ASSIGN_OR_RETURN(file.path, ResolvePath(table_, logged));
    ASSIGN_OR_RETURN(file.partition_values, PartitionValuesOf(logged, partition, partition_));
    if (!other_rows.empty()) file.other_rows = std::make_shared<const Rows>(std::move(other_rows));
    changes_.files.push_back(std::move(file));
    return Ok();
  }

  const Table& table_;
  int64_t from_, to_;
  Unrecorded unrecorded_;
  Changes changes_;
  std::vector<PartitionColumn> partition_;
  int64_t version_ = 0;
  Timestamp time_{};
};

}  // namespace

Result<Changes> ReadChanges(const Table& table, int64_t from, std::optional<int64_t> to, Unrecorded unrecorded) {
  ASSIGN_OR_RETURN(const auto newest, LoadSnapshot(table));
  if (from > newest->version()) {
    return Classed(ErrorKind::kInvalidArgument, "DELTA_INVALID_CDC_RANGE", "22003",
                   fmt::format("Provided Start version({}) for reading change data is invalid. Start version cannot be "
                               "greater than the latest version of the table({}).",
                               from, newest->version()));
  }
  if (to && *to < from) {
    return Classed(
        ErrorKind::kInvalidArgument, "DELTA_INVALID_CDC_RANGE", "22003",
        fmt::format("CDC range from start {} to end {} was invalid. End cannot be before start.", from, *to));
  }
  ASSIGN_OR_RETURN(const auto listing, ListLog(table));
  return Reader(table, from, std::min(to.value_or(newest->version()), newest->version()), unrecorded)
      .Read(listing, newest);
}

namespace {

// How many rows a commit says that it changed, by whichever of these it has; else by its files.
std::optional<int64_t> RowsChanged(const std::vector<Action>& actions) {
  static constexpr const char* kMetrics[] = {"numTargetRowsInserted", "numTargetRowsUpdated", "numTargetRowsDeleted",
                                             "numUpdatedRows", "numDeletedRows"};
  std::optional<int64_t> told, in_files = 0;
  const auto add = [&](const std::optional<std::string>& stats, const std::optional<DeletionVector>& vector) {
    const auto count = ParseStatistics(stats.value_or(""), {}, ColumnMapping::kNone).num_records;
    if (!count) in_files.reset();
    if (in_files) *in_files += *count - (vector ? vector->cardinality : 0);
  };
  for (const auto& action : actions) {
    if (const auto* info = std::get_if<CommitInfo>(&action)) {
      for (const char* name : kMetrics) {
        const auto found = info->operation_metrics.find(name);
        if (found == info->operation_metrics.end()) continue;
        int64_t count = 0;
        std::from_chars(found->second.data(), found->second.data() + found->second.size(), count);
        told = told.value_or(0) + count;
      }
    }
    if (const auto* file = std::get_if<Add>(&action); file && file->data_change) {
      add(file->stats, file->deletion_vector);
    }
    if (const auto* file = std::get_if<Remove>(&action); file && file->data_change) {
      add(file->stats, file->deletion_vector);
    }
  }
  return told ? told : in_files;
}

bool ChangesRows(const Action& action) {
  const auto* add = std::get_if<Add>(&action);
  const auto* remove = std::get_if<Remove>(&action);
  return (add && add->data_change) || (remove && remove->data_change);
}

}  // namespace

Result<ChangeCount> CountChanges(const Table& table, int64_t from, int64_t to,
                                 const std::function<bool(const std::vector<Action>&)>& ignored) {
  ChangeCount count{0, 0, {}};
  if (from > to) return count;
  ASSIGN_OR_RETURN(const auto listing, ListLog(table, from));
  const auto times = FileTimes(listing);
  for (int64_t version = from; version <= to; ++version) {
    const auto commit = listing.commits.find(version);
    if (commit == listing.commits.end()) {
      return DataLoss(fmt::format("'{}/{}' is missing: what version {} changed cannot be told", table.log_folder(),
                                  CommitName(version), version));
    }
    ASSIGN_OR_RETURN(const auto bytes, storage::ReadAll(*table.storage, commit->second.path));
    ASSIGN_OR_RETURN(const auto actions, ParseCommit(bytes, commit->second.path));
    if (!std::any_of(actions.begin(), actions.end(), ChangesRows) || (ignored && ignored(actions))) continue;
    if (count.commits++ == 0) count.first = times.at(version);
    const auto rows = RowsChanged(actions);
    if (!rows) count.rows.reset();
    if (count.rows) *count.rows += *rows;
  }
  return count;
}

Result<int64_t> VersionAt(const Table& table, Timestamp time, RangeSide side) {
  ASSIGN_OR_RETURN(const auto newest, LoadSnapshot(table));
  if (time > newest->timestamp()) {
    return Classed(ErrorKind::kInvalidArgument, "DELTA_TIMESTAMP_GREATER_THAN_COMMIT", "42816",
                   fmt::format("The provided timestamp ({}) is after the latest version available to this table ({}).",
                               FormatTimestamp(time), FormatTimestamp(newest->timestamp())));
  }
  const auto found = LoadSnapshot(table, {.timestamp = time});
  if (found.ok()) {
    const bool before = side == RangeSide::kStart && (*found)->timestamp() < time;
    return (*found)->version() + (before ? 1 : 0);
  }
  if (side == RangeSide::kEnd || found.error().kind != ErrorKind::kNotFound) return found.error();
  ASSIGN_OR_RETURN(const auto listing, ListLog(table));
  return listing.commits.empty() ? newest->version() : listing.commits.begin()->first;
}

}  // namespace tidemill::delta
