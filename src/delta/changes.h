// The change data feed: the rows that came, went and changed between two versions ("Add CDC File", "Change Data Feed").
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/units.h"
#include "delta/actions.h"
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

// What becomes of versions of a table that records no changes: they are refused, or told by the files that came and
// went: then a row that was only written anew went and came.
enum class Unrecorded { kRefused, kFromFiles };

// The changes of the versions `from` to `to`, both included; `to` none, or beyond the newest version: up to the newest.
// Errors carry Delta's classes: kInvalidArgument for a range that is none, kFailedPrecondition for a version that did
// not record its changes, or whose schema can't be read under the newest one.
Result<Changes> ReadChanges(const Table& table, int64_t from, std::optional<int64_t> to,
                            Unrecorded unrecorded = Unrecorded::kRefused);

// What a range of versions, both included, did to a table's rows.
struct ChangeCount {
  int64_t commits = 0;          // that changed rows
  std::optional<int64_t> rows;  // that came, went or changed, as the commits tell; none: one does not tell
  Timestamp first{};            // when the first of those commits was made
};
// Commits of which `ignored` holds are not counted. kDataLoss when one of them is no longer there.
Result<ChangeCount> CountChanges(const Table& table, int64_t from, int64_t to,
                                 const std::function<bool(const std::vector<Action>&)>& ignored = {});

// A time as the start or the end of such a range: the first version not before it, or the last not after it.
// kInvalidArgument for a time after the newest version.
enum class RangeSide { kStart, kEnd };
Result<int64_t> VersionAt(const Table& table, Timestamp time, RangeSide side);

}  // namespace tidemill::delta
