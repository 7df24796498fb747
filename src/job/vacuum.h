// Files that no version within the retention needs, removed: announced in the table's history before, and told after.
#pragma once

#include <optional>

#include "base/result.h"
#include "delta/vacuum.h"
#include "job/run.h"

namespace tidemill::job {

struct VacuumOptions {
  std::optional<Micros> retention{};  // none: the table's own
  bool force = false;                 // a shorter one than the table's
  bool remove = false;                // else nothing is removed
};

// What was removed, or could be. kFailedPrecondition: see delta::PlanVacuum. kAborted where another writer stopped the
// announcement, before anything was removed; kUnavailable where it is not known whether that was made.
Result<delta::Vacuum> RunVacuum(const delta::Table& table, const VacuumOptions& options, RunEnvironment& environment);

}  // namespace tidemill::job
