#include "delta/detail/committer.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <iterator>

#include "delta/checkpoint.h"
#include "delta/deletion_vector.h"
#include "delta/detail/commit_times.h"
#include "delta/detail/json_fields.h"
#include "delta/detail/row_tracking.h"
#include "delta/detail/validate.h"
#include "delta/features.h"
#include "delta/log_cleanup.h"
#include "delta/path.h"
#include "delta/statistics.h"
#include "plan/schema_json.h"

namespace tidemill::delta {
namespace {

constexpr int kMostLookUps = 3;      // of one version, while reading fails
constexpr int kMostUnclearPuts = 3;  // of one version, while nothing appears there
constexpr int64_t kDefaultCheckpointInterval = 10;

int64_t ToMillis(Timestamp time) {
  return std::chrono::floor<std::chrono::milliseconds>(time.time_since_epoch()).count();
}

// Errors after which the put surely did nothing, as a look at the version then confirms.
bool IsRefusal(ErrorKind kind) {
  return kind == ErrorKind::kPermissionDenied || kind == ErrorKind::kResourceExhausted ||
         kind == ErrorKind::kInvalidArgument || kind == ErrorKind::kNotFound || kind == ErrorKind::kUnimplemented;
}

bool IsSerializable(const Metadata& metadata) {
  const auto level = metadata.configuration.find("delta.isolationLevel");
  return level != metadata.configuration.end() && level->second == "Serializable";
}

// The names under which files would keep the ids of rows that they did not number; the protocol wants them chosen.
void NameRowTrackingColumns(Metadata& metadata, std::mt19937_64& random) {
  auto& properties = metadata.configuration;
  const auto enabled = properties.find("delta.enableRowTracking");
  if (enabled == properties.end() || enabled->second != "true") return;
  for (const auto& [key, name] :
       {std::pair("delta.rowTracking.materializedRowIdColumnName", "_row-id-col-"),
        std::pair("delta.rowTracking.materializedRowCommitVersionColumnName", "_row-commit-version-col-")}) {
    properties.try_emplace(key, name + NewUuid(random));
  }
}

std::string CommitPath(const Table& table, int64_t version) { return table.log_folder() + "/" + CommitName(version); }

}  // namespace

Result<CommitOutcome> Committer::Run() {
  RETURN_IF_ERROR(Prepare());
  ASSIGN_OR_RETURN(auto earlier, FindEarlier());
  if (earlier) return CommitOutcome(*std::move(earlier));
  return Race();
}

Status Committer::Prepare() {
  Transaction& t = transaction_;
  const Snapshot* base = t.base_.get();
  if (t.metadata_) NameRowTrackingColumns(*t.metadata_, random_);
  metadata_ = t.metadata_ ? *t.metadata_ : base->metadata();
  ASSIGN_OR_RETURN(const auto schema, plan::SchemaFromJson(metadata_.schema_string));
  if (!t.protocol_ && base == nullptr) {
    ASSIGN_OR_RETURN(t.protocol_, ProtocolFor(metadata_, schema));
  } else if (!t.protocol_ && t.metadata_) {
    ASSIGN_OR_RETURN(t.protocol_, UpgradeFor(base->protocol(), metadata_, schema));
  }
  protocol_ = t.protocol_ ? *t.protocol_ : base->protocol();
  if (t.metadata_) {
    DropFeatureRequests(t.metadata_->configuration);
    DropFeatureRequests(metadata_.configuration);
    RETURN_IF_ERROR(CheckDefaultsAllowed(protocol_, metadata_, schema));
  }
  RETURN_IF_ERROR(CheckWritable(protocol_, metadata_, schema, options_.rows_conform));
  RETURN_IF_ERROR(ValidateChange({t.table_, base, protocol_, metadata_, t.adds_, t.removes_}, schema));
  if (const auto& own = t.description_.tidemill; !own.empty() && !Json::parse(own, nullptr, false).is_object()) {
    return InvalidArgument("the commit's own description is no JSON object");
  }

  intent_ = Intent{.base = base,
                   .changes_metadata = t.metadata_.has_value(),
                   .serializable = IsSerializable(metadata_),
                   .read_whole_table = t.read_whole_table_,
                   .read_rows_alone = t.read_rows_alone_,
                   .marked_rows = t.marked_rows_,
                   .read_partitions = &t.read_partitions_,
                   .read_paths = {t.read_files_.begin(), t.read_files_.end()},
                   .txns = t.txns_,
                   .rival = t.rival_};
  for (const auto& remove : t.removes_) intent_.removed_paths.insert(remove.path);
  for (const auto& domain : t.domains_) intent_.domains.insert(domain.domain);
  version_ = base == nullptr ? 0 : base->version() + 1;
  if (base != nullptr) last_commit_ms_ = ToMillis(base->timestamp());

  tracks_rows_ = HasWriterFeature(protocol_, kRowTrackingFeature);
  if (tracks_rows_) {
    if (base != nullptr) {
      ASSIGN_OR_RETURN(row_id_mark_, RowIdMarkOf(*base));
    }
    RETURN_IF_ERROR(CheckRowsCounted(t.adds_));
  }
  MakeBody();
  return Ok();
}

void Committer::MakeBody() {
  Transaction& t = transaction_;
  body_.clear();
  const int64_t now_ms = ToMillis(clock_.Now());
  const auto line = [&](Action action) { body_.append(ToJson(action)).append(1, '\n'); };
  if (t.protocol_) line(*t.protocol_);
  if (t.metadata_) line(*t.metadata_);
  for (const auto& txn : t.txns_) line(txn);
  for (const auto& domain : t.domains_) line(domain);
  for (auto& remove : t.removes_) {
    remove.deletion_timestamp_ms = now_ms;
    line(remove);
  }
  if (!tracks_rows_) {
    for (const auto& add : t.adds_) line(add);
  }
  for (const auto& change : t.changes_) line(change);
}

// The same run in the base snapshot, or a table where a new one is to be made: its first commits may be cleaned up long
// ago, so that the put of version 0 alone would not notice.
Result<std::optional<Conflict>> Committer::FindEarlier() {
  if (intent_.base != nullptr) {
    for (const auto& txn : intent_.txns) {
      const Txn* known = intent_.base->FindTxn(txn.app_id);
      if (known == nullptr || known->version < txn.version) continue;
      return std::optional(Conflict{ConflictKind::kDuplicateTransaction, -1,
                                    fmt::format("the table already has the run '{}' at its version {} (ours is {})",
                                                txn.app_id, known->version, txn.version)});
    }
    return std::optional<Conflict>();
  }
  const Table& table = transaction_.table_;
  ASSIGN_OR_RETURN(const bool exists, TableExists(table));
  if (!exists) return std::optional<Conflict>();
  ASSIGN_OR_RETURN(const Found first, LookUp(0));
  if (const auto* others = std::get_if<Others>(&first)) return FindConflict(intent_, others->actions, 0);
  return std::optional(Conflict{ConflictKind::kTableExists, -1, fmt::format("there is a table at '{}'", table.root)});
}

Result<CommitOutcome> Committer::Race() {
  const Table& table = transaction_.table_;
  int unclear_puts = 0;
  for (int attempt = 0; attempt < options_.most_attempts;) {
    const Status put = table.storage->PutIfAbsent(CommitPath(table, version_), CommitBytes(version_));
    if (put.ok()) return Finish(version_);

    auto found = LookUp(version_);
    if (!found.ok()) {
      return CommitOutcome(
          Unknown{version_, fmt::format("it is not known whether version {} was committed: {}; reading it "
                                        "back failed too: {}",
                                        version_, put.error().message, found.error().message)});
    }
    if (std::holds_alternative<Ours>(*found)) return Finish(version_);
    if (auto* others = std::get_if<Others>(&*found)) {
      ASSIGN_OR_RETURN(auto conflict, CatchUp(std::move(*others)));
      if (conflict) return CommitOutcome(*std::move(conflict));
      ++attempt;
      unclear_puts = 0;
      continue;
    }
    if (IsRefusal(put.error().kind)) return put.error();
    if (++unclear_puts >= kMostUnclearPuts) {
      return CommitOutcome(
          Unknown{version_, fmt::format("version {} is not in the log, but an answer that is still on its "
                                        "way could put it there: {}",
                                        version_, put.error().message)});
    }
  }
  return CommitOutcome(Conflict{ConflictKind::kTooManyRetries, version_ - 1,
                                fmt::format("other writers were faster {} times", options_.most_attempts)});
}

Result<std::optional<Conflict>> Committer::CatchUp(Others winner) {
  for (Found found = std::move(winner);;) {
    auto* others = std::get_if<Others>(&found);
    if (others == nullptr) return std::optional<Conflict>();  // free again (it can't be ours: we never put there)
    ASSIGN_OR_RETURN(const auto their_rows, TheirRows(others->actions));
    if (auto conflict = FindConflict(intent_, others->actions, version_, their_rows)) return conflict;
    RETURN_IF_ERROR(JoinVectors(others->actions, their_rows));
    for (const auto& action : others->actions) {
      const auto* info = std::get_if<CommitInfo>(&action);
      if (info != nullptr) last_commit_ms_ = info->in_commit_timestamp_ms.value_or(last_commit_ms_);
      if (const auto mark = RowIdMarkOf(action)) row_id_mark_ = *mark;
    }
    ++version_;
    ASSIGN_OR_RETURN(found, LookUp(version_));
  }
}

Result<RowsByPath> Committer::TheirRows(const std::vector<Action>& winner) const {
  RowsByPath rows;
  for (const auto& action : winner) {
    const auto* add = std::get_if<Add>(&action);
    if (add == nullptr || !add->deletion_vector || !intent_.marked_rows.contains(add->path)) continue;
    ASSIGN_OR_RETURN(rows[add->path], ReadDeletionVector(transaction_.table_, *add->deletion_vector));
  }
  return rows;
}

// Where the winner deleted other rows of a file, this change goes on from its deletion vector.
Status Committer::JoinVectors(const std::vector<Action>& winner, const RowsByPath& their_rows) {
  if (their_rows.empty()) return Ok();
  Transaction& t = transaction_;
  std::vector<Add> files;
  std::vector<std::vector<int64_t>> joined;
  for (const auto& action : winner) {
    const auto* add = std::get_if<Add>(&action);
    const auto theirs = add == nullptr ? their_rows.end() : their_rows.find(add->path);
    if (theirs == their_rows.end()) continue;
    files.push_back(*add);
    std::ranges::set_union(theirs->second, intent_.marked_rows.at(add->path),
                           std::back_inserter(joined.emplace_back()));
  }
  ASSIGN_OR_RETURN(auto vectors, WriteDeletionVectors(t.table_, joined, random_));
  for (size_t i = 0; i < files.size(); ++i) {
    for (auto& remove : t.removes_) {
      if (remove.path == files[i].path) remove = MakeRemove(files[i], 0, remove.data_change);
    }
    std::erase_if(t.adds_, [&](const Add& add) { return add.path == files[i].path; });
    const auto rows = ParseStatistics(files[i].stats.value_or(""), {}, ColumnMapping::kNone).num_records;
    if (rows && *rows == std::ssize(joined[i])) continue;  // none is left
    files[i].deletion_vector = std::move(vectors[i]);
    files[i].data_change = true;
    t.adds_.push_back(std::move(files[i]));
  }
  MakeBody();
  return Ok();
}

Result<Committer::Found> Committer::LookUp(int64_t version) {
  for (int attempt = 1;; ++attempt) {
    auto found = LookUpOnce(version);
    if (found.ok() || attempt == kMostLookUps) return found;
  }
}

Result<Committer::Found> Committer::LookUpOnce(int64_t version) {
  const std::string path = CommitPath(transaction_.table_, version);
  auto bytes = storage::ReadAll(*transaction_.table_.storage, path);
  if (!bytes.ok() && bytes.error().kind == ErrorKind::kNotFound) return Found(Absent{});
  if (!bytes.ok()) return std::move(bytes).error();
  ASSIGN_OR_RETURN(auto actions, ParseCommit(*bytes, path));
  for (const auto& action : actions) {
    const auto* info = std::get_if<CommitInfo>(&action);
    if (info != nullptr && info->txn_id == transaction_.id_) return Found(Ours{});
  }
  return Found(Others{std::move(actions)});
}

// As Delta has it: only adds, and nothing was looked at to make them.
bool Committer::BlindAppend() const {
  return intent_.removed_paths.empty() && !intent_.read_whole_table && intent_.read_partitions->empty() &&
         intent_.read_paths.empty();
}

std::string Committer::CommitBytes(int64_t version) {
  const CommitDescription& told = transaction_.description_;
  int64_t now_ms = ToMillis(clock_.Now());
  CommitInfo info{.operation = told.operation,
                  .operation_parameters = told.parameters,
                  .operation_metrics = told.metrics,
                  .isolation_level = intent_.serializable ? "Serializable" : "WriteSerializable",
                  .is_blind_append = BlindAppend(),
                  .txn_id = transaction_.id_,
                  .tidemill = told.tidemill};
  if (HasInCommitTimestamp(protocol_, metadata_, version)) {
    now_ms = std::max(now_ms, last_commit_ms_ == INT64_MIN ? now_ms : last_commit_ms_ + 1);
    info.in_commit_timestamp_ms = now_ms;
  }
  info.timestamp_ms = now_ms;
  if (intent_.base != nullptr) info.read_version = intent_.base->version();
  if (!told.engine_info.empty()) info.engine_info = told.engine_info;
  if (!told.user_metadata.empty()) info.user_metadata = told.user_metadata;
  return ToJson(info) + "\n" + body_ + (tracks_rows_ ? TrackedAdds(transaction_.adds_, row_id_mark_, version) : "");
}

Result<CommitOutcome> Committer::Finish(int64_t version) {
  Committed committed{.version = version};
  if (auto warning = WriteCheckpointIfDue(version)) committed.warnings.push_back(*std::move(warning));
  return CommitOutcome(std::move(committed));
}

// The commit stands whatever happens here.
std::optional<std::string> Committer::WriteCheckpointIfDue(int64_t version) {
  int64_t every = kDefaultCheckpointInterval;
  const auto property = metadata_.configuration.find("delta.checkpointInterval");
  if (property != metadata_.configuration.end()) {
    const std::string& text = property->second;
    std::from_chars(text.data(), text.data() + text.size(), every);
  }
  every = options_.checkpoint_every.value_or(every);
  if (every <= 0 || version == 0 || version % every != 0 || transaction_.table_.checkpoints == nullptr) return {};
  const auto snapshot = LoadSnapshot(transaction_.table_, {.version = version});
  const Status written = snapshot.ok() ? WriteCheckpoint(**snapshot, clock_.Now(), random_) : Status(snapshot.error());
  if (!written.ok()) {
    return fmt::format("version {} is committed, but its checkpoint could not be written: {}", version,
                       written.error().message);
  }
  const auto cleaned = CleanUpLog(**snapshot, clock_.Now());
  if (cleaned.ok()) return std::nullopt;
  return fmt::format("version {} is committed, but the old part of the log could not be removed: {}", version,
                     cleaned.error().message);
}

}  // namespace tidemill::delta
