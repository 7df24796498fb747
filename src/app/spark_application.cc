#include "app/spark_application.h"

#include <fmt/format.h>

#include "job/predicate.h"

namespace tidemill::app {
namespace {

using engine::spark::AppCheck;
using engine::spark::Application;
using engine::spark::AppSink;
using engine::spark::AppSource;

AppSource SourceOf(const job::Job& job, const job::SourceSpec& spec) {
  AppSource source{spec.name, std::string(job::Name(spec.format))};
  for (const auto& path : spec.paths) source.paths.push_back(job.Resolve(path));
  source.schema_ddl = spec.schema_text;
  source.text = spec.text;
  source.max_bad = spec.max_bad;
  source.version = spec.version;
  source.timestamp = spec.timestamp;
  return source;
}

std::string Text(const std::vector<job::SqlPiece>& pieces) {
  std::string text;
  for (const auto& piece : pieces) text += (text.empty() ? "" : "\n") + piece.text;
  return text;
}

// `index`: among the checks of rows, whose columns are named by it.
AppCheck CheckOf(const job::Check& spec, size_t index) {
  AppCheck check{spec.name, std::string(job::Name(spec.kind)), std::string(job::Name(spec.on_fail)), spec.max_bad};
  check.min = spec.min;
  check.max = spec.max;
  check.max_age = spec.max_age;
  if (!spec.columns.empty()) check.column = spec.columns[0];
  if (spec.of_table()) return check;
  check.predicate = Text(job::PredicateOf(spec, index));
  check.join = job::JoinFor(spec, index);
  return check;
}

AppSink SinkOf(const job::Job& job) {
  const auto& spec = job.sink;
  AppSink sink{job.Resolve(spec.path), job.Resolve(spec.quarantine), std::string(job::Name(spec.mode)), spec.keys};
  for (const auto& column : spec.partition_by) {
    sink.partition_by.push_back(column.name);
    if (column.part.empty()) continue;
    sink.time_parts.push_back({column.name, fmt::format("{}(o.{})", column.part, job::QuoteName(column.of))});
  }
  for (const auto& key : spec.sort_by) sink.sort_by.emplace_back(key.column, key.ascending);
  sink.compression = spec.compression;
  sink.target_file_bytes = spec.target_file_bytes;
  sink.merge_schema = spec.merge_schema;
  return sink;
}

Status RefuseForeign(const job::Job& job) {
  if (job.sink.format != job::SinkFormat::kDelta) {
    return Unimplemented(
        "a parquet sink has no log that keeps two engines apart; write format: delta, or --engine native");
  }
  return Ok();
}

}  // namespace

Result<Application> SparkApplication(const job::Job& job, const std::optional<job::Window>& window,
                                     const std::string& version) {
  RETURN_IF_ERROR(RefuseForeign(job));
  const job::RunKey key = job::KeyOf(job, window);
  Application application{job.name, version, key.ToString(), key.SlicePrefix(), job::RunKey::JobPrefix(job.name)};
  if (window) {
    application.window = engine::TimeRange{job.window->column, window->start, window->end};
    application.window_source = job.window->source;
  }
  application.time_zone = job.time_zone;
  application.ansi = job.ansi();
  application.conf = job.conf;
  for (const auto& source : job.sources) application.sources.push_back(SourceOf(job, source));
  for (const auto& step : job.steps) application.steps.push_back({step.name, step.sql.text, step.cache});
  application.last = job.steps.empty() ? job.sources.front().name : job.steps.back().name;
  size_t row_checks = 0;
  for (const auto& check : job.checks) {
    application.checks.push_back(CheckOf(check, row_checks));
    if (!check.of_table()) ++row_checks;
  }
  application.sink = SinkOf(job);
  return application;
}

}  // namespace tidemill::app
