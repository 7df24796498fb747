#include "delta/check.h"

#include <fmt/format.h>

#include <map>
#include <set>

#include "delta/clones.h"
#include "delta/deletion_vector.h"
#include "delta/detail/log_listing.h"
#include "delta/path.h"
#include "delta/snapshot.h"
#include "delta/statistics.h"
#include "storage/hidden.h"

namespace tidemill::delta {
namespace {

using Kind = Finding::Kind;

constexpr std::string_view kFindingNames[] = {"missing-file",   "truncated-file", "wrong-size", "bad-path",
                                              "missing-vector", "broken-vector",  "broken-log", "touched-file",
                                              "orphan",         "temporary"};

constexpr auto kClockError = std::chrono::seconds(60);  // a store's clock against a writer's

class Checker {
 public:
  Checker(const Table& table, CheckReport& report) : table_(table), report_(report) {}

  Status Run() {
    RETURN_IF_ERROR(CollectNames());
    auto snapshot = LoadSnapshot(table_);
    if (!snapshot.ok()) {
      if (snapshot.error().kind != ErrorKind::kDataLoss) return std::move(snapshot).error();
      Find(Kind::kBrokenLog, table_.log_folder(), snapshot.error().message);
      return Ok();  // without a snapshot nobody can say what is an orphan
    }
    report_.version = (*snapshot)->version();
    for (const auto& add : (*snapshot)->files()) RETURN_IF_ERROR(CheckFile(add));
    TellTouched();
    for (const auto& remove : (*snapshot)->tombstones()) Name(remove.path, remove.deletion_vector);
    for (const auto& [path, file] : on_disk_) {
      const bool temporary = path.ends_with(".tmp") && path.find("/.") != std::string::npos;
      if (temporary) Find(Kind::kTemporary, path, "left behind by a writer that did not finish", file.size_bytes);
      if (!temporary && !named_.contains(path) &&
          !storage::AnyHidden(std::string_view(path).substr(table_.root.size() + 1))) {
        Find(Kind::kOrphan, path, "no version in the log names it", file.size_bytes);
      }
    }
    return Ok();
  }

 private:
  void Find(Kind kind, const std::string& path, const std::string& message, int64_t size_bytes = 0,
            const std::string& logged = {}) {
    report_.findings.push_back({kind, path, message, size_bytes, logged});
  }

  // Every file on disk, and every path that some version of the log names. A broken commit is a finding.
  Status CollectNames() {
    ASSIGN_OR_RETURN(const auto files, table_.storage->ListRecursive(table_.root));
    for (const auto& file : files) on_disk_[file.path] = file;
    ASSIGN_OR_RETURN(const auto listing, ListLog(table_));
    int64_t previous = -1;
    for (const auto& [version, file] : listing.commits) {
      const bool may_start_late = previous < 0 && !listing.checkpoints.empty();
      if (version != previous + 1 && !may_start_late) {
        Find(Kind::kBrokenLog, table_.log_folder() + "/" + CommitName(previous + 1), "this commit is missing");
      }
      previous = version;
      const auto bytes = storage::ReadAll(*table_.storage, file.path);
      const auto actions = bytes.ok() ? ParseCommit(*bytes, file.path) : Result<std::vector<Action>>(bytes.error());
      if (!actions.ok()) {
        Find(Kind::kBrokenLog, file.path, actions.error().message);
        continue;
      }
      for (const auto& action : *actions) NameAction(action);
    }
    for (const auto& part : listing.incomplete) {
      Find(Kind::kBrokenLog, table_.log_folder() + "/" + part, "this part of a checkpoint is missing");
    }
    return Ok();
  }

  void NameAction(const Action& action) {
    if (const auto* add = std::get_if<Add>(&action)) Name(add->path, add->deletion_vector);
    if (const auto* remove = std::get_if<Remove>(&action)) Name(remove->path, remove->deletion_vector);
    if (const auto* cdc = std::get_if<Cdc>(&action)) Name(cdc->path, std::nullopt);
  }

  void Name(const std::string& logged, const std::optional<DeletionVector>& vector) {
    if (auto path = ResolvePath(table_, logged); path.ok()) named_.insert(*std::move(path));
    if (!vector) return;
    if (auto path = DeletionVectorPath(table_, *vector); path.ok()) named_.insert(*std::move(path));
  }

  Status CheckFile(const Add& add) {
    Name(add.path, add.deletion_vector);
    ++report_.files_checked;
    report_.bytes_checked += add.size_bytes;
    const auto path = ResolvePath(table_, add.path);
    if (!path.ok()) {
      Find(Kind::kBadPath, add.path, path.error().message, add.size_bytes, add.path);
      return Ok();
    }
    RETURN_IF_ERROR(CheckFileItself(*path, add));
    if (add.deletion_vector) CheckVector(*path, add);
    return Ok();
  }

  void CheckVector(const std::string& path, const Add& add) {
    const auto rows = ReadDeletionVector(table_, *add.deletion_vector);
    if (!rows.ok()) {
      const bool gone = rows.error().kind == ErrorKind::kNotFound;
      Find(gone ? Kind::kMissingVector : Kind::kBrokenVector, path, rows.error().message, add.size_bytes, add.path);
      return;
    }
    const auto records = ParseStatistics(add.stats.value_or(""), {}, ColumnMapping::kNone).num_records;
    if (records && !rows->empty() && rows->back() >= *records) {
      Find(Kind::kBrokenVector, path,
           fmt::format("its deletion vector deletes row {}, and it has {} rows", rows->back(), *records),
           add.size_bytes, add.path);
    }
  }

  Status CheckFileItself(const std::string& path, const Add& add) {
    auto known = on_disk_.find(path);
    if (known == on_disk_.end()) {  // outside the root, or gone
      auto file = table_.storage->Stat(path);
      if (!file.ok() && file.error().kind != ErrorKind::kNotFound) return std::move(file).error();
      if (!file.ok()) {
        Find(Kind::kMissingFile, path, "the table names this file, but it is not there", add.size_bytes, add.path);
        return Ok();
      }
      known = on_disk_.emplace(path, *std::move(file)).first;
    }
    const int64_t size = known->second.size_bytes;
    if (size != add.size_bytes) {
      Find(size < add.size_bytes ? Kind::kTruncated : Kind::kWrongSize, path,
           fmt::format("it has {} bytes, but the log says {}", size, add.size_bytes), add.size_bytes, add.path);
    }
    const Timestamp told = Timestamp(std::chrono::milliseconds(add.modification_time_ms));
    if (known->second.modified > told + kClockError) touched_.push_back(&add);
    return Ok();
  }

  // In a table that was copied as files all have new times, which says nothing.
  void TellTouched() {
    if (std::ssize(touched_) * 2 > report_.files_checked) return;
    for (const auto* add : touched_) {
      const auto path = ResolvePath(table_, add->path);
      if (path.ok()) Find(Kind::kTouched, *path, "it was written after the log's time of it", 0, add->path);
    }
  }

  const Table& table_;
  CheckReport& report_;
  std::map<std::string, storage::FileInfo> on_disk_;
  std::set<std::string> named_;
  std::vector<const Add*> touched_;
};

}  // namespace

std::string_view FindingName(Finding::Kind kind) { return kFindingNames[static_cast<int>(kind)]; }

Result<CheckReport> Check(const Table& table) {
  CheckReport report;
  ASSIGN_OR_RETURN(const auto own, WithCloneRoots(table));
  RETURN_IF_ERROR(Checker(own, report).Run());
  return report;
}

}  // namespace tidemill::delta
