// Several windows of one job, in order or side by side; each is a run with a commit of its own.
#pragma once

#include <functional>
#include <vector>

#include "job/run.h"

namespace tidemill::job {

// How one run is done: job::Run, or the same by another engine.
using RunOne = std::function<RunResult(const Job&, const RunOptions&, RunEnvironment, EventStream&)>;

// Runs every window with `options` (their window is set here). With `at_once` > 1 the memory and the threads of the
// environment are shared out. After the first run that does not commit no further one is begun; the results are those
// of the runs that were, in the order of the windows.
std::vector<RunResult> RunWindows(const Job& job, RunOptions options, const std::vector<std::optional<Window>>& windows,
                                  int at_once, const RunEnvironment& environment, EventStream& stream,
                                  const RunOne& run = Run);

}  // namespace tidemill::job
