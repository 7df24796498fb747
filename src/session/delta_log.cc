// Statements about a Delta table's log: what was done to it, back to an earlier version, small files together. Their
// columns are those of Delta Lake's own commands.
#include <fmt/format.h>

#include <map>
#include <set>

#include "base/lower.h"
#include "delta/history.h"
#include "delta/restore.h"
#include "delta/scan.h"
#include "job/optimize.h"
#include "job/vacuum.h"
#include "session/error.h"
#include "session/statements.h"
#include "session/tree.h"

namespace tidemill::session {
namespace {

using plan::DataType;
using plan::TypeId;
using plan::Value;

Result<Table> DeltaTable(State& state, const plan::ObjectName& name, const std::string& operation) {
  ASSIGN_OR_RETURN(auto table, ChangeableTable(state, name, operation));
  if (table.provider == "delta") return table;
  return SqlError("DELTA_TABLE_ONLY_OPERATION", "0AKDD",
                  fmt::format("{} is not a Delta table. {} is only supported for Delta tables.",
                              Quoted(table.FullName()), operation));
}

Value Whole64(int64_t number) { return Value{number}; }

Value OptionalText(const std::optional<std::string>& text) { return text ? TextValue(*text) : Value{}; }

Value TextMap(const delta::StringMap& map) {
  std::vector<Value> children;
  for (const auto& [key, value] : map) {
    children.push_back(TextValue(key));
    children.push_back(TextValue(value));
  }
  return Value{std::make_shared<const std::vector<Value>>(std::move(children))};
}

plan::Schema HistorySchema() {
  const DataType text = TypeId::kString, texts = DataType::Map(text, text);
  const DataType job = DataType::Struct({{"jobId", text},
                                         {"jobName", text},
                                         {"jobRunId", text},
                                         {"runId", text},
                                         {"jobOwnerId", text},
                                         {"triggerType", text}});
  return {{{"version", TypeId::kLong},
           {"timestamp", TypeId::kTimestamp},
           {"userId", text},
           {"userName", text},
           {"operation", text},
           {"operationParameters", texts},
           {"job", job},
           {"notebook", DataType::Struct({{"notebookId", text}})},
           {"clusterId", text},
           {"readVersion", TypeId::kLong},
           {"isolationLevel", text},
           {"isBlindAppend", TypeId::kBoolean},
           {"operationMetrics", texts},
           {"userMetadata", text},
           {"engineInfo", text}}};
}

std::vector<Value> HistoryRow(const delta::HistoryEntry& entry) {
  const auto& info = entry.info;
  return {Whole64(entry.version),
          Whole64(entry.timestamp.time_since_epoch().count()),
          {},
          {},
          TextValue(info.operation),
          TextMap(info.operation_parameters),
          {},
          {},
          {},
          info.read_version ? Whole64(*info.read_version) : Value{},
          OptionalText(info.isolation_level),
          info.is_blind_append ? Value{*info.is_blind_append} : Value{},
          info.operation_metrics.empty() ? Value{} : TextMap(info.operation_metrics),
          OptionalText(info.user_metadata),
          OptionalText(info.engine_info)};
}

// The partitions that meet a condition on partition columns alone.
Result<std::set<delta::PartitionValues>> PartitionsWhere(State& state, const delta::Snapshot& snapshot,
                                                         const plan::ExprPtr& where) {
  if (snapshot.partition_columns().empty()) {
    return SqlError("DELTA_OPTIMIZE_NOT_PARTITIONED", "42P10",
                    "OPTIMIZE ... WHERE chooses partitions, and the table has none. Leave WHERE out.");
  }
  ASSIGN_OR_RETURN(const auto scan, delta::Prune(snapshot));
  plan::Values values;
  std::map<delta::PartitionValues, size_t> seen;
  std::vector<delta::PartitionValues> partitions;
  for (const auto& file : scan.files) {
    if (!seen.emplace(file.add->partition_values, partitions.size()).second) continue;
    std::vector<plan::ExprPtr> row{Whole(static_cast<int64_t>(partitions.size()))};
    for (size_t i = 0; i < file.partition_values.size(); ++i) {
      const int index = snapshot.schema().IndexOf(snapshot.partition_columns()[i]);
      const auto& type = snapshot.schema().fields[static_cast<size_t>(index)].type;
      row.push_back(file.partition_values[i].is_null() ? CastTo(Null(), type)
                                                       : plan::MakeExpr(plan::Literal{file.partition_values[i], type}));
    }
    values.rows.push_back(std::move(row));
    partitions.push_back(file.add->partition_values);
  }
  std::set<delta::PartitionValues> chosen;
  if (partitions.empty()) return chosen;
  std::vector<std::string> names{"partition number"};
  for (const auto& column : snapshot.partition_columns()) names.push_back(column);
  const auto all = AliasOf(plan::MakeRelation(std::move(values)), "__partitions", names);
  ASSIGN_OR_RETURN(const auto rows, state.Query(SelectFrom({Column({names[0]})}, all, where)));
  for (const auto& row : rows.rows) {
    chosen.insert(partitions[static_cast<size_t>(std::get<int64_t>(row[0].data))]);
  }
  return chosen;
}

}  // namespace

Answer Figures(const std::vector<std::pair<const char*, int64_t>>& figures) {
  Answer answer;
  auto& row = answer.rows.rows.emplace_back();
  for (const auto& [name, figure] : figures) {
    answer.rows.schema.fields.push_back({name, TypeId::kLong});
    row.push_back(Whole64(figure));
  }
  return answer;
}

Result<delta::AsOf> AsOfOf(State& state, const plan::ExprPtr& version, const plan::ExprPtr& timestamp,
                           const std::string& use) {
  delta::AsOf as_of;
  if (!version && !timestamp) return as_of;
  ASSIGN_OR_RETURN(const auto value,
                   state.Evaluate(CastTo(version ? version : timestamp, version ? TypeId::kLong : TypeId::kTimestamp)));
  const auto* number = std::get_if<int64_t>(&value.data);
  if (number == nullptr) return InvalidArgument(fmt::format("the version or time to {} is NULL", use));
  if (version) {
    as_of.version = *number;
  } else {
    as_of.timestamp = Timestamp(Micros(*number));
  }
  return as_of;
}

Result<Answer> Run(State& state, const plan::VacuumTable& vacuum) {
  ASSIGN_OR_RETURN(const auto table, DeltaTable(state, vacuum.table, "VACUUM"));
  job::VacuumOptions options;
  if (vacuum.retain_hours) options.retention = Micros(static_cast<int64_t>(*vacuum.retain_hours * 3600e6));
  options.force = LowerAscii(state.Setting("spark.databricks.delta.retentionDurationCheck.enabled", "true")) == "false";
  options.remove = !vacuum.dry_run;
  const delta::Table place{state.environment.storage, state.environment.checkpoints, table.location};
  ASSIGN_OR_RETURN(const auto done, job::RunVacuum(place, options, state.environment));
  std::vector<std::vector<std::string>> paths;
  if (vacuum.dry_run) {
    for (const auto& file : done.files) paths.push_back({"file:" + file.path});
  } else {
    paths.push_back({"file:" + table.location});
  }
  return TextRows({"path"}, std::move(paths));
}

Result<Answer> Run(State& state, const plan::DescribeHistory& describe) {
  ASSIGN_OR_RETURN(const auto table, DeltaTable(state, describe.table, "DESCRIBE HISTORY"));
  ASSIGN_OR_RETURN(const auto history,
                   delta::ReadHistory({state.environment.storage, state.environment.checkpoints, table.location},
                                      describe.limit.value_or(INT64_MAX)));
  Answer answer;
  answer.rows.schema = HistorySchema();
  for (const auto& entry : history) answer.rows.rows.push_back(HistoryRow(entry));
  return answer;
}

Result<Answer> Run(State& state, const plan::RestoreTable& restore) {
  ASSIGN_OR_RETURN(const auto table, DeltaTable(state, restore.table, "RESTORE"));
  ASSIGN_OR_RETURN(const auto as_of, AsOfOf(state, restore.version, restore.timestamp, "restore"));
  ASSIGN_OR_RETURN(const auto now, SnapshotOf(state, table));
  ASSIGN_OR_RETURN(const auto then, delta::LoadSnapshot(now->table(), as_of));
  ASSIGN_OR_RETURN(auto plan, delta::PlanRestore(now, then, "Tidemill/" + state.environment.version));
  RETURN_IF_ERROR(CommitChange(state, plan.transaction));
  return Figures({{"table_size_after_restore", then->total_bytes()},
                  {"num_of_files_after_restore", std::ssize(then->files())},
                  {"num_removed_files", plan.removed_files},
                  {"num_restored_files", plan.added_files},
                  {"removed_files_size", plan.removed_bytes},
                  {"restored_files_size", plan.added_bytes}});
}

Result<Answer> Run(State& state, const plan::OptimizeTable& optimize) {
  ASSIGN_OR_RETURN(const auto table, DeltaTable(state, optimize.table, "OPTIMIZE"));
  ASSIGN_OR_RETURN(const auto target, job::OpenTarget(table.location, state.environment));
  job::OptimizeOptions options;
  options.order = optimize.zorder;
  if (optimize.where) {
    options.where = optimize.where->text;
    ASSIGN_OR_RETURN(options.partitions, PartitionsWhere(state, *target.snapshot, optimize.where->expr));
  }
  ASSIGN_OR_RETURN(const auto done, job::Optimize(target, options, state.environment));
  Answer answer = Figures({{"numFilesAdded", done.files_after}, {"numFilesRemoved", done.files_before}});
  const DataType metrics = DataType::Struct(answer.rows.schema.fields);
  answer.rows.schema.fields = {{"path", TypeId::kString}, {"metrics", metrics}};
  auto& row = answer.rows.rows[0];
  row = {TextValue("file:" + table.location), Value{std::make_shared<const std::vector<Value>>(std::move(row))}};
  return answer;
}

}  // namespace tidemill::session
