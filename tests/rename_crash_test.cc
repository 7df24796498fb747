// ALTER TABLE ... RENAME TO, dying or failed at every one of its storage operations: the table has the old name or the
// new one, whole, and what is done next with either name works.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "faults.h"
#include "session/session.h"

namespace tidemill {
namespace {

namespace fs = std::filesystem;

constexpr const char* kRename = "ALTER TABLE t RENAME TO u";

class RenameCrashTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("tidemill-rename-crash-" + std::to_string(getpid()));
    fs::remove_all(folder_);
    fs::create_directories(place());
    const auto made = Run("CREATE TABLE t (id BIGINT) USING parquet; INSERT INTO t VALUES (1), (2)");
    ASSERT_TRUE(made.ok()) << made.error().ToString();
    CopyTo(folder_ / "start", place());
  }
  void TearDown() override { fs::remove_all(folder_); }

  // Everything happens in one place, for a warehouse knows where its tables lie.
  fs::path place() const { return folder_ / "place"; }

  Result<session::Answer> Run(const std::string& text, const storage::FaultPlan& plan = {}) {
    FaultyHouse house(plan);
    session::Session session(house.Environment(place()), {place().string(), (place() / "warehouse").string(), {}});
    return session.Execute(text);
  }

  // "t", "u", both or neither, each with what it holds; or the error.
  std::string Seen() {
    const auto tables = Run("SHOW TABLES");
    if (!tables.ok()) return tables.error().ToString();
    std::string seen;
    for (const auto& row : tables->rows.rows) {
      const auto& name = std::get<std::string>(row[1].data);
      const auto sum = Run("SELECT CAST(sum(id) AS STRING) FROM " + name);
      seen += name + (sum.ok() ? "=" + std::get<std::string>(sum->rows.rows[0][0].data) : sum.error().ToString()) + " ";
    }
    return seen;
  }

  void ExpectDone(const std::string& text, const std::string& seen) {
    CopyTo(place(), folder_ / "faulted");
    const auto done = Run(text);
    EXPECT_TRUE(done.ok()) << text << ": " << done.error().ToString();
    EXPECT_EQ(Seen(), seen) << text;
  }

  fs::path folder_;
};

TEST_F(RenameCrashTest, OldNameOrNewAndNothingElse) {
  Result<session::Answer> counted = session::Answer{};
  const auto operations = OperationsOf([&](const storage::FaultPlan& plan) { counted = Run(kRename, plan); });
  ASSERT_TRUE(counted.ok()) << counted.error().ToString();
  ASSERT_EQ(Seen(), "u=3 ");
  int64_t old_names = 0;
  for (int64_t at = 0; at < std::ssize(operations); ++at) {
    for (const std::string& way : kWays) {
      SCOPED_TRACE(way + " at " + std::to_string(at) + " (" +
                   std::string(storage::OpName(operations[static_cast<size_t>(at)])) + ")");
      CopyTo(place(), folder_ / "start");
      Strike(way, at, [&](const storage::FaultPlan& plan) { (void)Run(kRename, plan); });
      CopyTo(folder_ / "faulted", place());
      const std::string seen = Seen();
      ASSERT_TRUE(seen == "t=3 " || seen == "u=3 ") << seen;
      if (seen == "u=3 ") {
        ExpectDone("DROP TABLE u", "");
        ExpectDone("CREATE TABLE t (id BIGINT) USING parquet LOCATION '" + (place() / "elsewhere").string() +
                       "'; INSERT INTO t VALUES (7)",
                   "t=7 u=3 ");
        ExpectDone("ALTER TABLE u RENAME TO t", "t=3 ");
        continue;
      }
      ++old_names;
      ExpectDone(kRename, "u=3 ");
      ExpectDone("DROP TABLE t", "");
      ExpectDone("ALTER TABLE t RENAME TO w", "w=3 ");
      ExpectDone("INSERT INTO t VALUES (4)", "t=7 ");
    }
  }
  EXPECT_GT(old_names, 0);
  std::printf("%zu operations struck, three ways each\n", operations.size());
}

}  // namespace
}  // namespace tidemill
