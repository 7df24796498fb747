// The files of a log, and what to read for one version.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "delta/delta.h"
#include "delta/path.h"
#include "storage/storage.h"

namespace tidemill::delta {

// A checkpoint of which every part is there.
struct CheckpointFiles {
  int64_t version = -1;
  std::vector<storage::FileInfo> files;  // one, or the parts in order
  bool json = false;                     // a v2 checkpoint in JSON
};

struct LogListing {
  std::map<int64_t, storage::FileInfo> commits;
  std::vector<CheckpointFiles> checkpoints;  // complete ones, ascending by version
  std::vector<std::string> incomplete;       // what is missing of the others, for messages
  std::vector<std::string> temporary;        // hidden leftovers of writers that were killed

  bool empty() const { return commits.empty() && checkpoints.empty(); }
  int64_t LastVersion() const;  // -1 when empty
  const CheckpointFiles* LastCheckpointUpTo(int64_t version) const;
};

// Every file of the log from `from_version` on.
Result<LogListing> ListLog(const Table& table, int64_t from_version = 0);
// From the newest checkpoint that `_last_checkpoint` points to, or everything.
Result<LogListing> ListRecentLog(const Table& table);

// What to read for `version`: the checkpoint (null: none) and the commits after it, in order.
struct Segment {
  const CheckpointFiles* checkpoint = nullptr;
  std::vector<const storage::FileInfo*> commits;
};
// From that checkpoint, or from version 0 without one. A gap is kDataLoss naming the missing file.
Result<Segment> SegmentFor(const Table& table, const LogListing& listing, const CheckpointFiles* checkpoint,
                           int64_t version);

}  // namespace tidemill::delta
