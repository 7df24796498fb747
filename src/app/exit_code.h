// What the program's exit tells a scheduler.
#pragma once

#include "base/error.h"

namespace tidemill::app {

enum ExitCode : int {
  kOk = 0,
  kFailed = 1,
  kUsage = 2,         // the command line, the job file or its SQL is wrong
  kChecksFailed = 3,  // nothing was committed
  kConflict = 4,      // somebody else changed the table; trying again may help
  kUnknown = 5,       // the commit may or may not be there; running again settles it
  kInterrupted = 130,
  kTerminated = 143,
};

// kCancelled is kInterrupted; what the request itself got wrong is kUsage.
ExitCode ExitCodeOf(const Error& error);

}  // namespace tidemill::app
