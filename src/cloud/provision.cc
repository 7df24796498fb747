#include "cloud/provision.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "cloud/cluster_plan.h"
#include "cloud/policy.h"

namespace tidemill::cloud {
namespace {

constexpr Micros kPoll = std::chrono::seconds(10);
constexpr int kMostPolls = 120;  // 20 minutes

// One walk over a cluster's parts.
class Provision {
 public:
  Provision(const ClusterSpec& spec, World& world) : spec_(spec), world_(world) {}

  Status Make(const Resource& wanted) {
    const auto known = Find(wanted.address);
    const bool there = known != nullptr && known->phase == Phase::kThere;
    if (there && known->resource.attributes == wanted.attributes) return Ok();
    // The token of an interrupted try is used again: what it made is found by it.
    Kept kept{wanted, known != nullptr ? known->token : world_.new_token(), Phase::kMaking};
    if (known != nullptr) kept.resource.id = known->resource.id;
    RETURN_IF_ERROR(world_.memory.Put(spec_.name, kept));
    ASSIGN_OR_RETURN(kept.resource.id, Carry(kept));
    kept.phase = Phase::kThere;
    RETURN_IF_ERROR(world_.memory.Put(spec_.name, kept));
    world_.tell(fmt::format("{} {}: {}", there ? "changed" : "made", wanted.address, kept.resource.id));
    Remember(kept);
    return Ok();
  }

  Status Drop(const Kept& kept) {
    Kept going = kept;
    going.phase = Phase::kGoing;
    RETURN_IF_ERROR(world_.memory.Put(spec_.name, going));
    RETURN_IF_ERROR(Undo(kept));
    RETURN_IF_ERROR(world_.memory.Remove(spec_.name, kept.resource.address));
    world_.tell("removed " + kept.resource.address);
    return Ok();
  }

  Status Load() {
    ASSIGN_OR_RETURN(known_, world_.memory.Of(spec_.name));
    return Ok();
  }

  const std::vector<Kept>& known() const { return known_; }

  const Kept* Find(const std::string& address) const {
    const auto found =
        std::find_if(known_.begin(), known_.end(), [&](const Kept& k) { return k.resource.address == address; });
    return found == known_.end() ? nullptr : &*found;
  }

  std::string IdOf(const std::string& address) const {
    const Kept* kept = Find(address);
    return kept == nullptr ? "" : kept->resource.id;
  }

 private:
  struct Maker {
    std::string_view address;  // of the parts that begin with it
    Result<std::string> (Provision::*make)(const Kept&);
    Status (Provision::*drop)(const Kept&);
  };
  static constexpr size_t kMakers = 7;
  static const Maker kTable[kMakers];

  static const Maker& MakerOf(const std::string& address) {
    const auto found = std::find_if(std::begin(kTable), std::end(kTable),
                                    [&](const Maker& m) { return address.starts_with(m.address); });
    CHECK(found != std::end(kTable));
    return *found;
  }
  Result<std::string> Carry(const Kept& kept) { return (this->*MakerOf(kept.resource.address).make)(kept); }
  Status Undo(const Kept& kept) { return (this->*MakerOf(kept.resource.address).drop)(kept); }

  void Remember(const Kept& kept) {
    const auto found = std::find_if(known_.begin(), known_.end(),
                                    [&](const Kept& k) { return k.resource.address == kept.resource.address; });
    if (found != known_.end()) {
      *found = kept;
    } else {
      known_.push_back(kept);
    }
  }

  static std::string NameOf(const Kept& kept) {
    const auto name = kept.resource.attributes.find("name");
    return name == kept.resource.attributes.end() ? kept.resource.id : name->second;
  }
  static std::string LastWord(const std::string& address) { return address.substr(address.rfind('.') + 1); }

  Result<std::string> MakeRole(const Kept& kept) {
    const bool service = kept.resource.address == "iam.role.service";
    RoleSpec role{NameOf(kept), service ? ServiceTrust() : NodeTrust(),
                  service ? ServicePolicy(spec_) : NodePolicy(spec_)};
    RETURN_IF_ERROR(EnsureRole(world_.api, spec_, role));
    return role.name;
  }
  Status DropRole(const Kept& kept) { return cloud::DropRole(world_.api, NameOf(kept)); }

  Result<std::string> MakeProfile(const Kept& kept) {
    RETURN_IF_ERROR(EnsureProfile(world_.api, spec_, NameOf(kept)));
    return NameOf(kept);
  }
  Status DropProfile(const Kept& kept) { return cloud::DropProfile(world_.api, NameOf(kept)); }

  Result<std::string> MakeGroup(const Kept& kept) { return EnsureGroup(world_.api, spec_, NameOf(kept)); }
  // A group that was asked for, but not answered, has no id in the memory: asking again gives it.
  Status DropGroup(const Kept& kept) {
    std::string id = kept.resource.id;
    if (id.empty()) {
      ASSIGN_OR_RETURN(id, EnsureGroup(world_.api, spec_, NameOf(kept)));
    }
    return cloud::DropGroup(world_.api, id);
  }

  Result<std::string> MakeCluster(const Kept& kept) {
    if (!kept.resource.id.empty()) {
      RETURN_IF_ERROR(PutIdleTimeout(world_.api, spec_, kept.resource.id));
      return kept.resource.id;
    }
    ASSIGN_OR_RETURN(const auto found, ByToken(kept.token));
    if (!found.empty()) return found;
    const auto& s = spec_.security;
    const ClusterParts parts{s.service_role.empty() ? IdOf("iam.role.service") : s.service_role,
                             s.instance_profile.empty() ? IdOf("iam.instance_profile") : s.instance_profile,
                             s.primary_group.empty() ? IdOf("ec2.security_group.primary") : s.primary_group,
                             s.worker_group.empty() ? IdOf("ec2.security_group.worker") : s.worker_group};
    const auto made = RunCluster(world_.api, spec_, parts, kept.token);
    if (made.ok() || made.error().kind != ErrorKind::kUnavailable) return made;
    // It may be there all the same.
    ASSIGN_OR_RETURN(const auto after, ByToken(kept.token));
    return after.empty() ? made : Result<std::string>(after);
  }
  Status DropCluster(const Kept& kept) {
    std::string id = kept.resource.id;
    if (id.empty()) {
      ASSIGN_OR_RETURN(id, ByToken(kept.token));
      if (id.empty()) return Ok();
    }
    return EndCluster(id);
  }

  Status EndCluster(const std::string& id) {
    RETURN_IF_ERROR(TerminateCluster(world_.api, id));
    for (int poll = 0; poll < kMostPolls; ++poll) {
      ASSIGN_OR_RETURN(const auto cluster, DescribeCluster(world_.api, id));
      if (cluster.gone()) return Ok();
      if (!world_.sleep(kPoll))
        return Error{.kind = ErrorKind::kCancelled, .message = "stopped while the cluster ends"};
    }
    return Unavailable(fmt::format("cluster {} has not ended after 20 minutes; run it again", id));
  }

  // The running cluster that this request made, if it did.
  Result<std::string> ByToken(const std::string& token) {
    ASSIGN_OR_RETURN(const auto active, ActiveClusters(world_.api));
    for (const auto& cluster : active) {
      if (cluster.name != spec_.name) continue;
      ASSIGN_OR_RETURN(const auto described, DescribeCluster(world_.api, cluster.id));
      const auto tag = described.tags.find(std::string(kTokenTag));
      if (tag != described.tags.end() && tag->second == token) return cluster.id;
    }
    return std::string();
  }

  // Fleets come with their cluster; only their size changes.
  Result<std::string> MakeFleet(const Kept& kept) {
    const std::string name = LastWord(kept.resource.address), cluster = IdOf("emr.cluster");
    const Role role = name == "master" ? Role::kMaster : name == "core" ? Role::kCore : Role::kTask;
    const auto number = [&](const char* attribute) {
      const auto found = kept.resource.attributes.find(attribute);
      return found == kept.resource.attributes.end() ? 0 : std::atoi(found->second.c_str());
    };
    if (role != Role::kMaster) {
      RETURN_IF_ERROR(ResizeFleet(world_.api, spec_, cluster, role, number("on_demand"), number("spot")));
    }
    ASSIGN_OR_RETURN(const auto fleets, ListFleets(world_.api, cluster));
    for (const auto& fleet : fleets) {
      if (fleet.role == role) return fleet.id;
    }
    return std::string("none yet");
  }

  Result<std::string> MakeScaling(const Kept&) {
    if (spec_.scaling.by == ScalingBy::kManaged)
      RETURN_IF_ERROR(PutManagedScaling(world_.api, spec_, IdOf("emr.cluster")));
    if (spec_.scaling.by == ScalingBy::kController) {
      world_.tell("scaling.by controller: `tidemill cluster watch` of its file scales the cluster, as long as it runs");
    }
    return std::string(Name(spec_.scaling.by));
  }

  Result<std::string> MakeAlarm(const Kept& kept) {
    return PutAlarm(world_.api, spec_, LastWord(kept.resource.address), IdOf("emr.cluster"));
  }
  Status DropAlarm(const Kept& kept) {
    return cloud::DropAlarm(world_.api, fmt::format("tidemill-{}-{}", spec_.name, LastWord(kept.resource.address)));
  }

  Status Nothing(const Kept&) { return Ok(); }

  const ClusterSpec& spec_;
  World& world_;
  std::vector<Kept> known_;
};

const Provision::Maker Provision::kTable[kMakers] = {
    {"iam.role.", &Provision::MakeRole, &Provision::DropRole},
    {"iam.instance_profile", &Provision::MakeProfile, &Provision::DropProfile},
    {"ec2.security_group.", &Provision::MakeGroup, &Provision::DropGroup},
    {"emr.cluster", &Provision::MakeCluster, &Provision::DropCluster},
    {"emr.fleet.", &Provision::MakeFleet, &Provision::Nothing},
    {"emr.scaling", &Provision::MakeScaling, &Provision::Nothing},
    {"cloudwatch.alarm.", &Provision::MakeAlarm, &Provision::DropAlarm},
};

std::vector<Resource> ResourcesOf(const std::vector<Kept>& kept) {
  std::vector<Resource> resources;
  for (const auto& k : kept) resources.push_back(k.resource);
  return resources;
}

}  // namespace

Status Apply(const ClusterSpec& spec, World& world) {
  if (spec.scaling.by == ScalingBy::kCustomPolicy) {
    return Unimplemented(
        "scaling.by custom_policy: EMR scales instance groups by such rules, and this cluster has fleets; "
        "use controller or managed");
  }
  ASSIGN_OR_RETURN(const auto plan, PlanCluster(spec, {}, world.prices));  // its checks of prices and cap
  Provision provision(spec, world);
  RETURN_IF_ERROR(provision.Load());
  const auto wanted = DesiredResources(spec);
  const auto changes = Difference(ResourcesOf(provision.known()), wanted);
  for (const auto& change : changes) {
    const Kept* known = provision.Find(change.address);
    // What was only begun may still change its mind.
    if (change.kind == ChangeKind::kReplace && known != nullptr && known->phase == Phase::kThere) {
      return FailedPrecondition(fmt::format(
          "{} can only be made anew; `tidemill cluster terminate {}` first, then create", change.address, spec.name));
    }
  }
  for (const auto& resource : wanted) RETURN_IF_ERROR(provision.Make(resource));
  for (const auto& change : changes) {
    if (change.kind != ChangeKind::kDestroy) continue;
    if (const Kept* kept = provision.Find(change.address)) RETURN_IF_ERROR(provision.Drop(Kept(*kept)));
  }
  return Ok();
}

Status Resize(const ClusterSpec& spec, int workers, World& world) {
  const int least = std::max(spec.scaling.min_nodes, spec.core.min), most = MostWorkers(spec, world.prices);
  if (workers < least || workers > most) {
    return InvalidArgument(
        fmt::format("{} workers are outside of {} to {}, what the file and its cap allow", workers, least, most));
  }
  Provision provision(spec, world);
  RETURN_IF_ERROR(provision.Load());
  const std::string id = provision.IdOf("emr.cluster");
  if (id.empty())
    return NotFound(fmt::format("cluster {} is not there; `tidemill cluster create` makes it", spec.name));
  const auto fleet = FleetAt(spec, workers);
  for (const Role role : {Role::kCore, Role::kTask}) {
    int counts[2] = {};
    for (const auto& count : fleet) {
      if (count.role == role) counts[static_cast<size_t>(count.market)] += count.nodes;
    }
    RETURN_IF_ERROR(ResizeFleet(world.api, spec, id, role, counts[0], counts[1]));
    world.tell(fmt::format("{}: {} on-demand, {} spot", Name(role), counts[0], counts[1]));
  }
  return Ok();
}

Status Terminate(const std::string& cluster, World& world) {
  const ClusterSpec spec{.name = cluster};
  Provision provision(spec, world);
  RETURN_IF_ERROR(provision.Load());
  const auto known = provision.known();
  if (known.empty()) return NotFound(fmt::format("the ledger knows no cluster {}", cluster));
  for (auto kept = known.rbegin(); kept != known.rend(); ++kept) RETURN_IF_ERROR(provision.Drop(*kept));
  return Ok();
}

Result<ClusterView> ViewOf(const std::string& cluster, World& world) {
  ClusterView view;
  ASSIGN_OR_RETURN(view.parts, world.memory.Of(cluster));
  if (view.parts.empty()) return NotFound(fmt::format("the ledger knows no cluster {}", cluster));
  for (const auto& part : view.parts) {
    if (part.resource.address != "emr.cluster" || part.resource.id.empty()) continue;
    ASSIGN_OR_RETURN(view.cluster, DescribeCluster(world.api, part.resource.id));
    ASSIGN_OR_RETURN(view.fleets, ListFleets(world.api, part.resource.id));
  }
  return view;
}

Result<std::vector<Owned>> Strays(World& world) {
  ASSIGN_OR_RETURN(const auto names, world.memory.Clusters());
  std::set<std::string> known;  // ids, and the names of what is known by name
  for (const auto& name : names) {
    ASSIGN_OR_RETURN(const auto parts, world.memory.Of(name));
    for (const auto& part : parts) {
      known.insert(part.resource.id);
      if (const auto a = part.resource.attributes.find("name"); a != part.resource.attributes.end())
        known.insert(a->second);
      known.insert(part.token);
    }
  }
  std::vector<Owned> strays;
  ASSIGN_OR_RETURN(const auto active, ActiveClusters(world.api));
  for (const auto& cluster : active) {
    if (known.contains(cluster.id)) continue;
    ASSIGN_OR_RETURN(const auto described, DescribeCluster(world.api, cluster.id));
    const auto tag = described.tags.find(std::string(kClusterTag)), token = described.tags.find(std::string(kTokenTag));
    if (tag == described.tags.end()) continue;                                     // not ours
    if (token != described.tags.end() && known.contains(token->second)) continue;  // being made
    strays.push_back({"emr.cluster", cluster.id, tag->second});
  }
  ASSIGN_OR_RETURN(const auto owned, OwnedRolesAndGroups(world.api));
  for (const auto& one : owned) {
    // A group without an id in the memory is known by whose it is.
    const bool of_known = std::find(names.begin(), names.end(), one.cluster) != names.end();
    if (!known.contains(one.id) && !of_known) strays.push_back(one);
  }
  return strays;
}

Status RemoveStray(const Owned& stray, World& world) {
  if (stray.kind == "emr.cluster") return TerminateCluster(world.api, stray.id);
  if (stray.kind == "ec2.security_group") return DropGroup(world.api, stray.id);
  if (stray.kind == "iam.instance_profile") return DropProfile(world.api, stray.id);
  return DropRole(world.api, stray.id);
}

}  // namespace tidemill::cloud
