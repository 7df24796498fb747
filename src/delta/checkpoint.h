// Writing checkpoints: a snapshot as one Parquet file, so that readers need not replay the whole log.
#pragma once

#include <vector>

#include "base/result.h"
#include "base/units.h"
#include "delta/delta.h"
#include "delta/snapshot.h"
#include "plan/type.h"

namespace tidemill::delta {

// "Checkpoint Schema": the columns txn, add, remove, metaData, protocol, domainMetadata.
plan::Schema CheckpointSchema();

// Writes the classic checkpoint of the snapshot's version and `_last_checkpoint`. Tombstones older than the table's
// delta.deletedFileRetentionDuration (default 1 week) before `now` are left out.
Status WriteCheckpoint(const Snapshot& snapshot, Timestamp now);

}  // namespace tidemill::delta
