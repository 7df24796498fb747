// One run on EMR: what job::Run is for the native engine, by the application that plan --emit-spark writes. It is sent
// once a run: what an earlier start of this program sent and still runs is taken up.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "advisor/plan.h"
#include "app/program.h"
#include "job/run.h"

namespace tidemill::app {

struct EmrSetup {
  Program* program = nullptr;
  EmrFlags flags;
  std::string state;  // the ledger
  advisor::Prices prices;
  std::vector<std::string> conf;      // KEY=VALUE; above what the plan says
  std::optional<advisor::Plan> plan;  // its settings, salts and quote; none: Spark's own settings, and no quote
};

// The table alone decides what came of a run; Ctrl-C and the end of the budget's time cancel it in AWS.
job::RunResult RunOnEmr(const EmrSetup& setup, const job::Job& job, const job::RunOptions& options,
                        job::RunEnvironment environment, job::EventStream& stream);

}  // namespace tidemill::app
