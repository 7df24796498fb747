#include "job/view.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/sha256.h"
#include "delta/changes.h"
#include "delta/delta.h"

namespace tidemill::job {
namespace {

constexpr const char* kTextProperty = "tidemill.view.query";
constexpr const char* kSourcesProperty = "tidemill.view.sources";

}  // namespace

std::string SettingsOfView(bool ansi, const std::string& time_zone) {
  return fmt::format("ansi {} zone {}", ansi, time_zone);
}

std::string PlanDigest(const ViewQuery& query) {
  view::Ids ids;
  auto inlined = view::Inlined(query.relation, query.steps, ids);
  while (const auto* sort = std::get_if<plan::typed::Sort>(&inlined->node)) inlined = sort->input;
  const auto label = [&](const std::string& table) {
    for (const auto& source : query.sources) {
      if (source.name != table) continue;
      // A column that was dropped and one that came under its name are two, which only the table's own schema tells.
      return fmt::format("{}@{}/{}", source.snapshot->metadata().id, source.pinned ? source.snapshot->version() : -1,
                         Sha256Hex(source.snapshot->metadata().schema_string));
    }
    return "?" + table;
  };
  return Sha256Hex(query.settings + "\n" + view::Fingerprint(inlined, label));
}

ViewQuery ViewQueryOf(const Job& job, const Prepared& prepared) {
  ViewQuery query;
  query.settings = SettingsOfView(job.ansi(), job.time_zone);
  for (const auto& step : prepared.steps) {
    query.steps[step.step->name] = step.relation;
    query.text += fmt::format("{}-- {}\n{}", query.text.empty() ? "" : "\n", step.step->name, step.step->sql.text);
    query.relation = step.relation;
  }
  for (const auto& opened : prepared.sources) {
    const bool pinned = opened.spec->version || opened.spec->timestamp;
    query.sources.push_back({opened.source.name, opened.snapshot, opened.source.schema, pinned});
  }
  if (query.relation) return query;
  std::vector<plan::typed::Column> columns;
  for (const auto& field : prepared.output.fields) {
    columns.push_back({static_cast<int32_t>(columns.size()), field.name, field.type, field.nullable, {}});
  }
  query.relation = plan::typed::MakeRelation(plan::typed::Scan{prepared.last, columns}, columns);
  query.text = "SELECT * FROM " + QuoteName(prepared.last);
  return query;
}

std::optional<ViewDescription> DescribeView(const delta::Snapshot& snapshot) {
  const auto digest = snapshot.Property(kViewPlanProperty);
  if (!digest) return std::nullopt;
  ViewDescription view{snapshot.Property(kTextProperty).value_or(""), *digest, {}};
  const auto sources = nlohmann::json::parse(snapshot.Property(kSourcesProperty).value_or("[]"), nullptr, false);
  if (!sources.is_array()) return std::nullopt;
  for (const auto& one : sources) {
    ViewDescription::Source source{one.value("name", ""), one.value("path", ""), one.value("id", "")};
    source.pinned = one.contains("version");
    const auto* txn = snapshot.FindTxn(SourceTxn(source.id));
    source.seen = source.pinned ? one.value("version", int64_t{-1}) : txn != nullptr ? txn->version : -1;
    view.sources.push_back(std::move(source));
  }
  return view;
}

delta::StringMap ViewProperties(const ViewQuery& query) {
  nlohmann::ordered_json sources = nlohmann::ordered_json::array();
  for (const auto& source : query.sources) {
    nlohmann::ordered_json one = {
        {"name", source.name}, {"path", source.snapshot->table().root}, {"id", source.snapshot->metadata().id}};
    if (source.pinned) one["version"] = source.snapshot->version();
    sources.push_back(std::move(one));
  }
  return {{kViewPlanProperty, PlanDigest(query)}, {kTextProperty, query.text}, {kSourcesProperty, sources.dump()}};
}

Result<bool> OnlyRefreshed(const delta::Snapshot& snapshot) {
  const auto* refresh = snapshot.FindTxn(kRefreshTxn);
  if (refresh == nullptr) return false;
  const auto others =
      delta::CountChanges(snapshot.table(), refresh->version, snapshot.version(), [](const auto& actions) {
        return std::any_of(actions.begin(), actions.end(), [](const auto& action) {
          const auto* txn = std::get_if<delta::Txn>(&action);
          return txn != nullptr && txn->app_id == kRefreshTxn;
        });
      });
  if (others.ok()) return others->commits == 0;
  if (others.error().kind == ErrorKind::kDataLoss) return false;
  return others.error();
}

Result<ViewStanding> StandingOf(const ViewQuery& query, const Target& target) {
  ViewStanding standing;
  if (target.snapshot == nullptr) {
    standing.why = "the view is made for the first time";
    return standing;
  }
  const auto& snapshot = *target.snapshot;
  const auto digest = snapshot.Property(kViewPlanProperty);
  if (!digest) {
    return InvalidArgument(
        fmt::format("{} holds a table that is no view's; choose another folder", snapshot.table().root));
  }
  if (snapshot.Property(delta::kChangeFeedProperty).value_or("") == "true") {
    return Unimplemented(fmt::format("a view with {}=true is not supported", delta::kChangeFeedProperty));
  }
  if (*digest != PlanDigest(query)) {
    standing.why = "the query, a setting or a table's columns have changed";
    return standing;
  }
  ASSIGN_OR_RETURN(const bool own, OnlyRefreshed(snapshot));
  if (!own) {
    standing.why = "others have changed the view's rows, or its log no longer tells";
    return standing;
  }
  standing.state = ViewState::kFresh;
  for (const auto& source : query.sources) {
    if (source.pinned) continue;
    const auto& id = source.snapshot->metadata().id;
    const auto* txn = snapshot.FindTxn(SourceTxn(id));
    if (txn == nullptr) {
      standing.why = fmt::format("the view does not say which version of {} it has seen", source.name);
      standing.state = ViewState::kToMake;
      return standing;
    }
    if (txn->version > source.snapshot->version()) {
      return FailedPrecondition(
          fmt::format("the view has seen version {} of {}, which is at version {}: its folder was put back; remove the "
                      "view's folder and make it again",
                      txn->version, source.name, source.snapshot->version()));
    }
    standing.seen[id] = txn->version;
    if (txn->version < source.snapshot->version()) standing.state = ViewState::kBehind;
  }
  return standing;
}

const char* Name(ViewRefresh::Kind kind) {
  static constexpr const char* kNames[] = {"nothing", "incremental", "full"};
  return kNames[static_cast<int>(kind)];
}

Result<std::vector<SourceFreshness>> FreshnessOf(const ViewDescription& view, const RunEnvironment& environment) {
  std::vector<SourceFreshness> all;
  for (const auto& source : view.sources) {
    SourceFreshness fresh{source};
    const auto snapshot = delta::LoadSnapshot({environment.storage, environment.checkpoints, source.path});
    if (!snapshot.ok()) {
      fresh.problem = snapshot.error().ToString();
    } else if ((*snapshot)->metadata().id != source.id) {
      fresh.problem = "another table lies there now";
    } else {
      fresh.version = source.pinned ? source.seen : (*snapshot)->version();
      const auto behind = delta::CountChanges((*snapshot)->table(), source.seen + 1, fresh.version);
      if (behind.ok()) {
        fresh.commits_behind = behind->commits;
        fresh.rows_behind = behind->rows;
        if (behind->commits > 0) fresh.behind_since = behind->first;
      } else {
        fresh.commits_behind = fresh.version - source.seen;
        fresh.problem = behind.error().ToString();
      }
    }
    all.push_back(std::move(fresh));
  }
  return all;
}

}  // namespace tidemill::job
