// A table copied to another place as one commit there: file by file (deep), or by naming the source's files (shallow).
//
// A clone carries the transaction "tidemill:clone:<source's id>" at the source's version: by it a second clone takes
// only what came since, and one that was killed goes on with the files that are there. Every copied file is read back
// and compared with its source. The runs that are in the source are in the clone, too: they are not to be run again. A
// shallow clone needs its source's files: our vacuum of the source keeps them (delta/clones.h), another program's does
// not know of it.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "delta/snapshot.h"
#include "job/run.h"

namespace tidemill::job {

struct CloneOptions {
  delta::AsOf as_of{};  // of the source
  bool shallow = false;
  bool verify = false;            // every file of the clone is compared with its source's, also those of earlier clones
  bool replace = false;           // the target may be any table: it becomes the clone
  delta::StringMap properties{};  // over the source's
  std::string source_name{};      // for the clone's history; empty: the source's folder
};

struct CloneResult {
  int64_t source_version = 0;
  int64_t version = -1;  // of the clone; -1: nothing was to do
  int64_t source_files = 0;
  int64_t source_bytes = 0;
  int64_t files_copied = 0;
  int64_t bytes_copied = 0;
  int64_t files_named = 0;  // shallow: without being copied
  int64_t files_found = 0;  // that an earlier attempt had copied
  int64_t files_kept = 0;   // that an earlier clone has
  int64_t files_removed = 0;
  int64_t bytes_removed = 0;
  int64_t files_verified = -1;  // -1: that was not asked for
  int64_t rows = -1;            // of the clone, by the log; -1: a file has no count
};

// The transaction by which a clone knows its source.
inline constexpr const char* kCloneRun = "tidemill:clone:";

// One file copied, read back and compared. The bytes copied; -1: it was there already, the same. kDataLoss: the copy is
// not its source, or the source has not `size_bytes` (< 0: not known).
Result<int64_t> CopyVerified(storage::Storage& from, const std::string& path, storage::Storage& to,
                             const std::string& copy, int64_t size_bytes);

// kFailedPrecondition: the target is another table, a clone of a later version, or of the other kind. kDataLoss: a copy
// is not its source. kAborted: somebody wrote to the clone meanwhile. kUnavailable: whether the commit is there is not
// known; running it again settles it.
Result<CloneResult> CloneTable(const delta::Table& source, const delta::Table& target, const CloneOptions& options,
                               RunEnvironment& environment);

}  // namespace tidemill::job
