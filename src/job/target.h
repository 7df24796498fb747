// The sink as it is now, and what a run key finds there.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/result.h"
#include "delta/snapshot.h"
#include "job/run.h"
#include "job/run_key.h"

namespace tidemill::job {

// Tags on the data files of a run. Spark and others keep them as they are and don't read them.
inline constexpr const char* kRunTag = "tidemill.run";             // the run key
inline constexpr const char* kRunVersionTag = "tidemill.version";  // the version of its transaction
inline constexpr const char* kRunFilesTag = "tidemill.files";      // how many files that commit added

struct Target {
  delta::Table table;
  delta::SnapshotPtr snapshot;  // null: there is no table yet
};

Result<Target> OpenTarget(const std::string& folder, const RunEnvironment& environment);

// The run may go on: its transaction gets this version, and these files leave the table in the same commit.
struct Proceed {
  int64_t txn_version = 1;
  std::vector<delta::Add> replaced;
  std::vector<std::string> replaced_keys;
};
struct AlreadyThere {
  int64_t table_version = -1;  // -1: older than the log shows
};
using Standing = std::variant<Proceed, AlreadyThere>;

// Decides by the run keys in the table. kFailedPrecondition when an append would double rows: a changed job over a
// window that is there, or a window that overlaps with one that is there; the message names both ways out.
//
// The versions of the transactions of one job and window count on over all specs, so that the greatest is the newest.
Result<Standing> Settle(const Target& target, const RunKey& key, SinkMode mode, const RunOptions& options);

// Whether this very transaction is in the table.
bool IsCommitted(const delta::Snapshot* snapshot, const std::string& run_key, int64_t txn_version);

}  // namespace tidemill::job
