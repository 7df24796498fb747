#include "session/table_files.h"

#include <gtest/gtest.h>

namespace tidemill::session {
namespace {

class TableFiles : public testing::Test {
 protected:
  TableFiles() {
    table_.database = "default";
    table_.name = "t";
    table_.provider = "parquet";
    table_.location = "/w/t";
    table_.schema.fields = {{"a", plan::TypeId::kInt}};
  }

  void Put(const std::string& path) { ASSERT_TRUE(storage_->Put("/w/t/" + path, "rows").ok()); }

  std::vector<std::string> Seen() {
    const auto files = ListFiles(*storage_, table_);
    if (!files.ok()) return {files.error().ToString()};
    std::vector<std::string> names;
    for (const auto& file : *files) names.push_back(file.path.substr(table_.location.size() + 1));
    return names;
  }

  std::vector<engine::File> Files() { return ListFiles(*storage_, table_).value(); }
  size_t OnDisk() { return storage_->ListRecursive("/w/t").value().size(); }

  std::unique_ptr<storage::Storage> storage_ = storage::MakeMemory();
  Table table_;
};

using Names = std::vector<std::string>;

TEST_F(TableFiles, AnAppendIsSeenWhenItCommits) {
  Put("part-old.parquet");
  FolderWrite write(*storage_, "/w/t", "new");
  ASSERT_TRUE(write.Begin().ok());
  Put("part-1-new.parquet");
  Put("part-2-new.parquet");
  EXPECT_EQ(Seen(), Names{"part-old.parquet"});  // what a kill here would leave
  ASSERT_TRUE(write.Commit({}).ok());
  EXPECT_EQ(Seen(), (Names{"part-1-new.parquet", "part-2-new.parquet", "part-old.parquet"}));
  EXPECT_EQ(OnDisk(), 3u);
}

TEST_F(TableFiles, AnAbandonedWriteLeavesNothing) {
  Put("part-old.parquet");
  FolderWrite write(*storage_, "/w/t", "new");
  ASSERT_TRUE(write.Begin().ok());
  Put("part-1-new.parquet");  // one of several files was whole when the write failed
  write.Abandon();
  EXPECT_EQ(Seen(), Names{"part-old.parquet"});
  EXPECT_EQ(OnDisk(), 1u);
}

// The process is killed before every single operation of an overwrite's commit: readers see the old rows or the new.
TEST_F(TableFiles, AKilledOverwriteLeavesTheOldRowsOrTheNew) {
  const Names before{"part-1-old.parquet", "part-2-old.parquet"}, after{"part-1-new.parquet"};
  bool finished = false;
  int seen_old = 0, seen_new = 0;
  for (int64_t last = 0; !finished; ++last) {
    storage_ = storage::MakeMemory();
    Put(before[0]);
    Put(before[1]);
    const auto replaced = Files();
    FolderWrite begun(*storage_, "/w/t", "new");
    ASSERT_TRUE(begun.Begin().ok());
    Put(after[0]);
    auto dying = storage::MakeFaulty(*storage_, [&](int64_t ordinal, storage::Op, const std::string&) {
      return ordinal < last ? storage::Fault::kNone : storage::Fault::kFailBefore;
    });
    finished = FolderWrite(*dying, "/w/t", "new").Commit(replaced).ok();
    const auto seen = Seen();
    EXPECT_TRUE(seen == before || seen == after) << "after " << last << " operations";
    seen_old += seen == before;
    seen_new += seen == after;
  }
  EXPECT_GT(seen_old, 0);
  EXPECT_GT(seen_new, 1);
  EXPECT_EQ(OnDisk(), 1u);
}

TEST_F(TableFiles, PartitionFoldersGiveValues) {
  table_.schema.fields.push_back({"p", plan::TypeId::kString});
  table_.partition_columns = {"p"};
  Put("p=a%2Fb/part-1.parquet");
  Put("p=__HIVE_DEFAULT_PARTITION__/part-2.parquet");
  Put("_SUCCESS");
  const auto files = Files();
  ASSERT_EQ(files.size(), 2u);
  EXPECT_TRUE(files[0].partition_values.at("p").is_null());
  EXPECT_EQ(std::get<std::string>(files[1].partition_values.at("p").data), "a/b");
  EXPECT_EQ(PartitionOf(table_, files[1].path), "p=a%2Fb");
}

}  // namespace
}  // namespace tidemill::session
