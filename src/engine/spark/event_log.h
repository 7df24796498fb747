// How far an application is, from the event log that it writes. What it took is read by advisor/eventlog.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace tidemill::engine::spark {

// How far the jobs are that run now, by their tasks.
class LogProgress {
 public:
  int64_t tasks() const;
  double fraction() const;  // of the tasks, those that are done; 0 without tasks

 private:
  friend void AddLogLine(std::string_view line, LogProgress& progress);
  struct Stage {
    int64_t tasks = 0;
    int64_t done = 0;
  };
  std::map<int64_t, std::map<int64_t, Stage>> jobs_;  // by job, by stage
};
// Adds one line of the log: an event as JSON. What is no event of interest changes nothing.
void AddLogLine(std::string_view line, LogProgress& progress);

}  // namespace tidemill::engine::spark
