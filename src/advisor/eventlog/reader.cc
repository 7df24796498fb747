#include "advisor/eventlog/reader.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <unordered_map>

#include "advisor/eventlog/plan_tree.h"
#include "advisor/eventlog/task_end.h"

namespace tidemill::advisor::eventlog {
namespace {

using Json = nlohmann::json;

constexpr size_t kMostPlans = 2000;         // kept with their nodes; later queries keep their times alone
constexpr size_t kMostIntervals = 100'000;  // after them, pauses below kSmallPause are forgotten
constexpr double kSmallPause = 0.1;
constexpr std::string_view kSql = "org.apache.spark.sql.execution.ui.SparkListener";
constexpr std::string_view kCore = "SparkListener";

const Json& At(const Json& json, const char* name) {
  static const Json nothing;
  const auto found = json.find(name);
  return json.is_object() && found != json.end() ? *found : nothing;
}
int64_t Number(const Json& json, const char* name, int64_t otherwise = 0) {
  const Json& value = At(json, name);
  return value.is_number() ? value.get<int64_t>() : otherwise;
}
std::string Text(const Json& json, const char* name) {
  const Json& value = At(json, name);
  return value.is_string() ? value.get<std::string>() : "";
}
// Some numbers are written as texts.
double Loose(const Json& value) {
  if (value.is_number()) return value.get<double>();
  return value.is_string() ? std::strtod(value.get_ref<const std::string&>().c_str(), nullptr) : 0;
}

std::string_view EventName(std::string_view line) {
  constexpr std::string_view kStart = R"({"Event":")";
  if (!line.starts_with(kStart)) return {};
  line.remove_prefix(kStart.size());
  return line.substr(0, line.find('"'));
}

}  // namespace

struct Reader::State {
  Log log;
  bool seen = false;
  std::map<std::pair<int64_t, int64_t>, Stage> running;  // by id and attempt
  std::unordered_map<int64_t, int64_t> job_of_stage;
  std::unordered_map<int64_t, int64_t> execution_of_stage;
  std::unordered_map<std::string, size_t> executors;
  std::unordered_map<int64_t, size_t> jobs;
  std::unordered_map<int64_t, size_t> executions;
  std::unordered_map<int64_t, std::unordered_map<int64_t, Metric>> metrics;  // of executions that run, by accumulator
  std::map<int64_t, int64_t> busy;                                           // start -> end, milliseconds, disjoint
  size_t plans = 0;

  double Seconds(int64_t ms) {
    if (log.started_ms == 0) log.started_ms = ms;
    const double seconds = static_cast<double>(ms - log.started_ms) / 1000;
    log.ended = std::max(log.ended, seconds);
    return seconds;
  }

  Executor& ExecutorOf(const std::string& id, const std::string& host) {
    const auto [at, added] = executors.try_emplace(id, log.executors.size());
    if (added) log.executors.push_back({.id = id, .host = host, .cores = 1});
    return log.executors[at->second];
  }

  Stage& StageOf(int64_t id, int64_t attempt) {
    auto& stage = running[{id, attempt}];
    if (stage.planned == 0 && stage.sums.tasks == 0) {
      stage.id = id;
      stage.attempt = attempt;
      if (const auto found = job_of_stage.find(id); found != job_of_stage.end()) stage.job = found->second;
      if (const auto found = execution_of_stage.find(id); found != execution_of_stage.end())
        stage.execution = found->second;
    }
    return stage;
  }

  void Occupy(int64_t start, int64_t end) {
    auto at = busy.upper_bound(start);
    if (at != busy.begin() && std::prev(at)->second >= start) {
      --at;
      start = at->first;
      end = std::max(end, at->second);
    }
    while (at != busy.end() && at->first <= end) {
      end = std::max(end, at->second);
      at = busy.erase(at);
    }
    busy[start] = end;
    if (busy.size() > kMostIntervals) JoinIntervals();
  }
  void JoinIntervals() {
    for (auto at = busy.begin(); at != busy.end();) {
      const auto next = std::next(at);
      if (next == busy.end()) break;
      if (static_cast<double>(next->first - at->second) / 1000 > kSmallPause) {
        at = next;
        continue;
      }
      at->second = next->second;
      busy.erase(next);
    }
  }

  void TaskEnded(const TaskEnd& task);
  void JobStart(const Json& event);
  void StageSubmitted(const Json& event);
  void StageCompleted(const Json& event);
  void ExecutionStart(const Json& event);
  void TakePlan(Execution& execution, const Json& event);
  void EndExecution(Execution& execution);
  Execution* Find(int64_t id) {
    const auto found = executions.find(id);
    return found == executions.end() ? nullptr : &log.executions[found->second];
  }
};

void Reader::State::TaskEnded(const TaskEnd& task) {
  Stage& stage = StageOf(task.stage, task.stage_attempt);
  const double launch = Seconds(task.launch_ms), finish = Seconds(std::max(task.finish_ms, task.launch_ms));
  // Of its core.
  const double seconds = task.fetch_ms > task.launch_ms ? Seconds(task.fetch_ms) - launch : finish - launch;
  const auto ms = [](int64_t value) { return static_cast<double>(value) / 1000; };
  TaskSums sums;
  sums.tasks = 1;
  const bool good = task.reason == "Success";
  if (!good) {
    const bool killed = task.killed != 0 || task.reason == "TaskKilled" || task.reason == "TaskCommitDenied";
    (killed ? sums.killed : sums.failed) = 1;
    (killed ? sums.killed_seconds : sums.failed_seconds) = seconds;
    if (!killed) ++stage.failures[task.reason + (task.error.empty() ? "" : ": " + task.error.substr(0, 200))];
  }
  sums.speculative = task.speculative;
  sums.run = ms(task.run_ms);
  sums.cpu = static_cast<double>(task.cpu_ns) / 1e9;
  sums.gc = ms(task.gc_ms);
  sums.deserialize = ms(task.deserialize_ms);
  sums.fetch_wait = ms(task.fetch_wait_ms);
  sums.input_bytes = task.input_bytes;
  sums.input_rows = task.input_rows;
  sums.output_bytes = task.output_bytes;
  sums.output_rows = task.output_rows;
  sums.shuffle_read_bytes = task.remote_bytes + task.local_bytes;
  sums.shuffle_read_rows = task.shuffle_rows;
  sums.shuffle_write_bytes = task.shuffle_write_bytes;
  sums.spill_memory_bytes = task.spill_memory_bytes;
  sums.spill_disk_bytes = task.spill_disk_bytes;
  sums.result_bytes = task.result_bytes;
  sums.peak_memory_bytes = task.peak_memory_bytes;
  stage.sums.Add(sums);
  log.sums.Add(sums);
  const int64_t bytes = sums.input_bytes + sums.shuffle_read_bytes;
  if (good) {
    stage.seconds.Add(seconds);
    stage.bytes.Add(static_cast<double>(bytes));
    stage.rows.Add(static_cast<double>(sums.input_rows + sums.shuffle_read_rows));
    auto& host = stage.hosts[task.host];
    ++host.tasks;
    host.seconds += seconds;
    if (seconds > stage.slowest) {
      stage.slowest = seconds;
      stage.slowest_index = task.index;
      stage.slowest_gc = sums.gc;
      stage.slowest_bytes = bytes;
      stage.slowest_executor = task.executor;
    }
  }
  stage.first_launch = stage.first_launch < 0 ? launch : std::min(stage.first_launch, launch);
  stage.last_finish = std::max(stage.last_finish, finish);
  Executor& executor = ExecutorOf(task.executor, task.host);
  executor.busy += seconds;
  ++executor.tasks;
  executor.last_finish = std::max(executor.last_finish, finish);
  executor.peak_heap_bytes = std::max(executor.peak_heap_bytes, task.heap_bytes);
  Occupy(task.launch_ms, std::max(task.finish_ms, task.launch_ms));
}

void Reader::State::JobStart(const Json& event) {
  Job job;
  job.id = Number(event, "Job ID");
  job.submitted = Seconds(Number(event, "Submission Time"));
  const std::string execution = Text(At(event, "Properties"), "spark.sql.execution.id");
  if (!execution.empty()) job.execution = std::strtoll(execution.c_str(), nullptr, 10);
  for (const Json& stage : At(event, "Stage IDs")) {
    if (!stage.is_number()) continue;
    job_of_stage[stage.get<int64_t>()] = job.id;
    execution_of_stage[stage.get<int64_t>()] = job.execution;
  }
  jobs[job.id] = log.jobs.size();
  log.jobs.push_back(job);
}

void Reader::State::StageSubmitted(const Json& event) {
  const Json& info = At(event, "Stage Info");
  Stage& stage = StageOf(Number(info, "Stage ID"), Number(info, "Stage Attempt ID"));
  stage.name = Text(info, "Stage Name");
  stage.planned = Number(info, "Number of Tasks");
  stage.submitted = Seconds(Number(info, "Submission Time", log.started_ms));
  stage.parents.clear();
  for (const Json& parent : At(info, "Parent IDs")) {
    if (parent.is_number()) stage.parents.push_back(parent.get<int64_t>());
  }
}

void Reader::State::StageCompleted(const Json& event) {
  StageSubmitted(event);
  const Json& info = At(event, "Stage Info");
  const std::pair<int64_t, int64_t> key{Number(info, "Stage ID"), Number(info, "Stage Attempt ID")};
  Stage stage = std::move(running[key]);
  running.erase(key);
  stage.completed = Seconds(Number(info, "Completion Time", log.started_ms));
  stage.failure = Text(info, "Failure Reason").substr(0, 500);
  if (stage.execution >= 0) {
    auto& values = metrics[stage.execution];
    for (const Json& accumulable : At(info, "Accumulables")) {
      if (Text(accumulable, "Metadata") != "sql") continue;
      values[Number(accumulable, "ID")] = {Loose(At(accumulable, "Value")), stage.id};
    }
  }
  log.stages.push_back(std::move(stage));
}

void Reader::State::TakePlan(Execution& execution, const Json& event) {
  const bool had = !execution.nodes.empty();
  if (!had && plans >= kMostPlans) return;
  execution.nodes = PlanNodes(At(event, "sparkPlanInfo"));
  if (!had && !execution.nodes.empty()) ++plans;
}

void Reader::State::ExecutionStart(const Json& event) {
  Execution execution;
  execution.id = Number(event, "executionId");
  execution.description = Text(event, "description").substr(0, 500);
  execution.started = Seconds(Number(event, "time"));
  TakePlan(execution, event);
  executions[execution.id] = log.executions.size();
  log.executions.push_back(std::move(execution));
}

void Reader::State::EndExecution(Execution& execution) {
  const auto values = metrics.find(execution.id);
  if (values == metrics.end()) return;
  for (auto& node : execution.nodes) {
    for (const auto& [name, accumulator] : node.accumulators) {
      const auto value = values->second.find(accumulator);
      if (value != values->second.end()) node.metrics[name] = value->second;
    }
    node.accumulators.clear();
  }
  metrics.erase(values);
}

Reader::Reader() : state_(std::make_unique<State>()) {}
Reader::~Reader() = default;

bool Reader::seen_event() const { return state_->seen; }

void Reader::Add(std::string_view line) {
  State& s = *state_;
  if (line.empty()) return;
  ++s.log.lines;
  std::string_view name = EventName(line);
  const bool sql = name.starts_with(kSql);
  if (!sql && !name.starts_with(kCore)) {
    if (name.empty()) ++s.log.unread_lines;
    return;
  }
  name.remove_prefix(sql ? kSql.size() : kCore.size());
  if (name == "TaskEnd") {
    TaskEnd task;
    if (!ReadTaskEnd(line, task)) {
      ++s.log.unread_lines;
    } else {
      s.seen = true;
      s.TaskEnded(task);
    }
    return;
  }
  using Take = void (*)(State&, const Json&);
  struct Handler {
    std::string_view name;
    Take take;
  };
  static constexpr Handler kHandlers[] = {
      {"LogStart", [](State& s, const Json& e) { s.log.spark_version = Text(e, "Spark Version"); }},
      {"ApplicationStart",
       [](State& s, const Json& e) {
         s.log.name = Text(e, "App Name");
         s.log.id = Text(e, "App ID");
         // What came before it (the executor of a local master) was counted from its own time.
         const int64_t started = Number(e, "Timestamp");
         if (s.log.started_ms != 0) {
           const double shift = static_cast<double>(s.log.started_ms - started) / 1000;
           for (auto& executor : s.log.executors) executor.added += shift;
           s.log.ended += shift;
         }
         s.log.started_ms = started;
       }},
      {"ApplicationEnd",
       [](State& s, const Json& e) {
         s.log.whole = true;
         s.Seconds(Number(e, "Timestamp"));
       }},
      {"EnvironmentUpdate",
       [](State& s, const Json& e) {
         for (const auto& [key, value] : At(e, "Spark Properties").items()) {
           if (value.is_string()) s.log.conf[key] = value.get<std::string>();
         }
       }},
      {"ExecutorAdded",
       [](State& s, const Json& e) {
         const Json& info = At(e, "Executor Info");
         auto& executor = s.ExecutorOf(Text(e, "Executor ID"), Text(info, "Host"));
         executor.added = s.Seconds(Number(e, "Timestamp"));
         executor.cores = static_cast<int>(Number(info, "Total Cores", 1));
       }},
      {"ExecutorRemoved",
       [](State& s, const Json& e) {
         auto& executor = s.ExecutorOf(Text(e, "Executor ID"), "");
         executor.removed = s.Seconds(Number(e, "Timestamp"));
         executor.removed_because = Text(e, "Removed Reason").substr(0, 500);
       }},
      {"StageExecutorMetrics",
       [](State& s, const Json& e) {
         auto& executor = s.ExecutorOf(Text(e, "Executor ID"), "");
         executor.peak_heap_bytes =
             std::max(executor.peak_heap_bytes, Number(At(e, "Executor Metrics"), "JVMHeapMemory"));
       }},
      {"JobStart", [](State& s, const Json& e) { s.JobStart(e); }},
      {"JobEnd",
       [](State& s, const Json& e) {
         const auto found = s.jobs.find(Number(e, "Job ID"));
         if (found == s.jobs.end()) return;
         auto& job = s.log.jobs[found->second];
         job.completed = s.Seconds(Number(e, "Completion Time"));
         job.failed = Text(At(e, "Job Result"), "Result") != "JobSucceeded";
       }},
      {"StageSubmitted", [](State& s, const Json& e) { s.StageSubmitted(e); }},
      {"StageCompleted", [](State& s, const Json& e) { s.StageCompleted(e); }},
      {"SQLExecutionStart", [](State& s, const Json& e) { s.ExecutionStart(e); }},
      {"SQLAdaptiveExecutionUpdate",
       [](State& s, const Json& e) {
         if (auto* execution = s.Find(Number(e, "executionId"))) s.TakePlan(*execution, e);
       }},
      {"DriverAccumUpdates",
       [](State& s, const Json& e) {
         const int64_t id = Number(e, "executionId");
         for (const Json& update : At(e, "accumUpdates")) {
           if (update.is_array() && update.size() == 2 && update[0].is_number())
             s.metrics[id][update[0].get<int64_t>()] = {Loose(update[1]), -1};
         }
       }},
      {"SQLExecutionEnd",
       [](State& s, const Json& e) {
         auto* execution = s.Find(Number(e, "executionId"));
         if (execution == nullptr) return;
         execution->ended = s.Seconds(Number(e, "time"));
         execution->error = Text(e, "errorMessage").substr(0, 500);
         s.EndExecution(*execution);
       }},
  };
  const auto handler = std::ranges::find(kHandlers, name, &Handler::name);
  if (handler == std::end(kHandlers)) return;
  const Json event = Json::parse(line, nullptr, false);
  if (!event.is_object()) {
    ++s.log.unread_lines;
    return;
  }
  s.seen = true;
  handler->take(s, event);
}

Log Reader::Finish() {
  State& s = *state_;
  // Of a log that stops: what ran then.
  for (auto& [key, stage] : s.running) {
    if (stage.sums.tasks > 0) s.log.stages.push_back(std::move(stage));
  }
  for (auto& execution : s.log.executions) s.EndExecution(execution);
  for (const auto& [start, end] : s.busy) s.log.busy.emplace_back(s.Seconds(start), s.Seconds(end));
  return std::move(s.log);
}

}  // namespace tidemill::advisor::eventlog
