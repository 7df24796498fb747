#include "delta/detail/conflict.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "delta/column_mapping.h"
#include "delta/detail/prune.h"
#include "delta/partition_value.h"

namespace tidemill::delta {
namespace {

class Judge {
 public:
  Judge(const Intent& mine, const std::vector<Action>& winner, int64_t version, const RowsByPath& their_rows)
      : mine_(mine), winner_(winner), version_(version), their_rows_(their_rows) {
    for (const auto& action : winner) {
      if (const auto* add = std::get_if<Add>(&action)) added_.insert(add->path);
      if (const auto* remove = std::get_if<Remove>(&action)) {
        removed_[remove->path] = remove->deletion_vector ? remove->deletion_vector->cardinality : 0;
      }
      if (const auto* info = std::get_if<CommitInfo>(&action)) blind_append_ = info->is_blind_append.value_or(false);
    }
  }

  std::optional<Conflict> Decide() const {
    // The run that is there already matters more than whatever else its commit changed.
    for (const auto& action : winner_) {
      if (const auto* txn = std::get_if<Txn>(&action)) {
        if (auto conflict = OnTxn(*txn)) return conflict;
      }
    }
    if (mine_.base == nullptr) return Make(ConflictKind::kTableExists, "another writer made the table");
    for (const auto& action : winner_) {
      if (auto conflict = OnAction(action)) return conflict;
    }
    return std::nullopt;
  }

 private:
  Conflict Make(ConflictKind kind, const std::string& what) const {
    return {kind, version_, fmt::format("version {} was committed meanwhile: {}", version_, what)};
  }

  std::optional<Conflict> OnTxn(const Txn& theirs) const {
    for (const auto& txn : mine_.txns) {
      if (txn.app_id == theirs.app_id) {
        return Make(
            ConflictKind::kDuplicateTransaction,
            fmt::format("it carries the run '{}' (its version {}, ours {})", txn.app_id, theirs.version, txn.version));
      }
    }
    if (mine_.rival && mine_.rival(theirs)) {
      return Make(ConflictKind::kRivalTransaction, fmt::format("it carries the run '{}'", theirs.app_id));
    }
    return std::nullopt;
  }

  std::optional<Conflict> OnAction(const Action& action) const {
    if (std::holds_alternative<Protocol>(action)) {
      return Make(ConflictKind::kProtocolChanged, "the table's protocol changed");
    }
    if (std::holds_alternative<Metadata>(action)) {
      return Make(ConflictKind::kMetadataChanged, "the table's schema or properties changed");
    }
    if (const auto* domain = std::get_if<DomainMetadata>(&action); domain && mine_.domains.contains(domain->domain)) {
      return Make(ConflictKind::kDomainChanged, fmt::format("the domain '{}' changed", domain->domain));
    }
    if (const auto* add = std::get_if<Add>(&action)) return OnAdd(*add);
    if (const auto* remove = std::get_if<Remove>(&action)) return OnRemove(*remove);
    return std::nullopt;
  }

  std::optional<Conflict> Judged(Meeting meeting, const std::string& what) const {
    for (const auto& rule : kConflictMatrix) {
      if (rule.meeting != meeting) continue;
      const Verdict verdict = mine_.serializable ? rule.serializable : rule.write_serializable;
      if (verdict == Verdict::kConflict) return Make(rule.kind, what);
    }
    return std::nullopt;
  }

  std::optional<Conflict> OnAdd(const Add& add) const {
    if (!add.data_change || LosesRows(add) || !ReadWouldSee(add.partition_values)) return std::nullopt;
    const bool blind = blind_append_ && !mine_.changes_metadata;
    return Judged(blind ? Meeting::kBlindAppend : Meeting::kAppend,
                  fmt::format("it added '{}', where this change had read", add.path));
  }

  // A file that stays, with more of its rows deleted, brings none: its remove tells what happened.
  bool LosesRows(const Add& add) const {
    const auto before = removed_.find(add.path);
    return before != removed_.end() && add.deletion_vector && add.deletion_vector->cardinality > before->second;
  }

  std::optional<Conflict> OnRemove(const Remove& remove) const {
    const bool marked = added_.contains(remove.path);  // it stays, and only rows of it are gone
    if (mine_.removed_paths.contains(remove.path)) {
      const auto own = mine_.marked_rows.find(remove.path);
      const auto theirs = their_rows_.find(remove.path);
      if (!marked || own == mine_.marked_rows.end() || theirs == their_rows_.end()) {
        return Judged(marked ? Meeting::kMarkedOwnRows : Meeting::kRemovedOwn,
                      fmt::format("it removed '{}', which this change replaces", remove.path));
      }
      std::vector<int64_t> both;
      std::ranges::set_intersection(own->second, theirs->second, std::back_inserter(both));
      return Judged(both.empty() ? Meeting::kMarkedOtherRows : Meeting::kMarkedOwnRows,
                    fmt::format("it deleted rows of '{}' that this change deletes", remove.path));
    }
    if (mine_.read_rows_alone && !mine_.read_paths.contains(remove.path)) return std::nullopt;
    if (mine_.read_paths.contains(remove.path) || ReadWouldSee(PartitionOf(remove))) {
      return Judged(marked               ? Meeting::kMarkedRead
                    : remove.data_change ? Meeting::kRemovedRead
                                         : Meeting::kMovedRead,
                    fmt::format("it removed '{}', which this change had read", remove.path));
    }
    return std::nullopt;
  }

  // A remove need not say its partition: then the base snapshot knows.
  PartitionValues PartitionOf(const Remove& remove) const {
    if (!remove.partition_values.empty() || mine_.base->partition_columns().empty()) return remove.partition_values;
    const auto& files = mine_.base->files();
    const auto found = std::lower_bound(files.begin(), files.end(), remove.path,
                                        [](const Add& add, const std::string& path) { return add.path < path; });
    return found != files.end() && found->path == remove.path ? found->partition_values : PartitionValues{};
  }

  bool ReadWouldSee(const PartitionValues& values) const {
    if (mine_.read_whole_table) return true;
    return std::any_of(mine_.read_partitions->begin(), mine_.read_partitions->end(),
                       [&](const Predicate& predicate) { return MayMatchPartition(predicate, values); });
  }

  // True when in doubt.
  bool MayMatchPartition(const Predicate& predicate, const PartitionValues& values) const {
    const auto& schema = mine_.base->schema();
    return std::all_of(predicate.tests.begin(), predicate.tests.end(), [&](const Test& test) {
      const int index = schema.IndexOf(test.column);
      if (index < 0) return true;
      const plan::Field& field = schema.fields[static_cast<size_t>(index)];
      const auto text = values.find(PhysicalName(field, mine_.base->column_mapping()));
      if (text == values.end()) return true;
      const auto value = ParsePartitionValue(text->second, field.type);
      return !value.ok() || MayMatchValue(test, *value, field.type);
    });
  }

  const Intent& mine_;
  const std::vector<Action>& winner_;
  int64_t version_;
  const RowsByPath& their_rows_;
  std::set<std::string_view> added_;             // paths
  std::map<std::string_view, int64_t> removed_;  // paths, and how many of their rows were deleted before
  bool blind_append_ = false;
};

}  // namespace

std::optional<Conflict> FindConflict(const Intent& mine, const std::vector<Action>& winner, int64_t version,
                                     const RowsByPath& their_rows) {
  return Judge(mine, winner, version, their_rows).Decide();
}

}  // namespace tidemill::delta
