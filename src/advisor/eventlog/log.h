// log.h: what an event log of Spark says of one application, as values. Their number grows with stages, jobs, executors
// and queries, not with tasks. Times are seconds since the application's start, durations seconds, sizes bytes.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "advisor/eventlog/distribution.h"

namespace tidemill::advisor::eventlog {

// Sums over tasks.
struct TaskSums {
  int64_t tasks = 0;  // ended, in any way
  int64_t failed = 0;
  int64_t killed = 0;  // most often the loser of two copies
  int64_t speculative = 0;
  double run = 0;
  double cpu = 0;
  double gc = 0;
  double deserialize = 0;
  double fetch_wait = 0;
  double failed_seconds = 0;
  double killed_seconds = 0;
  int64_t input_bytes = 0;
  int64_t input_rows = 0;
  int64_t output_bytes = 0;
  int64_t output_rows = 0;
  int64_t shuffle_read_bytes = 0;
  int64_t shuffle_read_rows = 0;
  int64_t shuffle_write_bytes = 0;
  int64_t spill_memory_bytes = 0;
  int64_t spill_disk_bytes = 0;
  int64_t result_bytes = 0;
  int64_t peak_memory_bytes = 0;  // the most execution memory that one task used
  void Add(const TaskSums& other);
};

struct HostTimes {
  int64_t tasks = 0;
  double seconds = 0;
};

struct Stage {
  int64_t id = 0;
  int64_t attempt = 0;
  std::string name;
  std::vector<int64_t> parents;
  int64_t job = -1;
  int64_t execution = -1;  // of SQL; -1: none
  int64_t planned = 0;     // tasks
  double submitted = -1;
  double completed = -1;  // -1: it never was
  std::string failure;
  double first_launch = -1;
  double last_finish = -1;
  TaskSums sums;
  Distribution seconds;  // of tasks that succeeded, as are the next three
  Distribution bytes;    // read, from files and shuffles
  Distribution rows;
  double slowest = 0;  // the slowest task
  int64_t slowest_index = 0;
  double slowest_gc = 0;
  int64_t slowest_bytes = 0;
  std::string slowest_executor;
  std::map<std::string, HostTimes> hosts;
  std::map<std::string, int64_t> failures;  // why tasks failed

  double wall() const { return completed < 0 || submitted < 0 ? 0 : completed - submitted; }
  int64_t read_bytes() const { return sums.input_bytes + sums.shuffle_read_bytes; }
};

struct Job {
  int64_t id = 0;
  double submitted = 0;
  double completed = -1;
  bool failed = false;
  int64_t execution = -1;
};

struct Executor {
  std::string id;
  std::string host;
  int cores = 0;
  double added = 0;
  double removed = -1;
  std::string removed_because;
  double busy = 0;  // of its tasks
  int64_t tasks = 0;
  double last_finish = 0;
  int64_t peak_heap_bytes = 0;  // 0: not known
};

struct Metric {
  double value = 0;
  int64_t stage = -1;  // that last gave it; -1: the driver
};

// A node of a physical plan, in pre-order.
struct PlanNode {
  std::string name;  // "Exchange", "Scan parquet "
  std::string text;  // of Spark, cut
  int depth = 0;
  int parent = -1;
  std::map<std::string, std::string> metadata;
  std::map<std::string, Metric> metrics;  // that got a value
  std::map<std::string, int64_t> accumulators;
  uint64_t fingerprint = 0;  // of the subtree, without ids and wrappers

  double Value(std::string_view metric) const;
  int64_t StageOf(std::string_view metric) const;
};

struct Execution {
  int64_t id = 0;
  std::string description;
  double started = 0;
  double ended = -1;
  std::string error;
  std::vector<PlanNode> nodes;
  // The last node that a plan's subtree of `node` reaches, half-open.
  size_t EndOf(size_t node) const;
};

struct Log {
  std::string name;
  std::string id;
  std::string spark_version;
  int64_t started_ms = 0;  // since the epoch
  double ended = 0;        // the last thing it tells
  bool whole = false;      // it tells the application's end
  int64_t lines = 0;
  int64_t unread_lines = 0;  // no JSON: cut or damaged
  std::map<std::string, std::string> conf;
  std::vector<Executor> executors;
  std::vector<Job> jobs;
  std::vector<Stage> stages;  // in the order of their ends
  std::vector<Execution> executions;
  std::vector<std::pair<double, double>> busy;  // when at least one task ran
  TaskSums sums;

  bool local() const { return Conf("spark.master") == "local" || Conf("spark.master").starts_with("local["); }
  std::string Conf(const std::string& key, const std::string& otherwise = "") const;
  bool ConfIs(const std::string& key, bool otherwise) const;
  int64_t ConfBytes(const std::string& key, int64_t otherwise) const;
  int64_t ConfNumber(const std::string& key, int64_t otherwise) const;
  // The most cores that tasks had at once.
  int slots() const;
  int64_t executor_memory() const;              // heap of one executor
  double core_seconds() const;                  // of all executors' lives
  const Stage* FindStage(int64_t stage) const;  // its last attempt; null: none ended
};

}  // namespace tidemill::advisor::eventlog
