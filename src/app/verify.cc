// Both engines run a job into tables of their own; when these are equal, a certificate says for what that was seen.
#include <fmt/format.h>

#include <cstdio>
#include <filesystem>
#include <system_error>

#include "app/diff.h"
#include "app/exit_code.h"
#include "app/job_windows.h"
#include "app/load_job.h"
#include "app/program.h"
#include "app/run_job.h"
#include "base/clock.h"
#include "document/shape.h"
#include "engine/spark/installation.h"
#include "job/inputs.h"
#include "job/ledger.h"

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

// The job over a share of its largest source: the rows whose hash says so, the same on both engines. What the job
// demands of the whole output says nothing about a sample.
Result<job::Job> Sampled(job::Job job, double share, const job::RunEnvironment& environment) {
  constexpr int kParts = 1'000'000;
  size_t largest = 0;
  int64_t most = -1;
  for (size_t i = 0; i < job.sources.size(); ++i) {
    job::Job alone = job;
    alone.sources = {job.sources[i]};
    ASSIGN_OR_RETURN(const int64_t bytes, job::InputBytes(alone, environment));
    if (bytes > most) most = bytes, largest = i;
  }
  auto& source = job.sources[largest];
  job::Step sample;
  sample.name = source.name;
  source.name += "_whole";
  sample.sql.text = fmt::format("SELECT * FROM {} WHERE pmod(xxhash64(*), {}) < {}", source.name, kParts,
                                static_cast<int64_t>(share * kParts));
  if (job.window && job.window->source == sample.name) job.window->source = source.name;
  job.steps.insert(job.steps.begin(), std::move(sample));
  std::erase_if(job.checks, [](const job::Check& check) { return check.of_table(); });
  for (auto& check : job.checks) check.max_bad = 1;
  for (auto& each : job.sources) each.max_bad = 1;
  return job;
}

// Bad rows too, but for what is an engine's own: the time, and the line and the words about a malformed row.
Result<Difference> CompareQuarantines(Program& program, const VerifyFlags& flags, const Scratch& scratch) {
  DiffFlags diff{scratch.Table("native") + "_quarantine", scratch.Table("spark") + "_quarantine"};
  diff.without = {"line", "detail", "quarantined_at"};
  diff.machine = flags.machine;
  const auto is_there = [&](const std::string& table) {
    return program.storage->Stat(table + "/_delta_log/00000000000000000000.json").ok();
  };
  Difference found;
  if (!is_there(diff.one) && !is_there(diff.other)) return found;
  if (is_there(diff.one) && is_there(diff.other)) return CompareTables(program, diff);
  found.schema.push_back(fmt::format("only {} has put rows aside", is_there(diff.one) ? "native" : "spark"));
  return found;
}

Status Certify(Program& program, const RunRequest& request, const Difference& rows, const Difference& quarantined,
               double share) {
  ASSIGN_OR_RETURN(auto environment, EnvironmentFor(program, request.machine));
  ASSIGN_OR_RETURN(const auto inputs, job::InputsOf(request.job, environment));
  ASSIGN_OR_RETURN(const auto spark, engine::spark::FindSpark(program.environment, *program.cancel));
  ASSIGN_OR_RETURN(const auto ledger, job::Ledger::Open(program.StatePath(request.machine)));
  const auto key = job::KeyOf(request.job, request.windows.front());
  return ledger->Add({key.job, job::WindowText(key.window), key.spec_hash, environment.engine->version(), spark.version,
                      program.version, inputs, FormatTimestamp(program.clock.Now()), rows.one_rows,
                      quarantined.one_rows, share});
}

}  // namespace

int Verify(Program& program, const VerifyFlags& flags) {
  auto job = LoadJob(program, flags.job);
  if (!job.ok()) return Fail(job.error());
  if (job->app) return Fail(InvalidArgument("a program for Spark has one engine, so there is nothing to verify"));
  auto windows = WindowsOf(*job, flags.windows);
  if (!windows.ok()) return Fail(windows.error());
  if (windows->size() != 1) return Fail(InvalidArgument("a job is verified over one window"));
  RunRequest request;
  request.job = std::move(job).value();
  request.windows = std::move(windows).value();
  request.machine = flags.machine;
  const auto share = flags.sample.empty() ? std::optional(1.0) : document::ParseShare(flags.sample);
  if (!share || *share <= 0 || *share > 1) {
    return Fail(InvalidArgument(fmt::format("--sample {} is not a share like 1%", flags.sample)));
  }
  RunRequest run = request;
  if (*share < 1) {
    const auto environment = EnvironmentFor(program, flags.machine);
    if (!environment.ok()) return Fail(environment.error());
    auto sampled = Sampled(request.job, *share, *environment);
    if (!sampled.ok()) return Fail(sampled.error());
    run.job = std::move(sampled).value();
  }
  const std::string state = program.StatePath(flags.machine);
  const Scratch scratch(state.substr(0, state.rfind('/')) + "/verify/" + NewUuid(program.random));
  for (const char* engine : {"native", "spark"}) {
    if (const int code = RunInto(program, run, engine, scratch.Table(engine)); code != kOk) return code;
  }
  DiffFlags diff{scratch.Table("native"), scratch.Table("spark"), request.job.sink.keys};
  diff.machine = flags.machine;
  const auto rows = CompareTables(program, diff);
  if (!rows.ok()) return Fail(rows.error());
  PrintDifference(*rows);
  const auto quarantined = CompareQuarantines(program, flags, scratch);
  if (!quarantined.ok()) return Fail(quarantined.error());
  if (!quarantined->same()) PrintDifference(*quarantined);
  if (!rows->same() || !quarantined->same()) return kFailed;
  if (const auto written = Certify(program, request, *rows, *quarantined, *share); !written.ok()) {
    return Fail(written.error());
  }
  std::printf("both engines give the same rows, %s quarantined; a certificate%s is in the ledger\n",
              FormatCount(quarantined->one_rows).c_str(),
              *share < 1 ? " of the sample, which is less than `certify: required` asks for," : "");
  return kOk;
}

}  // namespace tidemill::app
