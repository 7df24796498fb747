// One run of a program for Spark (a job of type: spark_app), started by spark-submit under the run's key.
#pragma once

#include "app/spark_attempt.h"
#include "engine/spark/application.h"
#include "job/ledger.h"
#include "job/run.h"

namespace tidemill::app {

// The program of one attempt, its arguments filled in.
engine::spark::Program SparkProgram(const job::Job& job, const job::RunKey& key, const std::string& attempt,
                                    int64_t txn_version);

// With a sink the table says whether the run is done, before and after; without one `ledger` does (null: nobody).
job::RunResult RunProgram(const SparkSetup& setup, const job::Ledger* ledger, const job::Job& job,
                          const job::RunOptions& options, job::RunEnvironment environment, job::EventStream& stream);

}  // namespace tidemill::app
