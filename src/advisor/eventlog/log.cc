#include "advisor/eventlog/log.h"

#include <algorithm>
#include <charconv>

#include "base/units.h"

namespace tidemill::advisor::eventlog {

void TaskSums::Add(const TaskSums& other) {
  tasks += other.tasks;
  failed += other.failed;
  killed += other.killed;
  speculative += other.speculative;
  run += other.run;
  cpu += other.cpu;
  gc += other.gc;
  deserialize += other.deserialize;
  fetch_wait += other.fetch_wait;
  failed_seconds += other.failed_seconds;
  killed_seconds += other.killed_seconds;
  input_bytes += other.input_bytes;
  input_rows += other.input_rows;
  output_bytes += other.output_bytes;
  output_rows += other.output_rows;
  shuffle_read_bytes += other.shuffle_read_bytes;
  shuffle_read_rows += other.shuffle_read_rows;
  shuffle_write_bytes += other.shuffle_write_bytes;
  spill_memory_bytes += other.spill_memory_bytes;
  spill_disk_bytes += other.spill_disk_bytes;
  result_bytes += other.result_bytes;
  peak_memory_bytes = std::max(peak_memory_bytes, other.peak_memory_bytes);
}

double PlanNode::Value(std::string_view metric) const {
  const auto found = metrics.find(std::string(metric));
  return found == metrics.end() ? 0 : found->second.value;
}

int64_t PlanNode::StageOf(std::string_view metric) const {
  const auto found = metrics.find(std::string(metric));
  return found == metrics.end() ? -1 : found->second.stage;
}

size_t Execution::EndOf(size_t node) const {
  size_t end = node + 1;
  while (end < nodes.size() && nodes[end].depth > nodes[node].depth) ++end;
  return end;
}

std::string Log::Conf(const std::string& key, const std::string& otherwise) const {
  const auto found = conf.find(key);
  return found == conf.end() ? otherwise : found->second;
}

bool Log::ConfIs(const std::string& key, bool otherwise) const {
  const auto value = Conf(key);
  return value.empty() ? otherwise : value == "true";
}

// Spark's sizes without a unit are bytes here: the settings that mean MB by it are asked for with one.
int64_t Log::ConfBytes(const std::string& key, int64_t otherwise) const {
  const auto value = Conf(key);
  if (value.starts_with('-')) return -1;
  const auto bytes = ParseBytes(value);
  return bytes.ok() ? *bytes : otherwise;
}

int64_t Log::ConfNumber(const std::string& key, int64_t otherwise) const {
  const auto value = Conf(key);
  int64_t number = 0;
  const auto [end, code] = std::from_chars(value.data(), value.data() + value.size(), number);
  return code == std::errc() && end == value.data() + value.size() && !value.empty() ? number : otherwise;
}

int Log::slots() const {
  // Removals before additions of the same moment: one took the other's place.
  std::vector<std::pair<double, int>> changes;
  for (const auto& executor : executors) {
    changes.emplace_back(executor.added, executor.cores);
    if (executor.removed >= 0) changes.emplace_back(executor.removed, -executor.cores);
  }
  std::ranges::sort(changes);
  int now = 0, most = 0;
  for (const auto& [at, cores] : changes) most = std::max(most, now += cores);
  return std::max(most, 1);
}

int64_t Log::executor_memory() const {
  constexpr int64_t kDefault = int64_t{1} << 30;  // of spark.executor.memory and spark.driver.memory
  return ConfBytes(local() ? "spark.driver.memory" : "spark.executor.memory", kDefault);
}

double Log::core_seconds() const {
  double sum = 0;
  for (const auto& executor : executors) {
    sum += executor.cores * ((executor.removed < 0 ? ended : executor.removed) - executor.added);
  }
  return sum;
}

const Stage* Log::FindStage(int64_t stage) const {
  const auto found = std::ranges::find(stages.rbegin(), stages.rend(), stage, &Stage::id);
  return found == stages.rend() ? nullptr : &*found;
}

}  // namespace tidemill::advisor::eventlog
