#include <fmt/format.h>

#include "advisor/plan_text.h"
#include "app/job_windows.h"
#include "app/load_job.h"
#include "app/program.h"
#include "app/run_job.h"
#include "job/app.h"
#include "job/facts.h"
#include "job/inputs.h"

namespace tidemill::app {

namespace {

Result<std::map<std::string, std::string>> StandsOn(const RunRequest& request, const job::RunEnvironment& environment) {
  if (request.job.app) return job::AppStandsOn(request.job, request.windows[0], environment);
  ASSIGN_OR_RETURN(const auto inputs, job::InputsOf(request.job, environment));
  return job::PlanStandsOn(request.job, request.windows[0], inputs, environment);
}

// A plan is run as it was made: for the same run over the same sources and table.
Status TakePlan(Program& program, const std::string& file, RunRequest& request) {
  ASSIGN_OR_RETURN(const auto text, storage::ReadAll(*program.storage, program.AbsolutePath(file)));
  ASSIGN_OR_RETURN(const auto plan, advisor::PlanFromJson(text));
  if (request.windows.size() != 1) return InvalidArgument("--plan is for one window, the one it was made for");
  ASSIGN_OR_RETURN(auto environment, EnvironmentFor(program, request.machine));
  ASSIGN_OR_RETURN(const auto now, StandsOn(request, environment));
  for (const auto& [name, value] : now) {
    const auto then = plan.stands_on.find(name);
    if (then != plan.stands_on.end() && then->second == value) continue;
    return FailedPrecondition(fmt::format("{} no longer holds: the {} was {} and is {}; plan again", file, name,
                                          then == plan.stands_on.end() ? "not known" : then->second, value));
  }
  request.engine = plan.engine;
  request.plan = plan;
  return Ok();
}

}  // namespace

int Run(Program& program, const RunFlags& flags) {
  auto job = LoadJob(program, flags.job);
  if (!job.ok()) return Fail(job.error());
  auto windows = WindowsOf(*job, flags.windows);
  if (!windows.ok()) return Fail(windows.error());
  RunRequest request;
  request.job = std::move(job).value();
  request.windows = std::move(windows).value();
  request.options.replace = flags.replace;
  request.options.again = flags.again;
  request.options.over_budget = flags.over_budget;
  request.at_once = flags.jobs;
  request.engine = flags.engine;
  request.master = flags.master;
  request.spark_conf = flags.spark_conf;
  request.salts = !flags.no_salt;
  request.planned = !flags.no_plan;
  request.prices = flags.prices;
  request.emr = flags.emr;
  request.output = flags.output;
  request.machine = flags.machine;
  if (!flags.plan.empty()) {
    if (const auto holds = TakePlan(program, flags.plan, request); !holds.ok()) return Fail(holds.error());
  }
  return RunJob(program, request);
}

}  // namespace tidemill::app
