#include <cstdio>

#include "app/cluster_file.h"
#include "app/exit_code.h"
#include "app/pricing.h"
#include "app/program.h"
#include "cloud/cluster_plan.h"
#include "cloud/policy.h"
#include "job/ledger.h"

namespace tidemill::app {
namespace {

int Print(const std::string& text) {
  return std::fwrite(text.data(), 1, text.size(), stdout) == text.size() ? kOk : kFailed;
}

int InitCluster(Program& program, const ClusterFlags& flags) {
  const std::string name = flags.file.empty() ? "cluster.yaml" : flags.file;
  const std::string path = program.AbsolutePath(name), text = cloud::ClusterTemplate("etl");
  const Status written = flags.force ? program.storage->Put(path, text) : program.storage->PutIfAbsent(path, text);
  if (!written.ok() && written.error().kind == ErrorKind::kAlreadyExists) {
    return Fail(InvalidArgument(name + " is there already; choose another name, or write --force"));
  }
  if (!written.ok()) return Fail(written.error());
  std::printf("wrote %s; edit it, then: tidemill cluster plan %s\n", name.c_str(), name.c_str());
  return kOk;
}

int ValidateCluster(Program& program, const ClusterFlags& flags) {
  const auto spec = LoadCluster(program, flags.file);
  if (!spec.ok()) return Fail(spec.error());
  std::printf("%s is valid: cluster %s, %d to %d workers\n", flags.file.c_str(), spec->name.c_str(),
              spec->scaling.min_nodes, spec->scaling.max_nodes);
  return kOk;
}

// What the ledger knows of a cluster; nothing when there is no ledger yet.
Result<std::vector<cloud::Resource>> Known(Program& program, const std::string& state, const std::string& cluster) {
  const std::string path = program.StatePath({.state = state});
  std::vector<cloud::Resource> known;
  if (!program.storage->Stat(path).ok()) return known;
  ASSIGN_OR_RETURN(const auto ledger, job::Ledger::Open(path));
  ASSIGN_OR_RETURN(const auto rows, ledger->ClusterResources(cluster));
  for (const auto& row : rows) {
    ASSIGN_OR_RETURN(auto attributes, cloud::AttributesFromJson(row.attributes));
    known.push_back({row.address, std::move(attributes), row.id});
  }
  return known;
}

Result<cloud::ClusterPlan> MakePlan(Program& program, const ClusterFlags& flags) {
  ASSIGN_OR_RETURN(const auto spec, LoadCluster(program, flags.file));
  ASSIGN_OR_RETURN(const auto prices, PricesOf(program, flags.prices));
  ASSIGN_OR_RETURN(const auto known, Known(program, flags.state, spec.name));
  return cloud::PlanCluster(spec, known, prices);
}

int PlanCluster(Program& program, const ClusterFlags& flags) {
  const auto plan = MakePlan(program, flags);
  if (!plan.ok()) return Fail(plan.error());
  return Print(flags.json ? cloud::ClusterPlanJson(*plan) : cloud::ClusterPlanText(*plan));
}

}  // namespace

int Cluster(Program& program, const ClusterFlags& flags) {
  using What = ClusterFlags::What;
  switch (flags.what) {
    case What::kInit:
      return InitCluster(program, flags);
    case What::kValidate:
      return ValidateCluster(program, flags);
    case What::kPlan:
      return PlanCluster(program, flags);
    case What::kSimulate:
      return SimulateCluster(program, flags);
    case What::kPolicy:
      return Print(cloud::OperatorPolicy());
    default:
      return ClusterOnAws(program, flags);
  }
}

}  // namespace tidemill::app
