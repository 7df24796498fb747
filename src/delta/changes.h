// The change data feed: the rows that came, went and changed between two versions ("Add CDC File", "Change Data Feed").
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/units.h"
#include "delta/snapshot.h"
#include "plan/value.h"

namespace tidemill::delta {

inline constexpr const char* kChangeType = "_change_type";
inline constexpr const char* kChangeFeedProperty = "delta.enableChangeDataFeed";
// The folder of change data files, below the table's root.
inline constexpr const char* kChangeFolder = "_change_data";

struct ChangeFile {
  // kRecorded: the file has a column `_change_type`; else all its rows are of that kind.
  enum class Kind { kRecorded, kInsert, kDelete } kind = Kind::kInsert;
  int64_t version = 0;
  Timestamp timestamp{};
  std::string path;  // absolute, decoded
  int64_t size_bytes = 0;
  std::vector<plan::Value> partition_values;  // parallel to the snapshot's partition columns
  // Rows of the file that did not change, ascending.
  std::shared_ptr<const std::vector<int64_t>> other_rows;
};

struct Changes {
  SnapshotPtr snapshot;  // whose schema the rows are read under
  std::vector<ChangeFile> files;
};

// The changes of the versions `from` to `to`, both included; `to` none, or beyond the newest version: up to the newest.
// Errors carry Delta's classes: kInvalidArgument for a range that is none, kFailedPrecondition for a version that did
// not record its changes, or whose schema can't be read under the newest one.
Result<Changes> ReadChanges(const Table& table, int64_t from, std::optional<int64_t> to);

// A time as the start or the end of such a range: the first version not before it, or the last not after it.
// kInvalidArgument for a time after the newest version.
enum class RangeSide { kStart, kEnd };
Result<int64_t> VersionAt(const Table& table, Timestamp time, RangeSide side);

}  // namespace tidemill::delta
