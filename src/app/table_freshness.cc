#include "app/table_freshness.h"

#include <fmt/format.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "app/exit_code.h"
#include "app/print_json.h"
#include "app/run_job.h"
#include "app/text_table.h"
#include "delta/snapshot.h"
#include "job/view.h"

namespace tidemill::app {
namespace {

using Json = nlohmann::ordered_json;

bool IsFresh(const job::SourceFreshness& source) { return source.problem.empty() && source.commits_behind == 0; }

Json SourceJson(const job::SourceFreshness& one, Timestamp now) {
  Json json = {{"name", one.source.name},
               {"path", one.source.path},
               {"seen_version", one.source.seen},
               {"version", one.version},
               {"fresh", IsFresh(one)},
               {"commits_behind", one.commits_behind},
               {"rows_behind", one.rows_behind ? Json(*one.rows_behind) : Json(nullptr)},
               {"behind_since", nullptr},
               {"age_seconds", 0}};
  if (one.behind_since) {
    json["behind_since"] = FormatTimestamp(*one.behind_since);
    json["age_seconds"] = (now - *one.behind_since).count() / 1'000'000;
  }
  if (!one.problem.empty()) json["problem"] = one.problem;
  return json;
}

std::vector<std::string> SourceLine(const job::SourceFreshness& one, Timestamp now) {
  const std::string state = !one.problem.empty() ? one.problem
                            : IsFresh(one)       ? "fresh"
                                                 : "behind for " + FormatDuration(now - *one.behind_since);
  return {one.source.name,
          std::to_string(one.source.seen),
          one.version < 0 ? "" : std::to_string(one.version),
          std::to_string(one.commits_behind),
          one.rows_behind ? FormatCount(*one.rows_behind) : "not told",
          state,
          one.source.path};
}

}  // namespace

int ViewFreshness(Program& program, const delta::Table& table, const TableFlags& flags) {
  const auto snapshot = delta::LoadSnapshot(table);
  if (!snapshot.ok()) return Fail(snapshot.error());
  const auto view = job::DescribeView(**snapshot);
  if (!view) return Fail(InvalidArgument(fmt::format("{} is a table, not a materialized view", flags.path)));
  const auto environment = EnvironmentFor(program, flags.machine);
  if (!environment.ok()) return Fail(environment.error());
  const auto sources = job::FreshnessOf(*view, *environment);
  if (!sources.ok()) return Fail(sources.error());
  const auto own = job::OnlyRefreshed(**snapshot);
  if (!own.ok()) return Fail(own.error());
  const auto now = program.clock.Now();
  bool fresh = *own;
  Json list = Json::array();
  std::vector<std::vector<std::string>> lines;
  for (const auto& source : *sources) {
    fresh &= IsFresh(source);
    list.push_back(SourceJson(source, now));
    lines.push_back(SourceLine(source, now));
  }
  if (flags.json) {
    const Json json = {{"path", table.root},  {"version", (*snapshot)->version()},
                       {"fresh", fresh},      {"changed_by_others", !*own},
                       {"query", view->text}, {"sources", list}};
    PrintJson(json);
    return kOk;
  }
  std::printf("version %lld, refreshed %s: %s%s\n\n", static_cast<long long>((*snapshot)->version()),
              FormatTimestamp((*snapshot)->timestamp()).c_str(), fresh ? "fresh" : "behind",
              *own ? "" : " (others have changed its rows)");
  std::printf("%s", TextTable({{"source"},
                               {"seen", true},
                               {"newest", true},
                               {"commits behind", true},
                               {"rows behind", true},
                               {"state"},
                               {"path"}},
                              lines, 200)
                        .c_str());
  return kOk;
}

}  // namespace tidemill::app
