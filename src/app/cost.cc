#include <cstdio>

#include "app/exit_code.h"
#include "app/pricing.h"
#include "app/program.h"
#include "cloud/policies.h"
#include "cloud/scorecard.h"
#include "cloud/tiering.h"
#include "delta/snapshot.h"
#include "job/ledger.h"

namespace tidemill::app {
namespace {

constexpr double kGb = 1e9;
constexpr int64_t kModelJobs = 10'000;
constexpr int kModelDays = 30;

Status AddRuns(Program& program, const CostFlags& flags, cloud::CostFacts& facts) {
  const std::string path = program.StatePath({.state = flags.state});
  if (!program.storage->Stat(path).ok()) return Ok();
  Timestamp since{};
  if (!flags.since.empty()) {
    ASSIGN_OR_RETURN(since, ParseTimestamp(flags.since));
  }
  ASSIGN_OR_RETURN(const auto ledger, job::Ledger::Open(path));
  ASSIGN_OR_RETURN(const auto runs, ledger->Runs("", INT64_MAX));
  for (const auto& run : runs) {
    const auto started = ParseTimestamp(run.started);
    if (run.dollars < 0 || (started.ok() && *started < since)) continue;
    facts.run_dollars = facts.run_dollars.value_or(0) + run.dollars;
    facts.run_gb += static_cast<double>(run.figures.bytes_read) / kGb;
  }
  return Ok();
}

Status AddTables(Program& program, const CostFlags& flags, const advisor::Prices& prices, cloud::CostFacts& facts) {
  for (const auto& path : flags.tables) {
    const delta::Table table{program.storage.get(), program.checkpoints(), program.AbsolutePath(path)};
    ASSIGN_OR_RETURN(const auto snapshot, delta::LoadSnapshot(table));
    const auto plan = cloud::PlanTiers(*snapshot, {}, prices, program.clock.Now());
    facts.storage_monthly = facts.storage_monthly.value_or(0) + plan.monthly_now;
    facts.storage_monthly_tiered += plan.monthly_then;
    facts.storage_gb += static_cast<double>(snapshot->total_bytes() + plan.retained_bytes) / (1 << 30);
  }
  return Ok();
}

// The standard cluster on the model's month.
Status AddSimulation(const advisor::Prices& prices, cloud::CostFacts& facts) {
  const cloud::ClusterSpec spec{.name = "standard"};
  const auto jobs = cloud::ModelWorkload(kModelJobs, kModelDays, 1);
  const auto market = cloud::ModelMarket(spec.task.types, prices, kModelDays, 1);
  const auto dollars_of = [&](const char* name) -> Result<double> {
    ASSIGN_OR_RETURN(const auto policy, cloud::PolicyOf(name, spec, jobs, prices));
    return cloud::Simulate({.spec = policy.spec,
                            .always_on = policy.always_on,
                            .jobs = &jobs,
                            .market = &market,
                            .prices = &prices,
                            .length = std::chrono::hours(24 * kModelDays)})
        .money.total();
  };
  ASSIGN_OR_RETURN(facts.compute_baseline, dollars_of("fixed_on_demand"));
  ASSIGN_OR_RETURN(facts.compute_policy, dollars_of("policy"));
  facts.compute_days = kModelDays;
  return Ok();
}

Status Report(Program& program, const CostFlags& flags) {
  ASSIGN_OR_RETURN(const auto prices, PricesOf(program, flags.prices));
  cloud::CostFacts facts;
  if (flags.investment > 0) facts.investment = flags.investment;
  RETURN_IF_ERROR(AddRuns(program, flags, facts));
  RETURN_IF_ERROR(AddTables(program, flags, prices, facts));
  if (flags.simulate) RETURN_IF_ERROR(AddSimulation(prices, facts));
  const auto scores = cloud::Scorecard(facts, prices);
  std::fputs((flags.json ? cloud::ScorecardJson(scores) : cloud::ScorecardText(scores)).c_str(), stdout);
  return Ok();
}

}  // namespace

int CostReport(Program& program, const CostFlags& flags) {
  const bool report = flags.what == CostFlags::What::kReport;
  const Status done = report ? Report(program, flags) : ShowOpportunities(program, flags);
  return done.ok() ? static_cast<int>(kOk) : Fail(done.error());
}

}  // namespace tidemill::app
