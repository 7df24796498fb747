#include "app/emr_place.h"

#include <fmt/format.h>

#include <algorithm>

#include "app/cluster_file.h"
#include "base/sha256.h"

namespace tidemill::app {
namespace {

constexpr size_t kMostNameBytes = 63;
constexpr size_t kKeyDigits = 8;  // of a run key's hash, in the name of its cluster

void AddBucket(const std::string& path, std::vector<std::string>& buckets) {
  if (path.starts_with("s3://") && std::ranges::find(buckets, path) == buckets.end()) buckets.push_back(path);
}

// The run's own cluster: the file's, under a name that the same run finds again, with the job's buckets.
Result<cloud::ClusterSpec> OwnCluster(Program& program, const std::string& file, const std::string& staging,
                                      const job::Job& job, const job::RunKey& key) {
  ASSIGN_OR_RETURN(auto spec, LoadCluster(program, file));
  spec.name += "-" + Sha256Hex(key.ToString()).substr(0, kKeyDigits);
  if (spec.name.size() > kMostNameBytes)
    return InvalidArgument(fmt::format("{}: the cluster's name is too long for one of a run: {} characters at most",
                                       file, kMostNameBytes - kKeyDigits - 1));
  auto& buckets = spec.security.buckets;
  for (const auto& source : job.sources) {
    for (const auto& path : source.paths) AddBucket(job.Resolve(path), buckets);
  }
  AddBucket(job.Resolve(job.sink.path), buckets);
  AddBucket(staging, buckets);
  return spec;
}

}  // namespace

Result<std::unique_ptr<EmrPlace>> EmrPlace::Open(Program& program, const EmrFlags& flags, const std::string& state,
                                                 const advisor::Prices& prices, const job::Job& job,
                                                 const job::RunKey& key) {
  std::unique_ptr<EmrPlace> place(new EmrPlace());
  ASSIGN_OR_RETURN(auto ledger, job::Ledger::Open(state));
  std::string region;
  place->staging_ = flags.staging;
  if (!flags.serverless.empty()) {
    if (flags.staging.empty()) return InvalidArgument("--serverless needs --staging s3://..., for the application");
  } else if (!flags.dedicated.empty()) {
    ASSIGN_OR_RETURN(place->spec_, OwnCluster(program, flags.dedicated, flags.staging, job, key));
    place->dedicated_ = true;
    place->cluster_ = place->spec_.name;
    place->log_uri_ = place->spec_.log_uri;
    region = place->spec_.region;
  } else if (!flags.cluster.empty()) {
    ASSIGN_OR_RETURN(const auto parts, KeptOf(*ledger, flags.cluster));
    if (parts.empty())
      return InvalidArgument(
          fmt::format("the ledger knows no cluster {}; `tidemill cluster ls` lists them, `tidemill "
                      "cluster create` makes one",
                      flags.cluster));
    place->cluster_ = flags.cluster;
    place->log_uri_ = AttributeOf(parts, "log_uri");
    region = AttributeOf(parts, "region");
  } else {
    return InvalidArgument("--engine emr needs one of --cluster NAME, --dedicated CLUSTER.yaml, --serverless ID");
  }
  if (place->staging_.empty() && !place->log_uri_.empty())
    place->staging_ = place->log_uri_ + (place->log_uri_.ends_with('/') ? "" : "/") + "tidemill/";
  if (!place->staging_.starts_with("s3://"))
    return InvalidArgument("--engine emr needs --staging s3://..., or a log_uri of the cluster, for the application");
  if (!place->staging_.ends_with('/')) place->staging_ += '/';
  ASSIGN_OR_RETURN(place->world_, AwsWorld::Make(program, flags.profile, region, std::move(ledger), prices));
  if (!flags.serverless.empty()) {
    place->spark_ =
        cloud::MakeServerless(place->world_->api(), flags.serverless, flags.role, place->staging_ + "logs/");
    return place;
  }
  RETURN_IF_ERROR(place->OpenSteps());
  if (place->spark_ == nullptr && !place->dedicated_)
    return FailedPrecondition(
        fmt::format("cluster {} is not made yet; `tidemill cluster create` makes it", flags.cluster));
  return place;
}

Status EmrPlace::OpenSteps() {
  auto world = world_->world();
  ASSIGN_OR_RETURN(const auto parts, world.memory.Of(cluster_));
  id_ = IdOf(parts);
  if (!id_.empty()) spark_ = cloud::MakeSteps(world_->api(), cluster_, id_, log_uri_);
  return Ok();
}

Status EmrPlace::Make() {
  if (!dedicated_) return Ok();
  auto world = world_->world();
  ASSIGN_OR_RETURN(const auto parts, world.memory.Of(cluster_));
  bool ending = std::ranges::any_of(parts, [](const auto& part) { return part.phase == cloud::Phase::kGoing; });
  if (!id_.empty()) {
    ASSIGN_OR_RETURN(const auto cluster, cloud::DescribeCluster(world.api, id_));
    ending |= cluster.ending();
  }
  if (ending) RETURN_IF_ERROR(cloud::Terminate(cluster_, world));
  RETURN_IF_ERROR(cloud::Apply(spec_, world));
  return OpenSteps();
}

Status EmrPlace::End() {
  if (!dedicated_) return Ok();
  world_->BePatient(true);
  auto world = world_->world();
  ASSIGN_OR_RETURN(const auto parts, world.memory.Of(cluster_));
  return parts.empty() ? Ok() : cloud::Terminate(cluster_, world);
}

std::string EmrPlace::Trouble() {
  if (id_.empty()) return "";
  const auto cluster = cloud::DescribeCluster(world_->api(), id_);
  if (!cluster.ok()) return cluster.error().ToString();
  if (!cluster->ending()) return "";
  return fmt::format("cluster {} is {}{}", cluster_, cluster->state,
                     cluster->reason.empty() ? "" : ": " + cluster->reason);
}

}  // namespace tidemill::app
