// Writing checkpoints: a snapshot as one Parquet file, so that readers need not replay the whole log.
#pragma once

#include <random>
#include <vector>

#include "base/result.h"
#include "base/units.h"
#include "delta/delta.h"
#include "delta/snapshot.h"
#include "plan/type.h"

namespace tidemill::delta {

// "Checkpoint Schema": the columns txn, add, remove, metaData, protocol, domainMetadata.
plan::Schema CheckpointSchema();

// Writes the checkpoint of the snapshot's version and `_last_checkpoint`: the classic one, or where the table has
// delta.checkpointPolicy=v2 a V2 one, whose files lie in sidecars. Tombstones older than the table's
// delta.deletedFileRetentionDuration (default 1 week) before `now` are left out.
Status WriteCheckpoint(const Snapshot& snapshot, Timestamp now, std::mt19937_64& random);

}  // namespace tidemill::delta
