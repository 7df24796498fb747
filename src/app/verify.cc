// Both engines run a job into tables of their own; when these are equal, a certificate says for what that was seen.
#include <fmt/format.h>

#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <system_error>

#include "app/certificate.h"
#include "app/diff.h"
#include "app/exit_code.h"
#include "app/job_windows.h"
#include "app/load_job.h"
#include "app/program.h"
#include "app/run_job.h"
#include "base/clock.h"
#include "engine/spark/installation.h"
#include "job/inputs.h"

namespace tidemill::app {
namespace {

// The tables of one verification; gone when it is over.
class Scratch {
 public:
  explicit Scratch(std::string folder) : folder_(std::move(folder)) {}
  ~Scratch() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  std::string Table(const std::string& engine) const { return folder_ + "/" + engine; }

 private:
  std::string folder_;
};

int RunInto(Program& program, RunRequest request, const std::string& engine, const std::string& table) {
  request.engine = engine;
  request.job.sink.path = table;
  request.job.sink.quarantine = table + "_quarantine";
  return RunJob(program, request);
}

Result<std::string> WriteCertificate(Program& program, const RunRequest& request, const Difference& found) {
  ASSIGN_OR_RETURN(auto environment, EnvironmentFor(program, request.machine));
  ASSIGN_OR_RETURN(const auto inputs, job::InputsOf(request.job, environment));
  ASSIGN_OR_RETURN(const auto spark, engine::spark::FindSpark(program.environment, *program.cancel));
  const auto key = job::KeyOf(request.job, request.windows.front());
  const nlohmann::ordered_json certificate = {
      {"run_key", key.ToString()},
      {"spec_hash", key.spec_hash},
      {"window", job::WindowText(key.window)},
      {"inputs", inputs},
      {"rows", found.one_rows},
      {"engines", {environment.engine->name() + " " + environment.engine->version(), "spark " + spark.version}},
      {"tidemill", program.version},
      {"at", FormatTimestamp(program.clock.Now())}};
  const std::string file = CertificatePath(program, request.machine, key);
  RETURN_IF_ERROR(program.storage->Put(file, certificate.dump(2) + "\n"));
  return file;
}

}  // namespace

int Verify(Program& program, const VerifyFlags& flags) {
  auto job = LoadJob(program, flags.job);
  if (!job.ok()) return Fail(job.error());
  auto windows = WindowsOf(*job, flags.windows);
  if (!windows.ok()) return Fail(windows.error());
  if (windows->size() != 1) return Fail(InvalidArgument("a job is verified over one window"));
  RunRequest request;
  request.job = std::move(job).value();
  request.windows = std::move(windows).value();
  request.machine = flags.machine;
  const std::string state = program.StatePath(flags.machine);
  const Scratch scratch(state.substr(0, state.rfind('/')) + "/verify/" + NewUuid(program.random));
  for (const char* engine : {"native", "spark"}) {
    if (const int code = RunInto(program, request, engine, scratch.Table(engine)); code != kOk) return code;
  }
  DiffFlags diff{scratch.Table("native"), scratch.Table("spark"), request.job.sink.keys};
  diff.machine = flags.machine;
  const auto found = CompareTables(program, diff);
  if (!found.ok()) return Fail(found.error());
  PrintDifference(*found);
  if (!found->same()) return kFailed;
  const auto file = WriteCertificate(program, request, *found);
  if (!file.ok()) return Fail(file.error());
  std::printf("both engines give the same rows; certificate %s\n", file->c_str());
  return kOk;
}

}  // namespace tidemill::app
