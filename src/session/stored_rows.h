// Rows on their way into a table: Spark's store assignment, and the change of the table's files.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "delta/actions.h"
#include "delta/snapshot.h"
#include "delta/transaction.h"
#include "session/state.h"

namespace tidemill::session {

// A row that breaks a rule ends the statement with this error.
struct RowRule {
  std::string name;
  Error error;
};

// A query whose first columns are the table's, of its types and in its order; then one BOOLEAN a rule.
struct StoredRows {
  plan::RelationPtr query;
  int columns = 0;
  std::vector<RowRule> rules;
  std::vector<int> identities{};  // columns that were filled from their sequences
};

// What a query gives, as its columns were resolved.
struct Given {
  plan::ExprPtr value;  // null: of a column that the table computes
  plan::DataType type;
};

// `given`: one a column of the table, over `from`. Checks what may be stored as what
// (spark.sql.storeAssignmentPolicy), casts, pads CHAR and checks lengths.
Result<StoredRows> Assign(State& state, const Table& table, const std::vector<Given>& given, plan::RelationPtr from,
                          plan::ExprPtr where = nullptr);

Error NoExplicitIdentity(const plan::Field& field);

// The value a column has where a statement names none, over no columns; NULL without a default.
Result<plan::ExprPtr> DefaultOf(const plan::Field& field);

// How the new rows meet the old ones.
struct Placement {
  bool overwrite = false;
  bool dynamic = false;  // only the partitions that get rows are overwritten
  // Overwritten is what lies in these partitions; by column, as text of the partition folder; none is NULL.
  std::map<std::string, std::optional<std::string>> partitions{};
  std::string operation = "WRITE";  // Delta's name for the commit
  bool new_table = false;           // a Delta table is made by the same commit
  bool replace_table = false;       // a Delta table's schema and rows are replaced by the same commit
};

// Writes the rows and makes them seen, all at once or not at all. Gives their count.
Result<int64_t> StoreRows(State& state, const Table& table, const StoredRows& rows, const Placement& placement);

// A file of which rows are deleted, and all its deleted rows, ascending.
struct MarkedFile {
  delta::Add add;
  std::vector<int64_t> deleted_rows;
  std::vector<int64_t> new_rows;  // those of them that the change deletes, ascending
};

// What a row-level change takes out of a Delta table: whole files, and rows of others by a deletion vector.
struct Removal {
  std::vector<delta::Add> files;
  std::vector<MarkedFile> marked;
  bool rows_alone = false;  // each row was judged by itself
  bool empty() const { return files.empty() && marked.empty(); }
};

// A Delta table's row-level change: `rows` (a whole query as above) take the place of what is removed. `changes`: the
// table's columns and the type of change, for the table's change data feed; null: none is recorded.
Result<int64_t> ReplaceFiles(State& state, const Table& table, const delta::SnapshotPtr& snapshot,
                             const StoredRows& rows, const Removal& removal, const plan::RelationPtr& changes,
                             const std::string& operation);

// Makes an empty Delta table by its first commit.
Status CreateDeltaTable(State& state, const Table& table);

// Commits other metadata of a Delta table.
Status ChangeMetadata(State& state, const delta::SnapshotPtr& snapshot, delta::Metadata metadata,
                      const std::string& operation);

// Makes the commit, whose transaction says of itself what it is.
Status CommitChange(State& state, delta::Transaction& transaction);

Result<delta::SnapshotPtr> SnapshotOf(State& state, const Table& table);

}  // namespace tidemill::session
