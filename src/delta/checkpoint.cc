#include "delta/checkpoint.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "delta/actions.h"
#include "delta/detail/json_fields.h"
#include "delta/path.h"
#include "delta/vacuum.h"
#include "plan/schema_json.h"

namespace tidemill::delta {
namespace {

using plan::DataType;
using plan::Field;
using plan::TypeId;

constexpr size_t kBatchBytes = 1 << 20;

DataType Text() { return TypeId::kString; }
DataType Long() { return TypeId::kLong; }
DataType TextMap() { return DataType::Map(Text(), Text()); }
DataType TextList() { return DataType::Array(Text()); }

DataType VectorType() {
  return DataType::Struct({{"storageType", Text()},
                           {"pathOrInlineDv", Text()},
                           {"offset", TypeId::kInt},
                           {"sizeInBytes", TypeId::kInt},
                           {"cardinality", Long()},
                           {"maxRowIndex", Long()}});
}

// Hands out the snapshot's actions as lines, a batch at a time.
class Rows {
 public:
  Rows(const Snapshot& snapshot, Timestamp now) : snapshot_(snapshot) {
    const auto oldest = now - RetentionOf(snapshot);
    oldest_ms_ = std::chrono::duration_cast<std::chrono::milliseconds>(oldest.time_since_epoch()).count();
  }

  void Fill(std::string* batch) {
    batch->clear();
    if (!head_done_) Head(batch);
    head_done_ = true;
    const auto& tombstones = snapshot_.tombstones();
    for (; batch->size() < kBatchBytes && next_tombstone_ < tombstones.size(); ++next_tombstone_) {
      Tombstone(tombstones[next_tombstone_], batch);
    }
    const auto& files = snapshot_.files();
    for (; batch->size() < kBatchBytes && next_file_ < files.size(); ++next_file_) {
      Add add = files[next_file_];
      add.data_change = false;  // as of a checkpoint nothing changes
      Line(std::move(add), batch);
    }
  }

  int64_t actions() const { return actions_; }

 private:
  void Head(std::string* batch) {
    Line(snapshot_.protocol(), batch);
    Line(snapshot_.metadata(), batch);
    for (const auto& [id, txn] : snapshot_.txns()) Line(txn, batch);
    for (const auto& [name, domain] : snapshot_.domains()) Line(domain, batch);
  }
  // A tombstone without a time counts as expired, as in Spark.
  void Tombstone(Remove remove, std::string* batch) {
    if (remove.deletion_timestamp_ms.value_or(0) <= oldest_ms_) return;
    remove.data_change = false;
    remove.stats.reset();
    remove.tags.clear();
    Line(std::move(remove), batch);
  }
  void Line(Action action, std::string* batch) {
    batch->append(ToJson(action)).append(1, '\n');
    ++actions_;
  }

  const Snapshot& snapshot_;
  int64_t oldest_ms_ = 0;
  bool head_done_ = false;
  size_t next_tombstone_ = 0;
  size_t next_file_ = 0;
  int64_t actions_ = 0;
};

}  // namespace

plan::Schema CheckpointSchema() {
  const DataType format = DataType::Struct({{"provider", Text()}, {"options", TextMap()}});
  const DataType metadata = DataType::Struct({{"id", Text()},
                                              {"name", Text()},
                                              {"description", Text()},
                                              {"format", format},
                                              {"schemaString", Text()},
                                              {"partitionColumns", TextList()},
                                              {"configuration", TextMap()},
                                              {"createdTime", Long()}});
  const DataType protocol = DataType::Struct({{"minReaderVersion", TypeId::kInt},
                                              {"minWriterVersion", TypeId::kInt},
                                              {"readerFeatures", TextList()},
                                              {"writerFeatures", TextList()}});
  const DataType txn = DataType::Struct({{"appId", Text()}, {"version", Long()}, {"lastUpdated", Long()}});
  const DataType add = DataType::Struct({{"path", Text()},
                                         {"partitionValues", TextMap()},
                                         {"size", Long()},
                                         {"modificationTime", Long()},
                                         {"dataChange", TypeId::kBoolean},
                                         {"stats", Text()},
                                         {"tags", TextMap()},
                                         {"deletionVector", VectorType()},
                                         {"baseRowId", Long()},
                                         {"defaultRowCommitVersion", Long()},
                                         {"clusteringProvider", Text()}});
  const DataType remove = DataType::Struct({{"path", Text()},
                                            {"deletionTimestamp", Long()},
                                            {"dataChange", TypeId::kBoolean},
                                            {"extendedFileMetadata", TypeId::kBoolean},
                                            {"partitionValues", TextMap()},
                                            {"size", Long()},
                                            {"deletionVector", VectorType()},
                                            {"baseRowId", Long()},
                                            {"defaultRowCommitVersion", Long()}});
  const DataType domain =
      DataType::Struct({{"domain", Text()}, {"configuration", Text()}, {"removed", TypeId::kBoolean}});
  return {{{"txn", txn},
           {"add", add},
           {"remove", remove},
           {"metaData", metadata},
           {"protocol", protocol},
           {"domainMetadata", domain}}};
}

Status WriteCheckpoint(const Snapshot& snapshot, Timestamp now) {
  const Table& table = snapshot.table();
  if (table.checkpoints == nullptr) return Unimplemented("there is no engine here to write a Parquet checkpoint");
  Rows rows(snapshot, now);
  const std::string path = table.log_folder() + "/" + CheckpointName(snapshot.version());
  RETURN_IF_ERROR(table.checkpoints->Write(path, CheckpointSchema(), [&](std::string* batch) -> Status {
    rows.Fill(batch);
    return Ok();
  }));
  ASSIGN_OR_RETURN(const auto file, table.storage->Stat(path));
  // With the schema in the hint Spark need not read the checkpoint's footer first.
  using OrderedJson = nlohmann::ordered_json;
  const OrderedJson hint{{"version", snapshot.version()},
                         {"size", rows.actions()},
                         {"sizeInBytes", file.size_bytes},
                         {"numOfAddFiles", snapshot.files().size()},
                         {"checkpointSchema", OrderedJson::parse(plan::SchemaToJson(CheckpointSchema()))}};
  return table.storage->Put(table.log_folder() + "/_last_checkpoint", Dump(hint));
}

}  // namespace tidemill::delta
