#include <cstdio>

#include "app/exit_code.h"
#include "app/load_job.h"
#include "app/program.h"

namespace tidemill::app {

int Validate(Program& program, const ValidateFlags& flags) {
  auto job = LoadJob(program, flags.job);
  if (!job.ok()) return Fail(job.error());
  std::printf("%s is valid\n", flags.job.file.c_str());
  return kOk;
}

}  // namespace tidemill::app
