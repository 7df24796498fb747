// One attempt of a run on real Spark: the folder it has, how spark-submit is started for it, what its event log says.
// The same for a job's own application (spark_run.h) and for a program of the user's (program_run.h).
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "advisor/plan.h"
#include "engine/spark/event_log.h"
#include "engine/spark/installation.h"
#include "engine/spark/process.h"
#include "job/run.h"

namespace tidemill::app {

struct SparkSetup {
  engine::spark::Installation spark;
  std::string master;                 // empty: local, with the threads of the run
  std::vector<std::string> conf;      // KEY=VALUE; above what the plan says
  std::optional<advisor::Plan> plan;  // its settings, salts and quote; none: Spark's own settings, and no quote
  std::string log_store;              // the jar of our LogStore for local disks; empty: Delta's own
  std::string folder;  // absolute: a folder an attempt, with the application, its log and Spark's event log
};

class SparkAttempt {
 public:
  SparkAttempt(const SparkSetup& setup, const job::Job& job, job::RunEnvironment& environment,
               const std::string& attempt);

  const std::string& folder() const { return folder_; }
  // The table that the run commits to; empty: none.
  const std::string& sink() const { return sink_; }
  // The plan's, of Spark on this machine; null without a plan.
  const advisor::Quote* quote() const;

  Status MakeFolders() const;
  // `jars` beside Delta's. `words`: what follows spark-submit's own: the application and its arguments.
  engine::spark::Command Command(std::vector<std::string> jars, const std::vector<std::string>& words) const;

  // Starts Spark, which holds this descriptor open as long as it lives, and gives its exit code.
  using Submit = std::function<Result<int>(int keep_open)>;
  // Runs Spark to its end: over a table that what dead attempts left is removed from before and what this one left
  // after, with the attempt marked as alive between. What the event log sums to is told, and kept in `result` too.
  Result<int> Run(const Submit& submit, job::Teller& teller, job::RunResult& result);
  // Removes what attempts over the sink left that did not commit, and says so.
  void RemoveLeftovers(job::Teller& teller);

  // Of the event log as it stands: how far the jobs under way are. `read`: how much of the log was read before.
  void FollowLog(size_t& read, engine::spark::LogProgress& progress) const;

  // Why Spark ended: the last lines of what it said and of its log. `said`: its standard output.
  std::string LastWords(const std::string& said) const;

 private:
  void RemoveTemporary() const;
  std::optional<std::string> LogFile() const;

  const SparkSetup& setup_;
  const job::Job& job_;
  job::RunEnvironment& environment_;
  const std::string attempt_;
  const std::string folder_;
  const std::string sink_;
  const std::string quarantine_;
};

// What the event log below `folder` sums to, also into `result`; nothing when there is none that can be read.
std::optional<job::event::SparkFigures> FiguresOf(storage::Storage& storage, const std::string& folder,
                                                  job::RunResult& result);

// How an attempt ends that got no further than `error`.
job::Outcome SparkOutcomeOf(const Error& error);

// From the outcome, or why there is none, to the last event: the invoice and the end are told.
void Conclude(Result<job::Outcome> outcome, const advisor::Quote* quote, Micros start, const job::RunOptions& options,
              const job::RunEnvironment& environment, job::Teller& teller, job::RunResult& result);

}  // namespace tidemill::app
