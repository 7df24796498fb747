#include "delta/history_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <unordered_map>

#include "delta/actions.h"
#include "delta/clones.h"
#include "delta/column_mapping.h"
#include "delta/deletion_vector.h"
#include "delta/detail/json_fields.h"
#include "delta/detail/load.h"
#include "delta/detail/log_listing.h"
#include "delta/detail/row_tracking.h"
#include "delta/path.h"
#include "delta/snapshot.h"
#include "plan/schema_json.h"

namespace tidemill::delta {
namespace {

using Kind = Anomaly::Kind;

constexpr std::string_view kNames[] = {"gap",           "broken-commit",    "no-start",         "double-add",
                                       "double-remove", "lost-update",      "resurrected-file", "resurrected-rows",
                                       "write-skew",    "double-run",       "time-goes-back",   "reads-future",
                                       "feature-lost",  "other-table",      "wrong-partition",  "path-outside",
                                       "row-ids-taken", "row-id-mark-back", "stale-checkpoint", "broken-checkpoint",
                                       "wrong-hint",    "wrong-checksum",   "broken-vector"};

std::string VectorId(const std::optional<DeletionVector>& vector) { return vector ? vector->UniqueId() : ""; }

// What one commit did, as far as later ones must know.
struct Footprint {
  bool looked = false;                // not a blind append, and it changes rows
  std::set<PartitionValues> added;    // partitions of its new files with rows
  std::set<PartitionValues> touched;  // of all its files
  std::set<std::string> removed;      // paths
};

class HistoryChecker {
 public:
  HistoryChecker(const Table& table, HistoryReport& report) : table_(table), report_(report) {}

  Status Run() {
    ASSIGN_OR_RETURN(listing_, ListLog(table_));
    if (listing_.empty()) return NotFound(fmt::format("there is no Delta table at '{}'", table_.root));
    RETURN_IF_ERROR(ReadChecksums());
    CheckHint();
    for (const auto& part : listing_.incomplete) {
      Find(Kind::kBrokenCheckpoint, -1, part, "this part of a checkpoint is missing");
    }
    RETURN_IF_ERROR(Start());
    report_.last_version = listing_.LastVersion();
    for (int64_t version = next_; version <= report_.last_version; ++version) {
      RETURN_IF_ERROR(OnVersion(version));
      RETURN_IF_ERROR(OnCheckpoint(version));
      OnChecksum(version);
    }
    for (const auto& [path, file] : live_) {
      if (!file.add.deletion_vector) continue;
      const auto rows = ReadDeletionVector(table_, *file.add.deletion_vector);
      if (!rows.ok()) Find(Kind::kBrokenVector, file.version, path, rows.error().message);
    }
    std::ranges::stable_sort(report_.anomalies, {}, &Anomaly::version);
    return Ok();
  }

 private:
  struct Live {
    Add add;
    int64_t version = -1;  // that put it there
  };

  void Find(Kind kind, int64_t version, const std::string& path, const std::string& message) {
    report_.anomalies.push_back({kind, version, path, message});
  }

  // From the first commit, or where the log's start was cleaned up from the first checkpoint that all commits follow.
  Status Start() {
    if (listing_.commits.contains(0) || listing_.checkpoints.empty()) return Ok();
    int64_t missing = listing_.LastVersion();
    while (listing_.commits.contains(missing)) --missing;
    const auto first = std::ranges::find_if(listing_.checkpoints, [&](const auto& c) { return c.version >= missing; });
    const int64_t version = (first == listing_.checkpoints.end() ? listing_.checkpoints.front() : *first).version;
    ASSIGN_OR_RETURN(const auto snapshot, LoadSnapshot(table_, {.version = version}));
    for (const auto& add : snapshot->files()) live_[add.path] = {add, version};
    for (const auto& remove : snapshot->tombstones()) gone_[remove.path] = version;
    for (const auto& [id, txn] : snapshot->txns()) txns_[id] = txn.version;
    protocol_ = snapshot->protocol();
    SetMetadata(snapshot->metadata());
    ASSIGN_OR_RETURN(row_id_mark_, RowIdMarkOf(*snapshot));
    next_ = version + 1;
    report_.first_version = version;
    return Ok();
  }

  void SetMetadata(const Metadata& metadata) {
    metadata_ = metadata;
    partition_keys_.clear();
    const auto schema = plan::SchemaFromJson(metadata.schema_string);
    const auto mapping = ColumnMappingOf(metadata);
    for (const auto& name : metadata.partition_columns) {
      const int index = schema.ok() ? schema->IndexOf(name) : -1;
      partition_keys_.insert(
          index < 0 || !mapping.ok() ? name : PhysicalName(schema->fields[static_cast<size_t>(index)], *mapping));
    }
  }

  Status OnVersion(int64_t version) {
    const auto commit = listing_.commits.find(version);
    if (commit == listing_.commits.end()) {
      Find(Kind::kGap, version, CommitName(version), "this commit is missing");
      broken_ = true;
      return Ok();
    }
    ASSIGN_OR_RETURN(const auto bytes, storage::ReadAll(*table_.storage, commit->second.path));
    const auto actions = ParseCommit(bytes, commit->second.path);
    if (!actions.ok()) {
      Find(Kind::kBrokenCommit, version, CommitName(version), actions.error().message);
      broken_ = true;
      return Ok();
    }
    version_ = version;
    OnCommit(*actions);
    return Ok();
  }

  void OnCommit(const std::vector<Action>& actions) {
    info_ = {};
    removed_here_.clear();
    Footprint footprint;
    std::optional<int64_t> mark;
    for (const auto& action : actions) {
      if (const auto* info = std::get_if<CommitInfo>(&action)) info_ = *info;
      if (const auto* remove = std::get_if<Remove>(&action))
        removed_here_[remove->path] = VectorId(remove->deletion_vector);
      if (const auto value = RowIdMarkOf(action)) mark = value;
    }
    OnInfo();
    for (const auto& action : actions) {
      if (const auto* protocol = std::get_if<Protocol>(&action)) OnProtocol(*protocol);
      if (const auto* metadata = std::get_if<Metadata>(&action)) OnMetadata(*metadata);
      if (const auto* txn = std::get_if<Txn>(&action)) OnTxn(*txn);
      if (const auto* remove = std::get_if<Remove>(&action)) OnRemove(*remove, footprint);
    }
    for (const auto& action : actions) {
      if (const auto* add = std::get_if<Add>(&action)) OnAdd(*add, footprint);
    }
    if (version_ == 0 && (!protocol_ || !metadata_)) {
      Find(Kind::kNoStart, 0, CommitName(0), "the first commit lacks the protocol or the metadata");
    }
    if (mark) {
      if (*mark < row_id_mark_) {
        Find(Kind::kRowIdMarkBack, version_, "", fmt::format("the mark went from {} to {}", row_id_mark_, *mark));
      }
      row_id_mark_ = std::max(row_id_mark_, *mark);
    }
    footprint.looked &= !info_.is_blind_append.value_or(false);
    CheckSkew(footprint);
    footprints_[version_] = std::move(footprint);
  }

  void OnInfo() {
    if (info_.in_commit_timestamp_ms) {
      if (last_time_ && *info_.in_commit_timestamp_ms <= *last_time_) {
        Find(Kind::kTimeGoesBack, version_, CommitName(version_),
             fmt::format("{} ms is not after {} ms", *info_.in_commit_timestamp_ms, *last_time_));
      }
      last_time_ = info_.in_commit_timestamp_ms;
    }
    if (info_.read_version && *info_.read_version >= version_) {
      Find(Kind::kReadsFuture, version_, CommitName(version_),
           fmt::format("it says it read version {}", *info_.read_version));
    }
  }

  void OnProtocol(const Protocol& protocol) {
    if (protocol_ && info_.operation != "DROP FEATURE") {
      std::string lost;
      const auto compare = [&](const auto& before, const auto& after) {
        if (!before || !after) return;
        for (const auto& name : *before) {
          if (std::ranges::find(*after, name) == after->end()) lost += " " + name;
        }
      };
      compare(protocol_->reader_features, protocol.reader_features);
      compare(protocol_->writer_features, protocol.writer_features);
      if (protocol.min_reader_version < protocol_->min_reader_version) lost += " reader version";
      if (protocol.min_writer_version < protocol_->min_writer_version) lost += " writer version";
      if (!lost.empty()) Find(Kind::kFeatureLost, version_, CommitName(version_), "it lost:" + lost);
    }
    protocol_ = protocol;
  }

  void OnMetadata(const Metadata& metadata) {
    if (metadata_ && metadata_->id != metadata.id && info_.operation.find("REPLACE") == std::string::npos) {
      Find(Kind::kOtherTable, version_, CommitName(version_),
           fmt::format("the id was {}, and is {}", metadata_->id, metadata.id));
    }
    SetMetadata(metadata);
  }

  void OnTxn(const Txn& txn) {
    const auto known = txns_.find(txn.app_id);
    if (known != txns_.end() && txn.version <= known->second) {
      Find(Kind::kDoubleRun, version_, "",
           fmt::format("'{}' was at its version {}, and commits {}", txn.app_id, known->second, txn.version));
    }
    txns_[txn.app_id] = txn.version;
  }

  void OnRemove(const Remove& remove, Footprint& footprint) {
    footprint.looked |= remove.data_change;
    footprint.removed.insert(remove.path);
    if (remove.data_change) footprint.touched.insert(remove.partition_values);
    const auto found = live_.find(remove.path);
    const auto unseen = [&](int64_t changed) { return info_.read_version && changed > *info_.read_version; };
    if (found == live_.end()) {
      const auto gone = gone_.find(remove.path);
      if (gone != gone_.end() && unseen(gone->second)) {
        Find(Kind::kLostUpdate, version_, remove.path,
             fmt::format("version {} had taken it out, which this writer, of version {}, had not seen", gone->second,
                         *info_.read_version));
      } else if (!broken_) {
        Find(Kind::kDoubleRemove, version_, remove.path, "it is not in the table");
      }
      return;
    }
    if (VectorId(found->second.add.deletion_vector) != VectorId(remove.deletion_vector)) {
      Find(Kind::kLostUpdate, version_, remove.path,
           fmt::format("version {} had changed its deletion vector, and this writer takes out an older state",
                       found->second.version));
    }
    before_[remove.path] = found->second;
    live_.erase(found);
    gone_[remove.path] = version_;
  }

  void OnAdd(const Add& add, Footprint& footprint) {
    if (!ResolvePath(table_, add.path).ok()) Find(Kind::kPathOutside, version_, add.path, "it leads out of the table");
    const bool same_keys =
        add.partition_values.size() == partition_keys_.size() &&
        std::ranges::all_of(partition_keys_, [&](const auto& key) { return add.partition_values.contains(key); });
    if (!same_keys) Find(Kind::kWrongPartition, version_, add.path, "its partition columns are not the table's");
    const bool restores = info_.operation == "RESTORE" || info_.operation == "CLONE";
    const bool replaced = removed_here_.contains(add.path);
    const auto found = live_.find(add.path);
    if (found != live_.end() && add.data_change) {
      Find(Kind::kDoubleAdd, version_, add.path,
           fmt::format("it is in the table since version {}", found->second.version));
    }
    if (found == live_.end() && !replaced && !restores && gone_.contains(add.path)) {
      Find(Kind::kResurrectedFile, version_, add.path, fmt::format("version {} had taken it out", gone_.at(add.path)));
    }
    if (const auto before = before_.find(add.path); replaced && before != before_.end() && !restores) {
      const auto& vector = before->second.add.deletion_vector;
      if (vector && (!add.deletion_vector || add.deletion_vector->cardinality < vector->cardinality)) {
        Find(Kind::kResurrectedRows, version_, add.path, "its deletion vector holds fewer rows than before");
      }
    }
    const bool is_new = found == live_.end() && !replaced && !gone_.contains(add.path);
    if (is_new && add.base_row_id && *add.base_row_id <= row_id_mark_) {
      Find(Kind::kRowIdsTaken, version_, add.path,
           fmt::format("its rows begin at {}, and those up to {} were taken", *add.base_row_id, row_id_mark_));
    }
    if (add.data_change) {
      footprint.looked |= info_.is_blind_append == false;
      footprint.touched.insert(add.partition_values);
      if (!replaced) footprint.added.insert(add.partition_values);
    }
    live_[add.path] = {add, version_};
    gone_.erase(add.path);
  }

  // The change had read what it touches, as it was at its version.
  void CheckSkew(const Footprint& mine) {
    before_.clear();
    if (!mine.looked || !info_.read_version) return;
    for (auto at = footprints_.upper_bound(*info_.read_version); at != footprints_.end(); ++at) {
      if (!at->second.looked) continue;
      const bool meets = std::ranges::any_of(at->second.added,
                                             [&](const auto& partition) { return mine.touched.contains(partition); });
      if (!meets) continue;
      Find(Kind::kWriteSkew, version_, CommitName(version_),
           fmt::format("it had read version {}, and version {} then added rows where it changes some",
                       *info_.read_version, at->first));
      return;
    }
  }

  Status OnCheckpoint(int64_t version) {
    const bool there = std::ranges::any_of(listing_.checkpoints, [&](const auto& c) { return c.version == version; });
    if (!there || broken_) return Ok();
    const std::string name = CheckpointName(version);
    const auto snapshot = LoadSnapshot(table_, {.version = version});
    if (!snapshot.ok() || (*snapshot)->checkpoint_version() != version) {
      Find(Kind::kBrokenCheckpoint, version, name, snapshot.ok() ? "it cannot be read" : snapshot.error().message);
      return Ok();
    }
    std::string differs;
    for (const auto& add : (*snapshot)->files()) {
      const auto found = live_.find(add.path);
      if (found == live_.end()) {
        differs = fmt::format("it has '{}', which is gone", add.path);
      } else if (VectorId(found->second.add.deletion_vector) != VectorId(add.deletion_vector)) {
        differs = fmt::format("it has another deletion vector for '{}'", add.path);
      }
    }
    if ((*snapshot)->files().size() < live_.size()) differs = "it lacks files";
    for (const auto& [id, txn_version] : txns_) {
      const auto* txn = (*snapshot)->FindTxn(id);
      if (txn == nullptr || txn->version != txn_version) differs = fmt::format("it lacks the run '{}'", id);
    }
    if (protocol_ && (*snapshot)->protocol() != *protocol_) differs = "it has another protocol";
    if (metadata_ && (*snapshot)->metadata() != *metadata_) differs = "it has other metadata";
    if (!differs.empty()) Find(Kind::kStaleCheckpoint, version, name, differs);
    return Ok();
  }

  Status ReadChecksums() {
    ASSIGN_OR_RETURN(const auto files, table_.storage->List(table_.log_folder(), ""));
    for (const auto& file : files) {
      const LogName name = ParseLogName(std::string_view(file.path).substr(file.path.rfind('/') + 1));
      if (name.kind == LogName::Kind::kChecksum) checksums_[name.version] = file.path;
    }
    return Ok();
  }

  void OnChecksum(int64_t version) {
    const auto file = checksums_.find(version);
    if (file == checksums_.end() || broken_) return;
    const auto bytes = storage::ReadAll(*table_.storage, file->second);
    const Json json = bytes.ok() ? Json::parse(*bytes, nullptr, false) : Json();
    int64_t size = 0;
    for (const auto& [path, live] : live_) size += live.add.size_bytes;
    const bool fits = json.is_object() && json.value("numFiles", int64_t{-1}) == std::ssize(live_) &&
                      json.value("tableSizeBytes", int64_t{-1}) == size;
    if (!fits) {
      Find(Kind::kWrongChecksum, version, file->second,
           fmt::format("the version has {} files of {} bytes", live_.size(), size));
    }
  }

  void CheckHint() {
    const auto text = storage::ReadAll(*table_.storage, table_.log_folder() + "/_last_checkpoint");
    if (!text.ok()) return;
    const Json json = Json::parse(*text, nullptr, false);
    const auto number = [&](const char* key) {
      const bool there = json.is_object() && json.contains(key) && json[key].is_number_integer();
      return there ? json[key].get<int64_t>() : -1;
    };
    const int64_t version = number("version"), parts = number("parts");
    const bool there = std::ranges::any_of(listing_.checkpoints, [&](const auto& c) {
      return c.version == version && (parts < 0 || std::ssize(c.files) == parts);
    });
    if (there) return;
    Find(Kind::kWrongHint, version, "_last_checkpoint",
         version < 0 ? "it names no version" : fmt::format("there is no such checkpoint of version {}", version));
  }

  const Table& table_;
  HistoryReport& report_;
  LogListing listing_;
  std::map<int64_t, std::string> checksums_;
  std::unordered_map<std::string, Live> live_;
  std::unordered_map<std::string, int64_t> gone_;  // path -> the version that took it out
  std::map<std::string, int64_t> txns_;
  std::optional<Protocol> protocol_;
  std::optional<Metadata> metadata_;
  std::set<std::string> partition_keys_;
  std::map<int64_t, Footprint> footprints_;
  std::optional<int64_t> last_time_;
  int64_t row_id_mark_ = -1;
  int64_t next_ = 0;
  bool broken_ = false;  // a commit is missing or cannot be read: what it changed is not known
  // The commit under check.
  int64_t version_ = 0;
  CommitInfo info_;
  std::map<std::string, std::string> removed_here_;
  std::map<std::string, Live> before_;  // what it takes out
};

}  // namespace

std::string_view AnomalyName(Anomaly::Kind kind) { return kNames[static_cast<int>(kind)]; }

Result<SnapshotPtr> LoadWithout(const Table& table, const std::set<int64_t>& checkpoints, int64_t commit) {
  ASSIGN_OR_RETURN(auto listing, ListLog(table));
  std::erase_if(listing.checkpoints, [&](const auto& c) { return checkpoints.contains(c.version); });
  listing.commits.erase(commit);
  if (listing.empty()) return NotFound(fmt::format("nothing would be left of the log of '{}'", table.root));
  return LoadVersion(table, listing, listing.LastVersion());
}

Result<HistoryReport> CheckHistory(const Table& table) {
  HistoryReport report;
  ASSIGN_OR_RETURN(const auto own, WithCloneRoots(table));
  RETURN_IF_ERROR(HistoryChecker(own, report).Run());
  return report;
}

}  // namespace tidemill::delta
