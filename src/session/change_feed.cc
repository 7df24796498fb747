// Delta's table_changes: the change data feed as a table of the query.
#include <fmt/format.h>

#include "delta/changes.h"
#include "job/sources.h"
#include "session/scope.h"
#include "session/tree.h"

namespace tidemill::session {
namespace {

Result<int64_t> VersionOf(const delta::Table& table, const sql::TableVersion& bound, delta::RangeSide side) {
  if (bound.version) return *bound.version;
  return delta::VersionAt(table, Timestamp(Micros(*bound.timestamp_micros)), side);
}

}  // namespace

Result<std::optional<sql::Catalog::Table>> Scope::FindChanges(const plan::Name& name, const sql::TableVersion& from,
                                                              const sql::TableVersion& to) {
  ASSIGN_OR_RETURN(const auto table, TravelTable(name));
  if (!table) return std::optional<Table>();
  const delta::Table place{state_.environment.storage, state_.environment.checkpoints, table->location};
  ASSIGN_OR_RETURN(const int64_t first, VersionOf(place, from, delta::RangeSide::kStart));
  std::optional<int64_t> last;
  if (to.version || to.timestamp_micros) {
    ASSIGN_OR_RETURN(last, VersionOf(place, to, delta::RangeSide::kEnd));
  }
  ASSIGN_OR_RETURN(const auto changes, delta::ReadChanges(place, first, last));
  const std::string key = fmt::format("changes of {} from {} to {}", table->location, first, last.value_or(-1));
  Table opened;
  std::vector<plan::RelationPtr> parts;
  for (const bool recorded : {false, true}) {
    auto source = job::ChangesSource(key + (recorded ? " recorded" : " files"), changes, recorded);
    source.schema = AsRead(source.schema);
    opened.schema = source.schema;
    if (source.files.empty()) continue;
    RETURN_IF_ERROR(state_.Register(source));
    parts.push_back(SelectFrom({plan::MakeExpr(plan::Star{})}, TableNamed({kRawTable, source.name})));
  }
  opened.view = parts.empty() ? NoRowsOf(opened.schema) : parts.size() == 1 ? parts[0] : UnionAll(std::move(parts));
  opened.qualifier = table->FullName();
  return std::optional(std::move(opened));
}

}  // namespace tidemill::session
