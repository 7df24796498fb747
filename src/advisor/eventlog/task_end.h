// task_end.h: the end of a task as its event tells it. Most bytes of a log are these events, so they are read without a
// tree of their values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tidemill::advisor::eventlog {

// Times of the clock in milliseconds since the epoch; durations in milliseconds, CPU's in nanoseconds.
struct TaskEnd {
  int64_t stage = -1;
  int64_t stage_attempt = 0;
  int64_t index = 0;
  int64_t launch_ms = 0;
  int64_t finish_ms = 0;
  int64_t fetch_ms = 0;  // when its core was free and the driver began to fetch the result; 0: it came with the end
  int64_t failed = 0;
  int64_t killed = 0;
  int64_t speculative = 0;
  int64_t run_ms = 0;
  int64_t cpu_ns = 0;
  int64_t gc_ms = 0;
  int64_t deserialize_ms = 0;
  int64_t fetch_wait_ms = 0;
  int64_t result_bytes = 0;
  int64_t peak_memory_bytes = 0;
  int64_t spill_memory_bytes = 0;
  int64_t spill_disk_bytes = 0;
  int64_t input_bytes = 0;
  int64_t input_rows = 0;
  int64_t output_bytes = 0;
  int64_t output_rows = 0;
  int64_t remote_bytes = 0;
  int64_t local_bytes = 0;
  int64_t shuffle_rows = 0;
  int64_t shuffle_write_bytes = 0;
  int64_t heap_bytes = 0;
  std::string executor;
  std::string host;
  std::string reason;  // Success, ExceptionFailure, TaskKilled, ...
  std::string error;   // its class, or why the executor was lost
};

// False: the line is no whole event.
bool ReadTaskEnd(std::string_view line, TaskEnd& out);

}  // namespace tidemill::advisor::eventlog
