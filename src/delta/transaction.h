// One commit in the making: what was read, what changes, and the protocol's way to make it version n+1.
//
//   auto transaction = Transaction::Begin(snapshot);         // or Transaction::Create(table, metadata)
//   transaction.Add(add); transaction.SetTxn({run_key, 1, now_ms});
//   ASSIGN_OR_RETURN(auto outcome, transaction.Commit(clock, random));
//
// A transaction never deletes a data file, whatever the outcome. Not thread-safe; committed once.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "delta/actions.h"
#include "delta/predicate.h"
#include "delta/snapshot.h"

namespace tidemill::delta {

// The commit is in the log, at that version. `warnings`: what failed afterwards without harm (a checkpoint).
struct Committed {
  int64_t version = 0;
  std::vector<std::string> warnings{};
};

enum class ConflictKind {
  kTableExists,           // Create: somebody made the table
  kMetadataChanged,       // schema, partitioning or properties changed
  kProtocolChanged,       // the table was upgraded
  kConcurrentAppend,      // files came in where this transaction had read
  kConcurrentDelete,      // files this transaction had read or removes were removed
  kDuplicateTransaction,  // a commit of the same application id is there: this run is already in the table
  kRivalTransaction,      // a commit of an application id that this one excludes
  kDomainChanged,         // the same domain metadata was written
  kTooManyRetries,        // others were faster every time
};
std::string_view ConflictKindName(ConflictKind kind);

// Nothing of this transaction is in the log. Redo it on a new snapshot (but see kDuplicateTransaction).
struct Conflict {
  ConflictKind kind{};
  int64_t version = -1;  // the winning commit; -1 when it is older than the log shows
  std::string message;
};

// The commit may or may not be there (the answer was lost and reading back failed too). Read the table again and look
// for the application id before anything else; delete nothing.
struct Unknown {
  int64_t version = -1;  // the version that may be ours
  std::string message;
};

using CommitOutcome = std::variant<Committed, Conflict, Unknown>;

// What commitInfo tells.
struct CommitDescription {
  std::string operation = "WRITE";  // Delta's names: WRITE, MERGE, DELETE, CREATE TABLE AS SELECT, ...
  StringMap parameters{};           // e.g. mode -> Append, partitionBy -> ["year"]
  StringMap metrics{};              // numFiles, numOutputRows, numOutputBytes, ...
  std::string engine_info{};        // "Tidemill/0.1.0"
  std::string user_metadata{};
  std::string tidemill{};  // JSON text of an object, stored under "tidemill"; "" is none
};

struct CommitOptions {
  int most_attempts = 1000;                   // lost races before kTooManyRetries
  std::optional<int64_t> checkpoint_every{};  // else the table's delta.checkpointInterval, else 10; 0: never
  // The caller did with every row what the table asks: NOT NULL, invariants and CHECK constraints are checked,
  // generated and identity columns computed, defaults filled in.
  bool rows_conform = false;
};

class Transaction {
 public:
  // A change of an existing table, based on `snapshot`.
  static Transaction Begin(SnapshotPtr snapshot);
  // A new table: protocol (chosen from the metadata unless SetProtocol is called) and metadata are part of the commit.
  static Transaction Create(Table table, Metadata metadata);

  // Metadata with a new id and creation time. kInvalidArgument for a schema Delta cannot store.
  static Result<Metadata> NewMetadata(const plan::Schema& schema, std::vector<std::string> partition_columns,
                                      StringMap configuration, const Clock& clock, std::mt19937_64& random);

  // Replaces the table's metadata (schema evolution, properties).
  void SetMetadata(Metadata metadata);
  void SetProtocol(Protocol protocol);
  void AddFile(Add add);
  // A file of change data. A commit that changes rows of files it writes anew, in a table with
  // delta.enableChangeDataFeed, must hold all of its changes as such.
  void AddChange(Cdc change);
  // Takes a live file of the base snapshot out; the deletion time is the commit's.
  void RemoveFile(const Add& add, bool data_change = true);
  // Takes every live file out: overwrite. Implies ReadWholeTable.
  void RemoveAllFiles();
  // The run key. A table that already has this application id at this or a later version is kDuplicateTransaction.
  void SetTxn(Txn txn);
  // A commit that comes in meanwhile with such a transaction is kRivalTransaction, whatever else it changes. Commits in
  // the base snapshot are the caller's to look at.
  void ExcludeTxns(std::function<bool(const Txn&)> rival);
  void SetDomain(DomainMetadata domain);
  void Describe(CommitDescription description);

  // What the change depends on. Nothing read and nothing removed is a blind append: no append of others can conflict.
  void ReadWholeTable();
  void ReadPartitions(Predicate partition_predicate);  // tests on partition columns alone; several: any of them
  void ReadFile(const Add& add);
  // Whoever reads the whole table or partitions says with this that each row was judged by itself: then rows that
  // others delete meanwhile matter only where this change deletes, too.
  void ReadRowsAlone();
  // Of a file that was removed and added with another deletion vector: the rows it newly holds, ascending. Another's
  // deletion of other rows of that file is then no conflict.
  void MarkRows(const std::string& path, std::vector<int64_t> rows);

  const SnapshotPtr& base() const { return base_; }  // null: Create
  // Unique to this transaction: made by Commit, stored as commitInfo.txnId, by which a lost answer is cleared up.
  const std::string& id() const { return id_; }

  // Makes the commit. An error means that the request itself was refused and nothing was written (a table whose writer
  // features are not here, a file path that is not the table's, constraints nobody enforced).
  Result<CommitOutcome> Commit(const Clock& clock, std::mt19937_64& random, const CommitOptions& options = {});

 private:
  friend class Committer;
  Transaction() = default;

  Table table_;
  SnapshotPtr base_;
  std::string id_;
  std::optional<Protocol> protocol_;
  std::optional<Metadata> metadata_;
  std::vector<Add> adds_;
  std::vector<Remove> removes_;
  std::vector<Cdc> changes_;
  std::vector<Txn> txns_;
  std::function<bool(const Txn&)> rival_;
  std::vector<DomainMetadata> domains_;
  CommitDescription description_;
  bool read_whole_table_ = false;
  bool read_rows_alone_ = false;
  std::map<std::string, std::vector<int64_t>> marked_rows_;
  std::vector<Predicate> read_partitions_;
  std::vector<std::string> read_files_;  // paths as logged
};

}  // namespace tidemill::delta
