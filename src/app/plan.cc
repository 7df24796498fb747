#include <fmt/format.h>

#include <cstdio>

#include "advisor/plan_text.h"
#include "app/exit_code.h"
#include "app/job_windows.h"
#include "app/load_job.h"
#include "app/pricing.h"
#include "app/program.h"
#include "app/program_run.h"
#include "app/run_job.h"
#include "app/spark_application.h"
#include "app/spark_plan.h"
#include "job/facts.h"
#include "job/plan_report.h"

namespace tidemill::app {
namespace {

Result<std::optional<advisor::Plan>> Earlier(Program& program, const std::string& file) {
  if (file.empty()) return std::optional<advisor::Plan>();
  ASSIGN_OR_RETURN(const auto text, storage::ReadAll(*program.storage, program.AbsolutePath(file)));
  ASSIGN_OR_RETURN(auto plan, advisor::PlanFromJson(text));
  return std::optional<advisor::Plan>(std::move(plan));
}

int FailWith(const document::Diagnostics& diagnostics, const std::string& file) {
  for (const auto& diagnostic : diagnostics.Sorted()) std::fprintf(stderr, "%s\n", diagnostic.ToString().c_str());
  const int errors = diagnostics.errors();
  return Fail(InvalidArgument(fmt::format("{} has {} mistake{}", file, errors, errors == 1 ? "" : "s")));
}

void Show(const advisor::Plan& plan, const advisor::Plan* before, const std::string& window, size_t windows,
          const advisor::TextStyle& style) {
  std::printf("job %s, window %s%s\n\n", plan.job.c_str(), window.c_str(),
              windows > 1 ? fmt::format(", the first of {}", windows).c_str() : "");
  std::printf("What it would take\n%s\n", advisor::QuotesText(plan, style).c_str());
  std::printf("Decisions\n%s", advisor::DecisionsText(plan, before, style).c_str());
}

int Emit(Program& program, const std::string& folder, const std::vector<std::pair<std::string, std::string>>& files) {
  for (const auto& [name, text] : files) {
    const std::string path = program.AbsolutePath(folder) + "/" + name;
    if (const auto written = program.storage->Put(path, text); !written.ok()) return Fail(written.error());
    std::printf("%s\n", path.c_str());
  }
  return kOk;
}

// Of the first window. With a plan its salts are in the steps.
int EmitSpark(Program& program, const job::Job& job, const std::optional<job::Window>& window,
              const advisor::Plan* plan, const std::string& folder) {
  if (job.app) {
    const auto script = engine::spark::SubmitScript(SparkProgram(job, job::KeyOf(job, window), "by-hand", 1));
    return Emit(program, folder, {{"submit.sh", script}});
  }
  auto application = SparkApplication(job, window, program.version);
  if (!application.ok()) return Fail(application.error());
  if (plan != nullptr) {
    for (const auto& left_out : SaltJoins(*plan, *application)) std::fprintf(stderr, "warning: %s\n", left_out.c_str());
  }
  return Emit(
      program, folder,
      {{"app.py", engine::spark::PythonText(*application)}, {"submit.sh", engine::spark::SubmitScript(*application)}});
}

}  // namespace

int Plan(Program& program, const PlanFlags& flags) {
  const auto job = LoadJob(program, flags.job);
  if (!job.ok()) return Fail(job.error());
  const auto windows = WindowsOf(*job, flags.windows);
  if (!windows.ok()) return Fail(windows.error());
  const auto prices = PricesOf(program, flags.prices);
  if (!prices.ok()) return Fail(prices.error());
  const auto rates = RatesOf(program, flags.machine);
  if (!rates.ok()) return Fail(rates.error());
  const auto before = Earlier(program, flags.against);
  if (!before.ok()) return Fail(before.error());
  auto environment = EnvironmentFor(program, flags.machine);
  if (!environment.ok()) return Fail(environment.error());
  const auto ledger = job::Ledger::Open(program.StatePath(flags.machine));
  document::Diagnostics diagnostics;
  const auto window = windows->front();
  const auto pricing = job::PricingOf(*job, ledger.ok() ? ledger->get() : nullptr, *prices, *rates, *environment);
  auto gathered = job::GatherFacts(*job, window, *environment, pricing, diagnostics, flags.emit_spark.empty());
  if (!flags.emit_spark.empty()) {  // Spark may run what the native half can't look at: without a plan, then
    const auto made = gathered ? std::optional(advisor::MakePlan(gathered->facts, pricing.rates, pricing.prices))
                               : std::optional<advisor::Plan>();
    return EmitSpark(program, *job, window, made ? &*made : nullptr, flags.emit_spark);
  }
  if (!gathered) return FailWith(diagnostics, flags.job.file);
  if (flags.engine != "auto") gathered->facts.choices.engine = flags.engine;
  advisor::Plan plan = advisor::MakePlan(gathered->facts, pricing.rates, pricing.prices);
  plan.stands_on = gathered->stands_on;
  const std::string json = advisor::PlanJson(plan) + "\n";
  if (!flags.out.empty()) {
    const auto written = program.storage->Put(program.AbsolutePath(flags.out), json);
    if (!written.ok()) return Fail(written.error());
  }
  const advisor::Plan* earlier = *before ? &**before : nullptr;
  if (!flags.html.empty()) {
    const auto page = job::HtmlPlan(plan, earlier, job::WindowText(window), program.version);
    const auto written = program.storage->Put(program.AbsolutePath(flags.html), page);
    if (!written.ok()) return Fail(written.error());
  }
  if (flags.json) {
    std::printf("%s", json.c_str());
  } else {
    Show(plan, earlier, job::WindowText(window), windows->size(), {program.color, !flags.brief});
  }
  return kOk;
}

}  // namespace tidemill::app
