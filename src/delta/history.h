// What the log tells of the past, and whether the table is whole.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/units.h"
#include "delta/actions.h"
#include "delta/delta.h"
#include "delta/snapshot.h"

namespace tidemill::delta {

struct HistoryEntry {
  int64_t version = 0;
  Timestamp timestamp{};
  CommitInfo info;  // empty where the writer left none
  std::vector<Txn> txns;
};

// Newest first, from the JSON commits that are still there; at most `limit`.
Result<std::vector<HistoryEntry>> ReadHistory(const Table& table, int64_t limit = INT64_MAX);

// The newest commit that carries the application id; none when no commit that is still there does.
Result<std::optional<int64_t>> FindTxnVersion(const Table& table, const std::string& app_id);

struct TableDescription {
  std::string root;
  std::string id;
  std::string name;
  int64_t version = 0;
  Timestamp created{};
  Timestamp last_modified{};
  plan::Schema schema;
  std::vector<std::string> partition_columns;
  Protocol protocol;
  StringMap properties;
  int64_t num_files = 0;
  int64_t size_bytes = 0;
  std::optional<int64_t> num_records{};  // from statistics and deletion vectors; none when a file has no count
  int64_t checkpoint_version = -1;
};
TableDescription Describe(const Snapshot& snapshot);

// One thing found by Check.
struct Finding {
  enum class Kind {
    kMissingFile,    // a live file is not there
    kWrongSize,      // a live file's size is not the log's
    kBadPath,        // a live file's path leads out of the table
    kMissingVector,  // a deletion vector cannot be read
    kBrokenLog,      // a gap, a torn commit, an unreadable checkpoint
    kOrphan,         // a file below the root that no version in the log names
    kTemporary,      // left behind by a writer that was killed
  };
  Kind kind{};
  std::string path;
  std::string message;
  int64_t size_bytes = 0;
  // Orphans and temporary files cost space, everything else is damage.
  bool harmless() const { return kind == Kind::kOrphan || kind == Kind::kTemporary; }
};
std::string_view FindingName(Finding::Kind kind);

struct CheckReport {
  int64_t version = -1;  // -1: no snapshot could be made
  int64_t files_checked = 0;
  int64_t bytes_checked = 0;
  std::vector<Finding> findings;
};
Result<CheckReport> Check(const Table& table);

}  // namespace tidemill::delta
