#include "cloud/opportunities.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "advisor/figures.h"
#include "cloud/fleet.h"

namespace tidemill::cloud {
namespace {

constexpr double kMonthHours = 730;
constexpr double kMuchIdle = 0.25;          // of the time
constexpr double kRoomyMemory = 0.45;       // half of a memory type's memory is what a general one has
constexpr double kRequestDollars = 0.4e-6;  // a GET, us-east-1, 2025
constexpr double kReadsAMonth = 30;         // of a table, whole: once a day
constexpr double kGb = 1 << 30;

// What AWS made since, with the old one's price (us-east-1, 2025) where the price list may not have it.
struct Successor {
  std::string_view old;
  std::string_view now;
  double hourly;  // of the old one
  double emr_hourly;
};
constexpr Successor kSuccessors[] = {
    {"m4.xlarge", "m5.xlarge", 0.20, 0.06},     {"m4.2xlarge", "m5.2xlarge", 0.40, 0.12},
    {"r3.xlarge", "r5.xlarge", 0.333, 0.09},    {"r3.2xlarge", "r5.2xlarge", 0.665, 0.18},
    {"r3.4xlarge", "r5.4xlarge", 1.33, 0.27},   {"r4.xlarge", "r5.xlarge", 0.266, 0.067},
    {"r4.2xlarge", "r5.2xlarge", 0.532, 0.133}, {"r4.4xlarge", "r5.4xlarge", 1.064, 0.266},
};
// A general type with the same cores and half the memory.
constexpr std::pair<std::string_view, std::string_view> kGeneral[] = {{"r5.xlarge", "m5.xlarge"},
                                                                      {"r5.2xlarge", "m5.2xlarge"}};

class Search {
 public:
  Search(const advisor::Prices& prices, std::vector<Opportunity>& found) : prices_(prices), found_(found) {}

  void Cluster(const WatchedCluster& cluster) {
    OldTypes(cluster);
    const WatchedCluster renewed = Renewed(cluster);
    if (!CheckTypesPriced(renewed.spec, prices_).ok()) return;
    Underused(renewed);
    Idle(renewed);
    WrongTypes(renewed);
    SpotShare(renewed);
  }

  void Table(const OpportunityFacts::TableCost& table) {
    if (table.tiers.saved() > 0) {
      Add("missing lifecycle", table.tiers.table, table.tiers.saved(),
          fmt::format("{} a month in place of {}, once partitions that nobody writes lie in colder storage",
                      advisor::DollarsText(table.tiers.monthly_then), advisor::DollarsText(table.tiers.monthly_now)),
          fmt::format("tidemill storage apply {}", table.tiers.table), true);
    }
    if (table.small_files > table.files_after) {
      const auto spared = static_cast<double>(table.small_files - table.files_after);
      Add("inefficient format", table.tiers.table, spared * kRequestDollars * kReadsAMonth,
          fmt::format(
              "{} small files would be {}: fewer requests, and tasks, each time it is read (once a day assumed)",
              table.small_files, table.files_after),
          fmt::format("tidemill table optimize {}", table.tiers.table), true);
    }
  }

  void Text(const TextData& text) {
    const auto rent = prices_.storage_gb_month.find("STANDARD");
    if (rent == prices_.storage_gb_month.end() || text.packed_share >= 0.9) return;
    Add("inefficient format", text.path, static_cast<double>(text.bytes) / kGb * (1 - text.packed_share) * rent->second,
        fmt::format("{} of plain text; of a sample gzip leaves {:.0f} %, and Parquet is read by column besides",
                    FormatBytes(text.bytes), text.packed_share * 100),
        fmt::format("tidemill convert '{}' {}_delta", text.path,
                    text.path.substr(0, text.path.find_last_not_of('/') + 1)),
        true);
  }

 private:
  void Add(std::string kind, std::string where, double monthly, std::string why, std::string command, bool measured) {
    if (monthly <= 0) return;
    found_.push_back({std::move(kind), std::move(where), monthly, std::move(why), std::move(command), measured});
  }

  static int Workers(const WatchedCluster& cluster) {
    const auto& spec = cluster.spec;
    return cluster.workers ? static_cast<int>(std::lround(*cluster.workers))
                           : std::max(spec.scaling.min_nodes, spec.core.min);
  }
  double Monthly(const ClusterSpec& spec, int workers) const {
    return HourlyPrice(FleetAt(spec, workers), prices_) * kMonthHours;
  }
  static std::string Change(const ClusterSpec& spec, const std::string& change) {
    return fmt::format("write {} into {}; tidemill cluster create {}", change, spec.file, spec.file);
  }

  void Underused(const WatchedCluster& cluster) {
    const auto& spec = cluster.spec;
    if (!cluster.cpu || *cluster.cpu >= spec.scaling.in_cpu) return;
    const double rest = (spec.scaling.in_cpu + spec.scaling.out_cpu) / 2;  // where the controller would hold it
    const int workers = Workers(cluster), least = std::max(spec.scaling.min_nodes, spec.core.min);
    const int enough = std::max(least, static_cast<int>(std::ceil(workers * *cluster.cpu / rest)));
    if (enough >= workers) return;
    Add("underused nodes", spec.name, Monthly(spec, workers) - Monthly(spec, enough),
        fmt::format("{:.0f} % of the cores of {} workers were at work over {} days; {} would be half busy",
                    *cluster.cpu * 100, workers, cluster.days, enough),
        fmt::format("tidemill cluster resize {} {}", spec.file, enough), true);
  }

  void Idle(const WatchedCluster& cluster) {
    const auto& spec = cluster.spec;
    if (!cluster.idle || *cluster.idle < kMuchIdle) return;
    Add("long idle cluster", spec.name, *cluster.idle * Monthly(spec, Workers(cluster)),
        fmt::format("it had no job for {:.0f} % of {} days", *cluster.idle * 100, cluster.days),
        Change(spec, "idle_timeout: 15m"), true);
  }

  // By fleet: its types, and how many of the workers are in it.
  struct Fleet {
    std::string key;  // in the file
    std::string type;
    double nodes;
  };
  static std::vector<Fleet> Fleets(const WatchedCluster& cluster) {
    const auto& spec = cluster.spec;
    std::vector<Fleet> fleets = {{"master.type", spec.master, 1}};
    const int workers = Workers(cluster), core = spec.CoreNodes(workers);
    fleets.push_back({"core.type", spec.core.type, double(core)});
    for (const auto& type : spec.task.types) {
      fleets.push_back({"task.types", type, double(workers - core) / double(spec.task.types.size())});
    }
    return fleets;
  }
  double HourlyOf(std::string_view type) const {
    const auto price = prices_.instances.find(std::string(type));
    return price == prices_.instances.end() ? -1 : price->second.hourly + price->second.emr_hourly;
  }

  // Old types that the price list lacks count as what came after them.
  WatchedCluster Renewed(WatchedCluster cluster) const {
    const auto renew = [this](std::string& type) {
      const auto old = std::ranges::find(kSuccessors, type, &Successor::old);
      if (old != std::end(kSuccessors) && HourlyOf(type) < 0) type = old->now;
    };
    renew(cluster.spec.master);
    renew(cluster.spec.core.type);
    for (auto& type : cluster.spec.task.types) renew(type);
    return cluster;
  }

  void OldTypes(const WatchedCluster& cluster) {
    for (const auto& fleet : Fleets(cluster)) {
      const auto old = std::ranges::find(kSuccessors, fleet.type, &Successor::old);
      if (old == std::end(kSuccessors) || HourlyOf(old->now) < 0) continue;
      Add("old generation", cluster.spec.name,
          std::max(1.0, fleet.nodes) * (old->hourly + old->emr_hourly - HourlyOf(old->now)) * kMonthHours,
          fmt::format("{} costs {} an hour with EMR's fee, {} with newer cores {}", old->old,
                      advisor::DollarsText(old->hourly + old->emr_hourly), old->now,
                      advisor::DollarsText(HourlyOf(old->now))),
          Change(cluster.spec, fmt::format("{}: {}", fleet.key, old->now)), false);
    }
  }

  void WrongTypes(const WatchedCluster& cluster) {
    if (!cluster.memory_used || *cluster.memory_used > kRoomyMemory) return;
    for (const auto& fleet : Fleets(cluster)) {
      const auto general =
          std::ranges::find(kGeneral, fleet.type, &std::pair<std::string_view, std::string_view>::first);
      if (fleet.key == "master.type" || general == std::end(kGeneral) || HourlyOf(general->second) < 0) continue;
      Add("wrong instance type", cluster.spec.name,
          fleet.nodes * (HourlyOf(fleet.type) - HourlyOf(general->second)) * kMonthHours,
          fmt::format("{:.0f} % of the memory was used over {} days; {} has the cores of {} and half its memory",
                      *cluster.memory_used * 100, cluster.days, general->second, fleet.type),
          Change(cluster.spec, fmt::format("{}: {}", fleet.key, general->second)), true);
    }
  }

  void SpotShare(const WatchedCluster& cluster) {
    const ClusterSpec standard;
    const auto& spec = cluster.spec;
    ClusterSpec better = spec;
    better.task.spot_share = std::max(spec.task.spot_share, standard.task.spot_share);
    if (spec.cluster_class != ClusterClass::kCritical)
      better.core.spot_share = std::max(spec.core.spot_share, standard.core.spot_share);
    const int workers = Workers(cluster);
    Add("spot share too low", spec.name, Monthly(spec, workers) - Monthly(better, workers),
        fmt::format("{:.0f} % of the task nodes and {:.0f} % of the core nodes above the least are spot",
                    spec.task.spot_share * 100, spec.core.spot_share * 100),
        Change(spec, fmt::format("task.spot: {:.0f}% and core.spot: {:.0f}%", better.task.spot_share * 100,
                                 better.core.spot_share * 100)),
        false);
  }

  const advisor::Prices& prices_;
  std::vector<Opportunity>& found_;
};

}  // namespace

std::vector<Opportunity> FindOpportunities(const OpportunityFacts& facts, const advisor::Prices& prices) {
  std::vector<Opportunity> found;
  Search search(prices, found);
  for (const auto& cluster : facts.clusters) search.Cluster(cluster);
  for (const auto& table : facts.tables) search.Table(table);
  for (const auto& text : facts.texts) search.Text(text);
  std::ranges::stable_sort(found, std::greater<>(), &Opportunity::monthly);
  return found;
}

std::string OpportunitiesText(const std::vector<Opportunity>& found) {
  if (found.empty()) return "nothing found in what was given\n";
  std::string text;
  for (const auto& one : found) {
    text += fmt::format("{:>10} a month  {} ({}, {})\n{:20}{}\n{:20}{}\n", advisor::DollarsText(one.monthly), one.kind,
                        one.where, one.measured ? "measured" : "computed", "", one.why, "", one.command);
  }
  return text;
}

std::string OpportunitiesJson(const std::vector<Opportunity>& found) {
  using Json = nlohmann::ordered_json;
  Json list = Json::array();
  for (const auto& one : found) {
    list.push_back({{"kind", one.kind},
                    {"where", one.where},
                    {"monthly_dollars", one.monthly},
                    {"why", one.why},
                    {"command", one.command},
                    {"from", one.measured ? "measured" : "computed"}});
  }
  return list.dump(2) + "\n";
}

}  // namespace tidemill::cloud
