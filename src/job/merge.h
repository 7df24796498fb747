// Mode merge: rows with the same keys are replaced, others added. Files of the table that hold a replaced row are
// rewritten without it, together with the new rows, as one relation.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "delta/actions.h"
#include "engine/engine.h"
#include "job/output.h"
#include "job/prepare.h"
#include "job/target.h"

namespace tidemill::job {

struct MergePlan {
  plan::typed::RelationPtr relation;  // like Output::relation: kept rows have NULL checks, which pass
  std::vector<delta::Add> rewritten;  // the files it replaces
  int64_t new_rows = 0;               // before checks
};

// Computes the new rows once and looks up what they meet. Two good new rows with the same keys are kFailedPrecondition
// naming them. Keys that are NULL meet nothing, as in SQL's MERGE.
Result<MergePlan> PlanMerge(const Job& job, const Output& output, const Target& target, Prepared& prepared,
                            engine::Session& session);

}  // namespace tidemill::job
