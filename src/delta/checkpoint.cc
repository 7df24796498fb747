#include "delta/checkpoint.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "base/clock.h"
#include "delta/actions.h"
#include "delta/detail/json_fields.h"
#include "delta/features.h"
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

  // What is neither file nor tombstone; Fill then leaves it out.
  std::string TakeHead() {
    std::string text;
    Head(&text);
    head_done_ = true;
    return text;
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

namespace {

// With the schema in the hint Spark need not read the checkpoint's footer first.
Status WriteHint(const Snapshot& snapshot, const Rows& rows, int64_t size_bytes, const plan::Schema* schema) {
  using OrderedJson = nlohmann::ordered_json;
  OrderedJson hint{{"version", snapshot.version()},
                   {"size", rows.actions()},
                   {"sizeInBytes", size_bytes},
                   {"numOfAddFiles", snapshot.files().size()}};
  if (schema != nullptr) hint["checkpointSchema"] = OrderedJson::parse(plan::SchemaToJson(*schema));
  const Table& table = snapshot.table();
  return table.storage->Put(table.log_folder() + "/_last_checkpoint", Dump(hint));
}

Status WriteRows(const Table& table, const std::string& path, const plan::Schema& schema, Rows& rows) {
  return table.checkpoints->Write(path, schema, [&](std::string* batch) -> Status {
    rows.Fill(batch);
    return Ok();
  });
}

Status WriteClassic(const Snapshot& snapshot, Timestamp now) {
  const Table& table = snapshot.table();
  Rows rows(snapshot, now);
  const std::string path = table.log_folder() + "/" + CheckpointName(snapshot.version());
  const plan::Schema schema = CheckpointSchema();
  RETURN_IF_ERROR(WriteRows(table, path, schema, rows));
  ASSIGN_OR_RETURN(const auto file, table.storage->Stat(path));
  return WriteHint(snapshot, rows, file.size_bytes, &schema);
}

// "V2 Spec": the sidecar first, which is nobody's until the checkpoint names it.
Status WriteV2(const Snapshot& snapshot, Timestamp now, std::mt19937_64& random) {
  const Table& table = snapshot.table();
  Rows rows(snapshot, now);
  std::string text = ToJson(CheckpointMetadata{snapshot.version()}) + "\n" + rows.TakeHead();
  int64_t size_bytes = 0;
  if (!snapshot.files().empty() || !snapshot.tombstones().empty()) {
    plan::Schema schema;
    for (const auto& field : CheckpointSchema().fields) {
      if (field.name == "add" || field.name == "remove") schema.fields.push_back(field);
    }
    const std::string name = NewUuid(random) + ".parquet";
    const std::string path = table.log_folder() + "/_sidecars/" + name;
    RETURN_IF_ERROR(WriteRows(table, path, schema, rows));
    ASSIGN_OR_RETURN(const auto file, table.storage->Stat(path));
    const int64_t modified_ms = std::chrono::floor<std::chrono::milliseconds>(file.modified.time_since_epoch()).count();
    text += ToJson(Sidecar{name, file.size_bytes, modified_ms}) + "\n";
    size_bytes += file.size_bytes;
  }
  size_bytes += std::ssize(text);
  const std::string path =
      fmt::format("{}/{:020}.checkpoint.{}.json", table.log_folder(), snapshot.version(), NewUuid(random));
  RETURN_IF_ERROR(table.storage->PutIfAbsent(path, text));
  return WriteHint(snapshot, rows, size_bytes, nullptr);
}

}  // namespace

Status WriteCheckpoint(const Snapshot& snapshot, Timestamp now, std::mt19937_64& random) {
  if (snapshot.table().checkpoints == nullptr) {
    return Unimplemented("there is no engine here to write a Parquet checkpoint");
  }
  const bool v2 =
      snapshot.Property("delta.checkpointPolicy") == "v2" && HasWriterFeature(snapshot.protocol(), "v2Checkpoint");
  return v2 ? WriteV2(snapshot, now, random) : WriteClassic(snapshot, now);
}

}  // namespace tidemill::delta
