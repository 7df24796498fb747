#include <cstdio>

#include "app/exit_code.h"
#include "app/load_job.h"
#include "app/program.h"
#include "app/run_job.h"
#include "job/run.h"

namespace tidemill::app {

int Validate(Program& program, const ValidateFlags& flags) {
  auto job = LoadJob(program, flags.job);
  if (!job.ok()) return Fail(job.error());
  if (flags.syntax_only) {
    std::printf("%s: the file and its SQL are well formed; sources were not looked at\n", flags.job.file.c_str());
    return kOk;
  }
  if (job->app) {  // its files were read with the job
    std::printf("%s is valid: %s, a program for Spark\n", flags.job.file.c_str(), job->app->file.c_str());
    return kOk;
  }
  auto environment = EnvironmentFor(program, flags.machine);
  if (!environment.ok()) return Fail(environment.error());
  const auto diagnostics = job::Validate(*job, std::move(environment).value());
  for (const auto& diagnostic : diagnostics.Sorted()) std::fprintf(stderr, "%s\n", diagnostic.ToString().c_str());
  if (diagnostics.has_errors()) {
    const int errors = diagnostics.errors();
    return Fail(
        InvalidArgument(flags.job.file + " has " + std::to_string(errors) + (errors == 1 ? " mistake" : " mistakes")));
  }
  std::printf("%s is valid: %zu sources, %zu steps, %zu checks\n", flags.job.file.c_str(), job->sources.size(),
              job->steps.size(), job->checks.size());
  return kOk;
}

}  // namespace tidemill::app
