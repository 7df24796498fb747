// What the log tells of the past.
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

}  // namespace tidemill::delta
