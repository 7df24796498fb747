// A table copied to another place, file by file, as one commit there.
//
// A clone carries the transaction "tidemill:clone:<source's id>" at the source's version: by it a second clone copies
// only what came since, and one that was killed goes on with the files that are there. Every copied file is read back
// and compared with its source.
#pragma once

#include <cstdint>
#include <optional>

#include "base/result.h"
#include "delta/snapshot.h"
#include "job/run.h"

namespace tidemill::job {

struct CloneResult {
  int64_t source_version = 0;
  int64_t version = -1;  // of the clone; -1: nothing was to do
  int64_t files_copied = 0;
  int64_t bytes_copied = 0;
  int64_t files_found = 0;  // that an earlier attempt had copied
  int64_t files_kept = 0;   // that an earlier clone has
  int64_t files_removed = 0;
};

// `version`: of the source; none: its newest. kFailedPrecondition: the target is another table, or a clone of a later
// version. kDataLoss: a copy is not its source. kAborted: somebody wrote to the clone meanwhile. kUnavailable: whether
// the commit is there is not known; running it again settles it.
Result<CloneResult> CloneTable(const delta::Table& source, const delta::Table& target, std::optional<int64_t> version,
                               RunEnvironment& environment);

}  // namespace tidemill::job
