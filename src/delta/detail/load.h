// One version of a table from the files of its log.
#pragma once

#include <cstdint>

#include "base/result.h"
#include "delta/detail/log_listing.h"
#include "delta/snapshot.h"

namespace tidemill::delta {

// Starts at the newest checkpoint of the listing that can be read; a damaged one is passed over as long as the commits
// make up for it.
Result<SnapshotPtr> LoadVersion(const Table& table, const LogListing& listing, int64_t version);

}  // namespace tidemill::delta
