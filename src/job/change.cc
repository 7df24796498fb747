#include "job/change.h"

#include <nlohmann/json.hpp>
#include <set>

#include "job/commit.h"
#include "job/inputs.h"
#include "plan/schema_json.h"

namespace tidemill::job {
namespace {

class ChangeMaker {
 public:
  ChangeMaker(const Written& written, RunEnvironment& environment)
      : written_(written), table_(written.target), environment_(environment) {}

  Result<Change> Make() {
    const auto now = environment_.clock->Now();
    const auto mapping = table_.snapshot ? table_.snapshot->column_mapping() : delta::ColumnMapping::kNone;
    ASSIGN_OR_RETURN(const auto adds, MakeAdds(table_.table.root, written_.files.files, written_.output.table, mapping,
                                               written_.key.ToString(), written_.proceed.txn_version, now));
    ASSIGN_OR_RETURN(auto transaction, Begin());
    Change change{std::move(transaction)};
    for (const auto& add : adds) change.transaction.AddFile(add);
    if (table_.snapshot) change.removed_files = RemoveOldRows(change.transaction, adds);
    change.transaction.SetTxn(
        {written_.key.ToString(), written_.proceed.txn_version, now.time_since_epoch().count() / 1000});
    if (written_.job.sink.mode == SinkMode::kAppend && !written_.options.again) {
      change.transaction.ExcludeTxns([key = written_.key](const delta::Txn& txn) { return IsRival(key, txn); });
    }
    change.transaction.Describe(Description());
    return change;
  }

 private:
  Result<delta::Transaction> Begin() {
    if (!table_.snapshot) {
      ASSIGN_OR_RETURN(auto metadata, NewTableMetadata(written_.output.table, written_.output.partitions,
                                                       *environment_.clock, environment_.random));
      return delta::Transaction::Create(table_.table, std::move(metadata));
    }
    auto transaction = delta::Transaction::Begin(table_.snapshot);
    if (written_.output.schema_changes) {
      delta::Metadata metadata = table_.snapshot->metadata();
      metadata.schema_string = plan::SchemaToJson(written_.output.table);
      transaction.SetMetadata(std::move(metadata));
    }
    return transaction;
  }

  // What the mode takes out of the table; gives the number of files.
  int64_t RemoveOldRows(delta::Transaction& transaction, const std::vector<delta::Add>& adds) const {
    std::vector<delta::Add> removes = written_.proceed.replaced;
    switch (written_.job.sink.mode) {
      case SinkMode::kAppend:
        break;
      case SinkMode::kOverwrite:
        transaction.RemoveAllFiles();
        return static_cast<int64_t>(table_.snapshot->files().size());
      case SinkMode::kOverwritePartitions:
        ReadWrittenPartitions(transaction);
        removes = FilesInPartitions(adds);
        break;
      case SinkMode::kMerge:
        transaction.ReadWholeTable();
        removes = written_.rewritten;
        break;
    }
    for (const auto& add : removes) transaction.RemoveFile(add);
    return static_cast<int64_t>(removes.size());
  }

  std::vector<delta::Add> FilesInPartitions(const std::vector<delta::Add>& adds) const {
    std::set<delta::PartitionValues> partitions;
    for (const auto& add : adds) partitions.insert(add.partition_values);
    std::vector<delta::Add> files;
    for (const auto& add : table_.snapshot->files()) {
      if (partitions.contains(add.partition_values)) files.push_back(add);
    }
    return files;
  }

  void ReadWrittenPartitions(delta::Transaction& transaction) const {
    std::set<std::string> seen;
    for (const auto& file : written_.files.files) {
      if (!seen.insert(file.path.substr(0, file.path.rfind('/'))).second) continue;
      delta::Predicate predicate;
      for (size_t i = 0; i < file.partition_values.size(); ++i) {
        const auto& name = written_.output.partitions[i];
        const auto& value = file.partition_values[i].second;
        delta::Test test{name, delta::Test::Op::kIsNull};
        if (!value.is_null()) test = {name, delta::Test::Op::kEqual, {value}};
        predicate.tests.push_back(std::move(test));
      }
      transaction.ReadPartitions(std::move(predicate));
    }
  }

  delta::CommitDescription Description() const {
    const auto& files = written_.files;
    const SinkMode mode = written_.job.sink.mode;
    delta::CommitDescription description;
    nlohmann::ordered_json partitions = written_.output.partitions;
    description.operation = mode == SinkMode::kMerge ? "MERGE" : "WRITE";
    description.parameters = {{"mode", mode == SinkMode::kAppend ? "Append" : "Overwrite"},
                              {"partitionBy", partitions.dump()}};
    description.metrics = {{"numFiles", std::to_string(files.files.size())},
                           {"numOutputRows", std::to_string(files.rows_written)},
                           {"numOutputBytes", std::to_string(TotalBytes(files.files))}};
    description.engine_info = "Tidemill/" + environment_.version;
    nlohmann::ordered_json ours = {{"run", written_.key.ToString()},
                                   {"attempt", written_.attempt},
                                   {"rows_quarantined", files.rows_diverted},
                                   {"rows_malformed", files.rows_malformed}};
    if (!written_.proceed.replaced_keys.empty()) ours["replaced"] = written_.proceed.replaced_keys;
    if (const auto inputs = InputsOf(written_.job, environment_); written_.key.by_input && inputs.ok())
      ours[kInputsMember] = *inputs;
    description.tidemill = ours.dump();
    return description;
  }

  const Written& written_;
  const Target& table_;
  RunEnvironment& environment_;
};

}  // namespace

Result<Change> MakeChange(const Written& written, RunEnvironment& environment) {
  return ChangeMaker(written, environment).Make();
}

bool IsRival(const RunKey& key, const delta::Txn& txn) {
  if (txn.app_id.starts_with(key.SlicePrefix())) return true;
  const auto other = RunKey::Parse(txn.app_id);
  return other && other->job == key.job && Overlap(key, *other);
}

}  // namespace tidemill::job
