// A short measured run on this machine: how fast the native engine reads, computes and writes here.
#pragma once

#include "advisor/estimate.h"
#include "base/result.h"
#include "job/run.h"

namespace tidemill::job {

// Works in `folder`, which is removed again; takes a few seconds and 200 MB of disk. What it can't measure keeps
// its default.
Result<advisor::Rates> Calibrate(const std::string& folder, const RunEnvironment& environment);

}  // namespace tidemill::job
