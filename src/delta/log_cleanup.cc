#include "delta/log_cleanup.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "delta/detail/commit_times.h"
#include "delta/detail/log_listing.h"
#include "delta/features.h"
#include "delta/path.h"
#include "delta/vacuum.h"

namespace tidemill::delta {
namespace {

constexpr auto kDefaultLogRetention = std::chrono::hours(24 * 30);

std::string_view NameOf(const std::string& path) { return std::string_view(path).substr(path.rfind('/') + 1); }

// The newest checkpoint of which the commit, too, is older than the retention; -1: none.
int64_t LastExpiredCheckpoint(const LogListing& listing, Timestamp oldest) {
  const auto times = FileTimes(listing);
  int64_t last = -1;
  for (const auto& checkpoint : listing.checkpoints) {
    const auto commit = times.find(checkpoint.version);
    if (commit != times.end() && commit->second < oldest && checkpoint.files.front().modified < oldest) {
      last = checkpoint.version;
    }
  }
  return last;
}

// Names of the sidecars that the checkpoints from `version` on have. Those of Parquet are read for the one column.
Result<std::set<std::string>> SidecarsOf(const Table& table, const LogListing& listing, int64_t version) {
  std::set<std::string> names;
  const auto keep = [&](std::string_view json, const std::string& path) -> Status {
    ASSIGN_OR_RETURN(const auto action, ParseAction(json, path));
    if (!action) return Ok();
    if (const auto* sidecar = std::get_if<Sidecar>(&*action)) names.insert(std::string(NameOf(sidecar->path)));
    return Ok();
  };
  for (const auto& checkpoint : listing.checkpoints) {
    if (checkpoint.version < version) continue;
    for (const auto& file : checkpoint.files) {
      if (!checkpoint.json) {
        RETURN_IF_ERROR(table.checkpoints->Read(file.path, {"sidecar"},
                                                [&](std::string_view row) { return keep(row, file.path); }));
        continue;
      }
      ASSIGN_OR_RETURN(const auto bytes, storage::ReadAll(*table.storage, file.path));
      ASSIGN_OR_RETURN(const auto actions, ParseCommit(bytes, file.path));
      for (const auto& action : actions) {
        if (const auto* sidecar = std::get_if<Sidecar>(&action)) names.insert(std::string(NameOf(sidecar->path)));
      }
    }
  }
  return names;
}

}  // namespace

Micros LogRetentionOf(const Snapshot& snapshot) {
  return IntervalOf(snapshot.Property("delta.logRetentionDuration").value_or(""), kDefaultLogRetention);
}

Result<std::vector<std::string>> PlanLogCleanup(const Snapshot& snapshot, Timestamp now) {
  std::vector<std::string> paths;
  const Table& table = snapshot.table();
  if (snapshot.Property("delta.enableExpiredLogCleanup") == "false") return paths;
  if (HasWriterFeature(snapshot.protocol(), "checkpointProtection")) return paths;
  const Timestamp oldest = now - LogRetentionOf(snapshot);
  ASSIGN_OR_RETURN(const auto listing, ListLog(table));
  const int64_t kept = LastExpiredCheckpoint(listing, oldest);
  if (kept <= 0) return paths;
  ASSIGN_OR_RETURN(const auto files, table.storage->List(table.log_folder(), ""));
  for (const auto& file : files) {  // by name, which is by version
    const LogName name = ParseLogName(NameOf(file.path));
    const bool ours = name.kind != LogName::Kind::kOther && name.kind != LogName::Kind::kCompacted;
    if (ours && name.version >= 0 && name.version < kept && file.modified < oldest) paths.push_back(file.path);
  }
  ASSIGN_OR_RETURN(const auto sidecars, table.storage->List(table.log_folder() + "/_sidecars", ""));
  if (sidecars.empty()) return paths;
  ASSIGN_OR_RETURN(const auto named, SidecarsOf(table, listing, kept));
  for (const auto& file : sidecars) {
    if (file.modified < oldest && !named.contains(std::string(NameOf(file.path)))) paths.push_back(file.path);
  }
  return paths;
}

Status CleanUpLog(const Snapshot& snapshot, Timestamp now) {
  ASSIGN_OR_RETURN(const auto paths, PlanLogCleanup(snapshot, now));
  for (const auto& path : paths) {
    const auto removed = snapshot.table().storage->Remove(path);
    if (!removed.ok() && removed.error().kind != ErrorKind::kNotFound) return removed;
  }
  return Ok();
}

}  // namespace tidemill::delta
