#include "app/aws_world.h"

#include <algorithm>
#include <cstdio>
#include <thread>

#include "cloud/cluster_rules.h"

namespace tidemill::app {
namespace {

constexpr std::string_view kPhases[] = {"making", "there", "going"};  // in the order of cloud::Phase

class LedgerMemory final : public cloud::Memory {
 public:
  LedgerMemory(job::Ledger& ledger, const Clock& clock) : ledger_(ledger), clock_(clock) {}

  Result<std::vector<cloud::Kept>> Of(const std::string& cluster) override { return KeptOf(ledger_, cluster); }

  Status Put(const std::string& cluster, const cloud::Kept& kept) override {
    return ledger_.Put({.cluster = cluster,
                        .address = kept.resource.address,
                        .id = kept.resource.id,
                        .token = kept.token,
                        .state = std::string(kPhases[static_cast<size_t>(kept.phase)]),
                        .attributes = cloud::AttributesToJson(kept.resource.attributes),
                        .at = FormatTimestamp(clock_.Now())});
  }

  Status Remove(const std::string& cluster, const std::string& address) override {
    return ledger_.Remove(cluster, address);
  }

  Result<std::vector<std::string>> Clusters() override {
    ASSIGN_OR_RETURN(const auto rows, ledger_.ClusterResources(""));
    std::vector<std::string> names;
    for (const auto& row : rows) {
      if (std::find(names.begin(), names.end(), row.cluster) == names.end()) names.push_back(row.cluster);
    }
    return names;
  }

 private:
  job::Ledger& ledger_;
  const Clock& clock_;
};

}  // namespace

Result<std::vector<cloud::Kept>> KeptOf(const job::Ledger& ledger, const std::string& cluster) {
  ASSIGN_OR_RETURN(const auto rows, ledger.ClusterResources(cluster));
  std::vector<cloud::Kept> kept;
  for (const auto& row : rows) {
    ASSIGN_OR_RETURN(auto attributes, cloud::AttributesFromJson(row.attributes));
    const auto phase = std::find(std::begin(kPhases), std::end(kPhases), row.state);
    if (phase == std::end(kPhases)) return DataLoss("the ledger has a part of a cluster in the state " + row.state);
    kept.push_back({{row.address, std::move(attributes), row.id},
                    row.token,
                    static_cast<cloud::Phase>(phase - std::begin(kPhases))});
  }
  return kept;
}

std::string AttributeOf(const std::vector<cloud::Kept>& parts, const char* name) {
  for (const auto& part : parts) {
    const auto found = part.resource.attributes.find(name);
    if (part.resource.address == "emr.cluster" && found != part.resource.attributes.end()) return found->second;
  }
  return "";
}

std::string IdOf(const std::vector<cloud::Kept>& parts) {
  for (const auto& part : parts) {
    if (part.resource.address == "emr.cluster") return part.resource.id;
  }
  return "";
}

Result<std::unique_ptr<AwsWorld>> AwsWorld::Make(Program& program, const std::string& profile,
                                                 const std::string& region, std::unique_ptr<job::Ledger> ledger,
                                                 const advisor::Prices& prices) {
  std::unique_ptr<AwsWorld> made(new AwsWorld());
  made->program_ = &program;
  made->prices_ = prices;
  made->ledger_ = std::move(ledger);
  ASSIGN_OR_RETURN(made->access_, AwsAccess::Make(program, *program.storage, profile,
                                                  [world = made.get()](Micros time) { return world->Sleep(time); }));
  const std::string chosen = region.empty() ? made->access_->region() : region;
  if (chosen.empty()) return InvalidArgument("no AWS region: write --region, or set AWS_REGION");
  if (!cloud::IsRegion(chosen))
    return InvalidArgument("'" + chosen + "' is not an AWS region; write it like us-east-1");
  made->api_ = std::make_unique<cloud::aws::Api>(made->access_->client(), chosen, program.environment);
  made->memory_ = std::make_unique<LedgerMemory>(*made->ledger_, program.clock);
  return made;
}

bool AwsWorld::Sleep(Micros time) {
  if (!patient_) return SleepUnlessCancelled(*program_, time);
  std::this_thread::sleep_for(time);
  return true;
}

cloud::World AwsWorld::world() {
  return {*api_,
          *memory_,
          prices_,
          [this] { return NewUuid(program_->random); },
          [this](Micros time) { return Sleep(time); },
          [](const std::string& what) { std::fprintf(stderr, "%s\n", what.c_str()); }};
}

}  // namespace tidemill::app
