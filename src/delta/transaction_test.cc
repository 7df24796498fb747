#include "delta/transaction.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <thread>

#include "delta/history.h"
#include "delta/path.h"
#include "delta/testing/json_checkpoint_io.h"

namespace tidemill::delta {
namespace {

using plan::TypeId;
using plan::Value;
using storage::Fault;
using storage::Op;
using Strings = std::vector<std::string>;

const plan::Schema kSchema{{{"a", TypeId::kInt}, {"p", TypeId::kInt}}};

// A table in a store, and short ways to change it.
class Bench {
 public:
  explicit Bench(storage::Storage& store, std::string root = "/t") : io_(store) {
    table.storage = &store;
    table.checkpoints = &io_;
    table.root = std::move(root);
  }
  static Add File(const std::string& name, const std::string& partition = "1") {
    return {.path = "p=" + partition + "/" + name, .partition_values = {{"p", partition}}, .size_bytes = 1};
  }
  Metadata NewMetadata(StringMap properties = {}) {
    return *Transaction::NewMetadata(kSchema, {"p"}, std::move(properties), clock, random);
  }
  Transaction Begin() {
    auto snapshot = LoadSnapshot(table);
    CHECK(snapshot.ok());
    return Transaction::Begin(*snapshot);
  }
  CommitOutcome Commit(Transaction& transaction, CommitOptions options = {}) {
    auto outcome = transaction.Commit(clock, random, options);
    if (!outcome.ok()) return Unknown{-2, outcome.error().message};
    return *outcome;
  }
  void Create(StringMap properties = {}) {
    auto transaction = Transaction::Create(table, NewMetadata(std::move(properties)));
    CHECK(std::holds_alternative<Committed>(Commit(transaction)));
  }
  void Append(const Add& add) {
    auto transaction = Begin();
    transaction.AddFile(add);
    CHECK(std::holds_alternative<Committed>(Commit(transaction)));
  }
  Strings Files() {
    Strings files;
    const auto snapshot = *LoadSnapshot(table);
    for (const auto& add : snapshot->files()) files.push_back(add.path);
    return files;
  }

  SystemClock clock;
  std::mt19937_64 random{42};
  Table table;

 private:
  JsonCheckpointIo io_;
};

class TransactionTest : public testing::Test {
 protected:
  // What came of it: "committed 3", "conflict kind 3", "unknown", or the error.
  std::string Result(const CommitOutcome& outcome) {
    if (const auto* committed = std::get_if<Committed>(&outcome))
      return fmt::format("committed {}", committed->version);
    if (const auto* conflict = std::get_if<Conflict>(&outcome)) {
      return fmt::format("{} {}", ConflictKindName(conflict->kind), conflict->version);
    }
    return "unknown or error: " + std::get<Unknown>(outcome).message;
  }
  std::string Commit(Transaction& transaction, CommitOptions options = {}) {
    return Result(bench_.Commit(transaction, options));
  }

  std::unique_ptr<storage::Storage> store_ = storage::MakeMemory();
  Bench bench_{*store_};
};

TEST_F(TransactionTest, CreatesAppendsAndOverwrites) {
  auto create = Transaction::Create(bench_.table, bench_.NewMetadata());
  create.AddFile(Bench::File("a"));
  create.Describe({.operation = "CREATE TABLE AS SELECT",
                   .parameters = {{"partitionBy", "[\"p\"]"}},
                   .metrics = {{"numFiles", "1"}},
                   .engine_info = "Tidemill/test",
                   .tidemill = R"({"job":"flights"})"});
  create.SetTxn({"run-1", 1, 77});
  EXPECT_EQ(Commit(create), "committed 0");
  bench_.Append(Bench::File("b"));
  auto overwrite = bench_.Begin();
  overwrite.RemoveAllFiles();
  overwrite.AddFile(Bench::File("c"));
  EXPECT_EQ(Commit(overwrite), "committed 2");
  EXPECT_EQ(bench_.Files(), Strings{"p=1/c"});

  const auto history = *ReadHistory(bench_.table);
  EXPECT_EQ(history[2].info.operation, "CREATE TABLE AS SELECT");
  EXPECT_EQ(history[2].info.engine_info, "Tidemill/test");
  EXPECT_EQ(history[2].info.tidemill, R"({"job":"flights"})");
  EXPECT_EQ(history[2].info.is_blind_append, true);
  EXPECT_EQ(history[2].txns, (std::vector<Txn>{{"run-1", 1, 77}}));
  EXPECT_EQ(history[1].info.is_blind_append, true);
  EXPECT_EQ(history[1].info.read_version, 0);
  EXPECT_EQ(history[0].info.is_blind_append, false);
  const auto snapshot = *LoadSnapshot(bench_.table);
  EXPECT_EQ(snapshot->protocol(), (Protocol{1, 2}));
  EXPECT_EQ(snapshot->tombstones().size(), 2u);
  EXPECT_TRUE(snapshot->tombstones()[0].deletion_timestamp_ms.value_or(0) > 0);
}

TEST_F(TransactionTest, RefusesWhatMakesNoSense) {
  bench_.Create();
  const auto refused = [&](Transaction transaction) { return Commit(transaction); };
  auto unpartitioned = bench_.Begin();
  unpartitioned.AddFile({.path = "f"});
  EXPECT_NE(refused(std::move(unpartitioned)).find("partition columns"), std::string::npos);
  auto outside = bench_.Begin();
  outside.AddFile({.path = "../f", .partition_values = {{"p", "1"}}});
  EXPECT_NE(refused(std::move(outside)).find("'../f'"), std::string::npos);
  auto unknown = bench_.Begin();
  unknown.RemoveFile(Bench::File("never"));
  EXPECT_NE(refused(std::move(unknown)).find("not in the table"), std::string::npos);
  auto twice = bench_.Begin();
  twice.AddFile(Bench::File("f"));
  twice.AddFile(Bench::File("f"));
  EXPECT_NE(refused(std::move(twice)).find("twice"), std::string::npos);
  EXPECT_EQ((*LoadSnapshot(bench_.table))->version(), 0);
}

TEST_F(TransactionTest, AnAppendOnlyTableKeepsItsRows) {
  bench_.Create({{"delta.appendOnly", "true"}});
  bench_.Append(Bench::File("a"));
  auto overwrite = bench_.Begin();
  overwrite.RemoveAllFiles();
  EXPECT_NE(Commit(overwrite).find("append-only"), std::string::npos);
}

TEST_F(TransactionTest, ACreatedTableIsNotCreatedAgain) {
  auto second = Transaction::Create(bench_.table, bench_.NewMetadata());
  second.SetTxn({"run-1", 1});
  bench_.Create();
  EXPECT_EQ(Commit(second), "table-exists 0");
  // Even when version 0 was cleaned up, and a put of it would succeed.
  const std::string log = bench_.table.log_folder() + "/";
  const auto bytes = *storage::ReadAll(*store_, log + CommitName(0));
  ASSERT_TRUE(store_->Put(log + CheckpointName(0), bytes).ok());
  ASSERT_TRUE(store_->Remove(log + CommitName(0)).ok());
  auto third = Transaction::Create(bench_.table, bench_.NewMetadata());
  EXPECT_EQ(Commit(third), "table-exists -1");
}

// What commits between a transaction's snapshot and its own commit, and what comes of it.
struct Race {
  std::string name;
  std::function<void(Transaction&)> other;
  std::function<void(Transaction&)> mine;
  std::string outcome;
};

class RaceTest : public TransactionTest, public testing::WithParamInterface<Race> {};

void Overwrite(Transaction& transaction) {
  transaction.RemoveAllFiles();
  transaction.AddFile(Bench::File("new"));
}
std::function<void(Transaction&)> Adds(const std::string& name, const std::string& partition = "1") {
  return [=](Transaction& transaction) { transaction.AddFile(Bench::File(name, partition)); };
}
// Reads one partition and replaces its files: a dynamic partition overwrite.
std::function<void(Transaction&)> Replaces(const std::string& partition) {
  return [=](Transaction& transaction) {
    transaction.ReadPartitions({{{"p", Test::Op::kEqual, {Value{int64_t{std::stoi(partition)}}}}}});
    for (const auto& add : transaction.base()->files()) {
      if (add.partition_values.at("p") == partition) transaction.RemoveFile(add);
    }
    transaction.AddFile(Bench::File("replaced", partition));
  };
}
void ChangesProperties(Transaction& transaction) {
  Metadata metadata = transaction.base()->metadata();
  metadata.configuration["owner"] = "x";
  transaction.SetMetadata(metadata);
}
std::function<void(Transaction&)> Carries(const std::string& app_id, std::function<void(Transaction&)> change) {
  return [=](Transaction& transaction) {
    transaction.SetTxn({app_id, 1});
    change(transaction);
  };
}

const Race kRaces[] = {
    {"AppendAfterAppend", Adds("x"), Adds("y"), "committed 4"},
    {"AppendAfterOverwrite", Overwrite, Adds("y"), "committed 4"},
    {"OverwriteAfterBlindAppend", Adds("x"), Overwrite, "committed 4"},
    {"OverwriteAfterOverwrite", Overwrite, Overwrite, "concurrent-delete 3"},
    {"OverwriteAfterOtherPartition", Replaces("2"), Overwrite, "concurrent-delete 3"},
    {"PartitionAfterSamePartition", Replaces("1"), Replaces("1"), "concurrent-delete 3"},
    {"PartitionAfterOtherPartition", Replaces("2"), Replaces("1"), "committed 4"},
    {"PartitionAfterNewFilesOfIt", Replaces("3"), Replaces("3"), "concurrent-append 3"},
    {"AppendAfterMetadata", ChangesProperties, Adds("y"), "metadata-changed 3"},
    {"MetadataAfterAppend", Adds("x"), ChangesProperties, "committed 4"},
    {"MetadataAfterMetadata", ChangesProperties, ChangesProperties, "metadata-changed 3"},
    {"AppendAfterProtocol", [](Transaction& t) { t.SetProtocol({1, 3}); }, Adds("y"), "protocol-changed 3"},
    {"SameRun", Carries("run", Adds("x")), Carries("run", Adds("y")), "duplicate-transaction 3"},
    {"OtherRun", Carries("run", Adds("x")), Carries("walk", Adds("y")), "committed 4"},
    {"SameDomain", [](Transaction& t) { t.SetDomain({"d", "1"}); }, [](Transaction& t) { t.SetDomain({"d", "2"}); },
     "domain-changed 3"},
    {"ReadFileRemoved", Replaces("1"),
     [](Transaction& t) {
       t.ReadFile(Bench::File("one", "1"));
       t.AddFile(Bench::File("y"));
     },
     "concurrent-delete 3"},
};

TEST_P(RaceTest, EndsAsDeltaSays) {
  bench_.Create();
  bench_.Append(Bench::File("one", "1"));
  bench_.Append(Bench::File("two", "2"));
  auto mine = bench_.Begin();
  auto other = bench_.Begin();
  GetParam().other(other);
  GetParam().mine(mine);
  ASSERT_EQ(Commit(other), "committed 3");
  EXPECT_EQ(Commit(mine), GetParam().outcome);
}

INSTANTIATE_TEST_SUITE_P(Pairs, RaceTest, testing::ValuesIn(kRaces), [](const auto& info) { return info.param.name; });

TEST_F(TransactionTest, ARunIsCommittedOnce) {
  bench_.Create();
  const auto run = [&](int64_t version) {
    auto transaction = bench_.Begin();
    transaction.SetTxn({"run", version});
    transaction.AddFile(Bench::File(fmt::format("f{}", version)));
    return Commit(transaction);
  };
  EXPECT_EQ(run(1), "committed 1");
  EXPECT_EQ(run(1), "duplicate-transaction -1");
  EXPECT_EQ(run(2), "committed 2");
  EXPECT_EQ(run(1), "duplicate-transaction -1");
}

TEST_F(TransactionTest, AnExcludedRunIsInTheWayOnlyWhenItComesMeanwhile) {
  bench_.Create();
  const auto begin = [&](const char* id) {
    auto transaction = bench_.Begin();
    transaction.SetTxn({id, 1});
    transaction.ExcludeTxns([](const Txn& txn) { return txn.app_id.starts_with("a:"); });
    transaction.AddFile(Bench::File(id));
    return transaction;
  };
  auto slow = begin("a:1"), other = begin("b:1"), fast = begin("a:2");
  EXPECT_EQ(Commit(fast), "committed 1");
  EXPECT_EQ(Commit(slow), "rival-transaction 1");
  EXPECT_EQ(Commit(other), "rival-transaction 1");
  auto late = begin("a:3");
  EXPECT_EQ(Commit(late), "committed 2");
}

TEST_F(TransactionTest, CheckpointsEveryTenCommits) {
  bench_.Create();
  for (int i = 1; i <= 12; ++i) bench_.Append(Bench::File(std::to_string(i)));
  const auto snapshot = *LoadSnapshot(bench_.table);
  EXPECT_EQ(snapshot->checkpoint_version(), 10);
  EXPECT_EQ(snapshot->files().size(), 12u);
  const auto hint = *storage::ReadAll(*store_, bench_.table.log_folder() + "/_last_checkpoint");
  EXPECT_NE(hint.find("\"version\":10,\"size\":12"), std::string::npos) << hint;
}

TEST_F(TransactionTest, AFailedCheckpointIsAWarning) {
  auto faulty = storage::MakeFaulty(*store_, [](int64_t, Op op, const std::string&) {
    return op == Op::kOpenWrite ? Fault::kFailBefore : Fault::kNone;
  });
  Bench bench(*faulty);
  bench.Create();
  auto transaction = bench.Begin();
  transaction.AddFile(Bench::File("f"));
  const auto outcome = bench.Commit(transaction, {.checkpoint_every = 1});
  ASSERT_EQ(Result(outcome), "committed 1");
  EXPECT_EQ(std::get<Committed>(outcome).warnings.size(), 1u);
}

TEST_F(TransactionTest, InCommitTimestampsGrow) {
  bench_.Create({{"delta.enableInCommitTimestamps", "true"}});
  for (int i = 0; i < 3; ++i) bench_.Append(Bench::File(std::to_string(i)));
  const auto history = *ReadHistory(bench_.table);
  for (size_t i = 0; i + 1 < history.size(); ++i) {
    EXPECT_GT(history[i].info.in_commit_timestamp_ms.value(), history[i + 1].info.in_commit_timestamp_ms.value());
  }
  const auto bytes = *storage::ReadAll(*store_, bench_.table.log_folder() + "/" + CommitName(1));
  EXPECT_TRUE(bytes.starts_with(R"({"commitInfo":{"inCommitTimestamp":)")) << bytes;
}

TEST_F(TransactionTest, SchemaEvolutionUpgradesTheProtocol) {
  bench_.Create();
  auto transaction = bench_.Begin();
  plan::Schema wider = kSchema;
  wider.fields.push_back({"local", TypeId::kTimestampNtz});
  Metadata metadata = *Transaction::NewMetadata(wider, {"p"}, {}, bench_.clock, bench_.random);
  metadata.id = transaction.base()->metadata().id;
  transaction.SetMetadata(metadata);
  EXPECT_EQ(Commit(transaction), "committed 1");
  const auto protocol = (*LoadSnapshot(bench_.table))->protocol();
  EXPECT_EQ(protocol.reader_features, Strings{"timestampNtz"});
  EXPECT_EQ(protocol.writer_features, (Strings{"appendOnly", "invariants", "timestampNtz"}));
}

// 8 threads, 100 appends each, one local table: every version once, every file once.
TEST(ConcurrencyTest, EveryAppendIsCommittedOnce) {
  std::string folder = (std::filesystem::temp_directory_path() / "delta_test.XXXXXX").string();
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  constexpr int kThreads = 8, kAppends = 100;
  const auto store = storage::MakeLocal();
  Bench(*store, folder + "/t").Create();
  std::vector<std::thread> threads;
  std::vector<std::vector<int64_t>> versions(kThreads);
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      Bench bench(*store, folder + "/t");
      bench.random.seed(static_cast<uint64_t>(t));
      for (int i = 0; i < kAppends; ++i) {
        auto transaction = bench.Begin();
        transaction.AddFile(Bench::File(fmt::format("{}-{}", t, i)));
        const auto outcome = bench.Commit(transaction);
        if (const auto* committed = std::get_if<Committed>(&outcome)) {
          versions[static_cast<size_t>(t)].push_back(committed->version);
          EXPECT_TRUE(committed->warnings.empty()) << committed->warnings[0];
        } else {
          ADD_FAILURE() << "not committed";
        }
      }
    });
  }
  for (auto& thread : threads) thread.join();
  std::vector<int64_t> all;
  for (const auto& list : versions) all.insert(all.end(), list.begin(), list.end());
  std::sort(all.begin(), all.end());
  ASSERT_EQ(all.size(), size_t{kThreads * kAppends});
  for (size_t i = 0; i < all.size(); ++i) ASSERT_EQ(all[i], static_cast<int64_t>(i) + 1);
  const auto snapshot = *LoadSnapshot(Bench(*store, folder + "/t").table);
  EXPECT_EQ(snapshot->version(), kThreads * kAppends);
  EXPECT_EQ(snapshot->files().size(), size_t{kThreads * kAppends});
  std::filesystem::remove_all(folder);
}

// One storage operation fails, whichever; the outcome tells the truth, and the retry leaves the run in the table once.
class FaultTest : public testing::TestWithParam<std::tuple<bool, Fault>> {
 protected:
  static constexpr const char* kRun = "run";

  // One run as the job runner makes it: load or create, append, checkpoint after every commit.
  static Result<CommitOutcome> Run(Bench& bench, int attempt) {
    const auto snapshot = LoadSnapshot(bench.table);
    if (!snapshot.ok() && snapshot.error().kind != ErrorKind::kNotFound) return snapshot.error();
    auto transaction =
        snapshot.ok() ? Transaction::Begin(*snapshot) : Transaction::Create(bench.table, bench.NewMetadata());
    transaction.SetTxn({kRun, 1});
    transaction.AddFile(Bench::File(fmt::format("attempt-{}", attempt)));
    return transaction.Commit(bench.clock, bench.random, {.checkpoint_every = 1});
  }
  // How many commits of the log carry the run.
  static int CommitsOfRun(const Table& table) {
    int commits = 0;
    const auto history = ReadHistory(table);
    if (!history.ok()) return 0;
    for (const auto& entry : *history) commits += static_cast<int>(std::ssize(entry.txns));
    return commits;
  }
  static void ExpectTruth(const Result<CommitOutcome>& outcome, const Table& table, int64_t ordinal) {
    const int there = CommitsOfRun(table);
    if (!outcome.ok()) {
      EXPECT_EQ(there, 0) << "ordinal " << ordinal << ": an error, yet committed: " << outcome.error().message;
    } else if (std::holds_alternative<Committed>(*outcome)) {
      EXPECT_EQ(there, 1) << "ordinal " << ordinal;
    } else if (std::holds_alternative<Conflict>(*outcome)) {
      EXPECT_EQ(there, 0) << "ordinal " << ordinal;
    }
  }
};

TEST_P(FaultTest, EveryOperationMayFail) {
  const auto [table_is_there, fault] = GetParam();
  int64_t operations = 1;
  for (int64_t ordinal = 0; ordinal < operations; ++ordinal) {
    const auto store = storage::MakeMemory();
    Bench real(*store);
    if (table_is_there) real.Create();
    int64_t seen = 0;
    const Fault kind = fault;
    const auto faulty = storage::MakeFaulty(*store, [&, kind](int64_t at, Op, const std::string&) {
      seen = at + 1;
      return at == ordinal ? kind : Fault::kNone;
    });
    Bench bench(*faulty);
    const auto outcome = Run(bench, 1);
    ExpectTruth(outcome, real.table, ordinal);
    operations = std::max(operations, seen);

    const auto again = Run(real, 2);
    ASSERT_TRUE(again.ok()) << again.error().message;
    EXPECT_FALSE(std::holds_alternative<Unknown>(*again));
    EXPECT_EQ(CommitsOfRun(real.table), 1) << "ordinal " << ordinal;
    EXPECT_EQ(real.Files().size(), 1u) << "ordinal " << ordinal;
  }
  EXPECT_GE(operations, table_is_there ? 15 : 6);  // the loop did reach the checkpoint, the put
}

INSTANTIATE_TEST_SUITE_P(All, FaultTest,
                         testing::Combine(testing::Bool(), testing::Values(Fault::kFailBefore, Fault::kFailAfter)));

// The answer to the put is lost, and so is every attempt to read it back: only Unknown is true.
TEST_F(TransactionTest, UnknownWhenNothingCanBeRead) {
  bench_.Create();
  bool dark = false;
  auto faulty = storage::MakeFaulty(*store_, [&](int64_t, Op op, const std::string&) {
    if (op == Op::kPutIfAbsent) dark = true;
    return dark ? Fault::kFailAfter : Fault::kNone;
  });
  Bench bench(*faulty);
  auto transaction = bench.Begin();
  transaction.AddFile(Bench::File("f"));
  const auto outcome = bench.Commit(transaction);
  ASSERT_TRUE(std::holds_alternative<Unknown>(outcome));
  EXPECT_EQ(std::get<Unknown>(outcome).version, 1);
  EXPECT_EQ((*LoadSnapshot(bench_.table))->version(), 1);
}

// A put that never lands and never says so is not called a failure: its bytes may still be on their way.
TEST_F(TransactionTest, UnknownWhenThePutNeverAnswers) {
  bench_.Create();
  auto faulty = storage::MakeFaulty(*store_, [&](int64_t, Op op, const std::string&) {
    return op == Op::kPutIfAbsent ? Fault::kFailBefore : Fault::kNone;
  });
  Bench bench(*faulty);
  auto transaction = bench.Begin();
  transaction.AddFile(Bench::File("f"));
  EXPECT_TRUE(std::holds_alternative<Unknown>(bench.Commit(transaction)));
  EXPECT_EQ((*LoadSnapshot(bench_.table))->version(), 0);
}

}  // namespace
}  // namespace tidemill::delta
