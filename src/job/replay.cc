#include "job/replay.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "job/commit.h"
#include "job/prepare.h"
#include "job/target.h"

namespace tidemill::job {
namespace {

constexpr const char* kSource = "quarantined_rows";
constexpr int kMostAttempts = 20;
constexpr int64_t kMostRows = 5'000'000;  // they are held in memory on their way

bool IsMadeFromTime(const Sink& sink, const std::string& column) {
  return std::any_of(sink.partition_by.begin(), sink.partition_by.end(),
                     [&](const auto& p) { return !p.part.empty() && p.name == column; });
}

// How a column is read back from the row's JSON: what JSON would have rounded travels as text (the engine's writer).
struct ReadBack {
  std::string declaration;  // in the JSON source's schema
  std::string select;
};

Result<ReadBack> ReadBackOf(const plan::Field& field) {
  if (field.type.is(plan::TypeId::kBinary) || field.type.is(plan::TypeId::kVariant)) {
    return Unimplemented(
        fmt::format("column '{}' is {}, which is not read back from the quarantine; repair those rows at "
                    "their source and run the job with --replace",
                    field.name, field.type.ToSql()));
  }
  const std::string name = QuoteName(field.name), type = field.type.ToSql();
  const bool native = field.type.is(plan::TypeId::kBoolean) || field.type.is_integral() ||
                      field.type.is(plan::TypeId::kString) || field.type.is_nested();
  if (native) return ReadBack{name + " " + type, name};
  return ReadBack{name + " STRING", fmt::format("CAST({0} AS {1}) AS {0}", name, type)};
}

// Several jobs may share a quarantine. Rows that failed a replay are the replay's.
std::string OfThisJob(const Job& job) {
  return fmt::format("job IN ({}, {})", QuoteText(job.name), QuoteText(job.name + ".replay"));
}

// The quarantine's files at one version that are still there.
Result<engine::Source> FilesStillThere(const delta::Snapshot& replayed, const delta::Snapshot& now,
                                       std::vector<delta::Add>& removes) {
  std::set<std::string> live;
  for (const auto& add : now.files()) live.insert(add.path);
  ASSIGN_OR_RETURN(auto source, SnapshotSource(kSource, replayed));
  std::set<std::string> wanted;
  for (const auto& add : replayed.files()) {
    if (!live.contains(add.path)) continue;
    ASSIGN_OR_RETURN(const auto path, replayed.PathOf(add));
    wanted.insert(path);
    removes.push_back(add);
  }
  std::erase_if(source.files, [&](const auto& file) { return !wanted.contains(file.path); });
  return source;
}

// The rows to replay as a file of JSON lines beside the quarantine's data, hidden from readers. Its name is the same
// for every attempt, because a run is known by its input.
Result<int64_t> ExportRows(const Job& job, const delta::Snapshot& quarantine, const std::string& path,
                           RunEnvironment& environment) {
  ASSIGN_OR_RETURN(const auto session,
                   environment.engine->Open(SessionOptionsFor(job, environment, environment.clock->Now()),
                                            *environment.cancel, nullptr));
  ASSIGN_OR_RETURN(const auto source, SnapshotSource(kSource, quarantine));
  if (source.files.empty()) return 0;
  RETURN_IF_ERROR(session->AddSource(source));
  Prepared prepared;
  prepared.catalog.Add(kSource, source.schema);
  ASSIGN_OR_RETURN(
      const auto relation,
      ResolveText(fmt::format("SELECT row FROM {} WHERE {} AND row IS NOT NULL", kSource, OfThisJob(job)), prepared));
  ASSIGN_OR_RETURN(const auto rows, session->Query(relation, kMostRows + 1));
  if (std::ssize(rows.rows) > kMostRows) {
    return Unimplemented(
        fmt::format("more than {} rows are in the quarantine, too many to replay; repair their source and "
                    "run the job with --replace",
                    FormatCount(kMostRows)));
  }
  std::string text;
  for (const auto& row : rows.rows) text += std::get<std::string>(row[0].data) + "\n";
  if (!rows.rows.empty()) RETURN_IF_ERROR(environment.storage->Put(path, text));
  return static_cast<int64_t>(rows.rows.size());
}

std::string ExportPath(const Job& job, int64_t version) {
  return fmt::format("{}/_replay/version-{}.json", job.sink.quarantine, version);
}

// Writes the files' other rows again: malformed ones and those of other jobs.
Result<std::vector<engine::WrittenFile>> KeepOthers(const Job& job, const engine::Source& source,
                                                    const std::string& folder, RunEnvironment& environment) {
  ASSIGN_OR_RETURN(const auto session,
                   environment.engine->Open(SessionOptionsFor(job, environment, environment.clock->Now()),
                                            *environment.cancel, nullptr));
  RETURN_IF_ERROR(session->AddSource(source));
  Prepared prepared;
  prepared.catalog.Add(kSource, source.schema);
  ASSIGN_OR_RETURN(
      const auto relation,
      ResolveText(fmt::format("SELECT * FROM {} WHERE row IS NULL OR NOT {}", kSource, OfThisJob(job)), prepared));
  engine::WriteSpec spec;
  spec.folder = folder;
  spec.file_id = NewUuid(environment.random);
  spec.data_columns = static_cast<int>(relation->columns.size());
  ASSIGN_OR_RETURN(auto written, session->Write(relation, spec));
  return std::move(written.files);
}

// Of the job's sources only those that a references check looks into; nothing else is read. Steps stay when one does.
void KeepReferenced(Job& job) {
  std::set<std::string> names;
  for (const auto& check : job.checks) names.insert(check.to);
  const bool step =
      std::any_of(job.steps.begin(), job.steps.end(), [&](const Step& s) { return names.contains(s.name); });
  if (!step) {
    job.steps.clear();
    std::erase_if(job.sources, [&](const SourceSpec& source) { return !names.contains(source.name); });
  }
  for (auto& source : job.sources) source.text.malformed = engine::Malformed::kDrop;
}

}  // namespace

Result<Replay> MakeReplay(const Job& job, RunEnvironment& environment) {
  if (job.sink.format != SinkFormat::kDelta || job.sink.mode != SinkMode::kAppend) {
    return Unimplemented("replay is for jobs that append to a Delta table; run others again, they replace their rows");
  }
  ASSIGN_OR_RETURN(const Target table, OpenTarget(job.Resolve(job.sink.path), environment));
  ASSIGN_OR_RETURN(const Target quarantine, OpenTarget(job.Resolve(job.sink.quarantine), environment));
  Replay replay;
  if (!table.snapshot || !quarantine.snapshot) return replay;
  replay.quarantine = quarantine.snapshot;
  const std::string path = ExportPath(job, quarantine.snapshot->version());
  ASSIGN_OR_RETURN(replay.rows, ExportRows(job, *quarantine.snapshot, job.Resolve(path), environment));
  std::vector<std::string> declarations, columns;
  for (const auto& field : table.snapshot->schema().fields) {
    if (IsMadeFromTime(job.sink, field.name)) continue;
    ASSIGN_OR_RETURN(auto column, ReadBackOf(field));
    declarations.push_back(std::move(column.declaration));
    columns.push_back(std::move(column.select));
  }
  replay.job = job;
  replay.job.name = job.name + ".replay";
  replay.job.window.reset();
  KeepReferenced(replay.job);
  SourceSpec source;
  source.name = kSource;
  source.format = SourceFormat::kJson;
  source.paths = {path};
  source.schema_text = fmt::format("{}", fmt::join(declarations, ", "));
  replay.job.sources.push_back(std::move(source));
  Step step;
  step.name = "replayed_rows";
  step.sql.text = fmt::format("SELECT {} FROM {}", fmt::join(columns, ", "), kSource);
  replay.job.steps.push_back(std::move(step));
  std::erase_if(replay.job.checks, [](const Check& check) { return check.of_table(); });
  for (auto& check : replay.job.checks) check.max_bad = 1;  // what fails again simply stays in the quarantine
  replay.marker = KeyOf(replay.job, std::nullopt).ToString() + "/left";
  return replay;
}

Result<int64_t> FinishReplay(const Job& job, const Replay& replay, RunEnvironment& environment) {
  const std::string folder = job.Resolve(job.sink.quarantine);
  for (int attempt = 1;; ++attempt) {
    ASSIGN_OR_RETURN(const Target now, OpenTarget(folder, environment));
    if (!now.snapshot) return FailedPrecondition("the quarantine table is gone");
    if (now.snapshot->FindTxn(replay.marker) != nullptr) return now.snapshot->version();
    std::vector<delta::Add> removes;
    ASSIGN_OR_RETURN(const auto source, FilesStillThere(*replay.quarantine, *now.snapshot, removes));
    ASSIGN_OR_RETURN(const auto kept, KeepOthers(job, source, folder, environment));
    ASSIGN_OR_RETURN(const auto adds, MakeAdds(folder, kept, now.snapshot->schema(), delta::ColumnMapping::kNone,
                                               RunKey::JobPrefix(job.name) + "replayed", 1, environment.clock->Now()));
    auto transaction = delta::Transaction::Begin(now.snapshot);
    for (const auto& add : removes) transaction.RemoveFile(add);
    for (const auto& add : adds) transaction.AddFile(add);
    transaction.SetTxn({replay.marker, 1, environment.clock->Now().time_since_epoch().count() / 1000});
    delta::CommitDescription description;
    description.operation = "DELETE";
    description.engine_info = "Tidemill/" + environment.version;
    transaction.Describe(std::move(description));
    delta::CommitOptions options;
    options.rows_conform = true;
    ASSIGN_OR_RETURN(const auto outcome, transaction.Commit(*environment.clock, environment.random, options));
    if (const auto* committed = std::get_if<delta::Committed>(&outcome)) {
      RETURN_IF_ERROR(environment.storage->Remove(job.Resolve(ExportPath(job, replay.quarantine->version()))));
      return committed->version;
    }
    if (const auto* unknown = std::get_if<delta::Unknown>(&outcome))
      return Unavailable(unknown->message + "; replay again");
    for (const auto& file : kept) RETURN_IF_ERROR(environment.storage->Remove(file.path));
    if (attempt == kMostAttempts)
      return Error{ErrorKind::kAborted, "the quarantine table changed every time; replay again"};
  }
}

}  // namespace tidemill::job
