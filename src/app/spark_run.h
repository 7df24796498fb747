// One run on real Spark: what job::Run is for the native engine, by the application that plan --emit-spark writes.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "advisor/plan.h"
#include "engine/spark/installation.h"
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

// The run is settled before Spark starts: what is committed already, or would be there twice, costs no start. After the
// application's end the table alone decides what came of it.
job::RunResult RunOnSpark(const SparkSetup& setup, const job::Job& job, const job::RunOptions& options,
                          job::RunEnvironment environment, job::EventStream& stream);

// An attempt that failed before it began: Spark, which another engine handed the run over to, is not there.
job::RunResult NoSpark(const Error& error, const job::Job& job, const job::RunOptions& options,
                       job::RunEnvironment environment, job::EventStream& stream);

}  // namespace tidemill::app
