#include "job/quarantine.h"

#include <fmt/format.h>

#include <charconv>

#include "job/commit.h"

namespace tidemill::job {
namespace {

constexpr int kMostAttempts = 20;

std::string TagText(const delta::Add& add, const char* tag) {
  const auto found = add.tags.find(tag);
  return found == add.tags.end() || !found->second ? "" : *found->second;
}

int64_t Number(const std::string& text) {
  int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

Result<delta::Transaction> Begin(const Target& target, RunEnvironment& environment) {
  if (target.snapshot) return delta::Transaction::Begin(target.snapshot);
  ASSIGN_OR_RETURN(auto metadata,
                   NewTableMetadata(engine::QuarantineSchema(), {}, *environment.clock, environment.random));
  return delta::Transaction::Create(target.table, std::move(metadata));
}

Result<delta::CommitOutcome> TryOnce(const QuarantineCommit& commit, const delta::Snapshot* main,
                                     RunEnvironment& environment) {
  ASSIGN_OR_RETURN(const Target target, OpenTarget(commit.folder, environment));
  std::vector<delta::Add> stale;
  if (target.snapshot) stale = StaleFiles(*target.snapshot, main, commit);
  if (stale.empty() && commit.files.empty()) return delta::CommitOutcome(delta::Committed{-1});
  const std::string run_key = commit.key.ToString();
  const plan::Schema schema = target.snapshot ? target.snapshot->schema() : engine::QuarantineSchema();
  ASSIGN_OR_RETURN(const auto adds, MakeAdds(commit.folder, commit.files, schema, delta::ColumnMapping::kNone, run_key,
                                             commit.txn_version, environment.clock->Now()));
  ASSIGN_OR_RETURN(auto transaction, Begin(target, environment));
  for (const auto& add : stale) transaction.RemoveFile(add);
  for (const auto& add : adds) transaction.AddFile(add);
  // Every attempt counts on: two attempts at once cannot both commit, and a later one is never taken for a repetition.
  const delta::Txn* earlier = target.snapshot ? target.snapshot->FindTxn(run_key) : nullptr;
  transaction.SetTxn({run_key, earlier == nullptr ? 1 : earlier->version + 1,
                      environment.clock->Now().time_since_epoch().count() / 1000});
  delta::CommitDescription description;
  description.parameters = {{"mode", "Append"}};
  description.metrics = {{"numFiles", std::to_string(adds.size())},
                         {"numOutputRows", std::to_string(TotalRows(commit.files))},
                         {"numOutputBytes", std::to_string(TotalBytes(commit.files))}};
  description.engine_info = "Tidemill/" + environment.version;
  transaction.Describe(std::move(description));
  delta::CommitOptions options;
  options.rows_conform = true;  // the engine writes every NOT NULL column of the quarantine table itself
  return transaction.Commit(*environment.clock, environment.random, options);
}

}  // namespace

std::vector<delta::Add> StaleFiles(const delta::Snapshot& quarantine, const delta::Snapshot* main,
                                   const QuarantineCommit& commit) {
  std::vector<delta::Add> stale;
  const std::string mine =
      commit.replaces == Replaces::kJob ? RunKey::JobPrefix(commit.key.job) : commit.key.SlicePrefix();
  for (const auto& add : quarantine.files()) {
    const std::string run = TagText(add, kRunTag);
    if (!run.starts_with(mine)) continue;
    if (commit.replaces != Replaces::kNothing || !IsCommitted(main, run, Number(TagText(add, kRunVersionTag))))
      stale.push_back(add);
  }
  return stale;
}

Result<delta::CommitOutcome> CommitQuarantine(const QuarantineCommit& commit, const delta::Snapshot* main,
                                              RunEnvironment& environment) {
  for (int attempt = 1;; ++attempt) {
    Result<delta::CommitOutcome> outcome = TryOnce(commit, main, environment);
    const bool lost = outcome.ok() && std::holds_alternative<delta::Conflict>(*outcome);
    if (!lost || attempt == kMostAttempts) return outcome;
  }
}

}  // namespace tidemill::job
