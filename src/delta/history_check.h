// A table's log as a claimed serial history: whether each commit may follow the ones before it.
//
// Every commit that is still there is replayed. What no writer that keeps to the protocol could have left is an
// anomaly. A history without one is no proof: what a writer had read, a log tells only roughly.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "delta/delta.h"
#include "delta/snapshot.h"

namespace tidemill::delta {

struct Anomaly {
  enum class Kind {
    kGap,               // a commit is missing between two that are there
    kBrokenCommit,      // a commit that is empty, torn, or no JSON
    kNoStart,           // the first commit lacks protocol or metadata
    kDoubleAdd,         // a file that is in the table is added again
    kDoubleRemove,      // a file is removed that is not in the table
    kLostUpdate,        // a file is replaced by a writer that had not seen its newest state
    kResurrectedFile,   // a file comes back that was removed
    kResurrectedRows,   // rows come back that a deletion vector had deleted
    kWriteSkew,         // a change of what it had read, while another writer had added there
    kDoubleRun,         // an application's transaction is committed twice
    kTimeGoesBack,      // an in-commit timestamp is not after the one before
    kReadsFuture,       // a commit says it read a version that was not there
    kFeatureLost,       // the protocol lost a feature, or a version number
    kOtherTable,        // the table's id changed
    kWrongPartition,    // a file does not have the table's partition columns
    kPathOutside,       // a file's path leads out of the table
    kRowIdsTaken,       // a new file's row ids are those of other rows
    kRowIdMarkBack,     // the mark of row ids went back
    kStaleCheckpoint,   // a checkpoint is not what the commits up to it make
    kBrokenCheckpoint,  // a checkpoint cannot be read, or lacks a part
    kWrongHint,         // _last_checkpoint is no JSON, or names a checkpoint that is not there as it says
    kWrongChecksum,     // a version's checksum file does not fit its files
    kBrokenVector,      // a deletion vector in use cannot be read
  };
  Kind kind{};
  int64_t version = -1;
  std::string path;
  std::string message;
};
std::string_view AnomalyName(Anomaly::Kind kind);

struct HistoryReport {
  int64_t first_version = 0;
  int64_t last_version = -1;
  std::vector<Anomaly> anomalies;  // by version
};

// kNotFound where there is no table.
Result<HistoryReport> CheckHistory(const Table& table);

// The newest version put together without these checkpoints (by version) and without that commit (-1: with all).
Result<SnapshotPtr> LoadWithout(const Table& table, const std::set<int64_t>& checkpoints, int64_t commit);

}  // namespace tidemill::delta
