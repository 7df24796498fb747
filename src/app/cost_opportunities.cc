#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <numeric>

#include "app/aws_world.h"
#include "app/cluster_file.h"
#include "app/pricing.h"
#include "cloud/metrics.h"
#include "cloud/opportunities.h"
#include "delta/snapshot.h"
#include "storage/codec.h"

namespace tidemill::app {
namespace {

constexpr int64_t kSmallBytes = int64_t{32} << 20, kGoodBytes = int64_t{128} << 20;
constexpr int64_t kSampleBytes = int64_t{1} << 20;
constexpr Micros kPeriod = std::chrono::hours(1);

std::optional<double> Mean(const std::vector<double>& values) {
  if (values.empty()) return std::nullopt;
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

// What CloudWatch says of the last days.
Status Measure(Program& program, const CostFlags& flags, const advisor::Prices& prices,
               cloud::WatchedCluster& cluster) {
  ASSIGN_OR_RETURN(auto ledger, job::Ledger::Open(program.StatePath({.state = flags.state})));
  ASSIGN_OR_RETURN(const auto parts, KeptOf(*ledger, cluster.spec.name));
  const std::string id = IdOf(parts);
  if (id.empty()) return Ok();
  ASSIGN_OR_RETURN(const auto world,
                   AwsWorld::Make(program, flags.profile, cluster.spec.region, std::move(ledger), prices));
  ASSIGN_OR_RETURN(const auto instances, cloud::ListInstances(world->api(), id));
  ASSIGN_OR_RETURN(const auto fleets, cloud::ListFleets(world->api(), id));
  constexpr const char* kEmr = "AWS/ElasticMapReduce";
  std::vector<cloud::Metric> metrics = {{kEmr, "IsIdle", "JobFlowId", id},
                                        {kEmr, "YARNMemoryAvailablePercentage", "JobFlowId", id}};
  const auto is_worker = [&](const cloud::EmrInstance& node) {
    return std::ranges::any_of(
        fleets, [&](const auto& fleet) { return fleet.id == node.fleet && fleet.role != cloud::Role::kMaster; });
  };
  for (const auto& node : instances) {
    if (node.running() && is_worker(node)) metrics.push_back({"AWS/EC2", "CPUUtilization", "InstanceId", node.ec2_id});
  }
  const Timestamp now = program.clock.Now();
  ASSIGN_OR_RETURN(const auto values,
                   cloud::Averages(world->api(), metrics, now - flags.days * std::chrono::hours(24), now, kPeriod));
  cluster.days = flags.days;
  cluster.idle = Mean(values[0]);
  if (const auto free = Mean(values[1])) cluster.memory_used = 1 - *free / 100;
  std::vector<double> cpu;
  for (size_t i = 2; i < values.size(); ++i) {
    if (const auto mean = Mean(values[i])) cpu.push_back(*mean / 100);
  }
  cluster.cpu = Mean(cpu);
  cluster.workers = static_cast<double>(metrics.size() - 2);
  return Ok();
}

Result<cloud::OpportunityFacts::TableCost> LookAtTable(Program& program, const std::string& path,
                                                       const advisor::Prices& prices) {
  const delta::Table table{program.storage.get(), program.checkpoints(), program.AbsolutePath(path)};
  ASSIGN_OR_RETURN(const auto snapshot, delta::LoadSnapshot(table));
  cloud::OpportunityFacts::TableCost cost;
  cost.tiers = cloud::PlanTiers(*snapshot, {}, prices, program.clock.Now());
  std::map<std::string, std::pair<int64_t, int64_t>> small;  // of a partition: files, bytes
  for (const auto& file : snapshot->files()) {
    if (file.size_bytes >= kSmallBytes) continue;
    const size_t slash = file.path.rfind('/');
    auto& [files, bytes] = small[slash == std::string::npos ? "" : file.path.substr(0, slash)];
    ++files;
    bytes += file.size_bytes;
  }
  for (const auto& [partition, sum] : small) {
    cost.small_files += sum.first;
    cost.files_after += (sum.second + kGoodBytes - 1) / kGoodBytes;
  }
  return cost;
}

Result<cloud::TextData> LookAtText(Program& program, const std::string& path) {
  ASSIGN_OR_RETURN(const auto files, storage::Expand(*program.storage, program.AbsolutePath(path)));
  cloud::TextData text{.path = path};
  const storage::FileInfo* largest = nullptr;
  for (const auto& file : files) {
    if (storage::NeedsDecoding(file.path) || file.path.ends_with(".parquet")) continue;
    text.bytes += file.size_bytes;
    if (largest == nullptr || file.size_bytes > largest->size_bytes) largest = &file;
  }
  if (largest == nullptr) return text;
  ASSIGN_OR_RETURN(const auto reader, program.storage->OpenRead(largest->path));
  std::string sample(static_cast<size_t>(std::min(kSampleBytes, largest->size_bytes)), '\0');
  ASSIGN_OR_RETURN(const int64_t read, reader->ReadAt(0, sample));
  sample.resize(static_cast<size_t>(read));
  const size_t packed = storage::PackedBytes(sample, storage::Packing::kGzip);
  if (packed > 0 && !sample.empty()) text.packed_share = double(packed) / double(sample.size());
  return text;
}

}  // namespace

Status ShowOpportunities(Program& program, const CostFlags& flags) {
  if (flags.clusters.empty() && flags.tables.empty() && flags.texts.empty())
    return InvalidArgument("say where to look: --cluster CLUSTER.yaml, --table TABLE, --text DIR");
  ASSIGN_OR_RETURN(const auto prices, PricesOf(program, flags.prices));
  cloud::OpportunityFacts facts;
  for (const auto& file : flags.clusters) {
    cloud::WatchedCluster cluster;
    ASSIGN_OR_RETURN(cluster.spec, LoadCluster(program, file));
    if (flags.measure) RETURN_IF_ERROR(Measure(program, flags, prices, cluster));
    facts.clusters.push_back(std::move(cluster));
  }
  for (const auto& path : flags.tables) {
    ASSIGN_OR_RETURN(auto cost, LookAtTable(program, path, prices));
    facts.tables.push_back(std::move(cost));
  }
  for (const auto& path : flags.texts) {
    ASSIGN_OR_RETURN(auto text, LookAtText(program, path));
    facts.texts.push_back(std::move(text));
  }
  const auto found = cloud::FindOpportunities(facts, prices);
  std::fputs((flags.json ? cloud::OpportunitiesJson(found) : cloud::OpportunitiesText(found)).c_str(), stdout);
  return Ok();
}

}  // namespace tidemill::app
