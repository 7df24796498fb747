// The same contract on every store: parameterised over a local temporary folder and memory.
#include "storage/storage.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <thread>

namespace tidemill::storage {
namespace {

std::string NewFolder() {
  std::string name = (std::filesystem::temp_directory_path() / "storage_test.XXXXXX").string();
  CHECK(mkdtemp(name.data()) != nullptr);
  return name;
}

class StorageTest : public testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    if (GetParam()) {
      root_ = NewFolder();
      store_ = MakeLocal();
    } else {
      root_ = "/mem";
      store_ = MakeMemory();
    }
  }
  void TearDown() override {
    if (GetParam()) std::filesystem::remove_all(root_);
  }
  std::vector<std::string> Names(const Result<std::vector<FileInfo>>& files) {
    std::vector<std::string> names;
    if (!files.ok()) return {files.error().message};
    for (const auto& file : *files) names.push_back(file.path.substr(root_.size() + 1));
    return names;
  }
  void Make(const std::string& name, std::string_view bytes = "x") {
    ASSERT_TRUE(store_->Put(root_ + "/" + name, bytes).ok());
  }

  std::string root_;
  std::unique_ptr<Storage> store_;
};

using Strings = std::vector<std::string>;

TEST_P(StorageTest, WriterPublishesWholeFileAtClose) {
  const std::string path = root_ + "/a/b/c.bin";
  auto writer = store_->OpenWrite(path);
  ASSERT_TRUE(writer.ok());
  ASSERT_TRUE((*writer)->Append(std::string_view("hello ")).ok());
  EXPECT_EQ(store_->Stat(path).error().kind, ErrorKind::kNotFound);
  ASSERT_TRUE((*writer)->Append(std::string_view("world")).ok());
  EXPECT_EQ((*writer)->size_bytes(), 11);
  ASSERT_TRUE((*writer)->Close().ok());
  EXPECT_EQ(*ReadAll(*store_, path), "hello world");
  EXPECT_EQ(Names(store_->ListRecursive(root_)), Strings{"a/b/c.bin"});
}

TEST_P(StorageTest, WriterDroppedBeforeCloseLeavesNothing) {
  {
    ASSERT_TRUE((*store_->OpenWrite(root_ + "/dropped"))->Append(std::string_view("x")).ok());
  }
  EXPECT_EQ(Names(store_->ListRecursive(root_)), Strings{});
}

TEST_P(StorageTest, ReadAtGivesFewerBytesOnlyAtTheEnd) {
  Make("f", "0123456789");
  auto reader = store_->OpenRead(root_ + "/f");
  ASSERT_TRUE(reader.ok());
  EXPECT_EQ((*reader)->size_bytes(), 10);
  char four[4];
  EXPECT_EQ(*(*reader)->ReadAt(3, four), 4);
  EXPECT_EQ(std::string_view(four, 4), "3456");
  EXPECT_EQ(*(*reader)->ReadAt(8, four), 2);
  EXPECT_EQ(*(*reader)->ReadAt(10, four), 0);
  EXPECT_EQ(*(*reader)->ReadAt(99, four), 0);
}

TEST_P(StorageTest, MissingFilesAreNotFound) {
  EXPECT_EQ(store_->OpenRead(root_ + "/none").error().kind, ErrorKind::kNotFound);
  EXPECT_EQ(store_->Stat(root_ + "/none").error().kind, ErrorKind::kNotFound);
  EXPECT_TRUE(store_->List(root_ + "/none")->empty());
  EXPECT_TRUE(store_->Remove(root_ + "/none").ok());
}

TEST_P(StorageTest, PutIfAbsentKeepsTheFirst) {
  const std::string path = root_ + "/log/0.json";
  ASSERT_TRUE(store_->PutIfAbsent(path, "first").ok());
  const auto second = store_->PutIfAbsent(path, "second");
  EXPECT_EQ(second.error().kind, ErrorKind::kAlreadyExists);
  EXPECT_NE(second.error().message.find(path), std::string::npos);
  EXPECT_EQ(*ReadAll(*store_, path), "first");
  EXPECT_EQ(Names(store_->List(root_ + "/log")), Strings{"log/0.json"});
}

TEST_P(StorageTest, PutIfAbsentHasOneWinnerAmongThreads) {
  constexpr int kThreads = 8, kNames = 50;
  std::atomic<int> wins{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kNames; ++i) {
        const auto put = store_->PutIfAbsent(root_ + "/race/" + std::to_string(i), std::to_string(t));
        if (put.ok()) wins.fetch_add(1);
        if (!put.ok() && put.error().kind != ErrorKind::kAlreadyExists) ADD_FAILURE() << put.error().message;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(wins.load(), kNames);
  EXPECT_EQ(store_->List(root_ + "/race")->size(), kNames);
}

TEST_P(StorageTest, ListsOneFolderFromAName) {
  for (const auto* name : {"d/1", "d/2", "d/3", "d/sub/4", "e"}) Make(name);
  EXPECT_EQ(Names(store_->List(root_ + "/d")), (Strings{"d/1", "d/2", "d/3"}));
  EXPECT_EQ(Names(store_->List(root_ + "/d", "2")), (Strings{"d/2", "d/3"}));
  EXPECT_EQ(Names(store_->ListRecursive(root_ + "/d")), (Strings{"d/1", "d/2", "d/3", "d/sub/4"}));
  ASSERT_TRUE(store_->Remove(root_ + "/d/2").ok());
  EXPECT_EQ(Names(store_->List(root_ + "/d")), (Strings{"d/1", "d/3"}));
}

TEST_P(StorageTest, ReadAllRefusesWhatIsTooLarge) {
  Make("big", "0123456789");
  EXPECT_EQ(ReadAll(*store_, root_ + "/big", 9).error().kind, ErrorKind::kResourceExhausted);
}

TEST_P(StorageTest, ExpandsPatterns) {
  for (const auto* name : {"in/a.csv", "in/b.csv", "in/b.json", "in/_hidden.csv", "in/.c.csv", "in/2013/d.csv",
                           "in/2013/_SUCCESS", "in/_p=1/e.csv", "in/z[1].csv"}) {
    Make(name);
  }
  const auto expand = [&](const std::string& pattern) { return Names(Expand(*store_, root_ + "/" + pattern)); };
  EXPECT_EQ(expand("in/*.csv"), (Strings{"in/a.csv", "in/b.csv", "in/z[1].csv"}));
  EXPECT_EQ(expand("in/?.csv"), (Strings{"in/a.csv", "in/b.csv"}));
  EXPECT_EQ(expand("in/[!a].csv"), (Strings{"in/b.csv"}));
  EXPECT_EQ(expand("in/{a,b}.{csv,json}"), (Strings{"in/a.csv", "in/b.csv", "in/b.json"}));
  EXPECT_EQ(expand("in/**/*.csv"), (Strings{"in/2013/d.csv", "in/_p=1/e.csv", "in/a.csv", "in/b.csv", "in/z[1].csv"}));
  EXPECT_EQ(expand("in/20*"), (Strings{"in/2013/d.csv"}));
  EXPECT_EQ(expand("in/2013"), (Strings{"in/2013/d.csv"}));
  EXPECT_EQ(expand("in/2013/"), (Strings{"in/2013/d.csv"}));
  EXPECT_EQ(expand("in/_hidden.csv"), (Strings{"in/_hidden.csv"}));
  EXPECT_EQ(expand("in/z[1].csv"), (Strings{"in/z[1].csv"}));
  EXPECT_EQ(Expand(*store_, root_ + "/in/*.parquet").error().kind, ErrorKind::kNotFound);
  EXPECT_EQ(Expand(*store_, root_ + "/nowhere").error().kind, ErrorKind::kNotFound);
}

TEST_P(StorageTest, FaultsStrikeBeforeOrAfter) {
  Fault fault = Fault::kNone;
  std::vector<Op> seen;
  auto faulty = MakeFaulty(*store_, [&](int64_t ordinal, Op op, const std::string&) {
    EXPECT_EQ(ordinal, std::ssize(seen));
    seen.push_back(op);
    return fault;
  });
  fault = Fault::kFailBefore;
  EXPECT_EQ(faulty->PutIfAbsent(root_ + "/f", "x").error().kind, ErrorKind::kUnavailable);
  EXPECT_EQ(store_->Stat(root_ + "/f").error().kind, ErrorKind::kNotFound);
  fault = Fault::kFailAfter;
  EXPECT_EQ(faulty->PutIfAbsent(root_ + "/f", "x").error().kind, ErrorKind::kUnavailable);
  EXPECT_TRUE(store_->Stat(root_ + "/f").ok());
  fault = Fault::kNone;
  EXPECT_EQ(*ReadAll(*faulty, root_ + "/f"), "x");
  auto writer = *faulty->OpenWrite(root_ + "/g");
  EXPECT_TRUE(writer->Append(std::string_view("y")).ok());
  fault = Fault::kFailAfter;
  EXPECT_FALSE(writer->Close().ok());
  EXPECT_TRUE(store_->Stat(root_ + "/g").ok());
  EXPECT_EQ(seen, (std::vector<Op>{Op::kPutIfAbsent, Op::kPutIfAbsent, Op::kOpenRead, Op::kRead, Op::kOpenWrite,
                                   Op::kAppend, Op::kClose}));
}

INSTANTIATE_TEST_SUITE_P(Stores, StorageTest, testing::Bool(),
                         [](const auto& info) { return info.param ? "Local" : "Memory"; });

TEST(LocalTest, ErrorsNamePathAndReason) {
  const std::string root = NewFolder();
  auto store = MakeLocal();
  const auto folder = store->OpenRead(root);
  EXPECT_EQ(folder.error().kind, ErrorKind::kInvalidArgument);
  ASSERT_TRUE(store->Put(root + "/file", "x").ok());
  const auto below_file = store->Put(root + "/file/below", "x");
  EXPECT_EQ(below_file.error().kind, ErrorKind::kNotFound);
  EXPECT_NE(below_file.error().message.find(root + "/file"), std::string::npos);
  if (geteuid() != 0) {
    chmod(root.c_str(), 0500);
    EXPECT_EQ(store->Put(root + "/other", "x").error().kind, ErrorKind::kPermissionDenied);
    chmod(root.c_str(), 0700);
  }
  EXPECT_EQ(store->Put(root + "/" + std::string(300, 'n'), "x").error().kind, ErrorKind::kInvalidArgument);
  std::filesystem::remove_all(root);
}

// A limit of file sizes stands in for a full disk: the write fails half-way, and nothing is left of it.
TEST(LocalTest, AWriteThatDoesNotFitLeavesNothing) {
  const std::string root = NewFolder();
  auto store = MakeLocal();
  signal(SIGXFSZ, SIG_IGN);
  rlimit old{};
  getrlimit(RLIMIT_FSIZE, &old);
  const rlimit small{1000, old.rlim_max};
  setrlimit(RLIMIT_FSIZE, &small);
  const auto put = store->PutIfAbsent(root + "/f", std::string(5000, 'x'));
  setrlimit(RLIMIT_FSIZE, &old);
  EXPECT_EQ(put.error().kind, ErrorKind::kResourceExhausted);
  EXPECT_TRUE(store->ListRecursive(root)->empty());
  std::filesystem::remove_all(root);
}

TEST(LocalTest, AFolderRemovedBehindOurBackIsMadeAgain) {
  const std::string root = NewFolder();
  auto store = MakeLocal();
  ASSERT_TRUE(store->Put(root + "/a/b/f", "x").ok());
  std::filesystem::remove_all(root + "/a");
  EXPECT_TRUE(store->Put(root + "/a/b/f", "x").ok());
  std::filesystem::remove_all(root);
}

TEST(LocalTest, ALinkBackUpDoesNotLoop) {
  const std::string root = NewFolder();
  auto store = MakeLocal();
  ASSERT_TRUE(store->Put(root + "/a/f", "x").ok());
  std::filesystem::create_directory_symlink(root, root + "/a/up");
  EXPECT_EQ(store->ListRecursive(root)->size(), 1);
  std::filesystem::remove_all(root);
}

}  // namespace
}  // namespace tidemill::storage
