// "Row Tracking": every row of a table has a number that is its own, counted on from the table's mark.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "delta/actions.h"
#include "delta/snapshot.h"

namespace tidemill::delta {

inline constexpr const char* kRowTrackingFeature = "rowTracking";

// The last row id that is taken; -1: none.
Result<int64_t> RowIdMarkOf(const Snapshot& snapshot);
// The mark an action of a commit sets, if it does.
std::optional<int64_t> RowIdMarkOf(const Action& action);

// kInvalidArgument for a new file that does not tell how many rows it has.
Status CheckRowsCounted(const std::vector<Add>& adds);
// The lines of a commit of that version: each file that has no ids gets the next ones, and the mark moves. Files that
// were in the table before keep theirs.
std::string TrackedAdds(const std::vector<Add>& adds, int64_t mark, int64_t version);

}  // namespace tidemill::delta
