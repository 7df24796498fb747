// spec.h: schedule.yaml and the `schedule` sections of job files -> Timetable, with every mistake at its line.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "document/diagnostic.h"
#include "job/spec.h"
#include "scheduler/timetable.h"
#include "watch/alert_spec.h"

namespace tidemill::scheduler {

// The compiled zone file of a name; kNotFound when the machine has none.
using ReadZone = std::function<Result<std::string>(const std::string& name)>;

// What goes wrong in a simulated world; each a share of attempts or the names of jobs.
struct Faults {
  double transient = 0;
  double lost = 0;                       // the process ends, or its answer is lost, and nobody knows what it did
  double memory = 0;                     // runs out of memory
  double slow = 0;                       // takes four times as long
  std::vector<std::string> poisoned;     // one window in four fails its checks
  std::vector<std::string> skewed;       // runs out of the memory it is first given
  std::vector<std::string> over_budget;  // refused by its quote
};

struct ScheduleFile {
  Timetable timetable;            // without jobs
  std::vector<std::string> jobs;  // globs of job files, relative to the file's folder; empty: *.yaml
  Faults faults;
  watch::AlertSpec alerts;
};

// schedule.yaml, with ${VAR} replaced by `variables`; without them it stays as it is written: those who send no alerts
// need no secrets. An empty text gives the defaults.
ScheduleFile ParseScheduleFile(const std::string& text, const std::string& file,
                               const std::map<std::string, std::string>* variables, const ReadZone& read_zone,
                               document::Diagnostics& out);
std::string ScheduleJsonSchema();

// Adds the jobs that have a schedule, in the order given. Names of others (`after`, resources) are looked up here.
void AddJobs(const std::vector<job::Job>& jobs, const ReadZone& read_zone, Timetable& timetable,
             document::Diagnostics& out);

// What is wrong in the job's own schedule, whatever others there are.
void CheckSchedule(const job::Job& job, const ReadZone& read_zone, document::Diagnostics& out);

}  // namespace tidemill::scheduler
