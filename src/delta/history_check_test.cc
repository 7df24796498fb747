#include "delta/history_check.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <functional>
#include <random>

#include "delta/checkpoint.h"
#include "delta/deletion_vector.h"
#include "delta/path.h"
#include "delta/snapshot.h"
#include "delta/testing/json_checkpoint_io.h"
#include "plan/schema_json.h"

namespace tidemill::delta {
namespace {

using Kind = Anomaly::Kind;

// A history of a partitioned table with every kind of change, sound until a plant spoils it.
class Log {
 public:
  Log() {
    metadata.id = "id-1";
    metadata.schema_string = plan::SchemaToJson({{{"a", plan::TypeId::kInt}, {"p", plan::TypeId::kInt}}});
    metadata.partition_columns = {"p"};
    Put(0, {Info("CREATE TABLE", {}, true), protocol, metadata});
    Put(1, {Info("WRITE", 0, true), File("a"), File("b"), Txn{"run", 1}, Mark(19)});
    Put(2, {Info("DELETE", 1), MakeRemove(File("a"), 5), File("a2", "1", 20), Mark(29)});
    Put(3, {Info("DELETE", 2), MakeRemove(File("b"), 5), Marked("b", {1})});
    Put(4, {Info("OPTIMIZE", 3), MakeRemove(File("a2", "1", 20), 5, false), Moved(File("a3", "1", 30)), Mark(39)});
    Put(5, {Info("DELETE", 3), MakeRemove(Marked("b", {1}), 5), Marked("b", {1, 2})});
    Put(6, {Info("WRITE", 5, true), File("c", "2", 40), Txn{"run", 2}, Mark(49)});
    Put(7, {Info("RESTORE", 6), MakeRemove(File("c", "2", 40), 5), File("a", "1", 0)});
    Put(8, {Info("WRITE", 7, true), File("d", "2", 50), Mark(59)});
    Checkpoint(6);
  }

  static CommitInfo Info(std::string operation, std::optional<int64_t> read, bool blind = false) {
    static int64_t time = 1000;
    CommitInfo info;
    info.operation = std::move(operation);
    info.read_version = read;
    info.is_blind_append = blind;
    info.in_commit_timestamp_ms = ++time;
    return info;
  }
  static Add File(const std::string& name, const std::string& partition = "1", int64_t row_id = -1) {
    Add add{.path = name, .partition_values = {{"p", partition}}, .size_bytes = 10};
    add.stats = R"({"numRecords":10})";
    add.base_row_id = row_id >= 0 ? row_id : name == "b" ? 10 : 0;
    add.default_row_commit_version = 1;
    return add;
  }
  static Add Marked(const std::string& name, std::vector<int64_t> rows) {
    Add add = File(name);
    add.deletion_vector = MakeInlineDeletionVector(rows);
    return add;
  }
  static Add Moved(Add add) {
    add.data_change = false;
    return add;
  }
  static DomainMetadata Mark(int64_t mark) {
    return {"delta.rowTracking", fmt::format(R"({{"rowIdHighWaterMark":{}}})", mark)};
  }

  std::string Path(const std::string& name) const { return "/t/_delta_log/" + name; }
  void Put(int64_t version, const std::vector<Action>& actions) {
    std::string text;
    for (const auto& action : actions) text += ToJson(action) + "\n";
    ASSERT_TRUE(store->Put(Path(CommitName(version)), text).ok());
  }
  void Checkpoint(int64_t version) {
    const auto snapshot = LoadSnapshot(table, {.version = version});
    ASSERT_TRUE(snapshot.ok()) << snapshot.error().message;
    ASSERT_TRUE(WriteCheckpoint(**snapshot, Timestamp{}, random).ok());
  }
  void Remove(const std::string& name) { ASSERT_TRUE(store->Remove(Path(name)).ok()); }

  Protocol protocol{3, 7, std::vector<std::string>{"deletionVectors"},
                    std::vector<std::string>{"deletionVectors", "rowTracking", "domainMetadata", "inCommitTimestamp"}};
  Metadata metadata;
  std::unique_ptr<storage::Storage> store = storage::MakeMemory();
  JsonCheckpointIo io{*store};
  std::mt19937_64 random{7};
  Table table{.storage = store.get(), .checkpoints = &io, .root = "/t"};
};

struct Plant {
  Kind kind;
  std::function<void(Log&)> spoil;
};

const Plant kPlants[] = {
    {Kind::kGap, [](Log& log) { log.Remove(CommitName(7)); }},
    {Kind::kBrokenCommit,
     [](Log& log) { ASSERT_TRUE(log.store->Put(log.Path(CommitName(8)), "{\"add\":{\"pa").ok()); }},
    {Kind::kBrokenCommit, [](Log& log) { ASSERT_TRUE(log.store->Put(log.Path(CommitName(8)), "").ok()); }},
    {Kind::kNoStart,
     [](Log& log) {
       auto info = Log::Info("CREATE TABLE", {}, true);
       info.in_commit_timestamp_ms = 1;
       log.Put(0, {info, log.metadata});
     }},
    {Kind::kDoubleAdd, [](Log& log) { log.Put(9, {Log::Info("WRITE", 8, true), Log::File("d", "2", 50)}); }},
    {Kind::kDoubleRemove, [](Log& log) { log.Put(9, {Log::Info("DELETE", 8), MakeRemove(Log::File("zz"), 5)}); }},
    {Kind::kLostUpdate,  // both replace "a"; the second had not seen the first
     [](Log& log) {
       log.Put(9, {Log::Info("DELETE", 8), MakeRemove(Log::File("a"), 5), Log::File("a5", "1", 60), Log::Mark(69)});
       log.Put(10, {Log::Info("UPDATE", 8), MakeRemove(Log::File("a"), 5), Log::File("a6", "3", 70), Log::Mark(79)});
     }},
    {Kind::kLostUpdate,  // both mark rows of "b"; the second takes out the state before the first
     [](Log& log) {
       log.Put(9, {Log::Info("DELETE", 8), MakeRemove(Log::Marked("b", {1, 2}), 5), Log::Marked("b", {1, 2, 3})});
       log.Put(10, {Log::Info("DELETE", 8), MakeRemove(Log::Marked("b", {1, 2}), 5), Log::Marked("b", {1, 2, 3, 4})});
     }},
    {Kind::kResurrectedFile, [](Log& log) { log.Put(9, {Log::Info("WRITE", 8, true), Log::File("c", "2", 40)}); }},
    {Kind::kResurrectedRows,
     [](Log& log) {
       log.Put(9, {Log::Info("DELETE", 8), MakeRemove(Log::Marked("b", {1, 2}), 5), Log::Marked("b", {2})});
     }},
    {Kind::kWriteSkew,
     [](Log& log) {
       log.Put(9, {Log::Info("UPDATE", 8), MakeRemove(Log::File("a"), 5), Log::File("a5", "1", 60), Log::Mark(69)});
       log.Put(10, {Log::Info("MERGE", 8), MakeRemove(Log::File("a3", "1", 30), 5), Log::File("a6", "1", 70),
                    Log::Mark(79)});
     }},
    {Kind::kDoubleRun, [](Log& log) { log.Put(9, {Log::Info("WRITE", 8, true), Txn{"run", 2}}); }},
    {Kind::kTimeGoesBack,
     [](Log& log) {
       auto info = Log::Info("WRITE", 8, true);
       info.in_commit_timestamp_ms = 5;
       log.Put(9, {info});
     }},
    {Kind::kReadsFuture, [](Log& log) { log.Put(9, {Log::Info("WRITE", 12, true)}); }},
    {Kind::kFeatureLost,
     [](Log& log) {
       auto protocol = log.protocol;
       protocol.writer_features->pop_back();
       log.Put(9, {Log::Info("SET TBLPROPERTIES", 8), protocol});
     }},
    {Kind::kOtherTable,
     [](Log& log) {
       auto metadata = log.metadata;
       metadata.id = "id-2";
       log.Put(9, {Log::Info("SET TBLPROPERTIES", 8), metadata});
     }},
    {Kind::kWrongPartition,
     [](Log& log) {
       Add add = Log::File("e", "1", 60);
       add.partition_values.clear();
       log.Put(9, {Log::Info("WRITE", 8, true), add});
     }},
    {Kind::kPathOutside, [](Log& log) { log.Put(9, {Log::Info("WRITE", 8, true), Log::File("%2E%2E/up", "1", 60)}); }},
    {Kind::kRowIdsTaken, [](Log& log) { log.Put(9, {Log::Info("WRITE", 8, true), Log::File("e", "1", 55)}); }},
    {Kind::kRowIdMarkBack, [](Log& log) { log.Put(9, {Log::Info("WRITE", 8, true), Log::Mark(58)}); }},
    {Kind::kStaleCheckpoint,  // as of an older version, under a newer one's name
     [](Log& log) {
       const auto bytes = storage::ReadAll(*log.store, log.Path(CheckpointName(6)));
       ASSERT_TRUE(log.store->Put(log.Path(CheckpointName(8)), *bytes).ok());
     }},
    {Kind::kBrokenCheckpoint,
     [](Log& log) { ASSERT_TRUE(log.store->Put(log.Path(CheckpointName(6)), "{\"add\":").ok()); }},
    {Kind::kBrokenCheckpoint,
     [](Log& log) {
       const std::string part = "00000000000000000008.checkpoint.0000000001.0000000002.parquet";
       ASSERT_TRUE(log.store->Put(log.Path(part), "{}").ok());
     }},
    {Kind::kWrongHint,
     [](Log& log) { ASSERT_TRUE(log.store->Put(log.Path("_last_checkpoint"), R"({"version":7,"size":1})").ok()); }},
    {Kind::kWrongChecksum,
     [](Log& log) {
       ASSERT_TRUE(log.store->Put(log.Path("00000000000000000008.crc"), R"({"numFiles":3,"tableSizeBytes":40})").ok());
     }},
    {Kind::kBrokenVector,
     [](Log& log) {
       Add add = Log::Marked("b", {1, 2, 3});
       add.deletion_vector->cardinality = 4;
       log.Put(9, {Log::Info("DELETE", 8), MakeRemove(Log::Marked("b", {1, 2}), 5), add});
     }},
};

std::string Told(const HistoryReport& report) {
  std::string told;
  for (const auto& anomaly : report.anomalies) {
    told += fmt::format("{} {} {}: {}\n", AnomalyName(anomaly.kind), anomaly.version, anomaly.path, anomaly.message);
  }
  return told;
}

TEST(HistoryCheck, ASoundHistoryHasNone) {
  Log log;
  ASSERT_TRUE(log.store->Put(log.Path("00000000000000000008.crc"), R"({"numFiles":4,"tableSizeBytes":40})").ok());
  const auto report = CheckHistory(log.table);
  ASSERT_TRUE(report.ok()) << report.error().message;
  EXPECT_EQ(Told(*report), "");
  EXPECT_EQ(report->last_version, 8);
}

TEST(HistoryCheck, FindsEveryPlantedAnomaly) {
  for (const auto& plant : kPlants) {
    Log log;
    plant.spoil(log);
    const auto report = CheckHistory(log.table);
    ASSERT_TRUE(report.ok()) << report.error().message;
    EXPECT_TRUE(std::ranges::any_of(report->anomalies, [&](const auto& found) { return found.kind == plant.kind; }))
        << AnomalyName(plant.kind) << " is not among:\n"
        << Told(*report);
    EXPECT_LE(report->anomalies.size(), 2u) << AnomalyName(plant.kind) << ":\n" << Told(*report);
  }
}

TEST(HistoryCheck, BeginsAtACheckpoint) {
  Log log;
  for (int64_t version = 0; version <= 5; ++version) log.Remove(CommitName(version));
  const auto report = CheckHistory(log.table);
  ASSERT_TRUE(report.ok()) << report.error().message;
  EXPECT_EQ(Told(*report), "");
  EXPECT_EQ(report->first_version, 6);
}

}  // namespace
}  // namespace tidemill::delta
