#include "advisor/quote.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/units.h"

namespace tidemill::advisor {
namespace {

constexpr double kGb = 1e9;
// Of a cluster's cores, what a job keeps busy: stages end unevenly.
constexpr double kBusyShare = 0.7;
// Seconds before an application starts on EMR: in a new cluster, in one that runs.
constexpr double kNewCluster = 420, kSubmit = 30;
constexpr double kLeastBilled = 60;
constexpr int kMinNodes = 3, kMaxCoreNodes = 20, kMaxNodes = 50;
// The share of the deadline a run is planned to take, so that a retry still fits.
constexpr double kOfDeadline = 0.5;

double CappedSeconds(const JobFacts& facts) {
  const double budget = facts.choices.budget_seconds;
  return budget > 0 ? std::min(budget, facts.sla_seconds) : facts.sla_seconds;
}

// The seconds earlier runs on `engine` took, brought to this run's input: each is one observation.
std::vector<double> Observed(const JobFacts& facts, const std::string& engine, double bytes_read, double start) {
  std::vector<double> seconds;
  for (const auto& run : facts.runs) {
    if (run.engine != engine || !run.handed_over.empty() || run.seconds <= 0) continue;
    if (run.bytes_read <= 0 && facts.program.empty()) continue;
    const double scale = run.bytes_read > 0 ? bytes_read / static_cast<double>(run.bytes_read) : 1;
    const double fixed = std::min(start, run.seconds);
    seconds.push_back(fixed + (run.seconds - fixed) * scale);
  }
  std::sort(seconds.begin(), seconds.end());
  return seconds;
}

// From observations when there are any, else the rule of thumb with its wide margin.
Interval SecondsOf(const JobFacts& facts, const std::string& engine, const Estimate& estimate, double rule,
                   double start) {
  const auto seen = Observed(facts, engine, estimate.bytes_read, start);
  if (seen.empty()) return {rule * 0.5, rule, rule * 2};
  const double mid = seen[seen.size() / 2];
  // Few observations say little about the next one.
  const double margin = seen.size() >= 5 ? 1.1 : seen.size() >= 3 ? 1.2 : 1.4;
  const size_t tail = seen.size() / 10;
  return {std::min(seen[tail], mid / margin), mid, std::max(seen[seen.size() - 1 - tail], mid * margin)};
}

Interval Times(const Interval& one, double factor) { return {one.low * factor, one.mid * factor, one.high * factor}; }

std::string Problem(const JobFacts& facts, const Quote& quote, double memory) {
  if (memory > 0 && quote.memory_bytes > memory) {
    return fmt::format("needs {} of {} memory", FormatBytes(static_cast<int64_t>(quote.memory_bytes)),
                       FormatBytes(static_cast<int64_t>(memory)));
  }
  const double limit = CappedSeconds(facts);
  if (quote.seconds.mid > limit) {
    return fmt::format("takes {} of {}", FormatDuration(Micros(static_cast<int64_t>(quote.seconds.mid * 1e6))),
                       FormatDuration(Micros(static_cast<int64_t>(limit * 1e6))));
  }
  return "";
}

class Quoter {
 public:
  Quoter(const JobFacts& facts, const Estimate& estimate, const Rates& rates, const Prices& prices)
      : facts_(facts), estimate_(estimate), rates_(rates), prices_(prices) {}

  void Native(const std::string& place, const std::string& instance, int threads, double memory, bool here) {
    const double rule = rates_.native_start + estimate_.core_seconds / threads;
    Quote quote = Begin(place, "native", estimate_.memory_bytes);
    quote.seconds =
        here ? SecondsOf(facts_, "native", estimate_, rule, rates_.native_start) : Interval{rule * 0.5, rule, rule * 2};
    quote.dollars = Times(quote.seconds, prices_.instances.at(instance).hourly / 3600);
    Add(quote, memory);
  }

  void SparkHere(const std::string& instance, int threads) {
    const double rule = rates_.spark_start + estimate_.core_seconds * rates_.spark_factor / threads;
    Quote quote = Begin("spark here", "spark", static_cast<double>(facts_.machine.memory_bytes));
    quote.seconds = SecondsOf(facts_, "spark", estimate_, rule, rates_.spark_start);
    quote.dollars = Times(quote.seconds, prices_.instances.at(instance).hourly / 3600);
    Add(quote, 0);
  }

  void Emr(const std::string& place, const Cluster& cluster, double hourly) {
    const double start = cluster.dedicated ? kNewCluster + kSubmit : kSubmit;
    const double rule = start + estimate_.core_seconds * rates_.spark_factor / (cluster.cores() * kBusyShare);
    Quote quote = Begin(place, "emr", 0);
    quote.seconds = SecondsOf(facts_, "emr", estimate_, rule, start);
    const auto billed = [](double seconds) { return std::max(kLeastBilled, seconds); };
    const Interval& s = quote.seconds;
    quote.dollars = Times({billed(s.low), billed(s.mid), billed(s.high)}, hourly / 3600);
    Add(quote, 0);
  }

  std::vector<Quote> Take() { return std::move(quotes_); }

 private:
  Quote Begin(const std::string& place, const std::string& engine, double memory) const {
    Quote quote;
    quote.place = place;
    quote.engine = engine;
    quote.memory_bytes = memory;
    quote.bytes_read = estimate_.bytes_read;
    quote.bytes_written = estimate_.bytes_written;
    return quote;
  }
  void Add(Quote quote, double memory) {
    quote.problem = Problem(facts_, quote, memory);
    quote.fits = quote.problem.empty();
    quotes_.push_back(std::move(quote));
  }

  const JobFacts& facts_;
  const Estimate& estimate_;
  const Rates& rates_;
  const Prices& prices_;
  std::vector<Quote> quotes_;
};

}  // namespace

Cluster FitCluster(const JobFacts& facts, const Estimate& estimate, const Rates& rates, const Prices& prices) {
  const bool small = facts.job_class == "development";
  Cluster cluster;
  cluster.dedicated = facts.job_class == "critical";
  cluster.master = "m5.xlarge";
  cluster.core = small ? "r5.xlarge" : "r5.2xlarge";
  cluster.task = "r5.2xlarge";
  const auto cores_of = [&](const std::string& type) {
    const auto found = prices.instances.find(type);
    return found == prices.instances.end() ? 0 : found->second.vcpus;
  };
  cluster.cores_of_core = std::max(1, cores_of(cluster.core));
  cluster.cores_of_task = std::max(1, cores_of(cluster.task));
  const double seconds = std::max(60.0, CappedSeconds(facts) * kOfDeadline - (cluster.dedicated ? kNewCluster : 0));
  const double cores = std::ceil(estimate.core_seconds * rates.spark_factor / kBusyShare / seconds);
  const int most_core = small ? kMinNodes : kMaxCoreNodes;
  cluster.core_nodes = std::clamp(static_cast<int>(std::ceil(cores / cluster.cores_of_core)), kMinNodes, most_core);
  const double left = cores - double(cluster.core_nodes) * cluster.cores_of_core;
  if (!small && left > 0) {
    cluster.task_nodes =
        std::min(static_cast<int>(std::ceil(left / cluster.cores_of_task)), kMaxNodes - cluster.core_nodes);
  }
  // HDFS and shuffle files live on core nodes: those of a critical job stay, whatever the market does.
  cluster.core_spot_share = cluster.dedicated ? 0 : 0.5;
  const auto hourly = [&](const std::string& type, double spot) {
    const auto found = prices.instances.find(type);
    if (found == prices.instances.end()) return 0.0;
    return found->second.hourly * (1 - spot + spot * found->second.spot_share) + found->second.emr_hourly;
  };
  const auto total = [&](double core_spot, double task_spot) {
    return hourly(cluster.master, 0) + cluster.core_nodes * hourly(cluster.core, core_spot) +
           cluster.task_nodes * hourly(cluster.task, task_spot);
  };
  cluster.hourly_on_demand = total(0, 0);
  cluster.hourly_spot = total(cluster.core_spot_share, 1);
  return cluster;
}

namespace {

std::string ThisMachine(const JobFacts& facts, const Prices& prices) {
  if (!prices.this_machine.empty()) return prices.this_machine;
  return SmallestInstance(prices, std::max(1, facts.machine.threads),
                          static_cast<double>(facts.machine.memory_bytes) / kGb);
}

}  // namespace

Quote QuoteHere(const JobFacts& facts, const Estimate& estimate, const Rates& rates, const Prices& prices) {
  Quoter quoter(facts, estimate, rates, prices);
  quoter.Native("native here", ThisMachine(facts, prices), std::max(1, facts.machine.threads),
                static_cast<double>(facts.machine.memory_bytes), true);
  return quoter.Take().front();
}

std::vector<Quote> QuotesFor(const JobFacts& facts, const Estimate& estimate, const Rates& rates, const Prices& prices,
                             const Cluster& cluster) {
  const int threads = std::max(1, facts.machine.threads);
  Quoter quoter(facts, estimate, rates, prices);
  if (!facts.program.empty()) {
    quoter.SparkHere(ThisMachine(facts, prices), threads);
    quoter.Emr("spark on EMR, on-demand", cluster, cluster.hourly_on_demand);
    quoter.Emr("spark on EMR, spot", cluster, cluster.hourly_spot);
    return quoter.Take();
  }
  // 60 % of a machine is the budget of a run, as it is here.
  const std::string other = SmallestInstance(prices, 2 * threads, estimate.memory_bytes / kGb / 0.6);
  const auto& price = prices.instances.at(other);
  quoter.Native("native on " + other, other, std::max(1, price.vcpus), price.memory_gb * kGb * 0.6, false);
  quoter.SparkHere(ThisMachine(facts, prices), threads);
  quoter.Emr("spark on EMR, on-demand", cluster, cluster.hourly_on_demand);
  quoter.Emr("spark on EMR, spot", cluster, cluster.hourly_spot);
  auto quotes = quoter.Take();
  quotes.insert(quotes.begin(), QuoteHere(facts, estimate, rates, prices));
  return quotes;
}

}  // namespace tidemill::advisor
