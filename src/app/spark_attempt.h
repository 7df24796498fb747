// One attempt of a run on real Spark: the folder it has, how spark-submit is started for it, what its event log says.
// The same for a job's own application (spark_run.h) and for a program of the user's (program_run.h).
#pragma once

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
  SparkAttempt(const SparkSetup& setup, const job::Job& job, const job::RunEnvironment& environment,
               const std::string& attempt)
      : setup_(setup), job_(job), environment_(environment), folder_(setup.folder + "/" + attempt) {}

  const std::string& folder() const { return folder_; }
  // The plan's, of Spark on this machine; null without a plan.
  const advisor::Quote* quote() const;

  Status MakeFolders() const;
  // `jars` beside Delta's. `words`: what follows spark-submit's own: the application and its arguments.
  engine::spark::Command Command(std::vector<std::string> jars, const std::vector<std::string>& words) const;
  void RemoveTemporary() const;

  // What the event log sums to, kept in `result` too; nothing without a log.
  std::optional<job::event::SparkFigures> TakeFigures(job::RunResult& result) const;
  // Of the event log as it stands: how far the jobs under way are. `read`: how much of the log was read before.
  void FollowLog(size_t& read, engine::spark::LogProgress& progress) const;

  // Why Spark ended: the last lines of what it said and of its log. `said`: its standard output.
  std::string LastWords(const std::string& said) const;

 private:
  std::optional<std::string> LogFile() const;

  const SparkSetup& setup_;
  const job::Job& job_;
  const job::RunEnvironment& environment_;
  const std::string folder_;
};

// Removes what attempts over this sink left that did not commit, and says so.
void RemoveLeftovers(const std::string& sink, const std::string& quarantine, job::RunEnvironment& environment,
                     job::Teller& teller);

// How an attempt ends that got no further than `error`.
job::Outcome SparkOutcomeOf(const Error& error);

// From the outcome, or why there is none, to the last event: the invoice and the end are told.
void Conclude(Result<job::Outcome> outcome, const advisor::Quote* quote, Micros start, const job::RunOptions& options,
              const job::RunEnvironment& environment, job::Teller& teller, job::RunResult& result);

}  // namespace tidemill::app
