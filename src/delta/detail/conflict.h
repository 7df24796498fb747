// Whether a commit that was faster makes this transaction's change wrong: a pure decision.
//
// kConflictMatrix is the whole of it, for both of Delta's isolation levels; the rest finds out which meeting it is.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "delta/actions.h"
#include "delta/predicate.h"
#include "delta/snapshot.h"
#include "delta/transaction.h"

namespace tidemill::delta {

// How an action of another's commit meets this transaction.
enum class Meeting {
  kBlindAppend,     // it added rows where this one had read, without having looked at the table
  kAppend,          // it added rows where this one had read
  kRemovedRead,     // it took out a file that this one had read
  kRemovedOwn,      // it took out a file that this one takes out, or rows of
  kMovedRead,       // it wrote a file anew that this one had read: the same rows lie elsewhere
  kMarkedRead,      // it deleted rows of a file that this one had read
  kMarkedOwnRows,   // it deleted rows that this one deletes, or rows of a file that this one takes out
  kMarkedOtherRows  // it deleted other rows of a file of which this one deletes rows
};

enum class Verdict {
  kAccept,
  kRebase,  // the deletion vectors of both become one
  kConflict,
};

struct ConflictRule {
  Meeting meeting;
  Verdict write_serializable;
  Verdict serializable;
  ConflictKind kind;  // of kConflict
};
inline constexpr ConflictRule kConflictMatrix[] = {
    {Meeting::kBlindAppend, Verdict::kAccept, Verdict::kConflict, ConflictKind::kConcurrentAppend},
    {Meeting::kAppend, Verdict::kConflict, Verdict::kConflict, ConflictKind::kConcurrentAppend},
    {Meeting::kRemovedRead, Verdict::kConflict, Verdict::kConflict, ConflictKind::kConcurrentDelete},
    {Meeting::kRemovedOwn, Verdict::kConflict, Verdict::kConflict, ConflictKind::kConcurrentDelete},
    {Meeting::kMovedRead, Verdict::kAccept, Verdict::kAccept, ConflictKind::kConcurrentDelete},
    {Meeting::kMarkedRead, Verdict::kConflict, Verdict::kConflict, ConflictKind::kConcurrentDelete},
    {Meeting::kMarkedOwnRows, Verdict::kConflict, Verdict::kConflict, ConflictKind::kConcurrentDelete},
    {Meeting::kMarkedOtherRows, Verdict::kRebase, Verdict::kRebase, ConflictKind::kConcurrentDelete},
};

// The rows of a file, by its path as logged; ascending.
using RowsByPath = std::map<std::string, std::vector<int64_t>>;

// What of a transaction can be in the way of others.
struct Intent {
  const Snapshot* base = nullptr;  // null: creates the table
  bool changes_metadata = false;
  bool serializable = false;
  bool read_whole_table = false;
  // Every row was judged by itself: what others take away changes nothing but where this one takes rows too.
  bool read_rows_alone = false;
  RowsByPath marked_rows{};  // that this one deletes by deletion vectors
  const std::vector<Predicate>* read_partitions = nullptr;
  std::set<std::string> read_paths{};
  std::set<std::string> removed_paths{};
  std::vector<Txn> txns{};
  std::function<bool(const Txn&)> rival{};  // empty: none
  std::set<std::string> domains{};
};

// `their_rows`: of the files in mine.marked_rows to which the winner gave a deletion vector, all the rows it holds.
std::optional<Conflict> FindConflict(const Intent& mine, const std::vector<Action>& winner, int64_t version,
                                     const RowsByPath& their_rows = {});

}  // namespace tidemill::delta
