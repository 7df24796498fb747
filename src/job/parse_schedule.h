// The `schedule` section of a job file -> Schedule. When it fires is not looked at: that is the scheduler's.
#pragma once

#include "document/reader.h"
#include "job/spec.h"

namespace tidemill::job {

Schedule ReadSchedule(const document::Reader& in, document::Diagnostics& out);

}  // namespace tidemill::job
