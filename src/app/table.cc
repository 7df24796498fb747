#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "app/exit_code.h"
#include "app/print_json.h"
#include "app/program.h"
#include "app/table_change.h"
#include "app/table_check.h"
#include "app/table_freshness.h"
#include "app/text_table.h"
#include "delta/history.h"
#include "delta/snapshot.h"
#include "delta/statistics.h"
#include "job/spec.h"
#include "plan/schema_json.h"

namespace tidemill::app {
namespace {

using Json = nlohmann::ordered_json;

Json FeaturesJson(const std::optional<std::vector<std::string>>& features) {
  return features ? Json(*features) : Json(nullptr);
}

Json DescriptionJson(const delta::TableDescription& d) {
  return {{"path", d.root},
          {"id", d.id},
          {"name", d.name},
          {"version", d.version},
          {"created", FormatTimestamp(d.created)},
          {"last_modified", FormatTimestamp(d.last_modified)},
          {"schema", Json::parse(plan::SchemaToJson(d.schema))},
          {"partition_columns", d.partition_columns},
          {"min_reader_version", d.protocol.min_reader_version},
          {"min_writer_version", d.protocol.min_writer_version},
          {"reader_features", FeaturesJson(d.protocol.reader_features)},
          {"writer_features", FeaturesJson(d.protocol.writer_features)},
          {"properties", d.properties},
          {"files", d.num_files},
          {"bytes", d.size_bytes},
          {"rows", d.num_records ? Json(*d.num_records) : Json(nullptr)},
          {"checkpoint_version", d.checkpoint_version}};
}

std::string FeatureWords(const delta::Protocol& protocol) {
  std::string words = fmt::format("reader {}, writer {}", protocol.min_reader_version, protocol.min_writer_version);
  if (protocol.writer_features) words += fmt::format(" ({})", fmt::join(*protocol.writer_features, ", "));
  return words;
}

void PrintDescription(const delta::TableDescription& d) {
  const std::pair<const char*, std::string> lines[] = {
      {"path", d.root},
      {"version", std::to_string(d.version)},
      {"rows", d.num_records ? FormatCount(*d.num_records) : "unknown: a file has no count"},
      {"files", FormatCount(d.num_files)},
      {"size", FormatBytes(d.size_bytes)},
      {"partitioned by",
       d.partition_columns.empty() ? "nothing" : fmt::format("{}", fmt::join(d.partition_columns, ", "))},
      {"created", FormatTimestamp(d.created)},
      {"last modified", FormatTimestamp(d.last_modified)},
      {"protocol", FeatureWords(d.protocol)},
      {"checkpoint", d.checkpoint_version < 0 ? "none" : fmt::format("version {}", d.checkpoint_version)},
      {"id", d.id},
  };
  for (const auto& [name, value] : lines) std::printf("%-15s %s\n", name, value.c_str());
  for (const auto& [key, value] : d.properties) std::printf("%-15s %s = %s\n", "property", key.c_str(), value.c_str());
  std::vector<std::vector<std::string>> columns;
  for (const auto& field : d.schema.fields) {
    columns.push_back({field.name, field.type.ToString(), field.nullable ? "" : "NOT NULL"});
  }
  std::printf("\n%s", TextTable({{"column"}, {"type"}, {""}}, columns).c_str());
}

int Describe(const delta::Table& table, const TableFlags& flags) {
  const auto snapshot = delta::LoadSnapshot(table, {flags.version, std::nullopt});
  if (!snapshot.ok()) return Fail(snapshot.error());
  const auto description = delta::Describe(**snapshot);
  if (flags.json) {
    PrintJson(DescriptionJson(description));
  } else {
    PrintDescription(description);
  }
  return kOk;
}

std::string TidemillRun(const delta::HistoryEntry& entry) {
  const auto json = Json::parse(entry.info.tidemill, nullptr, false);
  return json.is_object() ? json.value("run", "") : "";
}

int History(const delta::Table& table, const TableFlags& flags) {
  const auto history = delta::ReadHistory(table, flags.limit > 0 ? flags.limit : INT64_MAX);
  if (!history.ok()) return Fail(history.error());
  Json list = Json::array();
  std::vector<std::vector<std::string>> rows;
  for (const auto& entry : *history) {
    const auto metric = [&](const char* key) {
      const auto found = entry.info.operation_metrics.find(key);
      return found == entry.info.operation_metrics.end() ? std::string() : found->second;
    };
    rows.push_back({std::to_string(entry.version), FormatTimestamp(entry.timestamp), entry.info.operation,
                    metric("numOutputRows"), metric("numFiles"), entry.info.engine_info.value_or(""),
                    TidemillRun(entry)});
    list.push_back({{"version", entry.version},
                    {"timestamp", FormatTimestamp(entry.timestamp)},
                    {"operation", entry.info.operation},
                    {"parameters", entry.info.operation_parameters},
                    {"metrics", entry.info.operation_metrics},
                    {"engine", entry.info.engine_info.value_or("")},
                    {"run", TidemillRun(entry)}});
  }
  if (flags.json) {
    PrintJson(list);
  } else {
    std::printf(
        "%s",
        TextTable({{"version", true}, {"time"}, {"operation"}, {"rows", true}, {"files", true}, {"engine"}, {"run"}},
                  rows)
            .c_str());
  }
  return kOk;
}

int Files(const delta::Table& table, const TableFlags& flags) {
  const auto snapshot = delta::LoadSnapshot(table, {flags.version, std::nullopt});
  if (!snapshot.ok()) return Fail(snapshot.error());
  Json list = Json::array();
  std::vector<std::vector<std::string>> rows;
  for (const auto& add : (*snapshot)->files()) {
    if (flags.limit > 0 && static_cast<int64_t>(rows.size()) == flags.limit) break;
    const auto stats =
        delta::ParseStatistics(add.stats.value_or(""), (*snapshot)->schema(), (*snapshot)->column_mapping());
    const std::string records = stats.num_records ? FormatCount(*stats.num_records) : "";
    rows.push_back({add.path, FormatBytes(add.size_bytes), records});
    Json partition = Json::object();
    for (const auto& [name, value] : add.partition_values) partition[name] = value ? Json(*value) : Json(nullptr);
    list.push_back({{"path", add.path},
                    {"bytes", add.size_bytes},
                    {"rows", stats.num_records ? Json(*stats.num_records) : Json(nullptr)},
                    {"partition", partition},
                    {"deletion_vector", add.deletion_vector.has_value()}});
  }
  if (flags.json) {
    PrintJson(list);
  } else {
    std::printf("%s", TextTable({{"path"}, {"size", true}, {"rows", true}}, rows, 200).c_str());
  }
  return kOk;
}

int Changes(Program& program, const delta::Table& table, const TableFlags& flags) {
  SqlFlags query;
  query.text = fmt::format("SELECT * FROM table_changes_by_path({}, {}{}) ORDER BY _commit_version",
                           job::QuoteText(table.root), flags.from, flags.to ? fmt::format(", {}", *flags.to) : "");
  query.output = flags.output;
  query.machine = flags.machine;
  return Sql(program, query);
}

}  // namespace

int Table(Program& program, const TableFlags& flags) {
  const delta::Table table{program.storage.get(), program.checkpoints(), program.AbsolutePath(flags.path)};
  const auto exists = delta::TableExists(table);
  if (!exists.ok()) return Fail(exists.error());
  if (!*exists) return Fail(NotFound(fmt::format("{} is not a Delta table: it has no _delta_log", flags.path)));
  switch (flags.what) {
    case TableFlags::What::kDescribe:
      return Describe(table, flags);
    case TableFlags::What::kHistory:
      return History(table, flags);
    case TableFlags::What::kFiles:
      return Files(table, flags);
    case TableFlags::What::kCheck:
      return CheckTable(program, table, flags);
    case TableFlags::What::kRestore:
      return RestoreTable(program, table, flags);
    case TableFlags::What::kVacuum:
      return VacuumTable(program, table, flags);
    case TableFlags::What::kClone:
      return CloneTable(program, table, flags);
    case TableFlags::What::kChanges:
      return Changes(program, table, flags);
    case TableFlags::What::kFreshness:
      return ViewFreshness(program, table, flags);
    case TableFlags::What::kOptimize:
      return OptimizeTable(program, table, flags);
  }
  return kFailed;
}

}  // namespace tidemill::app
