// Spark's event log: what an application took, summed over its tasks.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace tidemill::engine::spark {

struct LogFigures {
  int64_t jobs = 0;
  int64_t stages = 0;
  int64_t tasks = 0;
  int64_t failed_tasks = 0;
  int64_t run_ms = 0;  // all tasks', as are the next two
  int64_t cpu_ms = 0;
  int64_t gc_ms = 0;
  int64_t bytes_read = 0;
  int64_t rows_read = 0;
  int64_t bytes_written = 0;
  int64_t shuffle_read_bytes = 0;
  int64_t shuffle_write_bytes = 0;
  int64_t spill_memory_bytes = 0;
  int64_t spill_disk_bytes = 0;
  int64_t peak_memory_bytes = 0;  // the most execution memory a task used
};

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
void AddLogLine(std::string_view line, LogProgress& progress);

// Adds one line of the log: an event as JSON. What is no event of interest changes nothing.
void AddLogLine(std::string_view line, LogFigures& figures);

}  // namespace tidemill::engine::spark
