// One run on real Spark: what job::Run is for the native engine, by the application that plan --emit-spark writes.
#pragma once

#include "app/spark_attempt.h"
#include "job/run.h"

namespace tidemill::app {

// The run is settled before Spark starts: what is committed already, or would be there twice, costs no start. After the
// application's end the table alone decides what came of it.
job::RunResult RunOnSpark(const SparkSetup& setup, const job::Job& job, const job::RunOptions& options,
                          job::RunEnvironment environment, job::EventStream& stream);

// An attempt that failed before it began: Spark, which another engine handed the run over to, is not there.
job::RunResult NoSpark(const Error& error, const job::Job& job, const job::RunOptions& options,
                       job::RunEnvironment environment, job::EventStream& stream);

}  // namespace tidemill::app
