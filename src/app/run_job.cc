#include "app/run_job.h"

#include <fmt/format.h>

#include <cstdio>
#include <filesystem>

#include "advisor/plan.h"
#include "app/emr_run.h"
#include "app/exit_code.h"
#include "app/pricing.h"
#include "app/program_run.h"
#include "app/screen.h"
#include "app/spark_run.h"
#include "app/telemetry.h"
#include "engine/spark/log_store.h"
#include "job/facts.h"
#include "job/ledger.h"
#include "job/report.h"
#include "job/results.h"
#include "job/run_windows.h"
#include "job/sources.h"

namespace tidemill::app {
namespace {

ExitCode ExitCodeOf(job::Outcome outcome) {
  switch (outcome) {
    case job::Outcome::kCommitted:
    case job::Outcome::kAlreadyCommitted:
      return kOk;
    case job::Outcome::kChecksFailed:
      return kChecksFailed;
    case job::Outcome::kConflict:
      return kConflict;
    case job::Outcome::kUnknown:
      return kUnknown;
    case job::Outcome::kRefused:
      return kUsage;
    case job::Outcome::kCancelled:
      return kInterrupted;
    case job::Outcome::kHandedOff:
    case job::Outcome::kFailed:
      break;
  }
  return kFailed;
}

// Memory for people; that it can't be written is said once and stops nothing.
std::unique_ptr<job::Ledger> OpenLedger(const std::string& path) {
  auto ledger = job::Ledger::Open(path);
  if (ledger.ok()) return std::move(ledger).value();
  std::fprintf(stderr, "warning: this run is not recorded: %s\n", ledger.error().ToString().c_str());
  return nullptr;
}

// Events of all runs by attempt, for the report and the result files. Progress is kept for the throughput chart, but
// thinned out: a run of a day reports a million times.
class Recorder {
 public:
  void Record(const job::Event& event) {
    auto& events = events_[event.attempt];
    if (std::holds_alternative<job::event::Progress>(event.body)) {
      auto& last = last_progress_[event.attempt];
      if (event.monotonic - last < std::chrono::milliseconds(200)) return;
      last = event.monotonic;
    }
    events.push_back(event);
  }
  const std::vector<job::Event>& Of(const std::string& attempt) { return events_[attempt]; }

 private:
  std::map<std::string, std::vector<job::Event>> events_;
  std::map<std::string, Micros> last_progress_;
};

std::vector<job::CheckedRun> CheckedRuns(const std::vector<job::RunResult>& results, Recorder& recorder) {
  std::vector<job::CheckedRun> runs;
  for (const auto& result : results) {
    job::CheckedRun run{&result, "", {}};
    for (const auto& event : recorder.Of(result.attempt)) {
      if (const auto* started = std::get_if<job::event::RunStarted>(&event.body)) run.window = started->window;
      if (const auto* check = std::get_if<job::event::CheckResult>(&event.body)) run.checks.push_back(*check);
    }
    runs.push_back(std::move(run));
  }
  return runs;
}

// False: the file could not be written, which was said.
bool WriteFile(Program& program, const std::string& path, const std::string& text) {
  if (path.empty()) return true;
  const auto written = program.storage->Put(program.AbsolutePath(path), text);
  if (!written.ok())
    std::fprintf(stderr, "warning: %s is not written: %s\n", path.c_str(), written.error().ToString().c_str());
  return written.ok();
}

bool WriteFiles(Program& program, const RunRequest& request, const std::vector<job::RunResult>& results,
                Recorder& recorder) {
  const auto& output = request.output;
  const auto runs = CheckedRuns(results, recorder);
  bool all = WriteFile(program, output.junit, output.junit.empty() ? "" : job::JUnitXml(request.job.name, runs));
  all &= WriteFile(program, output.results, output.results.empty() ? "" : job::ResultsJson(request.job.name, runs));
  if (output.report.empty()) return all;
  std::vector<job::ReportedRun> reported;
  for (const auto& result : results) reported.push_back({&result, &recorder.Of(result.attempt)});
  return all & WriteFile(program, output.report, job::HtmlReport(request.job, reported, program.version));
}

// The plan of the first window.
Result<advisor::Plan> PlanOf(const RunRequest& request, const job::RunEnvironment& environment,
                             const job::Pricing& pricing) {
  document::Diagnostics diagnostics;
  auto gathered = job::GatherFacts(request.job, request.windows.front(), environment, pricing, diagnostics);
  if (!gathered) return AsError(diagnostics);
  if (request.engine != "auto") gathered->facts.choices.engine = request.engine;
  auto plan = advisor::MakePlan(gathered->facts, pricing.rates, pricing.prices);
  if (!request.salts) plan.salts.clear();
  return plan;
}

Result<SparkSetup> SetUpSpark(Program& program, const RunRequest& request, std::optional<advisor::Plan> plan) {
  const std::string state = program.StatePath(request.machine);
  SparkSetup setup{
      {}, request.master, request.spark_conf, std::move(plan), "", state.substr(0, state.rfind('/')) + "/spark"};
  ASSIGN_OR_RETURN(setup.spark, engine::spark::FindSpark(program.environment, *program.cancel));
  std::error_code failed;
  std::filesystem::create_directories(setup.folder, failed);
  if (auto jar = engine::spark::LinkLogStoreJar(setup.spark, setup.folder, *program.cancel); jar.ok()) {
    setup.log_store = std::move(jar).value();
  } else {
    std::fprintf(
        stderr,
        "warning: let nothing else write to the table while Spark does: its commits on a local disk are not safe: %s\n",
        jar.error().ToString().c_str());
  }
  return setup;
}

job::RunOne OnSpark(SparkSetup setup) {
  return [setup = std::move(setup)](const auto& job, const auto& options, auto environment, auto& stream) {
    return RunOnSpark(setup, job, options, std::move(environment), stream);
  };
}

job::RunOne OnEmr(EmrSetup setup) {
  return [setup = std::move(setup)](const auto& job, const auto& options, auto environment, auto& stream) {
    return RunOnEmr(setup, job, options, std::move(environment), stream);
  };
}

Status RefuseOnEmr(const RunRequest& request) {
  if (request.job.app) {
    return Unimplemented("a program of the user's is not sent to EMR yet; --engine spark --master yarn runs it there");
  }
  if (!request.emr.dedicated.empty() && request.at_once > 1)
    return InvalidArgument("--dedicated makes a cluster a run; leave --jobs out, or name a shared one with --cluster");
  const auto poll = ParseDuration(request.emr.poll);
  return poll.ok() ? Ok() : Status(poll.error());
}

// Native; where memory, disk or the budget's time runs out, Spark goes on under the same run key.
job::RunOne NativeThenSpark(Program& program, const RunRequest& request, const advisor::Plan& plan) {
  return [&program, &request, plan](job::Job job, job::RunOptions options, job::RunEnvironment environment,
                                    job::EventStream& stream) {
    options.may_hand_off = true;
    auto native = job::Run(job, options, environment, stream);
    if (native.finished.outcome != job::Outcome::kHandedOff) return native;
    options.goes_on_from = job::HandedOver{native.attempt, native.finished.message,
                                           static_cast<double>(native.finished.duration.count()) / 1e6, native.dollars};
    job.budget.time = Micros(0);  // it is spent, and what is left to do is to be done all the same
    environment.random.seed(program.random());
    const auto setup = SetUpSpark(program, request, plan);
    if (!setup.ok()) return NoSpark(setup.error(), job, options, std::move(environment), stream);
    return RunOnSpark(*setup, job, options, std::move(environment), stream);
  };
}

Result<job::RunOne> RunnerFor(Program& program, const RunRequest& request, const std::optional<advisor::Plan>& plan,
                              const std::string& engine, const advisor::Prices& prices, const job::Ledger* ledger) {
  if (request.job.view) {
    if (engine != "native" && request.engine != "auto") {
      return InvalidArgument("a view is refreshed natively; leave --engine out");
    }
    return job::RunOne(job::Run);
  }
  if (engine == "emr") {
    RETURN_IF_ERROR(RefuseOnEmr(request));
    return OnEmr({&program, request.emr, program.StatePath(request.machine), prices, request.spark_conf, plan});
  }
  if (request.job.app) {
    ASSIGN_OR_RETURN(auto setup, SetUpSpark(program, request, plan));
    return job::RunOne(
        [setup = std::move(setup), ledger](const auto& job, const auto& options, auto environment, auto& stream) {
          return RunProgram(setup, ledger, job, options, std::move(environment), stream);
        });
  }
  if (engine == "spark") {
    ASSIGN_OR_RETURN(auto setup, SetUpSpark(program, request, plan));
    return OnSpark(std::move(setup));
  }
  if (request.engine == "auto") return NativeThenSpark(program, request, *plan);
  return job::RunOne(job::Run);
}

}  // namespace

Result<job::RunEnvironment> EnvironmentFor(Program& program, const MachineFlags& flags) {
  ASSIGN_OR_RETURN(const Budget budget, BudgetOf(flags));
  ASSIGN_OR_RETURN(engine::Engine * engine, program.Engine());
  const std::string state = program.StatePath(flags);
  const std::string folder = state.substr(0, state.rfind('/'));
  job::RunEnvironment environment;
  environment.storage = program.storage.get();
  environment.engine = engine;
  environment.checkpoints = program.checkpoints();
  environment.clock = &program.clock;
  environment.cancel = program.cancel;
  environment.random.seed(program.random());
  environment.memory_bytes = budget.memory_bytes;
  environment.threads = budget.threads;
  environment.temp_folder = folder + "/tmp";
  environment.attempts_folder = folder + "/attempts";
  environment.version = program.version;
  if (!program.schemas) program.schemas = std::make_shared<job::SchemaMemo>();
  environment.schemas = program.schemas;
  return environment;
}

int RunJob(Program& program, const RunRequest& request) {
  auto environment = EnvironmentFor(program, request.machine);
  if (!environment.ok()) return Fail(environment.error());
  const auto ledger = OpenLedger(program.StatePath(request.machine));
  const auto prices = PricesOf(program, request.prices);
  if (!prices.ok()) return Fail(prices.error());
  const auto rates = RatesOf(program, request.machine);
  if (!rates.ok()) return Fail(rates.error());
  const auto pricing = job::PricingOf(request.job, ledger.get(), *prices, *rates, *environment);
  const bool choose = request.engine == "auto", is_program = request.job.app.has_value();
  std::optional<advisor::Plan> plan;
  if (request.plan) {
    plan = request.plan;
  } else if (choose || ((request.engine == "spark" || request.engine == "emr" || is_program) && request.planned)) {
    auto made = PlanOf(request, *environment, pricing);
    // What the native half can't look at, Spark may run all the same, with its own settings.
    if (!made.ok() && choose) return Fail(made.error());
    if (made.ok()) plan = *std::move(made);
  }
  const auto run = RunnerFor(program, request, plan, choose ? plan->engine : request.engine, *prices, ledger.get());
  if (!run.ok()) {  // what Spark needs is not on this machine
    Fail(run.error());
    return run.error().kind == ErrorKind::kFailedPrecondition ? kUsage : ExitCodeOf(run.error());
  }
  job::RunOptions options = request.options;
  options.pricing = &pricing;
  Recorder recorder;
  std::vector<job::EventSink> sinks{[&](const job::Event& event) { recorder.Record(event); }};
  Screen screen(stdout, program.terminal && request.at_once == 1, program.color, request.at_once > 1);
  if (request.output.json) {
    sinks.push_back([](const job::Event& event) {
      std::printf("%s\n", job::ToJson(event).c_str());
      std::fflush(stdout);
    });
  } else {
    sinks.push_back([&](const job::Event& event) { screen.Show(event); });
  }
  if (ledger) sinks.push_back([&](const job::Event& event) { ledger->Record(event); });
  const auto telemetry = Telemetry::From(program, request.job);
  if (telemetry) sinks.push_back([&](const job::Event& event) { telemetry->Take(event); });
  job::EventStream stream(std::move(sinks));

  const auto results =
      job::RunWindows(request.job, options, request.windows, request.at_once, *environment, stream, *run);
  if (ledger && ledger->failure()) {
    std::fprintf(stderr, "warning: this run is not recorded whole: %s\n", ledger->failure()->ToString().c_str());
  }
  const bool written = WriteFiles(program, request, results, recorder);
  for (const auto& result : results) {
    if (const ExitCode code = ExitCodeOf(result.finished.outcome); code != kOk) return code;
  }
  return written ? kOk : kFailed;
}

}  // namespace tidemill::app
