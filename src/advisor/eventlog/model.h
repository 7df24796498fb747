// model.h: how long the application of a log would take with other cores, or with other tasks in a stage: its jobs,
// stages and tasks are laid out again, in the order of the log, with the pauses of the driver as they were.
#pragma once

#include <cstdint>
#include <map>

#include "advisor/eventlog/log.h"

namespace tidemill::advisor::eventlog {

// Tasks of a stage in place of its own: `seconds` each.
struct Tasks {
  int64_t count = 0;
  double seconds = 0;
};

struct Change {
  int slots = 0;                         // tasks at once; 0: the executors of the log, as they came and went
  std::map<const Stage*, Tasks> stages;  // of the log's stages
};

struct Modelled {
  double seconds = 0;       // from the application's start to its end
  double task_seconds = 0;  // sum of tasks
};

Modelled Model(const Log& log, const Change& change = {});

}  // namespace tidemill::advisor::eventlog
