#include "job/malformed.h"

#include <fmt/format.h>

#include <set>

#include "job/sources.h"

namespace tidemill::job {
namespace {

constexpr const char* kNew = "new quarantine";
constexpr const char* kOld = "old quarantine";

engine::Source FilesAsSource(const char* name, const std::vector<engine::WrittenFile>& files) {
  engine::Source source;
  source.name = name;
  source.format = engine::Format::kParquet;
  source.schema = engine::QuarantineSchema();
  for (const auto& file : files) source.files.push_back({file.path, file.size_bytes});
  return source;
}

// The files of this job's earlier runs that stay.
Result<engine::Source> KnownFiles(const QuarantineCommit& commit, const delta::Snapshot& quarantine,
                                  const delta::Snapshot* main) {
  std::set<std::string> wanted;
  for (const auto& add : quarantine.files()) {
    const auto run = add.tags.find(kRunTag);
    if (run == add.tags.end() || !run->second || !run->second->starts_with(RunKey::JobPrefix(commit.key.job))) continue;
    ASSIGN_OR_RETURN(const auto path, quarantine.PathOf(add));
    wanted.insert(path);
  }
  for (const auto& add : StaleFiles(quarantine, main, commit)) {
    ASSIGN_OR_RETURN(const auto path, quarantine.PathOf(add));
    wanted.erase(path);
  }
  ASSIGN_OR_RETURN(auto source, SnapshotSource(kOld, quarantine));
  std::erase_if(source.files, [&](const auto& file) { return !wanted.contains(file.path); });
  return source;
}

}  // namespace

Status DropKnownMalformed(const QuarantineCommit& commit, const Target& quarantine, const delta::Snapshot* main,
                          const std::string& file_id, Prepared& prepared, engine::Session& session,
                          storage::Storage& storage, engine::WriteResult& result) {
  if (result.rows_malformed == 0 || result.quarantine_files.empty() || !quarantine.snapshot) return Ok();
  ASSIGN_OR_RETURN(const auto known, KnownFiles(commit, *quarantine.snapshot, main));
  if (known.files.empty()) return Ok();
  const auto fresh = FilesAsSource(kNew, result.quarantine_files);
  for (const auto* source : {&known, &fresh}) {
    RETURN_IF_ERROR(session.Drop(source->name));
    RETURN_IF_ERROR(session.AddSource(*source));
    prepared.catalog.Add(source->name, source->schema);
  }
  ASSIGN_OR_RETURN(
      const auto relation,
      ResolveText(fmt::format("SELECT n.* FROM {} n LEFT ANTI JOIN {} k ON n.job = k.job AND n.file = k.file "
                              "AND n.line <=> k.line AND n.raw <=> k.raw",
                              QuoteName(kNew), QuoteName(kOld)),
                  prepared));
  engine::WriteSpec spec;
  spec.folder = commit.folder;
  spec.file_id = file_id + "-fresh";
  spec.data_columns = static_cast<int>(relation->columns.size());
  ASSIGN_OR_RETURN(auto written, session.Write(relation, spec));
  for (const auto& file : result.quarantine_files) RETURN_IF_ERROR(storage.Remove(file.path));
  result.quarantine_files = std::move(written.files);
  return Ok();
}

}  // namespace tidemill::job
