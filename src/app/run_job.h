// Running a job for a subcommand: engine, ledger, screen and reports around job::RunWindows.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "advisor/plan.h"
#include "app/program.h"
#include "job/run.h"

namespace tidemill::app {

struct RunRequest {
  job::Job job;
  std::vector<std::optional<job::Window>> windows;
  job::RunOptions options;
  int at_once = 1;
  std::string engine = "native";        // native, spark, emr, auto
  std::string master;                   // of Spark; empty: local
  std::vector<std::string> spark_conf;  // KEY=VALUE
  bool planned = true;                  // spark: with the planner's settings
  std::optional<advisor::Plan> plan;    // made before; none: it is made for the run
  bool salts = true;                    // spark: with the joins salted that the planner says
  std::string prices;                   // a price list of the user's
  EmrFlags emr;
  OutputFlags output;
  MachineFlags machine;
};

// Runs, writes the asked-for files, and gives the exit code: of the first run that did not commit, else 0.
int RunJob(Program& program, const RunRequest& request);

// What a run (or a validation) of this program works with.
Result<job::RunEnvironment> EnvironmentFor(Program& program, const MachineFlags& flags);

}  // namespace tidemill::app
