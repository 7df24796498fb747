#include "job/measure_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "job/prepare.h"
#include "job/sources.h"
#include "job/spec.h"

namespace tidemill::job {
namespace {

using plan::TypeId;

constexpr const char* kTable = "table_to_measure";
constexpr size_t kFilesAtOnce = 64;
constexpr int64_t kMagicBytes = 4;

// "PAR1" at both ends, and a footer that fits in between.
Status CheckFooter(storage::Storage& storage, const std::string& path) {
  ASSIGN_OR_RETURN(const auto reader, storage.OpenRead(path));
  const int64_t size = reader->size_bytes();
  if (size < 3 * kMagicBytes) return DataLoss("it is too short for a Parquet file");
  std::string head(kMagicBytes, '\0'), tail(2 * kMagicBytes, '\0');
  ASSIGN_OR_RETURN(const int64_t head_got, reader->ReadAt(0, head));
  ASSIGN_OR_RETURN(const int64_t tail_got, reader->ReadAt(size - std::ssize(tail), tail));
  if (head_got != std::ssize(head) || tail_got != std::ssize(tail)) return DataLoss("it ends early");
  if (tail.substr(kMagicBytes) == "PARE") return Unimplemented("its footer is encrypted");
  if (head != "PAR1" || tail.substr(kMagicBytes) != "PAR1")
    return DataLoss("it is no Parquet file, or its end is lost");
  uint32_t footer = 0;
  for (int i = 3; i >= 0; --i) footer = footer << 8 | static_cast<unsigned char>(tail[static_cast<size_t>(i)]);
  if (int64_t{footer} > size - 3 * kMagicBytes) return DataLoss("its footer is longer than the file");
  return Ok();
}

bool HasBounds(const plan::DataType& type) {
  const bool ordered = type.is_integral() || type.is_fractional() || type.is(TypeId::kDecimal) ||
                       type.is(TypeId::kString) || type.is(TypeId::kDate) || type.is(TypeId::kTimestamp) ||
                       type.is(TypeId::kTimestampNtz);
  return ordered && !type.is_char() && type.collation().empty();
}

// Expressions that cannot be computed without reading all of the column.
void ReadWhole(const std::string& column, const plan::DataType& type, std::vector<std::string>& expressions) {
  if (type.is(TypeId::kStruct)) {
    for (const auto& field : type.fields()) ReadWhole(column + "." + QuoteName(field.name), field.type, expressions);
  } else if (type.is(TypeId::kArray) || type.is(TypeId::kMap)) {
    expressions.push_back(fmt::format("max(size({}))", column));
  } else if (type.is(TypeId::kBinary)) {
    expressions.push_back(fmt::format("max(length({}))", column));
  } else if (!type.is(TypeId::kVariant)) {
    expressions.push_back(fmt::format("max({})", column));
  }
}

// The query over kTable, and which columns its figures are of: count, then for bounded ones minimum and maximum.
struct Measure {
  std::string text;
  std::vector<const plan::Field*> columns;
};

Measure MeasureOf(const plan::Schema& schema, const std::vector<std::string>& partitions) {
  Measure measure{"SELECT _file, count(*) AS rows", {}};
  std::vector<std::string> others;
  for (const auto& field : schema.fields) {
    if (std::ranges::find(partitions, field.name) != partitions.end() || field.type.is(TypeId::kVariant)) continue;
    const std::string name = QuoteName(field.name);
    const size_t i = measure.columns.size();
    measure.columns.push_back(&field);
    measure.text += fmt::format(", count({}) AS n{}", name, i);
    if (HasBounds(field.type)) {
      measure.text += fmt::format(", min({0}) AS a{1}, max({0}) AS b{1}", name, i);
    } else {
      ReadWhole(name, field.type, others);
    }
  }
  for (size_t i = 0; i < others.size(); ++i) measure.text += fmt::format(", {} AS o{}", others[i], i);
  measure.text += fmt::format(" FROM {} GROUP BY _file", kTable);
  return measure;
}

class Measurer {
 public:
  Measurer(const delta::Snapshot& snapshot, engine::Source source, RunEnvironment& environment)
      : snapshot_(snapshot),
        source_(std::move(source)),
        environment_(environment),
        measure_(MeasureOf(source_.schema, snapshot.partition_columns())) {}

  // By path.
  Result<std::map<std::string, delta::FileStatistics>> Of(const std::vector<engine::File>& files) {
    engine::SessionOptions options;
    options.memory_bytes = environment_.memory_bytes;
    options.threads = environment_.threads;
    options.temp_folder = environment_.temp_folder;
    options.allowed_folders = {snapshot_.table().root};
    for (const auto& root : snapshot_.table().more_roots) options.allowed_folders.push_back(root);
    ASSIGN_OR_RETURN(const auto session, environment_.engine->Open(options, *environment_.cancel, nullptr));
    engine::Source source = source_;
    source.files = files;
    source.file_columns = true;
    RETURN_IF_ERROR(session->AddSource(source));
    plan::Schema schema = source.schema;
    schema.fields.push_back({"_file", TypeId::kString, false});
    schema.fields.push_back({"_row", TypeId::kLong, false});
    Prepared prepared;
    prepared.catalog.Add(kTable, schema);
    ASSIGN_OR_RETURN(const auto relation, ResolveText(measure_.text, prepared));
    ASSIGN_OR_RETURN(const auto rows, session->Query(relation));
    std::map<std::string, delta::FileStatistics> measured;
    for (const auto& file : files) measured[file.path].num_records = Deleted(file);
    for (const auto& row : rows.rows) Take(row, measured[std::get<std::string>(row[0].data)]);
    return measured;
  }

 private:
  static int64_t Deleted(const engine::File& file) {
    return file.deleted_rows ? std::ssize(*file.deleted_rows) : int64_t{0};
  }

  void Take(const std::vector<plan::Value>& row, delta::FileStatistics& file) const {
    size_t at = 1;
    const int64_t count = std::get<int64_t>(row[at++].data);
    *file.num_records += count;
    for (const auto* field : measure_.columns) {
      auto& column = file.columns[field->name];
      column.null_count = count - std::get<int64_t>(row[at++].data);
      if (!HasBounds(field->type)) continue;
      if (!row[at].is_null()) column.min = row[at];
      if (!row[at + 1].is_null()) column.max = row[at + 1];
      at += 2;
    }
  }

  const delta::Snapshot& snapshot_;
  const engine::Source source_;
  RunEnvironment& environment_;
  const Measure measure_;
};

// Of one file: it is the file's fault.
bool AboutTheFile(ErrorKind kind) {
  return kind != ErrorKind::kCancelled && kind != ErrorKind::kResourceExhausted && kind != ErrorKind::kUnimplemented;
}

}  // namespace

Result<std::map<std::string, MeasuredFile>> MeasureFiles(const delta::Snapshot& snapshot,
                                                         const std::vector<const delta::Add*>& files,
                                                         RunEnvironment& environment) {
  std::map<std::string, MeasuredFile> measured;
  ASSIGN_OR_RETURN(auto source, SnapshotSource(kTable, snapshot));
  std::map<std::string, engine::File> by_path;
  for (auto& file : source.files) by_path.emplace(file.path, std::move(file));
  source.files.clear();
  std::map<std::string, std::string> logged;  // by path
  std::vector<engine::File> readable;
  for (const auto* add : files) {
    ASSIGN_OR_RETURN(const auto path, snapshot.PathOf(*add));
    const auto footer = CheckFooter(*environment.storage, path);
    if (!footer.ok() && !AboutTheFile(footer.error().kind)) return footer.error();
    if (!footer.ok()) {
      measured.emplace(add->path, footer.error());
    } else if (const auto found = by_path.find(path); found != by_path.end()) {
      logged[path] = add->path;
      readable.push_back(found->second);
    }
  }
  Measurer measurer(snapshot, std::move(source), environment);
  for (size_t from = 0; from < readable.size(); from += kFilesAtOnce) {
    const size_t to = std::min(readable.size(), from + kFilesAtOnce);
    const std::vector<engine::File> batch(readable.begin() + static_cast<ptrdiff_t>(from),
                                          readable.begin() + static_cast<ptrdiff_t>(to));
    const auto together = measurer.Of(batch);
    if (!together.ok() && !AboutTheFile(together.error().kind)) return together.error();
    for (const auto& file : batch) {
      if (together.ok()) {
        measured.emplace(logged[file.path], together->at(file.path));
        continue;
      }
      const auto alone = measurer.Of({file});  // one of them cannot be read: which?
      if (!alone.ok() && !AboutTheFile(alone.error().kind)) return alone.error();
      measured.emplace(logged[file.path], alone.ok() ? MeasuredFile(alone->at(file.path)) : alone.error());
    }
  }
  return measured;
}

}  // namespace tidemill::job
