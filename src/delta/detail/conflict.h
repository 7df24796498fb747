// Whether a commit that was faster makes this transaction's change wrong: a pure decision.
//
// The rules are those of Delta's WriteSerializable isolation: what a blind append of others adds never matters, what
// other writers add matters where this one read, and what others remove matters where this one read or removes.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "delta/actions.h"
#include "delta/predicate.h"
#include "delta/snapshot.h"
#include "delta/transaction.h"

namespace tidemill::delta {

// What of a transaction can be in the way of others.
struct Intent {
  const Snapshot* base = nullptr;  // null: creates the table
  bool changes_metadata = false;
  bool read_whole_table = false;
  const std::vector<Predicate>* read_partitions = nullptr;
  std::set<std::string> read_paths{};
  std::set<std::string> removed_paths{};
  std::vector<Txn> txns{};
  std::function<bool(const Txn&)> rival{};  // empty: none
  std::set<std::string> domains{};
};

std::optional<Conflict> FindConflict(const Intent& mine, const std::vector<Action>& winner, int64_t version);

}  // namespace tidemill::delta
