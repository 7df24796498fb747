// Two transactions of six phases each, in all 924 orders, for each pair of operations, over a store in memory.
//
// What was committed must be what some serial order of the committed operations makes of the rows: a wrong accept is a
// failure. An abort is needless where the two did not overlap at all (a failure, too), or where one serial order of
// both makes the rows that the accepted one and the aborted one would have made together; those are counted.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <functional>
#include <map>
#include <random>
#include <set>

#include "base/clock.h"
#include "delta/deletion_vector.h"
#include "delta/snapshot.h"
#include "delta/testing/json_checkpoint_io.h"
#include "delta/transaction.h"

namespace tidemill::delta {
namespace {

// A row is a key and a value, in the partition of its key's first digit.
using Rows = std::map<int, int>;
std::string PartitionOf(int key) { return std::to_string(key / 10); }

// ---- operations: what each does to rows, and how it says so to a transaction

enum class How { kAppend, kDelete, kMark, kUpdate, kOverwrite, kUpsert, kCompact };

struct Operation {
  std::string name;
  How how;
  std::vector<int> keys;      // that it is about
  bool by_partition = false;  // it reads the partitions of these alone
};

// 10, 11 and 12 lie in one file of partition 1; 13 in another; 20 and 21 in one of partition 2.
const Operation kOperations[] = {
    {"append 1", How::kAppend, {15}},
    {"append 2", How::kAppend, {25}},
    {"delete 10", How::kDelete, {10}},
    {"delete 20", How::kDelete, {20}, true},
    {"mark 11", How::kMark, {11}},
    {"mark 12", How::kMark, {12}},
    {"mark 11, 13", How::kMark, {11, 13}},
    {"update p=1", How::kUpdate, {10, 11, 12, 13}, true},
    {"update p=2", How::kUpdate, {20, 21}, true},
    {"overwrite p=2", How::kOverwrite, {20, 21, 29}, true},
    {"upsert 13, 16", How::kUpsert, {13, 16}},
    {"compact p=1", How::kCompact, {10, 11, 12, 13}, true},
};

// The operation as a function of all rows. An append of a key that is there doubles nothing here: keys are its own.
Rows Apply(const Operation& operation, Rows rows) {
  for (const int key : operation.keys) {
    switch (operation.how) {
      case How::kAppend:
        rows[key] = 1;
        break;
      case How::kDelete:
      case How::kMark:
        rows.erase(key);
        break;
      case How::kUpdate:
        break;
      case How::kOverwrite:
      case How::kUpsert:
        rows[key] = rows.contains(key) && operation.how == How::kUpsert ? rows[key] + 100 : 1;
        break;
      case How::kCompact:
        break;
    }
  }
  if (operation.how == How::kUpdate || operation.how == How::kOverwrite) {
    const std::string partition = PartitionOf(operation.keys[0]);
    for (auto at = rows.begin(); at != rows.end();) {
      const bool here = PartitionOf(at->first) == partition;
      const bool kept = std::ranges::find(operation.keys, at->first) != operation.keys.end() && at->first == 29;
      if (here && operation.how == How::kUpdate) at->second += 7;
      if (here && operation.how == How::kOverwrite && !kept) {
        at = rows.erase(at);
      } else {
        ++at;
      }
    }
  }
  return rows;
}

// ---- a table whose data files are the text of their rows

class World {
 public:
  World() {
    table_.storage = store_.get();
    table_.checkpoints = &io_;
    table_.root = "/t";
    auto metadata = Transaction::NewMetadata({{{"k", plan::TypeId::kInt}, {"p", plan::TypeId::kInt}}}, {"p"},
                                             {{"delta.enableDeletionVectors", "true"}}, clock_, random_);
    auto create = Transaction::Create(table_, *metadata);
    for (const Rows& rows : {Rows{{10, 1}, {11, 1}, {12, 1}}, Rows{{13, 1}}, Rows{{20, 1}, {21, 1}}}) {
      create.AddFile(Write(rows));
    }
    CHECK(create.Commit(clock_, random_).ok());
  }

  Add Write(const Rows& rows) {
    std::string text;
    for (const auto& [key, value] : rows) text += fmt::format("{} {}\n", key, value);
    const std::string partition = PartitionOf(rows.begin()->first);
    Add add{
        .path = fmt::format("f{}", ++files_), .partition_values = {{"p", partition}}, .size_bytes = std::ssize(text)};
    add.stats = fmt::format(R"({{"numRecords":{}}})", rows.size());
    CHECK(store_->Put("/t/" + add.path, text).ok());
    return add;
  }

  // The file's rows in their order; those its deletion vector holds are left out where `all` is not set.
  std::vector<std::pair<int, int>> Read(const Add& add, bool all = false) {
    const std::string text = *storage::ReadAll(*store_, "/t/" + add.path);
    std::set<int64_t> gone;
    if (add.deletion_vector) {
      const auto deleted = *ReadDeletionVector(table_, *add.deletion_vector);
      gone.insert(deleted.begin(), deleted.end());
    }
    std::vector<std::pair<int, int>> rows;
    int64_t row = 0;
    for (size_t at = 0; at < text.size(); ++row) {
      const size_t end = text.find('\n', at);
      int key = 0, value = 0;
      CHECK(std::sscanf(text.substr(at, end - at).c_str(), "%d %d", &key, &value) == 2);
      if (all || !gone.contains(row)) rows.emplace_back(key, value);
      at = end + 1;
    }
    return rows;
  }

  // None: a key is there twice.
  std::optional<Rows> AllRows() {
    Rows rows;
    const auto snapshot = *LoadSnapshot(table_);
    for (const auto& add : snapshot->files()) {
      for (const auto& [key, value] : Read(add)) {
        if (!rows.emplace(key, value).second) return std::nullopt;
      }
    }
    return rows;
  }

  const Table& table() const { return table_; }
  const Clock& clock() const { return clock_; }
  std::mt19937_64& random() { return random_; }

 private:
  std::unique_ptr<storage::Storage> store_ = storage::MakeMemory();
  JsonCheckpointIo io_{*store_};
  Table table_;
  SystemClock clock_;
  std::mt19937_64 random_{11};
  int files_ = 0;
};

// ---- one operation in six phases

class Actor {
 public:
  Actor(World& world, const Operation& operation) : world_(world), operation_(operation) {}

  void Step() {
    switch (phase_++) {
      case 0:
        snapshot_ = *LoadSnapshot(world_.table());
        break;
      case 1:
        Choose();
        break;
      case 2:
        MakeFiles();
        break;
      case 3:
        Prepare();
        break;
      case 4:
        outcome_ = transaction_->Commit(world_.clock(), world_.random(), {.rows_conform = true});
        break;
      case 5:
        CHECK((*LoadSnapshot(world_.table()))->version() >= snapshot_->version());
        break;
    }
  }
  bool committed() const {
    CHECK(outcome_ && outcome_->ok());
    return std::holds_alternative<Committed>(**outcome_);
  }

 private:
  bool Touches(int key) const { return std::ranges::find(operation_.keys, key) != operation_.keys.end(); }

  // The files with rows that the operation changes.
  void Choose() {
    if (operation_.how == How::kAppend) return;
    for (const auto& add : snapshot_->files()) {
      const auto rows = world_.Read(add);
      const bool whole =
          operation_.how == How::kUpdate || operation_.how == How::kOverwrite || operation_.how == How::kCompact;
      const bool here = add.partition_values.at("p") == PartitionOf(operation_.keys[0]);
      if (whole ? here : std::ranges::any_of(rows, [&](const auto& row) { return Touches(row.first); })) {
        chosen_.push_back(add);
      }
    }
  }

  void MakeFiles() {
    std::map<std::string, Rows> made;
    Rows before;
    for (const auto& add : chosen_) {
      for (const auto& [key, value] : world_.Read(add)) before[key] = value;
    }
    if (operation_.how == How::kMark) return;
    for (const auto& [key, value] : Apply(operation_, before)) made[PartitionOf(key)][key] = value;
    for (const auto& [partition, rows] : made) adds_.push_back(world_.Write(rows));
  }

  void Prepare() {
    transaction_ = Transaction::Begin(snapshot_);
    const bool compacts = operation_.how == How::kCompact;
    if (operation_.by_partition && !compacts) {
      const delta::Test test{
          "p", delta::Test::Op::kEqual, {plan::Value{int64_t{std::stoi(PartitionOf(operation_.keys[0]))}}}};
      transaction_->ReadPartitions({{test}});
    } else if (operation_.how != How::kAppend && !compacts) {
      transaction_->ReadWholeTable();
    }
    if (operation_.how == How::kDelete || operation_.how == How::kMark) transaction_->ReadRowsAlone();
    if (operation_.how == How::kMark) Mark();
    for (const auto& add : chosen_) {
      if (operation_.how == How::kMark) continue;
      if (compacts) transaction_->ReadFile(add);
      transaction_->RemoveFile(add, !compacts);
    }
    for (auto& add : adds_) {
      add.data_change = !compacts;
      transaction_->AddFile(add);
    }
  }

  void Mark() {
    for (const auto& add : chosen_) {
      const auto all = world_.Read(add, true);
      std::vector<int64_t> own;
      for (size_t row = 0; row < all.size(); ++row) {
        if (Touches(all[row].first)) own.push_back(static_cast<int64_t>(row));
      }
      std::vector<int64_t> rows = own;
      if (add.deletion_vector) {
        const auto gone = *ReadDeletionVector(world_.table(), *add.deletion_vector);
        std::erase_if(own, [&](int64_t row) { return std::ranges::find(gone, row) != gone.end(); });
        rows.insert(rows.end(), gone.begin(), gone.end());
        std::ranges::sort(rows);
        rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
      }
      transaction_->RemoveFile(add);
      if (rows.size() == all.size()) continue;
      transaction_->MarkRows(add.path, own);
      Add again = add;
      again.deletion_vector =
          (*WriteDeletionVectors(world_.table(), std::vector<std::vector<int64_t>>{rows}, world_.random()))[0];
      transaction_->AddFile(again);
    }
  }

  World& world_;
  const Operation& operation_;
  int phase_ = 0;
  SnapshotPtr snapshot_;
  std::vector<Add> chosen_, adds_;
  std::optional<Transaction> transaction_;
  std::optional<Result<CommitOutcome>> outcome_;
};

// ---- every order

struct Tally {
  int orders = 0;
  int aborts = 0;
  int needless = 0;
};

Rows Start() { return {{10, 1}, {11, 1}, {12, 1}, {13, 1}, {20, 1}, {21, 1}}; }

// `first_steps`: bit i is set where step i is the first one's.
void RunOrder(const Operation& one, const Operation& other, unsigned first_steps, Tally& tally) {
  World world;
  Actor a(world, one), b(world, other);
  for (int step = 0; step < 12; ++step) ((first_steps >> step & 1U) != 0 ? a : b).Step();
  const auto rows = world.AllRows();
  const std::string where = fmt::format("{} | {} in the order {:012b}", one.name, other.name, first_steps);
  ASSERT_TRUE(rows) << where << ": a row is there twice";
  const Rows ab = Apply(other, Apply(one, Start())), ba = Apply(one, Apply(other, Start()));
  ++tally.orders;
  if (a.committed() && b.committed()) {
    EXPECT_TRUE(*rows == ab || *rows == ba) << where << ": a wrong accept";
    return;
  }
  ++tally.aborts;
  ASSERT_TRUE(a.committed() || b.committed()) << where << ": neither is in";
  EXPECT_TRUE(*rows == Apply(a.committed() ? one : other, Start())) << where;
  const unsigned serial = 0b111111;
  EXPECT_TRUE(first_steps != serial && first_steps != serial << 6) << where << ": an abort without a rival";
  tally.needless += ab == ba ? 1 : 0;
}

TEST(Interleaving, NoWrongAcceptInAnyOrder) {
  std::string listed;
  Tally all;
  for (size_t i = 0; i < std::size(kOperations); ++i) {
    for (size_t j = i; j < std::size(kOperations); ++j) {
      const Operation &one = kOperations[i], &other = kOperations[j];
      if (i == j && one.how == How::kAppend)
        continue;  // an append of the same rows again is for transaction ids to stop
      Tally tally;
      for (unsigned steps = 0; steps < 1U << 12; ++steps) {
        if (std::popcount(steps) == 6) RunOrder(one, other, steps, tally);
        if (HasFatalFailure()) return;
      }
      EXPECT_EQ(tally.orders, 924);
      all.orders += tally.orders;
      all.aborts += tally.aborts;
      all.needless += tally.needless;
      if (tally.needless > 0) listed += fmt::format("  {} | {}: {}\n", one.name, other.name, tally.needless);
    }
  }
  std::printf("%d orders, %d aborts, %d of them needless:\n%s", all.orders, all.aborts, all.needless, listed.c_str());
}

}  // namespace
}  // namespace tidemill::delta
