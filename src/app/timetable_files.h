// A schedule from disk: schedule.yaml, its job files, the machine's time zones; everything wrong in them on stderr.
#pragma once

#include <string>
#include <vector>

#include "app/program.h"
#include "base/embedded_file.h"
#include "base/result.h"
#include "job/spec.h"
#include "scheduler/spec.h"

namespace tidemill::app {

struct LoadedSchedule {
  scheduler::ScheduleFile file;
  std::vector<job::Job> jobs;  // those of file.timetable, in its order
  std::string folder;          // absolute
};

// `path` is a schedule.yaml or a folder with job files and perhaps a schedule.yaml. The Error only counts the mistakes.
// `for_alerts`: with the secrets of the environment that sending needs.
Result<LoadedSchedule> LoadSchedule(Program& program, const std::string& path, bool for_alerts = false);
// The example that is part of the program.
Result<LoadedSchedule> LoadNightExample(Program& program);

// The compiled time zones of this machine.
scheduler::ReadZone ZonesOfMachine(Program& program);

// examples/night.
const std::vector<EmbeddedFile>& NightExample();

}  // namespace tidemill::app
