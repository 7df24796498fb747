// The quarantine table's commit, before the table's own. A crash between the two leaves quarantined rows of a run that
// is not in the table: the next commit of that job and window takes their files out in the same step that adds the new
// ones, so that a retry neither loses nor doubles a row.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "delta/transaction.h"
#include "engine/engine.h"
#include "job/run.h"
#include "job/run_key.h"
#include "job/target.h"

namespace tidemill::job {

// What of earlier, committed runs the run's own rows replace, and with them what those runs quarantined.
enum class Replaces { kNothing, kWindow, kJob };

struct QuarantineCommit {
  std::string folder;
  RunKey key;
  int64_t txn_version = 1;  // of the run in the main table
  Replaces replaces = Replaces::kNothing;
  std::vector<engine::WrittenFile> files;
};

// Files that this commit must take out: those of attempts that never reached the table `main`, and, when the run
// replaces earlier ones, theirs.
std::vector<delta::Add> StaleFiles(const delta::Snapshot& quarantine, const delta::Snapshot* main,
                                   const QuarantineCommit& commit);

// Conflicts are tried again inside; nothing to add and nothing to take out commits nothing (version -1).
Result<delta::CommitOutcome> CommitQuarantine(const QuarantineCommit& commit, const delta::Snapshot* main,
                                              RunEnvironment& environment);

}  // namespace tidemill::job
