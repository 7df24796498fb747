// The old part of a log, which no version within the retention needs.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "base/units.h"
#include "delta/snapshot.h"

namespace tidemill::delta {

// The table's delta.logRetentionDuration, 30 days when it says nothing.
Micros LogRetentionOf(const Snapshot& snapshot);

// What may go, in the order in which it may go: commits, checkpoints and their kin before the newest checkpoint that is
// itself past the retention, so that every version within it can still be put together; and sidecars that no checkpoint
// left names. Empty where delta.enableExpiredLogCleanup is "false".
Result<std::vector<std::string>> PlanLogCleanup(const Snapshot& snapshot, Timestamp now);

// Removes it. Stopped anywhere it leaves a log that is whole from some version on.
Status CleanUpLog(const Snapshot& snapshot, Timestamp now);

}  // namespace tidemill::delta
