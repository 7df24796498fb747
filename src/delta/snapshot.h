// A table at one version: the result of replaying its log. Immutable, shared between threads.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/units.h"
#include "delta/actions.h"
#include "delta/column_mapping.h"
#include "delta/delta.h"
#include "plan/type.h"

namespace tidemill::delta {

class Snapshot;
using SnapshotPtr = std::shared_ptr<const Snapshot>;

// Which version: the newest when neither is set, else that version, else the newest not after `timestamp`.
struct AsOf {
  std::optional<int64_t> version{};
  std::optional<Timestamp> timestamp{};
};

// kNotFound: there is no table, or no such version (the message names what there is). kDataLoss: the log is broken, the
// message names the file. kUnimplemented: the table needs a reader feature that is not here, by its name.
Result<SnapshotPtr> LoadSnapshot(const Table& table, const AsOf& as_of = {});
// Whether a log with at least one commit or checkpoint is there.
Result<bool> TableExists(const Table& table);

class Snapshot {
 public:
  // What the replay of a log leaves.
  struct State {
    int64_t version = -1;
    Timestamp timestamp{};  // of the version's commit: in-commit timestamp, else the file's time made monotonic
    Protocol protocol;
    Metadata metadata;
    plan::Schema schema;
    ColumnMapping column_mapping = ColumnMapping::kNone;
    std::vector<Add> files;  // live, sorted by path
    std::map<std::string, Txn> txns;
    std::map<std::string, DomainMetadata> domains;  // without the removed ones
    std::vector<Remove> tombstones;                 // every remove seen whose file is not live again
    int64_t checkpoint_version = -1;                // the checkpoint replay began at; -1: none
  };

  Snapshot(Table table, State state) : table_(std::move(table)), state_(std::move(state)) {}

  const Table& table() const { return table_; }
  int64_t version() const { return state_.version; }
  Timestamp timestamp() const { return state_.timestamp; }
  const Protocol& protocol() const { return state_.protocol; }
  const Metadata& metadata() const { return state_.metadata; }
  // Logical names; partition columns are among the fields, as in the log.
  const plan::Schema& schema() const { return state_.schema; }
  ColumnMapping column_mapping() const { return state_.column_mapping; }
  const std::vector<std::string>& partition_columns() const { return state_.metadata.partition_columns; }
  const std::vector<Add>& files() const { return state_.files; }
  const std::map<std::string, DomainMetadata>& domains() const { return state_.domains; }
  const std::vector<Remove>& tombstones() const { return state_.tombstones; }
  int64_t checkpoint_version() const { return state_.checkpoint_version; }

  // By application id; ordered, so that those of one prefix lie together.
  const std::map<std::string, Txn>& txns() const { return state_.txns; }
  const Txn* FindTxn(const std::string& app_id) const;
  std::vector<Txn> TxnsWithPrefix(std::string_view app_id_prefix) const;

  // The configuration's value, or none.
  std::optional<std::string> Property(const std::string& key) const;
  int64_t total_bytes() const;

  // The file of a live Add, decoded and inside the table's roots.
  Result<std::string> PathOf(const Add& add) const;
  // The live files whose tag `key` has `value`: those of one run.
  std::vector<Add> FilesTagged(const std::string& key, const std::string& value) const;

 private:
  Table table_;
  State state_;
};

}  // namespace tidemill::delta
