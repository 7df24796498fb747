#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "app/cluster_file.h"
#include "app/exit_code.h"
#include "app/pricing.h"
#include "app/simulation_page.h"
#include "cloud/fleet.h"
#include "cloud/policies.h"
#include "job/ledger.h"

namespace tidemill::app {
namespace {

constexpr int64_t kMostRuns = 1'000'000;
constexpr int kRunVcpus = 64;                              // that a run of the ledger could use on a cluster
constexpr Micros kRunDeadline = std::chrono::minutes(30);  // the ledger knows no other: that of a simple ETL job

// Runs of the ledger as jobs: the cores they had, for as long as they took.
Result<std::vector<cloud::SimJob>> JobsOfLedger(Program& program, const std::string& state) {
  const std::string path = program.StatePath({.state = state});
  if (!program.storage->Stat(path).ok()) return NotFound(fmt::format("there is no ledger {}", path));
  ASSIGN_OR_RETURN(const auto ledger, job::Ledger::Open(path));
  ASSIGN_OR_RETURN(const auto runs, ledger->Runs("", kMostRuns));
  std::string lines;
  for (const auto& run : runs) {
    const double seconds = static_cast<double>(run.figures.duration.count()) / 1e6;
    if (run.outcome != "committed" || seconds <= 0 || run.threads <= 0) continue;
    lines += fmt::format(R"({{"job":"run","arrival":"{}","vcpu_seconds":{},"max_vcpus":{},"deadline":{},"class":"{}"}})"
                         "\n",
                         run.started, seconds * static_cast<double>(run.threads), kRunVcpus,
                         kRunDeadline.count() / 1'000'000, run.job_class);
  }
  if (lines.empty()) return FailedPrecondition(fmt::format("the ledger {} has no committed runs", path));
  return cloud::WorkloadFromJsonLines(lines);
}

struct Input {
  std::vector<cloud::SimJob> jobs;
  std::string workload;  // in words
  cloud::MarketHistory history;
  std::string market;
};

Result<Input> InputOf(Program& program, const ClusterFlags& flags, const cloud::ClusterSpec& spec,
                      const advisor::Prices& prices) {
  Input input;
  if (flags.workload == "ledger") {
    ASSIGN_OR_RETURN(input.jobs, JobsOfLedger(program, flags.state));
    input.workload =
        fmt::format("{} committed runs of the ledger", FormatCount(static_cast<int64_t>(input.jobs.size())));
  } else if (!flags.workload.empty()) {
    ASSIGN_OR_RETURN(const auto text, storage::ReadAll(*program.storage, program.AbsolutePath(flags.workload)));
    ASSIGN_OR_RETURN(input.jobs, cloud::WorkloadFromJsonLines(text));
    input.workload = fmt::format("{} of {}", FormatCount(static_cast<int64_t>(input.jobs.size())), flags.workload);
  } else {
    input.jobs = cloud::ModelWorkload(flags.jobs, flags.days, flags.seed);
    input.workload = fmt::format("{} of the model", FormatCount(flags.jobs));
  }
  std::vector<std::string> types = spec.task.types;
  if (std::find(types.begin(), types.end(), spec.core.type) == types.end()) types.push_back(spec.core.type);
  if (!flags.market.empty()) {
    ASSIGN_OR_RETURN(const auto text, storage::ReadAll(*program.storage, program.AbsolutePath(flags.market)));
    ASSIGN_OR_RETURN(input.history, cloud::MarketFromJsonLines(text, types, prices));
    input.market = flags.market;
  } else {
    input.history = cloud::ModelMarket(types, prices, flags.days, flags.seed);
    input.market = "of the model";
  }
  return input;
}

Result<cloud::Comparison> Compare(Program& program, const ClusterFlags& flags) {
  cloud::ClusterSpec spec;
  spec.name = "standard";
  if (!flags.file.empty()) {
    ASSIGN_OR_RETURN(spec, LoadCluster(program, flags.file));
  }
  ASSIGN_OR_RETURN(const auto prices, PricesOf(program, flags.prices));
  RETURN_IF_ERROR(cloud::CheckTypesPriced(spec, prices));
  ASSIGN_OR_RETURN(const auto input, InputOf(program, flags, spec, prices));
  cloud::Comparison comparison{.cluster = spec.name,
                               .workload = input.workload,
                               .market = input.market,
                               .prices = fmt::format("{} in {}", prices.date, prices.region),
                               .days = flags.days,
                               .seed = flags.seed};
  const auto length = Micros(static_cast<int64_t>(flags.days * 86400e6));
  for (const auto& name : flags.policies.empty() ? cloud::PolicyNames() : flags.policies) {
    ASSIGN_OR_RETURN(auto policy, cloud::PolicyOf(name, spec, input.jobs, prices));
    auto result = cloud::Simulate({.spec = policy.spec,
                                   .always_on = policy.always_on,
                                   .jobs = &input.jobs,
                                   .market = &input.history,
                                   .prices = &prices,
                                   .seed = flags.seed,
                                   .length = length});
    comparison.policies.push_back({std::move(policy), std::move(result)});
  }
  return comparison;
}

}  // namespace

int SimulateCluster(Program& program, const ClusterFlags& flags) {
  const auto comparison = Compare(program, flags);
  if (!comparison.ok()) return Fail(comparison.error());
  if (!flags.html.empty()) {
    const Status written =
        program.storage->Put(program.AbsolutePath(flags.html), SimulationPage(*comparison, program.version));
    if (!written.ok()) return Fail(written.error());
  }
  const std::string text = flags.json ? cloud::ComparisonJson(*comparison) : cloud::ComparisonText(*comparison);
  return std::fwrite(text.data(), 1, text.size(), stdout) == text.size() ? kOk : kFailed;
}

}  // namespace tidemill::app
