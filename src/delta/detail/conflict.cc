#include "delta/detail/conflict.h"

#include <fmt/format.h>

#include <algorithm>

#include "delta/column_mapping.h"
#include "delta/detail/prune.h"
#include "delta/partition_value.h"

namespace tidemill::delta {
namespace {

class Judge {
 public:
  Judge(const Intent& mine, const std::vector<Action>& winner, int64_t version)
      : mine_(mine), winner_(winner), version_(version) {
    for (const auto& action : winner) {
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

  std::optional<Conflict> OnAdd(const Add& add) const {
    if (!add.data_change || (blind_append_ && !mine_.changes_metadata) || !ReadWouldSee(add.partition_values)) {
      return std::nullopt;
    }
    return Make(ConflictKind::kConcurrentAppend, fmt::format("it added '{}', where this change had read", add.path));
  }

  std::optional<Conflict> OnRemove(const Remove& remove) const {
    if (mine_.removed_paths.contains(remove.path)) {
      return Make(ConflictKind::kConcurrentDelete,
                  fmt::format("it removed '{}', which this change replaces", remove.path));
    }
    if (mine_.read_paths.contains(remove.path) || ReadWouldSee(PartitionOf(remove))) {
      return Make(ConflictKind::kConcurrentDelete,
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
  bool blind_append_ = false;
};

}  // namespace

std::optional<Conflict> FindConflict(const Intent& mine, const std::vector<Action>& winner, int64_t version) {
  return Judge(mine, winner, version).Decide();
}

}  // namespace tidemill::delta
