// Which windows of a job the flags ask for.
#pragma once

#include <optional>
#include <vector>

#include "app/command_line.h"
#include "base/result.h"
#include "job/run_key.h"
#include "job/spec.h"

namespace tidemill::app {

// A job with a window never runs over "all" unless that is said: the rows would be there twice as soon as one window
// runs by itself.
Result<std::vector<std::optional<job::Window>>> WindowsOf(const job::Job& job, const WindowFlags& flags);

}  // namespace tidemill::app
