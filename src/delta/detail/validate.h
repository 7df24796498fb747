// Whether a transaction makes sense before anything is written.
#pragma once

#include <vector>

#include "base/result.h"
#include "delta/actions.h"
#include "delta/delta.h"
#include "delta/snapshot.h"
#include "plan/type.h"

namespace tidemill::delta {

// What the commit would do; protocol and metadata are those in force after it.
struct Change {
  const Table& table;
  const Snapshot* base;  // null: creates the table
  const Protocol& protocol;
  const Metadata& metadata;
  const std::vector<Add>& adds;
  const std::vector<Remove>& removes;
};

// kInvalidArgument for a mistake of the caller, kFailedPrecondition for an append-only table.
Status ValidateChange(const Change& change, const plan::Schema& schema);

}  // namespace tidemill::delta
