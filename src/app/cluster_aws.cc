#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "advisor/figures.h"
#include "app/aws_world.h"
#include "app/cluster_file.h"
#include "app/exit_code.h"
#include "app/pricing.h"
#include "app/print_json.h"
#include "app/text_table.h"

namespace tidemill::app {
namespace {

using Json = nlohmann::ordered_json;

}  // namespace

Result<std::unique_ptr<AwsWorld>> WorldFor(Program& program, const ClusterFlags& flags, std::string region) {
  ASSIGN_OR_RETURN(auto ledger, job::Ledger::Open(program.StatePath({.state = flags.state})));
  if (region.empty() && !flags.name.empty()) {
    ASSIGN_OR_RETURN(const auto parts, KeptOf(*ledger, flags.name));
    region = AttributeOf(parts, "region");
  }
  ASSIGN_OR_RETURN(const auto prices, PricesOf(program, flags.prices));
  return AwsWorld::Make(program, flags.profile, region, std::move(ledger), prices);
}

namespace {

Status Create(Program& program, const ClusterFlags& flags) {
  ASSIGN_OR_RETURN(const auto spec, LoadCluster(program, flags.file));
  ASSIGN_OR_RETURN(const auto made, WorldFor(program, flags, spec.region));
  auto world = made->world();
  RETURN_IF_ERROR(cloud::Apply(spec, world));
  std::printf("cluster %s is as its file says; `tidemill cluster status %s` shows how it starts\n", spec.name.c_str(),
              spec.name.c_str());
  return Ok();
}

Status ResizeTo(Program& program, const ClusterFlags& flags) {
  ASSIGN_OR_RETURN(const auto spec, LoadCluster(program, flags.file));
  ASSIGN_OR_RETURN(const auto made, WorldFor(program, flags, spec.region));
  auto world = made->world();
  return cloud::Resize(spec, flags.workers, world);
}

// Nodes of a fleet as the price list has them: of its first type, for EMR tells no types of a fleet.
double HourlyOf(const cloud::ClusterView& view, const advisor::Prices& prices) {
  std::vector<cloud::NodeCount> nodes;
  for (const auto& fleet : view.fleets) {
    std::string type;
    for (const auto& part : view.parts) {
      if (part.resource.address != fmt::format("emr.fleet.{}", cloud::Name(fleet.role))) continue;
      const auto types = part.resource.attributes.find("types");
      if (types != part.resource.attributes.end()) type = types->second.substr(0, types->second.find(' '));
    }
    if (!prices.instances.contains(type)) return -1;
    nodes.push_back({fleet.role, cloud::Market::kOnDemand, type, fleet.on_demand});
    nodes.push_back({fleet.role, cloud::Market::kSpot, type, fleet.spot});
  }
  return cloud::HourlyPrice(nodes, prices);
}

Status ShowStatus(Program& program, const ClusterFlags& flags) {
  ASSIGN_OR_RETURN(const auto made, WorldFor(program, flags, flags.region));
  auto world = made->world();
  ASSIGN_OR_RETURN(const auto view, cloud::ViewOf(flags.name, world));
  const double hourly = HourlyOf(view, world.prices);
  Json fleets = Json::array();
  std::string text = view.cluster.id.empty()
                         ? fmt::format("cluster {} is not made yet\n", flags.name)
                         : fmt::format("cluster {} ({}): {}{}\n", flags.name, view.cluster.id, view.cluster.state,
                                       view.cluster.reason.empty() ? "" : ", " + view.cluster.reason);
  for (const auto& f : view.fleets) {
    text += fmt::format("  {:<7} on-demand {} of {}, spot {} of {}\n", cloud::Name(f.role), f.on_demand,
                        f.on_demand_target, f.spot, f.spot_target);
    fleets.push_back({{"fleet", cloud::Name(f.role)},
                      {"on_demand", f.on_demand},
                      {"on_demand_target", f.on_demand_target},
                      {"spot", f.spot},
                      {"spot_target", f.spot_target}});
  }
  if (hourly >= 0) {
    text += fmt::format("  about {} an hour, if all nodes of a fleet are of its first type (prices of {})\n",
                        advisor::DollarsText(hourly), world.prices.date);
  }
  int unfinished = 0;
  for (const auto& part : view.parts) unfinished += part.phase != cloud::Phase::kThere ? 1 : 0;
  if (unfinished > 0) {
    text += fmt::format("  {} parts were begun and not finished: run `create` or `terminate` again\n", unfinished);
  }
  const Json json = {{"cluster", flags.name},         {"id", view.cluster.id}, {"state", view.cluster.state},
                     {"reason", view.cluster.reason}, {"fleets", fleets},      {"hourly_dollars", hourly},
                     {"unfinished_parts", unfinished}};
  std::fputs(flags.json ? (json.dump(2) + "\n").c_str() : text.c_str(), stdout);
  return Ok();
}

Status End(Program& program, const ClusterFlags& flags) {
  ASSIGN_OR_RETURN(const auto made, WorldFor(program, flags, flags.region));
  auto world = made->world();
  RETURN_IF_ERROR(cloud::Terminate(flags.name, world));
  std::printf("cluster %s is gone, with everything that was made for it\n", flags.name.c_str());
  return Ok();
}

// Of the ledger alone: no call is made.
Status List(Program& program, const ClusterFlags& flags) {
  ASSIGN_OR_RETURN(const auto ledger, job::Ledger::Open(program.StatePath({.state = flags.state})));
  ASSIGN_OR_RETURN(const auto rows, ledger->ClusterResources(""));
  std::vector<std::string> names;
  for (const auto& row : rows) {
    if (std::find(names.begin(), names.end(), row.cluster) == names.end()) names.push_back(row.cluster);
  }
  Json json = Json::array();
  std::vector<std::vector<std::string>> lines;
  for (const auto& name : names) {
    ASSIGN_OR_RETURN(const auto parts, KeptOf(*ledger, name));
    const bool whole =
        std::all_of(parts.begin(), parts.end(), [](const auto& p) { return p.phase == cloud::Phase::kThere; });
    const std::string state = whole ? "made" : "unfinished";
    lines.push_back({name, IdOf(parts), AttributeOf(parts, "region"), AttributeOf(parts, "class"), state});
    json.push_back(
        {{"cluster", name}, {"id", IdOf(parts)}, {"region", AttributeOf(parts, "region")}, {"state", state}});
  }
  if (flags.json) {
    PrintJson(json);
  } else if (lines.empty()) {
    std::printf("the ledger knows no clusters\n");
  } else {
    std::fputs(TextTable({{"cluster"}, {"id"}, {"region"}, {"class"}, {"state"}}, lines).c_str(), stdout);
  }
  return Ok();
}

Status CollectGarbage(Program& program, const ClusterFlags& flags) {
  ASSIGN_OR_RETURN(const auto made, WorldFor(program, flags, flags.region));
  auto world = made->world();
  ASSIGN_OR_RETURN(const auto strays, cloud::Strays(world));
  Json json = Json::array();
  for (const auto& stray : strays) {
    if (flags.remove) RETURN_IF_ERROR(cloud::RemoveStray(stray, world));
    json.push_back({{"kind", stray.kind}, {"id", stray.id}, {"cluster", stray.cluster}, {"removed", flags.remove}});
    if (!flags.json) {
      std::printf("%s %s %s%s\n", flags.remove ? "removed" : "stray", stray.kind.c_str(), stray.id.c_str(),
                  stray.cluster.empty() ? "" : (" of cluster " + stray.cluster).c_str());
    }
  }
  if (flags.json) {
    PrintJson(json);
  } else if (strays.empty()) {
    std::printf("nothing bears this program's mark that the ledger does not know\n");
  }
  return Ok();
}

}  // namespace

int ClusterOnAws(Program& program, const ClusterFlags& flags) {
  using What = ClusterFlags::What;
  constexpr std::pair<What, Status (*)(Program&, const ClusterFlags&)> kCommands[] = {
      {What::kCreate, Create}, {What::kResize, ResizeTo}, {What::kWatch, WatchCluster}, {What::kStatus, ShowStatus},
      {What::kTerminate, End}, {What::kLs, List},         {What::kGc, CollectGarbage}};
  for (const auto& [what, command] : kCommands) {
    if (what != flags.what) continue;
    const Status done = command(program, flags);
    return done.ok() ? static_cast<int>(kOk) : Fail(done.error());
  }
  return kUsage;
}

}  // namespace tidemill::app
