#include <fmt/format.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "app/aws_world.h"
#include "app/cluster_file.h"
#include "cloud/watch.h"

namespace tidemill::app {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kActions[] = {"request", "cancel", "drain"};  // in the order of cloud::ActionKind

std::string WatchText(const cloud::WatchStep& step) {
  std::string text;
  for (const auto& action : step.actions) {
    text += fmt::format("  {} {} {}{}: {}\n", kActions[static_cast<size_t>(action.kind)], cloud::Name(action.role),
                        cloud::Name(action.market), action.bridge ? " (a bridge)" : "", action.why);
  }
  for (const auto& size : step.sizes) {
    text += fmt::format("  {} is set to {} on-demand, {} spot\n", cloud::Name(size.role), size.on_demand, size.spot);
  }
  return text;
}

Json WatchJson(const cloud::WatchStep& step, const cloud::WatchMemory& memory) {
  Json actions = Json::array(), sizes = Json::array();
  for (const auto& action : step.actions) {
    actions.push_back({{"action", kActions[static_cast<size_t>(action.kind)]},
                       {"fleet", cloud::Name(action.role)},
                       {"market", cloud::Name(action.market)},
                       {"bridge", action.bridge},
                       {"why", action.why}});
  }
  for (const auto& size : step.sizes) {
    sizes.push_back({{"fleet", cloud::Name(size.role)}, {"on_demand", size.on_demand}, {"spot", size.spot}});
  }
  return {{"at", FormatTimestamp(step.seen.now)}, {"cpu", step.seen.cpu},          {"nodes", step.seen.nodes.size()},
          {"target", memory.controller.target},   {"actions", std::move(actions)}, {"sizes", std::move(sizes)}};
}

void Show(const ClusterFlags& flags, const cloud::WatchStep& step, const cloud::WatchMemory& memory) {
  if (flags.json) {
    std::printf("%s\n", WatchJson(step, memory).dump().c_str());
  } else if (!step.actions.empty() || !step.sizes.empty()) {
    std::printf("%s: %zu workers, CPU %.0f %%, %d wanted\n%s", FormatTimestamp(step.seen.now).c_str(),
                step.seen.nodes.size(), step.seen.cpu * 100, memory.controller.target, WatchText(step).c_str());
  }
  std::fflush(stdout);
}

Status CheckWatched(const cloud::ClusterSpec& spec) {
  if (spec.scaling.by == cloud::ScalingBy::kController) return Ok();
  return InvalidArgument(
      fmt::format("scaling.by is {}: only `controller` is this program's to do", cloud::Name(spec.scaling.by)));
}

}  // namespace

Status WatchCluster(Program& program, const ClusterFlags& flags) {
  ASSIGN_OR_RETURN(const auto spec, LoadCluster(program, flags.file));
  RETURN_IF_ERROR(CheckWatched(spec));
  ASSIGN_OR_RETURN(const Micros every, ParseDuration(flags.every));
  std::optional<Timestamp> trial;
  if (!flags.now.empty()) {
    ASSIGN_OR_RETURN(trial, ParseTimestamp(flags.now));
  }
  ASSIGN_OR_RETURN(const auto made, WorldFor(program, flags, spec.region));
  auto world = made->world();
  RETURN_IF_ERROR(cloud::CheckTypesPriced(spec, world.prices));
  ASSIGN_OR_RETURN(const auto parts, world.memory.Of(spec.name));
  const std::string id = IdOf(parts);
  if (id.empty())
    return NotFound(fmt::format("cluster {} is not there; `tidemill cluster create` makes it", spec.name));
  // Beside the ledger: it holds times alone, and begins again when it is lost.
  const std::string state = program.StatePath({.state = flags.state});
  const std::string file = fmt::format("{}/clusters/{}.json", state.substr(0, state.rfind('/')), id);
  cloud::WatchMemory memory;
  if (const auto text = storage::ReadAll(*program.storage, file); text.ok()) {
    ASSIGN_OR_RETURN(memory, cloud::WatchMemoryFromJson(*text));
  }
  const auto keep = [&](const cloud::WatchMemory& kept) {
    return program.storage->Put(file, cloud::WatchMemoryToJson(kept));
  };
  for (int64_t looked = 0; flags.steps == 0 || looked < flags.steps; ++looked) {
    if (looked > 0 && !trial && !made->Sleep(every)) break;
    const Timestamp now = trial ? *trial + looked * every : program.clock.Now();
    const auto step = cloud::Watch(spec, id, memory, world, now, keep);
    // One look that fails is made up for by the next; only what cannot get better ends the watch.
    if (!step.ok() && (step.error().kind != ErrorKind::kUnavailable || flags.steps == 1)) return step.error();
    if (!step.ok()) {
      std::fprintf(stderr, "%s\n", step.error().ToString().c_str());
      continue;
    }
    if (step->gone) {
      std::printf("cluster %s has ended\n", spec.name.c_str());
      return program.storage->Remove(file);
    }
    Show(flags, *step, memory);
  }
  return Ok();
}

}  // namespace tidemill::app
