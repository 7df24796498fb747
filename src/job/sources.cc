#include "job/sources.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <ranges>
#include <set>

#include "base/sha256.h"
#include "delta/column_mapping.h"
#include "delta/deletion_vector.h"
#include "delta/scan.h"
#include "document/shape.h"
#include "job/partition_folders.h"
#include "sql/parser.h"

namespace tidemill::job {
using document::Suggest;
namespace {

using plan::TypeId;

constexpr std::pair<SourceFormat, engine::Format> kFormats[] = {
    {SourceFormat::kCsv, engine::Format::kCsv},       {SourceFormat::kJson, engine::Format::kJson},
    {SourceFormat::kText, engine::Format::kText},     {SourceFormat::kParquet, engine::Format::kParquet},
    {SourceFormat::kDelta, engine::Format::kParquet},
};

engine::Format EngineFormat(SourceFormat format) {
  for (const auto& [ours, theirs] : kFormats) {
    if (ours == format) return theirs;
  }
  return engine::Format::kParquet;
}

Result<std::vector<engine::File>> ExpandPaths(const Job& job, const SourceSpec& spec, storage::Storage& storage) {
  std::vector<engine::File> files;
  std::set<std::string> seen;
  for (const auto& path : spec.paths) {
    const std::string resolved = job.Resolve(path);
    ASSIGN_OR_RETURN(const auto found, storage::Expand(storage, resolved));
    if (found.empty()) return NotFound(fmt::format("{} has no files", path));
    for (const auto& file : found) {
      if (spec.paths.size() == 1 || seen.insert(file.path).second) files.push_back({file.path, file.size_bytes});
    }
  }
  return files;
}

Result<delta::SnapshotPtr> OpenTable(const Job& job, const SourceSpec& spec, RunEnvironment& environment) {
  if (spec.paths.size() != 1) return InvalidArgument("a delta source has one path, the table's folder");
  const delta::Table table{environment.storage, environment.checkpoints, job.Resolve(spec.paths[0])};
  return delta::LoadSnapshot(table, {spec.version, spec.timestamp});
}

// All that an inferred schema depends on: how the files are read, and which they are.
std::string WhatIsInferred(const Job& job, const SourceSpec& spec, const engine::Source& source) {
  const auto& text = spec.text;
  std::string of = fmt::format("{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}\n", Name(spec.format), text.header, text.delimiter,
                               text.quote, text.escape, text.comment, text.null_text, text.date_format,
                               text.timestamp_format, text.multi_line, Name(text.malformed), job.time_zone);
  for (const auto& file : source.files) of += fmt::format("{} {}\n", file.path, file.size_bytes);
  return Sha256Hex(of);
}

Result<plan::Schema> SchemaOfFiles(const Job& job, const SourceSpec& spec, const engine::Source& source,
                                   const RunEnvironment& environment, engine::Session& session) {
  if (!spec.schema_text.empty()) return sql::ParseSchema(spec.schema_text);
  if (spec.format == SourceFormat::kText) return plan::Schema{{{"value", TypeId::kString}}};
  if (!environment.schemas || spec.format == SourceFormat::kParquet) return session.InferSchema(source);
  const std::string of = WhatIsInferred(job, spec, source);
  if (auto known = environment.schemas->Find(of)) return *std::move(known);
  ASSIGN_OR_RETURN(auto schema, session.InferSchema(source));
  environment.schemas->Keep(of, schema);
  return schema;
}

Error Named(const SourceSpec& spec, Error error) {
  error.message = fmt::format("source '{}': {}", spec.name, error.message);
  return error;
}

Result<OpenedSource> Open(const Job& job, const SourceSpec& spec, RunEnvironment& environment,
                          engine::Session& session) {
  OpenedSource opened;
  opened.spec = &spec;
  auto& source = opened.source;
  source.name = spec.name;
  source.format = EngineFormat(spec.format);
  source.text = spec.text;
  if (spec.format == SourceFormat::kDelta) {
    ASSIGN_OR_RETURN(opened.snapshot, OpenTable(job, spec, environment));
    source.schema = opened.snapshot->schema();
    return opened;
  }
  ASSIGN_OR_RETURN(source.files, ExpandPaths(job, spec, *environment.storage));
  auto schema = SchemaOfFiles(job, spec, source, environment, session);
  if (!schema.ok()) return NameFiles(std::move(schema).error(), {&source});
  source.schema = std::move(schema).value();
  for (const auto& path : spec.paths) {
    RETURN_IF_ERROR(AddPartitionFolders(job.Resolve(path), source.files, source.schema));
  }
  for (const auto& file : source.files) {
    const auto names = [](const engine::File& one) { return std::views::keys(one.partition_values); };
    if (std::ranges::equal(names(file), names(source.files[0]))) continue;
    return InvalidArgument(fmt::format("{} and {} differ in their partition folders; read each by itself",
                                       source.files[0].path, file.path));
  }
  return opened;
}

bool IsTime(TypeId id) { return id == TypeId::kDate || id == TypeId::kTimestamp || id == TypeId::kTimestampNtz; }

// The window as the column's own type counts it. A DATE is its midnight; the last day with midnight before `to`.
delta::Predicate WindowPredicate(const engine::TimeRange& window, TypeId type) {
  constexpr int64_t kMicrosPerDay = 86'400'000'000;
  const int64_t from = window.from.time_since_epoch().count(), to = window.to.time_since_epoch().count();
  const auto floor_day = [](int64_t micros) { return micros / kMicrosPerDay - (micros % kMicrosPerDay < 0 ? 1 : 0); };
  const bool date = type == TypeId::kDate;
  const plan::Value first{date ? floor_day(from) : from}, last{date ? floor_day(to - 1) : to - 1};
  return {{{window.column, delta::Test::Op::kGreaterOrEqual, {first}},
           {window.column, delta::Test::Op::kLessOrEqual, {last}}}};
}

}  // namespace

std::optional<plan::Schema> SchemaMemo::Find(const std::string& of) const {
  const std::lock_guard lock(mutex_);
  const auto found = schemas_.find(of);
  return found == schemas_.end() ? std::nullopt : std::optional(found->second);
}

void SchemaMemo::Keep(const std::string& of, const plan::Schema& schema) {
  const std::lock_guard lock(mutex_);
  schemas_[of] = schema;
}

int64_t OpenedSource::bytes() const {
  int64_t sum = 0;
  for (const auto& file : source.files) sum += file.size_bytes;
  return sum;
}

Result<OpenedSource> OpenSource(const Job& job, const SourceSpec& spec, RunEnvironment& environment,
                                engine::Session& session) {
  auto opened = Open(job, spec, environment, session);
  if (!opened.ok()) return Named(spec, std::move(opened).error());
  return opened;
}

Result<size_t> WindowedSource(const WindowSpec& window, const std::vector<OpenedSource>& sources) {
  std::vector<size_t> having;
  std::vector<std::string> columns, names;
  for (size_t i = 0; i < sources.size(); ++i) {
    const auto& opened = sources[i];
    if (!window.source.empty() && opened.spec->name != window.source) continue;
    for (const auto& field : opened.source.schema.fields) columns.push_back(field.name);
    if (opened.source.schema.IndexOf(window.column) < 0) continue;
    having.push_back(i);
    names.push_back(opened.spec->name);
  }
  if (having.empty()) {
    const std::string where = window.source.empty() ? "no source" : fmt::format("source '{}' does not", window.source);
    const std::string hint = Suggest(window.column, columns);
    return InvalidArgument(fmt::format("{} {} the column '{}'{}", where, window.source.empty() ? "has" : "have",
                                       window.column, hint.empty() ? "" : "; " + hint));
  }
  if (having.size() > 1) {
    return InvalidArgument(fmt::format("the sources {} all have the column '{}'; write window.source",
                                       fmt::join(names, ", "), window.column));
  }
  const auto& schema = sources[having[0]].source.schema;
  const auto& type = schema.fields[static_cast<size_t>(schema.IndexOf(window.column))].type;
  if (!IsTime(type.id())) {
    return InvalidArgument(fmt::format("the column '{}' of source '{}' is {}, not a date or a timestamp", window.column,
                                       names[0], type.ToSql()));
  }
  return having[0];
}

Result<engine::Source> SnapshotSource(std::string name, const delta::Snapshot& snapshot,
                                      const delta::Predicate& predicate) {
  engine::Source source;
  source.name = std::move(name);
  source.format = engine::Format::kParquet;
  source.schema = delta::ReadableSchema(snapshot.schema());
  source.file_schema = delta::FileSchema(source.schema, snapshot.column_mapping());
  ASSIGN_OR_RETURN(const auto scan, delta::Prune(snapshot, predicate));
  for (const auto& found : scan.files) {
    engine::File file{found.path, found.add->size_bytes};
    for (size_t i = 0; i < found.partition_values.size(); ++i) {
      file.partition_values[snapshot.partition_columns()[i]] = found.partition_values[i];
    }
    if (found.add->deletion_vector) {
      ASSIGN_OR_RETURN(auto rows, delta::ReadDeletionVector(snapshot.table(), *found.add->deletion_vector));
      file.deleted_rows = std::make_shared<const std::vector<int64_t>>(std::move(rows));
    }
    source.files.push_back(std::move(file));
  }
  return source;
}

engine::Source ChangesSource(std::string name, const delta::Changes& changes, bool recorded) {
  static constexpr const char *kVersion = "_commit_version", *kTime = "_commit_timestamp";
  static constexpr const char* kTypeNames[] = {"", "insert", "delete"};
  const auto& snapshot = *changes.snapshot;
  engine::Source source;
  source.name = std::move(name);
  source.schema = delta::ReadableSchema(snapshot.schema());
  source.file_schema = delta::FileSchema(source.schema, snapshot.column_mapping());
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

Status SelectFiles(OpenedSource& opened, const std::optional<engine::TimeRange>& window) {
  opened.source.window = window;
  if (!opened.snapshot) return Ok();
  delta::Predicate predicate;
  if (window) {
    const auto& schema = opened.source.schema;
    predicate = WindowPredicate(*window, schema.fields[static_cast<size_t>(schema.IndexOf(window->column))].type.id());
  }
  auto source = SnapshotSource(opened.spec->name, *opened.snapshot, predicate);
  if (!source.ok()) return Named(*opened.spec, std::move(source).error());
  opened.source = std::move(source).value();
  opened.source.window = window;
  opened.pruned_files = static_cast<int64_t>(opened.snapshot->files().size() - opened.source.files.size());
  return Ok();
}

Error NameFiles(Error error, const std::vector<const engine::Source*>& sources) {
  constexpr size_t kMostNames = 3;
  const bool of_input = error.kind == ErrorKind::kDataLoss || error.kind == ErrorKind::kInvalidArgument;
  const bool of_sql = !error.error_class.empty() && error.error_class.find("MALFORMED") == std::string::npos;
  const bool unnamed = error.kind == ErrorKind::kUnavailable || error.kind == ErrorKind::kInternal;
  if (of_sql || (!of_input && !(unnamed && error.message.find('/') == std::string::npos))) return error;
  std::vector<std::string> names;
  for (const auto* source : sources) {
    for (const auto& file : source->files) {
      if (error.message.find(file.path) != std::string::npos) return error;
      names.push_back(file.path);
    }
  }
  if (names.empty()) return error;
  const size_t more = names.size() - std::min(names.size(), kMostNames);
  names.resize(names.size() - more);
  error.message +=
      fmt::format(" (while reading {}{})", fmt::join(names, ", "),
                  more == 0 ? "" : fmt::format(" and {} other files", FormatCount(static_cast<int64_t>(more))));
  return error;
}

}  // namespace tidemill::job
