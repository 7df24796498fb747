// A job file from disk, with everything that is wrong in it on stderr.
#pragma once

#include "app/program.h"
#include "base/result.h"
#include "job/spec.h"

namespace tidemill::app {

// Reads, overlays, checks shape, rules and SQL syntax. Prints every diagnostic; the Error then only counts them.
Result<job::Job> LoadJob(Program& program, const JobFlags& flags);

}  // namespace tidemill::app
