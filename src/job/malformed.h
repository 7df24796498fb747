// Malformed rows have no event time that could be trusted, so every window's run meets all of a file's. They go to the
// quarantine once.
#pragma once

#include "base/result.h"
#include "engine/engine.h"
#include "job/prepare.h"
#include "job/quarantine.h"
#include "job/target.h"

namespace tidemill::job {

// Rewrites the quarantine files of `result` without the malformed rows that the quarantine table has of this job
// already (same file, line and text), not counting what `commit` takes out. `file_id` names the new files.
Status DropKnownMalformed(const QuarantineCommit& commit, const Target& quarantine, const delta::Snapshot* main,
                          const std::string& file_id, Prepared& prepared, engine::Session& session,
                          storage::Storage& storage, engine::WriteResult& result);

}  // namespace tidemill::job
