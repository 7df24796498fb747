// When each commit happened.
#pragma once

#include <cstdint>
#include <map>

#include "base/result.h"
#include "base/units.h"
#include "delta/actions.h"
#include "delta/delta.h"
#include "delta/detail/log_listing.h"

namespace tidemill::delta {

// Whether a commit of that version carries its own timestamp ("In-Commit Timestamps").
bool HasInCommitTimestamp(const Protocol& protocol, const Metadata& metadata, int64_t version);

// Files' times made strictly increasing, to the millisecond, as Delta does.
std::map<int64_t, Timestamp> FileTimes(const LogListing& listing);

// The commitInfo of one commit; an empty one when it has none.
Result<CommitInfo> ReadCommitInfo(const Table& table, const std::string& path);

}  // namespace tidemill::delta
