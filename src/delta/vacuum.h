// Files below a table's root that no version within the retention needs.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/units.h"
#include "delta/snapshot.h"
#include "storage/storage.h"

namespace tidemill::delta {

struct Vacuum {
  Micros retention{};
  std::vector<storage::FileInfo> files;  // to be removed, sorted by path
  int64_t bytes = 0;
};

// "interval 1 week", "interval 30 days", "7 days" of a table's properties; `otherwise` for what is none.
Micros IntervalOf(std::string text, Micros otherwise);

// The table's delta.deletedFileRetentionDuration, one week when it says nothing.
Micros RetentionOf(const Snapshot& snapshot);

// Kept are: live files and their deletion vectors, those removed less than `retention` ago, whatever is younger than
// that (a writer may be about to commit it), what shallow clones of the table need that it knows of, and hidden files,
// whose names begin with '.' or '_', but for change data. `retention` none: the table's own. kFailedPrecondition for
// one that is shorter than the table's, unless `force`: readers of older versions and writers under way would lose
// their files.
Result<Vacuum> PlanVacuum(const Snapshot& snapshot, std::optional<Micros> retention, bool force, Timestamp now);

}  // namespace tidemill::delta
