// What a job's paths lead to at one time, in a few words: kept in the commit, so that running again can tell whether
// more has come since.
#pragma once

#include <string>

#include "base/result.h"
#include "delta/delta.h"
#include "job/run.h"
#include "job/sources.h"
#include "job/spec.h"

namespace tidemill::job {

inline constexpr const char* kInputsMember = "inputs";  // of commitInfo.tidemill

// "3 files, 1.2 MB", and a mark that differs when a path or a size does.
Result<std::string> InputsOf(const Job& job, const RunEnvironment& environment);
// The same of sources that are open.
std::string InputsOf(const std::vector<OpenedSource>& sources);
// The size of what the paths lead to.
Result<int64_t> InputBytes(const Job& job, const RunEnvironment& environment);
// What the commit of that version says; empty when it says nothing.
Result<std::string> ReadInputs(const delta::Table& table, int64_t version);

}  // namespace tidemill::job
