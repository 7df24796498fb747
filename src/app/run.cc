#include "app/job_windows.h"
#include "app/load_job.h"
#include "app/program.h"
#include "app/run_job.h"

namespace tidemill::app {

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
  request.at_once = flags.jobs;
  request.output = flags.output;
  request.machine = flags.machine;
  return RunJob(program, request);
}

}  // namespace tidemill::app
