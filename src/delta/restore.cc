#include "delta/restore.h"

#include <fmt/format.h>

#include <map>

namespace tidemill::delta {
namespace {

constexpr int kMostNamed = 3;

// A file is the same only with the same rows deleted from it.
std::string Identity(const Add& add) {
  return add.path + "\n" + (add.deletion_vector ? add.deletion_vector->UniqueId() : "");
}

std::map<std::string, const Add*> ByIdentity(const Snapshot& snapshot) {
  std::map<std::string, const Add*> files;
  for (const auto& add : snapshot.files()) files[Identity(add)] = &add;
  return files;
}

Status CheckThere(const Snapshot& then, const std::vector<const Add*>& files) {
  std::string named;
  int missing = 0;
  for (const auto* add : files) {
    ASSIGN_OR_RETURN(const auto path, then.PathOf(*add));
    const auto found = then.table().storage->Stat(path);
    if (found.ok()) continue;
    if (found.error().kind != ErrorKind::kNotFound) return found.error();
    if (missing++ < kMostNamed) named += (named.empty() ? "" : ", ") + add->path;
  }
  if (missing == 0) return Ok();
  return FailedPrecondition(
      fmt::format("version {} can't be restored: {} of its files are gone ({}{}); vacuum took them, "
                  "or they were lost; an older clone or backup may have them",
                  then.version(), missing, named, missing > kMostNamed ? ", ..." : ""));
}

}  // namespace

Result<Restore> PlanRestore(const SnapshotPtr& now, const SnapshotPtr& then, const std::string& engine_info) {
  Restore restore{Transaction::Begin(now)};
  const auto live = ByIdentity(*now), wanted = ByIdentity(*then);
  std::vector<const Add*> back;
  for (const auto& [identity, add] : wanted) {
    if (!live.contains(identity)) back.push_back(add);
  }
  RETURN_IF_ERROR(CheckThere(*then, back));
  for (const auto& [identity, add] : live) {
    if (wanted.contains(identity)) continue;
    restore.transaction.RemoveFile(*add);
    ++restore.removed_files;
    restore.removed_bytes += add->size_bytes;
  }
  for (const auto* add : back) {
    Add again = *add;
    again.data_change = true;
    restore.transaction.AddFile(std::move(again));
    ++restore.added_files;
    restore.added_bytes += add->size_bytes;
  }
  if (then->metadata() != now->metadata()) restore.transaction.SetMetadata(then->metadata());
  restore.transaction.ReadWholeTable();
  for (const auto& [app_id, txn] : now->txns()) {
    const Txn* before = then->FindTxn(app_id);
    if (before == nullptr || before->version != txn.version) restore.forgotten.push_back(app_id);
  }
  CommitDescription description;
  description.operation = "RESTORE";
  description.engine_info = engine_info;
  description.parameters = {{"version", std::to_string(then->version())}};
  description.metrics = {{"numRestoredFiles", std::to_string(restore.added_files)},
                         {"restoredFilesSize", std::to_string(restore.added_bytes)},
                         {"numRemovedFiles", std::to_string(restore.removed_files)},
                         {"removedFilesSize", std::to_string(restore.removed_bytes)},
                         {"numOfFilesAfterRestore", std::to_string(then->files().size())},
                         {"tableSizeAfterRestore", std::to_string(then->total_bytes())}};
  restore.transaction.Describe(std::move(description));
  return restore;
}

}  // namespace tidemill::delta
