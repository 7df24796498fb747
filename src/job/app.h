// A run of a program for Spark (type: spark_app): what it is told, what is known of it before, whether it was done.
//
// Two guarantees, and which one holds depends on the job. With a sink, the program's commit carries the run key, and
// the table decides: a run is done when its commit is there, whatever became of the process. Without one the ledger
// alone knows: a run is done when an attempt ended well, so that one killed between its last effect and its end runs
// again.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "job/facts.h"
#include "job/ledger.h"
#include "job/run.h"
#include "job/run_key.h"

namespace tidemill::job {

// By the name of the placeholder: "window.start", "run_key", ... Times as FormatTimestamp; empty where a run of all
// data has none.
using AppTexts = std::vector<std::pair<std::string, std::string>>;
AppTexts AppValues(const Job& job, const RunKey& key, const std::string& attempt, int64_t txn_version);
// Every {name} of a known name replaced.
std::string FillIn(std::string text, const AppTexts& values);
// The same for the process: TIDEMILL_WINDOW_START, ...
AppTexts AppEnvironment(const AppTexts& values);

// The sizes of what it reads, and earlier runs. The job is an app.
Result<Gathered> GatherAppFacts(const Job& job, const std::optional<Window>& window, const RunEnvironment& environment,
                                const Pricing& pricing);

// What a plan of such a run is made for, as PlanStandsOn.
Result<std::map<std::string, std::string>> AppStandsOn(const Job& job, const std::optional<Window>& window,
                                                       const RunEnvironment& environment);

// Files and bytes of each path that the program reads; paths elsewhere (s3://) are not looked at.
Result<std::vector<event::SourceRead>> AppReads(const Job& job, const RunEnvironment& environment);

}  // namespace tidemill::job
