// A table taken back to an earlier version: a new commit whose files are those of then. Nothing is lost, because every
// version in between is still there until vacuum takes its files.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "delta/snapshot.h"
#include "delta/transaction.h"

namespace tidemill::delta {

struct Restore {
  Transaction transaction;
  int64_t added_files = 0;
  int64_t added_bytes = 0;
  int64_t removed_files = 0;
  int64_t removed_bytes = 0;
  // Applications that committed since: the table still says they did, though their files are gone from it.
  std::vector<std::string> forgotten;
};

// kFailedPrecondition when files of `then` are no longer there, naming them. Schema and properties go back too; the
// protocol stays, because it may only grow.
Result<Restore> PlanRestore(const SnapshotPtr& now, const SnapshotPtr& then, const std::string& engine_info);

}  // namespace tidemill::delta
