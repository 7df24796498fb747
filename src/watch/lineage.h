// lineage.h: a run as OpenLineage tells it (specification 2-0-2: one START and one COMPLETE, FAIL or ABORT a run).
// Pure.
#pragma once

#include <string>

#include "job/spec.h"
#include "watch/run_story.h"

namespace tidemill::watch {

// The event of the moment at which the story stands, as JSON: START until it is finished. A run of the program is a run
// of OpenLineage by its attempt; datasets are named as OpenLineage's naming rules say (`file` and a path, `s3://bucket`
// and a key).
std::string LineageEvent(const RunStory& story, const job::Job& job, const std::string& name_space,
                         const std::string& version);

}  // namespace tidemill::watch
