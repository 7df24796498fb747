// Rows that failed checks, tested again with the job of today: those that pass go to the table, the others stay in the
// quarantine with today's reasons. Malformed rows stay: their source is what has to change.
//
// Two tables change, so the steps are ordered like a run's. The replay is a run whose input is one version of the
// quarantine table; its run key makes it happen once. After its commit the replayed rows are taken out of the
// quarantine. A crash between the two is mended by replaying again, which finds the run committed.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "delta/snapshot.h"
#include "job/run.h"
#include "job/spec.h"

namespace tidemill::job {

struct Replay {
  Job job;  // ready to be run
  delta::SnapshotPtr quarantine;
  std::string marker;  // the transaction that takes the replayed rows out
  int64_t rows = 0;    // to replay; 0: nothing to do
};

// kUnimplemented for columns whose text in the quarantine cannot be read back (binary, variant).
Result<Replay> MakeReplay(const Job& job, RunEnvironment& environment);

// Call when the replay's run is in the table. Returns the version of the quarantine table.
Result<int64_t> FinishReplay(const Job& job, const Replay& replay, RunEnvironment& environment);

}  // namespace tidemill::job
