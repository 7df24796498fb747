// Delta's table_changes: the change data feed as a table of the query.
#include <fmt/format.h>

#include "delta/changes.h"
#include "delta/column_mapping.h"
#include "session/scope.h"
#include "session/tree.h"

namespace tidemill::session {
namespace {

using plan::TypeId;

constexpr const char* kVersion = "_commit_version";
constexpr const char* kTime = "_commit_timestamp";
constexpr const char* kTypeNames[] = {"", "insert", "delete"};

Result<int64_t> VersionOf(const delta::Table& table, const sql::TableVersion& bound, delta::RangeSide side) {
  if (bound.version) return *bound.version;
  return delta::VersionAt(table, Timestamp(Micros(*bound.timestamp_micros)), side);
}

// The files of one layout: those with a column of change types, or those of which the log tells it.
engine::Source SourceOf(const std::string& name, const delta::Changes& changes, bool recorded) {
  const auto& snapshot = *changes.snapshot;
  engine::Source source;
  source.name = name + (recorded ? " recorded" : " files");
  source.schema = AsRead(delta::ReadableSchema(snapshot.schema()));
  source.file_schema = delta::FileSchema(delta::ReadableSchema(snapshot.schema()), snapshot.column_mapping());
  const plan::Field added[] = {
      {delta::kChangeType, TypeId::kString}, {kVersion, TypeId::kLong}, {kTime, TypeId::kTimestamp}};
  for (const auto& field : added) {
    source.schema.fields.push_back(field);
    if (source.file_schema) source.file_schema->fields.push_back(field);
  }
  for (const auto& change : changes.files) {
    if ((change.kind == delta::ChangeFile::Kind::kRecorded) != recorded) continue;
    engine::File file{change.path, change.size_bytes};
    for (size_t i = 0; i < change.partition_values.size(); ++i) {
      file.partition_values[snapshot.partition_columns()[i]] = change.partition_values[i];
    }
    file.partition_values[kVersion] = plan::Value{change.version};
    file.partition_values[kTime] = plan::Value{int64_t{change.timestamp.time_since_epoch().count()}};
    if (!recorded) file.partition_values[delta::kChangeType] = plan::Value{std::string(kTypeNames[int(change.kind)])};
    file.deleted_rows = change.other_rows;
    source.files.push_back(std::move(file));
  }
  return source;
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
    const auto source = SourceOf(key, changes, recorded);
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
