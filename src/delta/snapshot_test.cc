#include "delta/snapshot.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "delta/check.h"
#include "delta/checkpoint.h"
#include "delta/history.h"
#include "delta/path.h"
#include "delta/testing/json_checkpoint_io.h"
#include "plan/schema_json.h"

namespace tidemill::delta {
namespace {

class FixedClock final : public Clock {
 public:
  Timestamp Now() const override { return now; }
  Micros Monotonic() const override { return now.time_since_epoch(); }
  Timestamp now{Micros(1'000'000)};
};

using Strings = std::vector<std::string>;

class SnapshotTest : public testing::Test {
 protected:
  // A commit of these lines; version 0 also gets protocol and metadata.
  void Commit(int64_t version, std::string lines) {
    if (version == 0) {
      const auto schema = plan::SchemaToJson({{{"a", plan::TypeId::kInt}}});
      lines = ToJson(Protocol{1, 2}) + "\n" + ToJson(Metadata{.id = "id", .schema_string = schema}) + "\n" + lines;
    }
    Put(CommitName(version), lines);
  }
  void Put(const std::string& name, const std::string& bytes) {
    ASSERT_TRUE(store_->Put("/t/_delta_log/" + name, bytes).ok());
    clock_.now += std::chrono::seconds(1);
  }
  void Drop(const std::string& name) { ASSERT_TRUE(store_->Remove("/t/_delta_log/" + name).ok()); }
  static std::string AddLine(const std::string& path) { return ToJson(Add{.path = path, .size_bytes = 1}) + "\n"; }
  static std::string RemoveLine(const std::string& path, int64_t at_ms = 5) {
    return ToJson(MakeRemove(Add{.path = path}, at_ms)) + "\n";
  }
  Strings Files(const AsOf& as_of = {}) {
    const auto snapshot = LoadSnapshot(table_, as_of);
    if (!snapshot.ok()) return {std::string(ErrorKindName(snapshot.error().kind)), snapshot.error().message};
    Strings files;
    for (const auto& add : (*snapshot)->files()) files.push_back(add.path);
    return files;
  }
  // Loading fails as lost data, and the message names this.
  void ExpectBroken(const std::string& name, const AsOf& as_of = {}) {
    const auto snapshot = LoadSnapshot(table_, as_of);
    ASSERT_FALSE(snapshot.ok());
    EXPECT_EQ(snapshot.error().kind, ErrorKind::kDataLoss);
    EXPECT_NE(snapshot.error().message.find(name), std::string::npos) << snapshot.error().message;
  }
  void WriteFive() {
    Commit(0, AddLine("a"));
    Commit(1, AddLine("b") + ToJson(Txn{"run-1", 1}) + "\n");
    Commit(2, RemoveLine("a", 2'000'000'000'000) + AddLine("c") + ToJson(DomainMetadata{"d", "x"}) + "\n");
    Commit(3, AddLine("d") + ToJson(Txn{"run-1", 2}) + "\n" + ToJson(Txn{"other", 7}) + "\n");
    Commit(4, RemoveLine("b") + ToJson(DomainMetadata{"d", "", true}) + "\n");
  }
  void CheckpointAt(int64_t version) {
    const auto snapshot = LoadSnapshot(table_, {.version = version});
    ASSERT_TRUE(snapshot.ok()) << snapshot.error().message;
    const auto written = WriteCheckpoint(**snapshot, clock_.now, random_);
    ASSERT_TRUE(written.ok()) << written.error().message;
  }

  FixedClock clock_;
  std::mt19937_64 random_{1};
  std::unique_ptr<storage::Storage> store_ = storage::MakeMemory(&clock_);
  JsonCheckpointIo io_{*store_};
  Table table_{.storage = store_.get(), .checkpoints = &io_, .root = "/t"};
};

TEST_F(SnapshotTest, ReplaysCommits) {
  WriteFive();
  EXPECT_EQ(Files(), (Strings{"c", "d"}));
  EXPECT_EQ(Files({.version = 0}), Strings{"a"});
  EXPECT_EQ(Files({.version = 2}), (Strings{"b", "c"}));
  const auto snapshot = *LoadSnapshot(table_);
  EXPECT_EQ(snapshot->version(), 4);
  EXPECT_EQ(snapshot->FindTxn("run-1")->version, 2);
  EXPECT_EQ(snapshot->TxnsWithPrefix("run-").size(), 1u);
  EXPECT_TRUE(snapshot->domains().empty());
  EXPECT_EQ(snapshot->tombstones().size(), 2u);
  EXPECT_EQ((*LoadSnapshot(table_, {.version = 2}))->domains().at("d").configuration, "x");
  EXPECT_EQ(*FindTxnVersion(table_, "run-1"), 3);
  EXPECT_EQ(*FindTxnVersion(table_, "run-9"), std::nullopt);
}

TEST_F(SnapshotTest, NoTableAndNoVersion) {
  EXPECT_EQ(LoadSnapshot(table_).error().kind, ErrorKind::kNotFound);
  EXPECT_FALSE(*TableExists(table_));
  WriteFive();
  EXPECT_TRUE(*TableExists(table_));
  EXPECT_EQ(LoadSnapshot(table_, {.version = 5}).error().kind, ErrorKind::kNotFound);
  EXPECT_EQ(LoadSnapshot(table_, {.version = -1}).error().kind, ErrorKind::kNotFound);
}

TEST_F(SnapshotTest, StartsAtTheNewestCheckpoint) {
  WriteFive();
  CheckpointAt(3);
  for (int64_t version = 0; version < 3; ++version) Drop(CommitName(version));
  EXPECT_EQ(Files(), (Strings{"c", "d"}));
  EXPECT_EQ((*LoadSnapshot(table_))->checkpoint_version(), 3);
  EXPECT_EQ((*LoadSnapshot(table_))->txns().size(), 2u);
  EXPECT_EQ(Files({.version = 3}), (Strings{"b", "c", "d"}));
  EXPECT_EQ(LoadSnapshot(table_, {.version = 2}).error().kind, ErrorKind::kNotFound);
  // The tombstone of "a" is young, and stays; a later checkpoint at 4 leaves the old one of "b" out.
  EXPECT_EQ((*LoadSnapshot(table_))->tombstones().size(), 2u);
  clock_.now = Timestamp(std::chrono::seconds(1'900'000'000));
  CheckpointAt(4);
  Drop(CommitName(4));
  const auto last = *LoadSnapshot(table_);
  ASSERT_EQ(last->tombstones().size(), 1u);
  EXPECT_EQ(last->tombstones()[0].path, "a");
}

TEST_F(SnapshotTest, TheHintIsOnlyAHint) {
  WriteFive();
  CheckpointAt(2);
  for (const auto* hint : {"{torn", "", R"({"version":9})", R"({"version":1})", R"({"version":-1})", "[]"}) {
    Put("_last_checkpoint", hint);
    EXPECT_EQ(Files(), (Strings{"c", "d"})) << hint;
  }
}

TEST_F(SnapshotTest, ADamagedCheckpointGivesWayToAnOlderOne) {
  WriteFive();
  CheckpointAt(1);
  CheckpointAt(3);
  Put(CheckpointName(3), "{\"add\":{tor");
  EXPECT_EQ(Files(), (Strings{"c", "d"}));
  EXPECT_EQ((*LoadSnapshot(table_))->checkpoint_version(), 1);
  Drop(CommitName(2));
  ExpectBroken(CheckpointName(3));
}

TEST_F(SnapshotTest, AMultiPartCheckpointCountsOnlyWhole) {
  WriteFive();
  CheckpointAt(3);
  const auto bytes = *storage::ReadAll(*store_, "/t/_delta_log/" + CheckpointName(3));
  Drop(CheckpointName(3));
  const auto part = [](int number) { return fmt::format("{:020}.checkpoint.{:010}.{:010}.parquet", 3, number, 2); };
  const size_t half = bytes.find('\n', bytes.size() / 2) + 1;
  Put(part(1), bytes.substr(0, half));
  EXPECT_EQ((*LoadSnapshot(table_))->checkpoint_version(), -1);
  Put(part(2), bytes.substr(half));
  EXPECT_EQ((*LoadSnapshot(table_))->checkpoint_version(), 3);
  EXPECT_EQ(Files(), (Strings{"c", "d"}));
  Drop(CommitName(0));
  EXPECT_EQ(Files(), (Strings{"c", "d"}));
  Drop(part(1));
  ExpectBroken(part(1));
}

TEST_F(SnapshotTest, ReadsV2CheckpointsWithSidecars) {
  WriteFive();
  const std::string head = ToJson(CheckpointMetadata{3}) + "\n" + ToJson(Protocol{1, 2}) + "\n" +
                           ToJson((*LoadSnapshot(table_))->metadata()) + "\n" + ToJson(Txn{"run-1", 2}) + "\n";
  Put("00000000000000000003.checkpoint.80a083e8-7026-4e79-81be-64bd76c43a11.json",
      head + ToJson(Sidecar{"s.parquet", 1, 1}) + "\n");
  Put("_sidecars/s.parquet", AddLine("b") + AddLine("c") + AddLine("d"));
  for (int64_t version = 0; version < 4; ++version) Drop(CommitName(version));
  EXPECT_EQ(Files(), (Strings{"c", "d"}));
  EXPECT_EQ((*LoadSnapshot(table_))->FindTxn("run-1")->version, 2);
}

TEST_F(SnapshotTest, BrokenLogsNameTheFile) {
  WriteFive();
  Put(CommitName(5), "");
  ExpectBroken(CommitName(5));
  Put(CommitName(5), AddLine("e") + "{\"add\":{\"path\":\"f");
  ExpectBroken(CommitName(5) + ":2");
  Drop(CommitName(5));
  Drop(CommitName(2));
  ExpectBroken(CommitName(2));
  EXPECT_EQ(Files({.version = 1}), (Strings{"a", "b"}));
  Drop(CommitName(0));
  ExpectBroken(CommitName(0));
}

TEST_F(SnapshotTest, MissingProtocolOrMetadata) {
  Put(CommitName(0), AddLine("a"));
  ExpectBroken("protocol");
  Put(CommitName(0), ToJson(Protocol{1, 2}));
  ExpectBroken("metadata");
}

TEST_F(SnapshotTest, UnknownReaderFeaturesAreRefusedByName) {
  Commit(0, AddLine("a"));
  Commit(1, ToJson(Protocol{3, 7, Strings{"deletionVectors", "quantumRows"}, Strings{"quantumRows"}}));
  const auto snapshot = LoadSnapshot(table_);
  EXPECT_EQ(snapshot.error().kind, ErrorKind::kUnimplemented);
  EXPECT_NE(snapshot.error().message.find("quantumRows"), std::string::npos);
  EXPECT_EQ(Files({.version = 0}), Strings{"a"});
  Commit(1, ToJson(Protocol{4, 7}));
  EXPECT_EQ(LoadSnapshot(table_).error().kind, ErrorKind::kUnimplemented);
}

// Commits are one second apart, at 1, 2, 3, ... seconds; the third has the time of the second.
TEST_F(SnapshotTest, TravelsByTime) {
  const auto at = [](int64_t ms) { return AsOf{.timestamp = Timestamp(std::chrono::milliseconds(ms))}; };
  WriteFive();
  EXPECT_EQ(LoadSnapshot(table_, at(999)).error().kind, ErrorKind::kNotFound);
  EXPECT_EQ((*LoadSnapshot(table_, at(1000)))->version(), 0);
  EXPECT_EQ((*LoadSnapshot(table_, at(2999)))->version(), 1);
  EXPECT_EQ((*LoadSnapshot(table_, at(99999)))->version(), 4);
  clock_.now = Timestamp(std::chrono::seconds(2));
  Commit(2, AddLine("late"));  // its file's time is now that of version 1: one millisecond later counts
  EXPECT_EQ((*LoadSnapshot(table_, at(2000)))->version(), 1);
  EXPECT_EQ((*LoadSnapshot(table_, at(2001)))->version(), 2);
  EXPECT_EQ((*LoadSnapshot(table_, {.version = 2}))->timestamp(), Timestamp(std::chrono::milliseconds(2001)));
}

TEST_F(SnapshotTest, InCommitTimestampsWinOverFileTimes) {
  const auto schema = plan::SchemaToJson({{{"a", plan::TypeId::kInt}}});
  const Metadata metadata{
      .id = "id", .schema_string = schema, .configuration = {{"delta.enableInCommitTimestamps", "true"}}};
  const auto info = [](int64_t ms) { return ToJson(CommitInfo{.in_commit_timestamp_ms = ms}) + "\n"; };
  Put(CommitName(0), info(500) + ToJson(Protocol{1, 7, {}, Strings{"inCommitTimestamp"}}) + "\n" + ToJson(metadata));
  Put(CommitName(1), info(700) + AddLine("a"));
  EXPECT_EQ((*LoadSnapshot(table_))->timestamp(), Timestamp(std::chrono::milliseconds(700)));
  EXPECT_EQ((*LoadSnapshot(table_, {.timestamp = Timestamp(std::chrono::milliseconds(650))}))->version(), 0);
}

TEST_F(SnapshotTest, OneFileUnderTwoSpellings) {
  Commit(0, AddLine("p=a%20b/f") + AddLine("/t/g") + AddLine("h"));
  Commit(1, RemoveLine("p=a b/f") + RemoveLine("g") + RemoveLine("file:///t/h"));
  EXPECT_EQ(Files(), Strings{});
}

TEST_F(SnapshotTest, AFileWithANewDeletionVectorIsAnotherLogicalFile) {
  const Add with{.path = "a", .size_bytes = 1, .deletion_vector = DeletionVector{'i', "x", {}, 1, 1, {}}};
  Commit(0, AddLine("a"));
  Commit(1, ToJson(with) + "\n" + RemoveLine("a"));
  const auto snapshot = *LoadSnapshot(table_);
  ASSERT_EQ(snapshot->files().size(), 1u);
  EXPECT_TRUE(snapshot->files()[0].deletion_vector);
}

TEST_F(SnapshotTest, CheckFindsWhatIsWrong) {
  WriteFive();
  for (const auto* name : {"c", "orphan", "d"}) ASSERT_TRUE(store_->Put(std::string("/t/") + name, "x").ok());
  for (const auto* name : {"a", ".1-2.tmp", "_delta_log/.1-3.tmp", "_hidden/x"}) {
    ASSERT_TRUE(store_->Put(std::string("/t/") + name, "x").ok());
  }
  Commit(5, AddLine("gone") + AddLine("../escape") + ToJson(Add{.path = "d", .size_bytes = 7}) + "\n");
  const auto report = Check(table_);
  ASSERT_TRUE(report.ok()) << report.error().message;
  Strings found;
  for (const auto& finding : report->findings)
    found.push_back(std::string(FindingName(finding.kind)) + " " + finding.path);
  std::sort(found.begin(), found.end());
  EXPECT_EQ(found, (Strings{"bad-path ../escape", "missing-file /t/gone", "orphan /t/orphan", "temporary /t/.1-2.tmp",
                            "temporary /t/_delta_log/.1-3.tmp", "truncated-file /t/d"}));
  Drop(CommitName(3));
  const auto broken = Check(table_);
  EXPECT_EQ(broken->version, -1);
  EXPECT_FALSE(broken->findings.empty());
}

TEST_F(SnapshotTest, HistoryIsNewestFirst) {
  Commit(0, ToJson(CommitInfo{.operation = "CREATE TABLE"}) + "\n");
  Commit(1, ToJson(CommitInfo{.operation = "WRITE", .operation_metrics = {{"numFiles", "1"}}}) + "\n" + AddLine("a"));
  Commit(2, AddLine("b"));
  const auto history = *ReadHistory(table_);
  ASSERT_EQ(history.size(), 3u);
  EXPECT_EQ(history[0].version, 2);
  EXPECT_EQ(history[1].info.operation_metrics.at("numFiles"), "1");
  EXPECT_EQ(history[2].timestamp, Timestamp(std::chrono::seconds(1)));
  EXPECT_EQ(ReadHistory(table_, 1)->size(), 1u);
  EXPECT_EQ(Describe(**LoadSnapshot(table_)).num_files, 2);
}

}  // namespace
}  // namespace tidemill::delta
