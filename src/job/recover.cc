#include "job/recover.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "delta/deletion_vector.h"
#include "delta/history.h"
#include "delta/path.h"
#include "delta/restore.h"
#include "delta/snapshot.h"
#include "delta/transaction.h"
#include "job/clone.h"
#include "job/run_key.h"
#include "job/table_check.h"

namespace tidemill::job {
namespace {

constexpr int64_t kVersionsLookedAt = 100;  // backwards, for one of which all files are there

std::string_view NameOf(std::string_view path) { return path.substr(path.rfind('/') + 1); }

bool SameIgnoringMissing(const Error& error) {
  return error.kind == ErrorKind::kDataLoss || error.kind == ErrorKind::kNotFound;
}

// The table when its newest version can be read, else null.
Result<delta::SnapshotPtr> LoadIfReadable(const delta::Table& table) {
  auto snapshot = delta::LoadSnapshot(table);
  if (snapshot.ok() || !SameIgnoringMissing(snapshot.error())) return snapshot;
  return delta::SnapshotPtr();
}

// The version of its source that a clone holds, and the source's id; none: it is no clone.
struct CloneSource {
  std::string id;
  int64_t version = -1;
};
std::optional<CloneSource> SourceOf(const delta::Snapshot& clone, const std::string& table_id) {
  std::optional<CloneSource> newest;
  for (const auto& txn : clone.TxnsWithPrefix(kCloneRun)) {
    const std::string id = txn.app_id.substr(std::string_view(kCloneRun).size());
    if (!table_id.empty() && id != table_id) continue;
    if (!newest || txn.version > newest->version) newest = CloneSource{id, txn.version};
  }
  return newest;
}

// What the table's own log tells of what came after `version`.
Loss LossAfter(const std::vector<delta::HistoryEntry>& history, int64_t version) {
  Loss loss{.commits = 0, .rows = 0};
  for (const auto& entry : history) {
    if (entry.version == version) loss.since = entry.timestamp;
    if (entry.version <= version) continue;
    ++loss.commits;
    for (const auto& txn : entry.txns) {
      if (RunKey::Parse(txn.app_id)) loss.runs.push_back(txn.app_id);
    }
    const auto rows = entry.info.operation_metrics.find("numOutputRows");
    if (rows != entry.info.operation_metrics.end() && loss.rows >= 0) {
      loss.rows += std::strtoll(rows->second.c_str(), nullptr, 10);
    } else if (!entry.txns.empty()) {
      loss.rows = -1;
    }
  }
  return loss;
}

// What the ledger tells of it, where the log cannot be read.
Loss LossByLedger(const std::vector<LedgerRun>& runs, const std::string& table, int64_t version, Timestamp since) {
  Loss loss{.since = since};
  for (const auto& run : runs) {
    if (run.table != table || run.figures.version <= version) continue;
    loss.rows = std::max<int64_t>(loss.rows, 0) + run.figures.rows_written;
    loss.runs.push_back(run.run_key);
  }
  return loss;
}

// Bytes a second of the newest measured copy: of this table if there is one.
struct Speed {
  double bytes_per_second = 0;
  std::string basis = "no copy of a table was measured yet; `tidemill recover drill` does";
};
Speed SpeedOf(const std::vector<RecoveryRecord>& records, const std::string& table) {
  for (const bool own : {true, false}) {
    for (const auto& record : records) {
      if (record.bytes <= 0 || record.seconds <= 0 || (own && record.table != table)) continue;
      const double speed = static_cast<double>(record.bytes) / record.seconds;
      return {speed, fmt::format("the {} of {}{}: {:.0f} MB/s", record.kind, record.at.substr(0, 19),
                                 own ? "" : " of another table", speed / 1e6)};
    }
  }
  return {};
}

class RecoveryPlanner {
 public:
  RecoveryPlanner(const delta::Table& table, const std::vector<RecoveryRecord>& records,
                  const std::vector<LedgerRun>& runs, RunEnvironment& environment)
      : table_(table), runs_(runs), environment_(environment), speed_(SpeedOf(records, table.root)) {}

  Result<RecoveryPlan> Run(const std::vector<std::string>& clones) {
    ASSIGN_OR_RETURN(now_, LoadIfReadable(table_));
    if (now_ != nullptr) {
      plan_.version = now_->version();
      plan_.files = std::ssize(now_->files());
      plan_.bytes = now_->total_bytes();
      ASSIGN_OR_RETURN(const auto check, CheckTable(table_, {}, environment_));
      plan_.damages = check.damages();
      ASSIGN_OR_RETURN(history_, delta::ReadHistory(table_));
    }
    for (const auto& clone : clones) RETURN_IF_ERROR(LookAt(clone));
    if (now_ != nullptr && plan_.damages > 0) RETURN_IF_ERROR(LookBack());
    std::ranges::stable_sort(plan_.ways, [](const WayBack& a, const WayBack& b) {
      return std::pair(!a.problem.empty(), -a.version) < std::pair(!b.problem.empty(), -b.version);
    });
    return std::move(plan_);
  }

 private:
  Status LookAt(const std::string& folder) {
    WayBack way{.copy = folder};
    const auto clone = delta::LoadSnapshot({table_.storage, table_.checkpoints, folder});
    if (!clone.ok()) {
      way.problem = clone.error().message;
      plan_.ways.push_back(std::move(way));
      return Ok();
    }
    const auto source = SourceOf(**clone, now_ == nullptr ? "" : now_->metadata().id);
    if (!source) {
      way.problem = "it is no clone of this table";
    } else if (!(*clone)->table().more_roots.empty()) {
      way.problem = "it is a shallow clone: its files are the table's own";
    } else {
      way.version = source->version;
      way.files = std::ssize((*clone)->files());
      way.bytes = (*clone)->total_bytes();
      way.loss = now_ == nullptr ? LossByLedger(runs_, table_.root, way.version, (*clone)->timestamp())
                                 : LossAfter(history_, way.version);
      if (speed_.bytes_per_second > 0) way.seconds = static_cast<double>(way.bytes) / speed_.bytes_per_second;
      way.basis = speed_.basis;
    }
    plan_.ways.push_back(std::move(way));
    return Ok();
  }

  // The newest earlier version of which every file is there.
  Status LookBack() {
    std::map<std::string, bool> there;
    const int64_t last = std::max<int64_t>(0, now_->version() - kVersionsLookedAt);
    for (int64_t version = now_->version() - 1; version >= last; --version) {
      const auto then = delta::LoadSnapshot(table_, {.version = version});
      if (!then.ok()) return SameIgnoringMissing(then.error()) ? Ok() : Status(then.error());
      bool whole = true;
      for (const auto& add : (*then)->files()) {
        ASSIGN_OR_RETURN(const auto path, (*then)->PathOf(add));
        if (!there.contains(path)) {
          const auto file = table_.storage->Stat(path);
          if (!file.ok() && file.error().kind != ErrorKind::kNotFound) return file.error();
          there[path] = file.ok() && file->size_bytes == add.size_bytes;
        }
        whole = whole && there[path];
      }
      if (!whole) continue;
      plan_.ways.push_back({.version = version,
                            .files = std::ssize((*then)->files()),
                            .bytes = (*then)->total_bytes(),
                            .loss = LossAfter(history_, version),
                            .seconds = 0,
                            .basis = "one commit; no file is copied"});
      return Ok();
    }
    return Ok();
  }

  const delta::Table& table_;
  const std::vector<LedgerRun>& runs_;
  RunEnvironment& environment_;
  const Speed speed_;
  delta::SnapshotPtr now_;
  std::vector<delta::HistoryEntry> history_;
  RecoveryPlan plan_;
};

class TakeBackPlanner {
 public:
  TakeBackPlanner(const delta::Table& table, const delta::Table& clone, bool deep, RunEnvironment& environment)
      : table_(table), clone_(clone), deep_(deep), environment_(environment) {}

  Result<TakeBack> Run() {
    ASSIGN_OR_RETURN(now_, LoadIfReadable(table_));
    ASSIGN_OR_RETURN(copy_, delta::LoadSnapshot(clone_));
    const auto source = SourceOf(*copy_, now_ == nullptr ? "" : now_->metadata().id);
    if (!source || !copy_->table().more_roots.empty()) {
      return FailedPrecondition(fmt::format("'{}' is no deep clone of '{}'", clone_.root, table_.root));
    }
    if (now_ == nullptr) {
      RETURN_IF_ERROR(BeginAnew(*source));
    } else {
      RETURN_IF_ERROR(FilesBack(source->version));
    }
    return std::move(plan_);
  }

 private:
  Status BeginAnew(const CloneSource& source) {
    ASSIGN_OR_RETURN(auto log, table_.storage->ListRecursive(table_.log_folder()));
    std::erase_if(log, [](const auto& file) { return file.path.find("/_set_aside/") != std::string::npos; });
    // What leads readers to later versions goes first: stopped anywhere, what is left is a log without a beginning.
    std::ranges::stable_sort(log, {}, [](const auto& file) {
      return std::pair(delta::ParseLogName(NameOf(file.path)).kind == delta::LogName::Kind::kCommit, file.path);
    });
    for (const auto& file : log) plan_.set_aside.push_back(file.path);
    plan_.new_log = true;
    if (!log.empty()) {
      plan_.words.push_back(fmt::format("set aside the {} files of the log, which cannot be read", log.size()));
    }
    plan_.words.push_back(
        fmt::format("copy back and compare {} files ({}), and begin a new log with version {} of the "
                    "clone's source",
                    copy_->files().size(), FormatBytes(copy_->total_bytes()), source.version));
    return Ok();
  }

  Status FilesBack(int64_t version) {
    ASSIGN_OR_RETURN(const auto check, CheckTable(table_, {.deep = deep_}, environment_));
    std::set<std::string> damaged;
    for (const auto& finding : check.findings) {
      if (finding.mend == Mend::kTakeOut || finding.mend == Mend::kDrop) damaged.insert(finding.logged);
    }
    if (damaged.empty()) return Ok();
    RETURN_IF_ERROR(Collect(*now_, [&](const delta::Add& add) { return damaged.contains(add.path); }));
    if (lost_ > 0) {
      ASSIGN_OR_RETURN(const auto then, delta::LoadSnapshot(table_, {.version = version}));
      lost_ = 0;
      RETURN_IF_ERROR(Collect(*then, [&](const delta::Add& add) {
        const auto path = then->PathOf(add);
        const auto file = path.ok() ? table_.storage->Stat(*path) : Result<storage::FileInfo>(path.error());
        return damaged.contains(add.path) || !file.ok() || file->size_bytes != add.size_bytes;
      }));
      if (lost_ > 0) {
        return FailedPrecondition(
            fmt::format("the clone lacks {} files of version {}, of which it is; it is damaged "
                        "itself: `tidemill table check {}`",
                        lost_, version, clone_.root));
      }
      plan_.restore_to = version;
    }
    plan_.words.push_back(
        fmt::format("copy {} damaged files back from the clone and compare them", plan_.files.size()));
    if (plan_.restore_to) {
      plan_.words.push_back(
          fmt::format("commit that the table is that of version {}: files that came later are lost", version));
    }
    return Ok();
  }

  // Files of the snapshot to bring back, with their deletion vectors; those that the clone has not are counted.
  template <typename Wanted>
  Status Collect(const delta::Snapshot& snapshot, Wanted wanted) {
    for (const auto& add : snapshot.files()) {
      if (!wanted(add)) continue;
      ASSIGN_OR_RETURN(const auto path, snapshot.PathOf(add));
      RETURN_IF_ERROR(BringBack(path, add.size_bytes));
      if (!add.deletion_vector || add.deletion_vector->storage_type == 'i') continue;
      ASSIGN_OR_RETURN(const auto vector, delta::DeletionVectorPath(snapshot.table(), *add.deletion_vector));
      RETURN_IF_ERROR(BringBack(vector, -1));
    }
    return Ok();
  }

  Status BringBack(const std::string& path, int64_t size_bytes) {
    const std::string copy = clone_.root + path.substr(table_.root.size());
    const auto there = clone_.storage->Stat(copy);
    if (!there.ok() && there.error().kind != ErrorKind::kNotFound) return there.error();
    if (!there.ok() || (size_bytes >= 0 && there->size_bytes != size_bytes)) {
      ++lost_;
    } else if (taken_.insert(path).second) {
      plan_.files.emplace_back(copy, path);
    }
    return Ok();
  }

  const delta::Table& table_;
  const delta::Table& clone_;
  const bool deep_;
  RunEnvironment& environment_;
  delta::SnapshotPtr now_, copy_;
  std::set<std::string> taken_;
  int64_t lost_ = 0;
  TakeBack plan_;
};

// The name there is none that a reader of logs takes for its own.
Status SetAside(const delta::Table& table, const std::string& path) {
  const std::string aside =
      fmt::format("{}/_set_aside/{}.aside", table.log_folder(), path.substr(table.log_folder().size() + 1));
  ASSIGN_OR_RETURN(const int64_t copied, CopyVerified(*table.storage, path, *table.storage, aside, -1));
  (void)copied;
  return table.storage->Remove(path);
}

Result<int64_t> Restore(const delta::Table& table, int64_t version, RunEnvironment& environment) {
  ASSIGN_OR_RETURN(const auto now, delta::LoadSnapshot(table));
  ASSIGN_OR_RETURN(const auto then, delta::LoadSnapshot(table, {.version = version}));
  ASSIGN_OR_RETURN(auto restore, delta::PlanRestore(now, then, "Tidemill/" + environment.version));
  delta::CommitOptions options;
  options.rows_conform = true;  // the rows were in the table before
  ASSIGN_OR_RETURN(const auto outcome, restore.transaction.Commit(*environment.clock, environment.random, options));
  if (const auto* conflict = std::get_if<delta::Conflict>(&outcome)) {
    return Error{ErrorKind::kAborted, "the table changed meanwhile: " + conflict->message + "; run it again"};
  }
  if (const auto* unknown = std::get_if<delta::Unknown>(&outcome)) {
    return Unavailable("whether the commit is in the table is not known: " + unknown->message + "; run it again");
  }
  return std::get<delta::Committed>(outcome).version;
}

}  // namespace

Result<RecoveryPlan> PlanRecovery(const delta::Table& table, const std::vector<std::string>& clones,
                                  const std::vector<RecoveryRecord>& records, const std::vector<LedgerRun>& runs,
                                  RunEnvironment& environment) {
  std::vector<std::string> folders;
  const auto look_at = [&](const std::string& folder) {
    if (!folder.empty() && std::ranges::find(folders, folder) == folders.end()) folders.push_back(folder);
  };
  for (const auto& clone : clones) look_at(clone);
  for (const auto& record : records) {
    if (record.kind == "clone" && record.table == table.root) look_at(record.copy);
  }
  return RecoveryPlanner(table, records, runs, environment).Run(folders);
}

Result<TakeBack> PlanTakeBack(const delta::Table& table, const delta::Table& clone, bool deep,
                              RunEnvironment& environment) {
  return TakeBackPlanner(table, clone, deep, environment).Run();
}

Result<int64_t> ApplyTakeBack(const delta::Table& table, const delta::Table& clone, const TakeBack& plan,
                              RunEnvironment& environment) {
  for (const auto& path : plan.set_aside) RETURN_IF_ERROR(SetAside(table, path));
  for (const auto& [from, to] : plan.files) {
    if (*environment.cancel) return Error{ErrorKind::kCancelled, "stopped; running it again goes on from here"};
    ASSIGN_OR_RETURN(const int64_t copied, CopyVerified(*clone.storage, from, *table.storage, to, -1));
    (void)copied;
  }
  if (plan.new_log) {
    ASSIGN_OR_RETURN(const auto done, CloneTable(clone, table, {.replace = true}, environment));
    return done.version;
  }
  return plan.restore_to ? Restore(table, *plan.restore_to, environment) : Result<int64_t>(-1);
}

Result<std::vector<LedgerRun>> RunsOfCommits(const delta::Table& table) {
  ASSIGN_OR_RETURN(const auto history, delta::ReadHistory(table));
  std::vector<LedgerRun> runs;
  for (const auto& entry : history) {
    const auto json = nlohmann::json::parse(entry.info.tidemill, nullptr, false);
    const auto text = [&](const char* key) { return json.is_object() ? json.value(key, "") : std::string(); };
    const auto number = [&](const char* key) {
      return json.is_object() && json.contains(key) && json[key].is_number_integer() ? json[key].get<int64_t>() : 0;
    };
    const auto metric = [&](const char* key) {
      const auto found = entry.info.operation_metrics.find(key);
      return found == entry.info.operation_metrics.end() ? int64_t{0}
                                                         : std::strtoll(found->second.c_str(), nullptr, 10);
    };
    if (entry.info.operation == "CLONE") continue;  // it has its source's transactions
    for (const auto& txn : entry.txns) {
      const auto key = RunKey::Parse(txn.app_id);
      if (!key) continue;
      LedgerRun run;
      run.run_key = txn.app_id;
      run.attempt = text("attempt").empty() ? fmt::format("{}@{}", txn.app_id, entry.version) : text("attempt");
      run.job = key->job;
      run.window = WindowText(key->window);
      run.engine = entry.info.engine_info.value_or("").starts_with("Tidemill") ? "native" : "spark";
      run.table = table.root;
      run.started = run.finished = FormatTimestamp(entry.timestamp);
      run.outcome = Name(Outcome::kCommitted);
      run.message = "from the table's commit";
      run.figures.version = entry.version;
      run.figures.rows_written = metric("numOutputRows");
      run.figures.rows_quarantined = number("rows_quarantined");
      run.figures.rows_malformed = number("rows_malformed");
      run.figures.rows_in = run.figures.rows_written + run.figures.rows_quarantined;
      run.figures.files_written = metric("numFiles");
      run.figures.bytes_written = metric("numOutputBytes");
      runs.push_back(std::move(run));
    }
  }
  std::ranges::reverse(runs);  // oldest first, as the ledger counts
  return runs;
}

}  // namespace tidemill::job
