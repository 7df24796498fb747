#include "delta/snapshot.h"

#include <fmt/format.h>

#include <algorithm>

#include "delta/clones.h"
#include "delta/detail/commit_times.h"
#include "delta/detail/load.h"
#include "delta/detail/log_listing.h"
#include "delta/detail/replay.h"
#include "delta/path.h"

namespace tidemill::delta {
namespace {

// ---- reading what a segment names

const std::vector<std::string> kCheckpointColumns = {"protocol",       "metaData",           "add",    "remove", "txn",
                                                     "domainMetadata", "checkpointMetadata", "sidecar"};

class SegmentReader {
 public:
  SegmentReader(const Table& table, Replay& replay) : table_(table), replay_(replay) {}

  Status ReadCheckpoint(const CheckpointFiles& checkpoint) {
    for (const auto& file : checkpoint.files) {
      RETURN_IF_ERROR(checkpoint.json ? ReadJson(file.path) : ReadParquet(file.path, kCheckpointColumns));
    }
    for (const auto& sidecar : std::exchange(sidecars_, {})) {
      const std::string folder = table_.log_folder() + "/_sidecars";
      const std::string name = sidecar.path.substr(sidecar.path.rfind('/') + 1);  // they lie nowhere else
      ASSIGN_OR_RETURN(const auto path, ResolvePath({.root = folder}, name));
      RETURN_IF_ERROR(ReadParquet(path, {"add", "remove"}));
    }
    return Ok();
  }

  // Keeps the commitInfo of the last commit read.
  Status ReadCommit(const std::string& path) {
    ASSIGN_OR_RETURN(const auto bytes, storage::ReadAll(*table_.storage, path));
    ASSIGN_OR_RETURN(auto actions, ParseCommit(bytes, path));
    last_info_ = {};
    for (auto& action : actions) {
      if (auto* info = std::get_if<CommitInfo>(&action))
        last_info_ = std::move(*info);
      else
        Apply(std::move(action));
    }
    return Ok();
  }

  const CommitInfo& last_info() const { return last_info_; }

 private:
  void Apply(Action action) {
    if (auto* sidecar = std::get_if<Sidecar>(&action)) {
      sidecars_.push_back(std::move(*sidecar));
    } else {
      replay_.Apply(std::move(action));
    }
  }

  Status ReadParquet(const std::string& path, const std::vector<std::string>& columns) {
    if (table_.checkpoints == nullptr) {
      return Unimplemented(fmt::format("'{}' is a Parquet checkpoint, and there is no engine here to read it", path));
    }
    return table_.checkpoints->Read(path, columns, [&](std::string_view row) -> Status {
      ASSIGN_OR_RETURN(auto action, ParseAction(row, path));
      if (action) Apply(*std::move(action));
      return Ok();
    });
  }

  Status ReadJson(const std::string& path) {
    ASSIGN_OR_RETURN(const auto bytes, storage::ReadAll(*table_.storage, path));
    ASSIGN_OR_RETURN(auto actions, ParseCommit(bytes, path));
    for (auto& action : actions) Apply(std::move(action));
    return Ok();
  }

  const Table& table_;
  Replay& replay_;
  std::vector<Sidecar> sidecars_;
  CommitInfo last_info_;
};

// ---- one version

Timestamp TimeOf(const LogListing& listing, const Snapshot::State& state, const CommitInfo& info) {
  if (HasInCommitTimestamp(state.protocol, state.metadata, state.version) && info.in_commit_timestamp_ms) {
    return Timestamp(std::chrono::milliseconds(*info.in_commit_timestamp_ms));
  }
  const auto times = FileTimes(listing);
  if (const auto found = times.find(state.version); found != times.end()) return found->second;
  const auto* checkpoint = listing.LastCheckpointUpTo(state.version);
  return checkpoint == nullptr ? Timestamp{} : checkpoint->files.front().modified;
}

Result<Snapshot::State> ReplaySegment(const Table& table, const LogListing& listing, const Segment& segment,
                                      int64_t version) {
  Replay replay(table.root);
  SegmentReader reader(table, replay);
  if (segment.checkpoint != nullptr) RETURN_IF_ERROR(reader.ReadCheckpoint(*segment.checkpoint));
  for (const auto* commit : segment.commits) RETURN_IF_ERROR(reader.ReadCommit(commit->path));
  ASSIGN_OR_RETURN(auto state, std::move(replay).Finish(version));
  CommitInfo info = reader.last_info();
  if (segment.commits.empty() && HasInCommitTimestamp(state.protocol, state.metadata, version)) {
    const auto commit = listing.commits.find(version);
    if (commit != listing.commits.end()) {
      ASSIGN_OR_RETURN(info, ReadCommitInfo(table, commit->second.path));
    }
  }
  state.timestamp = TimeOf(listing, state, info);
  state.checkpoint_version = segment.checkpoint == nullptr ? -1 : segment.checkpoint->version;
  return state;
}

// Only a table whose log names files by absolute paths may be a clone.
Result<SnapshotPtr> MakeSnapshot(const Table& table, Snapshot::State state) {
  const bool leads_out = std::ranges::any_of(
      state.files, [](const Add& add) { return add.path.starts_with('/') || add.path.starts_with("file:"); });
  if (!leads_out) return SnapshotPtr(std::make_shared<const Snapshot>(table, std::move(state)));
  ASSIGN_OR_RETURN(auto own, WithCloneRoots(table));
  return SnapshotPtr(std::make_shared<const Snapshot>(std::move(own), std::move(state)));
}

}  // namespace

Result<SnapshotPtr> LoadVersion(const Table& table, const LogListing& listing, int64_t version) {
  const CheckpointFiles* checkpoint = listing.LastCheckpointUpTo(version);
  std::optional<Error> damaged;
  for (;;) {
    const auto segment = SegmentFor(table, listing, checkpoint, version);
    if (!segment.ok()) return damaged ? *damaged : segment.error();
    auto state = ReplaySegment(table, listing, *segment, version);
    if (state.ok()) return MakeSnapshot(table, *std::move(state));
    const bool may_be_checkpoint =
        state.error().kind == ErrorKind::kDataLoss || state.error().kind == ErrorKind::kNotFound;
    if (checkpoint == nullptr || !may_be_checkpoint) return damaged ? *damaged : std::move(state).error();
    if (!damaged) damaged = state.error();
    // Several checkpoints may share a version; step to the one listed before this one.
    checkpoint = checkpoint == listing.checkpoints.data() ? nullptr : checkpoint - 1;
  }
}

namespace {

Error NoTable(const Table& table) {
  return NotFound(
      fmt::format("there is no Delta table at '{}': it has no '_delta_log' with commits. Check the path.", table.root));
}

// The oldest version that can still be put together.
int64_t FirstVersion(const LogListing& listing) {
  if (listing.commits.contains(0) || listing.checkpoints.empty()) return 0;
  return listing.checkpoints.front().version;
}

Result<SnapshotPtr> LoadAtVersion(const Table& table, int64_t version) {
  ASSIGN_OR_RETURN(const auto listing, ListLog(table));
  if (listing.empty()) return NoTable(table);
  const int64_t first = FirstVersion(listing), last = listing.LastVersion();
  if (version < first || version > last) {
    return NotFound(fmt::format("the table '{}' has no version {}: it has {} to {}", table.root, version, first, last));
  }
  return LoadVersion(table, listing, version);
}

// ---- time travel

// The in-commit timestamp of a commit, which its writer had to leave.
Result<Timestamp> InCommitTime(const Table& table, const LogListing& listing, int64_t version) {
  const auto& path = listing.commits.at(version).path;
  ASSIGN_OR_RETURN(const auto info, ReadCommitInfo(table, path));
  if (!info.in_commit_timestamp_ms) {
    return DataLoss(fmt::format("the commit '{}' lacks the in-commit timestamp that the table promises", path));
  }
  return Timestamp(std::chrono::milliseconds(*info.in_commit_timestamp_ms));
}

Result<std::map<int64_t, Timestamp>> CommitTimes(const Table& table, const LogListing& listing,
                                                 const Snapshot& latest) {
  auto times = FileTimes(listing);
  for (auto& [version, time] : times) {
    if (!HasInCommitTimestamp(latest.protocol(), latest.metadata(), version)) continue;
    ASSIGN_OR_RETURN(time, InCommitTime(table, listing, version));
  }
  return times;
}

Result<SnapshotPtr> LoadAtTime(const Table& table, Timestamp at) {
  ASSIGN_OR_RETURN(const auto listing, ListLog(table));
  if (listing.empty()) return NoTable(table);
  ASSIGN_OR_RETURN(auto latest, LoadVersion(table, listing, listing.LastVersion()));
  if (latest->timestamp() <= at) return latest;
  ASSIGN_OR_RETURN(const auto times, CommitTimes(table, listing, *latest));
  const int64_t first = FirstVersion(listing);
  int64_t version = -1;
  std::optional<Timestamp> earliest;
  for (const auto& [candidate, time] : times) {
    if (candidate < first) continue;
    if (!earliest) earliest = time;
    if (time <= at) version = candidate;
  }
  if (version < 0) {
    return NotFound(fmt::format("the table '{}' has no version at {}: its first is of {}", table.root,
                                FormatTimestamp(at), earliest ? FormatTimestamp(*earliest) : "later"));
  }
  return LoadVersion(table, listing, version);
}

}  // namespace

Result<bool> TableExists(const Table& table) {
  ASSIGN_OR_RETURN(const auto listing, ListLog(table));
  return !listing.empty();
}

Result<SnapshotPtr> LoadSnapshot(const Table& table, const AsOf& as_of) {
  if (as_of.version) return LoadAtVersion(table, *as_of.version);
  if (as_of.timestamp) return LoadAtTime(table, *as_of.timestamp);
  ASSIGN_OR_RETURN(const auto recent, ListRecentLog(table));
  if (recent.empty()) return NoTable(table);
  auto snapshot = LoadVersion(table, recent, recent.LastVersion());
  if (snapshot.ok() || snapshot.error().kind != ErrorKind::kDataLoss) return snapshot;
  // The checkpoint the hint led to may be damaged: an older one, or the whole log, may still do.
  ASSIGN_OR_RETURN(const auto all, ListLog(table));
  return LoadVersion(table, all, all.LastVersion());
}

const Txn* Snapshot::FindTxn(const std::string& app_id) const {
  const auto found = state_.txns.find(app_id);
  return found == state_.txns.end() ? nullptr : &found->second;
}

std::vector<Txn> Snapshot::TxnsWithPrefix(std::string_view prefix) const {
  std::vector<Txn> txns;
  for (auto at = state_.txns.lower_bound(std::string(prefix)); at != state_.txns.end() && at->first.starts_with(prefix);
       ++at) {
    txns.push_back(at->second);
  }
  return txns;
}

std::optional<std::string> Snapshot::Property(const std::string& key) const {
  const auto found = state_.metadata.configuration.find(key);
  return found == state_.metadata.configuration.end() ? std::nullopt : std::optional(found->second);
}

int64_t Snapshot::total_bytes() const {
  int64_t bytes = 0;
  for (const auto& add : state_.files) bytes += add.size_bytes;
  return bytes;
}

Result<std::string> Snapshot::PathOf(const Add& add) const { return ResolvePath(table_, add.path); }

std::vector<Add> Snapshot::FilesTagged(const std::string& key, const std::string& value) const {
  std::vector<Add> tagged;
  for (const auto& add : state_.files) {
    const auto tag = add.tags.find(key);
    if (tag != add.tags.end() && tag->second == value) tagged.push_back(add);
  }
  return tagged;
}

}  // namespace tidemill::delta
