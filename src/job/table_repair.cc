#include "job/table_repair.h"

#include <fmt/format.h>

#include <algorithm>

#include "delta/checkpoint.h"
#include "delta/history_check.h"
#include "delta/path.h"
#include "delta/snapshot.h"
#include "delta/transaction.h"

namespace tidemill::job {
namespace {

using delta::LogName;

// A commit that is younger may still be on its way, on a store that shows files before they are whole.
constexpr auto kSettledAfter = std::chrono::minutes(10);
constexpr size_t kPieceBytes = size_t{4} << 20;

std::string_view NameOf(std::string_view path) { return path.substr(path.rfind('/') + 1); }

class Planner {
 public:
  Planner(const delta::Table& table, const TableCheck& check, bool drop_damaged, const RunEnvironment& environment)
      : table_(table), check_(check), drop_damaged_(drop_damaged), environment_(environment) {}

  Result<Repair> Run() {
    ASSIGN_OR_RETURN(log_, table_.storage->List(table_.log_folder()));
    for (const auto& finding : check_.findings) RETURN_IF_ERROR(Take(finding));
    RETURN_IF_ERROR(SetAsideLog());
    if (repair_.checkpoint) repair_.words.push_back("write a new checkpoint and _last_checkpoint");
    if (!repair_.taken_out.empty()) {
      repair_.words.push_back(fmt::format("commit that {} left the table:", Files(repair_.taken_out.size())));
      for (const auto& path : repair_.taken_out) repair_.words.push_back("  " + path);
    }
    for (const auto& path : repair_.taken_out) repair_.statistics.erase(path);
    if (!repair_.statistics.empty()) {
      repair_.words.push_back(
          fmt::format("commit the statistics of {} as their rows are", Files(repair_.statistics.size())));
    }
    return std::move(repair_);
  }

 private:
  static std::string Files(size_t count) { return fmt::format("{} file{}", count, count == 1 ? "" : "s"); }

  Status Take(const TableFinding& finding) {
    switch (finding.mend) {
      case Mend::kNone:
        if (!finding.harmless) Leave(finding, finding.cure);
        break;
      case Mend::kTakeOut:
        repair_.taken_out.insert(finding.logged);
        break;
      case Mend::kDrop:
        if (drop_damaged_) {
          repair_.taken_out.insert(finding.logged);
        } else {
          Leave(finding, finding.cure);
        }
        break;
      case Mend::kStatistics:
        if (const auto found = check_.statistics.find(finding.logged); found != check_.statistics.end()) {
          repair_.statistics.insert(*found);
        }
        break;
      case Mend::kCheckpoint:
        checkpoints_.push_back(&finding);
        break;
      case Mend::kHint:
        if (check_.version >= 0) repair_.checkpoint = true;
        break;
      case Mend::kLastCommit:
        last_commit_ = &finding;
        break;
      case Mend::kSetAside:
        repair_.set_aside.push_back(finding.path);
        break;
    }
    return Ok();
  }

  void Leave(const TableFinding& finding, const std::string& why) {
    repair_.left.push_back(fmt::format("{} {}: {}", finding.kind, finding.path, why));
  }

  // Only what the rest of the log makes up for.
  Status SetAsideLog() {
    std::set<int64_t> versions;
    for (const auto* finding : checkpoints_) versions.insert(VersionOf(*finding));
    int64_t commit = -1;
    if (last_commit_ != nullptr) {
      for (const auto& file : log_) {
        const LogName name = delta::ParseLogName(NameOf(file.path));
        if (name.kind != LogName::Kind::kCommit || name.version != last_commit_->version) continue;
        if (file.modified + kSettledAfter < environment_.clock->Now()) {
          commit = name.version;
        } else {
          Leave(*last_commit_, "it is younger than 10 minutes, and may still be on its way; try again later");
        }
      }
    }
    if (versions.empty() && commit < 0) {
      for (const auto& path : repair_.set_aside) Tell(path);
      return Ok();
    }
    const auto without = delta::LoadWithout(table_, versions, commit);
    if (!without.ok() && without.error().kind != ErrorKind::kDataLoss && without.error().kind != ErrorKind::kNotFound) {
      return without.error();
    }
    if (!without.ok()) {
      for (const auto* finding : checkpoints_)
        Leave(*finding, "the log makes up no version without it; bring it back from a copy");
      if (commit >= 0) Leave(*last_commit_, "no earlier version can be read either; bring the log back from a copy");
    } else {
      for (const auto& file : log_) {
        const LogName name = delta::ParseLogName(NameOf(file.path));
        const bool torn = commit >= 0 && name.version == commit &&
                          (name.kind == LogName::Kind::kCommit || name.kind == LogName::Kind::kChecksum);
        if (torn || IsBroken(name)) repair_.set_aside.push_back(file.path);
      }
      repair_.checkpoint |= !versions.empty();
    }
    for (const auto& path : repair_.set_aside) Tell(path);
    return Ok();
  }

  void Tell(const std::string& path) { repair_.words.push_back(fmt::format("set aside {}", path)); }

  // Of a checkpoint that lacks a part the finding names the part.
  static int64_t VersionOf(const TableFinding& finding) {
    return finding.version >= 0 ? finding.version : delta::ParseLogName(NameOf(finding.path)).version;
  }

  bool IsBroken(const LogName& name) const {
    return name.kind == LogName::Kind::kCheckpoint && std::ranges::any_of(checkpoints_, [&](const auto* finding) {
             if (finding->version >= 0) return name.version == finding->version;
             const LogName lacking = delta::ParseLogName(NameOf(finding->path));
             return name.version == lacking.version && name.parts == lacking.parts;
           });
  }

  const delta::Table& table_;
  const TableCheck& check_;
  const bool drop_damaged_;
  const RunEnvironment& environment_;
  std::vector<storage::FileInfo> log_;
  std::vector<const TableFinding*> checkpoints_;
  const TableFinding* last_commit_ = nullptr;
  Repair repair_;
};

// The name there is none that a reader of logs takes for its own.
Status SetAside(const delta::Table& table, const std::string& path) {
  auto& storage = *table.storage;
  ASSIGN_OR_RETURN(const auto reader, storage.OpenRead(path));
  ASSIGN_OR_RETURN(const auto writer,
                   storage.OpenWrite(fmt::format("{}/_set_aside/{}.aside", table.log_folder(), NameOf(path))));
  std::string bytes(kPieceBytes, '\0');
  for (int64_t offset = 0;;) {
    ASSIGN_OR_RETURN(const int64_t count, reader->ReadAt(offset, bytes));
    if (count == 0) break;
    RETURN_IF_ERROR(writer->Append({bytes.data(), static_cast<size_t>(count)}));
    offset += count;
  }
  RETURN_IF_ERROR(writer->Close());
  return storage.Remove(path);
}

Result<int64_t> CommitFiles(const delta::SnapshotPtr& snapshot, const Repair& repair, RunEnvironment& environment) {
  auto transaction = delta::Transaction::Begin(snapshot);
  int64_t removed = 0, removed_bytes = 0, corrected = 0;
  for (const auto& add : snapshot->files()) {
    if (repair.taken_out.contains(add.path)) {
      transaction.ReadFile(add);
      transaction.RemoveFile(add);
      ++removed;
      removed_bytes += add.size_bytes;
    } else if (const auto found = repair.statistics.find(add.path); found != repair.statistics.end()) {
      delta::Add again = add;
      again.stats = found->second;
      again.data_change = false;
      transaction.ReadFile(add);
      transaction.AddFile(std::move(again));
      ++corrected;
    }
  }
  if (removed + corrected == 0) return -1;
  transaction.Describe({.operation = "FSCK",
                        .parameters = {{"dryRun", "false"}},
                        .metrics = {{"numRemovedFiles", std::to_string(removed)},
                                    {"removedFilesSize", std::to_string(removed_bytes)},
                                    {"numCorrectedFiles", std::to_string(corrected)}},
                        .engine_info = "Tidemill/" + environment.version});
  delta::CommitOptions options;
  options.rows_conform = true;  // they are the table's own
  ASSIGN_OR_RETURN(const auto outcome, transaction.Commit(*environment.clock, environment.random, options));
  if (const auto* conflict = std::get_if<delta::Conflict>(&outcome)) {
    return Error{ErrorKind::kAborted, "the table changed meanwhile: " + conflict->message + "; run it again"};
  }
  if (const auto* unknown = std::get_if<delta::Unknown>(&outcome)) {
    return Unavailable("whether the commit is in the table is not known: " + unknown->message + "; run it again");
  }
  return std::get<delta::Committed>(outcome).version;
}

}  // namespace

Result<Repair> PlanRepair(const delta::Table& table, const TableCheck& check, bool drop_damaged,
                          const RunEnvironment& environment) {
  return Planner(table, check, drop_damaged, environment).Run();
}

Result<int64_t> ApplyRepair(const delta::Table& table, const Repair& repair, RunEnvironment& environment) {
  for (const auto& path : repair.set_aside) RETURN_IF_ERROR(SetAside(table, path));
  ASSIGN_OR_RETURN(const auto snapshot, delta::LoadSnapshot(table));
  if (repair.checkpoint) {
    RETURN_IF_ERROR(delta::WriteCheckpoint(*snapshot, environment.clock->Now(), environment.random));
  }
  return CommitFiles(snapshot, repair, environment);
}

}  // namespace tidemill::job
