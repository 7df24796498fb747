#include <fmt/format.h>

#include <cstdio>

#include "advisor/figures.h"
#include "app/exit_code.h"
#include "app/pricing.h"
#include "app/program.h"
#include "app/run_job.h"
#include "job/calibrate.h"

namespace tidemill::app {

int Calibrate(Program& program, const CalibrateFlags& flags) {
  auto environment = EnvironmentFor(program, flags.machine);
  if (!environment.ok()) return Fail(environment.error());
  const auto rates = job::Calibrate(environment->temp_folder + "/calibrate", *environment);
  if (!rates.ok()) return Fail(rates.error());
  const std::string path = RatesPath(program, flags.machine);
  const auto written = program.storage->Put(path, advisor::RatesJson(*rates));
  if (!written.ok()) return Fail(written.error());
  for (const auto& [format, speed] : rates->read_bytes) {
    std::printf("read %-8s %s a second and thread\n", format.c_str(), advisor::BytesText(speed).c_str());
  }
  std::printf("operations    %s rows a second and thread\n", advisor::CountText(rates->operation_rows).c_str());
  std::printf("write         %s a second and thread\n", advisor::BytesText(rates->write_bytes).c_str());
  std::printf("quotes of runs with this ledger use them now (%s)\n", path.c_str());
  return kOk;
}

}  // namespace tidemill::app
