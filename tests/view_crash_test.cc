// A view's refresh, dying or failed at every one of its storage operations, then run again: the view is as it was or as
// it will be, and after the second run there is one commit more with the query's rows, whatever happened to the first.
// TIDEMILL_FULL=1 strikes every operation, else a few of them.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "delta/history_check.h"
#include "delta/snapshot.h"
#include "faults.h"
#include "job/parse.h"
#include "job/run.h"
#include "session/session.h"

namespace tidemill {
namespace {

namespace fs = std::filesystem;

struct Scenario {
  std::string name;
  std::string sql;       // of the view
  bool is_there = true;  // the view was made before the tables changed
  std::string refresh;   // how it is refreshed
};

const Scenario kScenarios[] = {
    {"groups", "SELECT p, count(*) AS n, sum(v) AS s FROM t GROUP BY p", true, "incremental"},
    {"rows", "SELECT id, v * 2 AS w FROM t WHERE v <> 3", true, "incremental"},
    {"joined", "SELECT t.id, u.name FROM t LEFT JOIN u ON t.p = u.p", true, "incremental"},
    {"in_full", "SELECT id, v FROM t ORDER BY v DESC LIMIT 7", true, "full"},
    {"first", "SELECT p, sum(v) AS s FROM t GROUP BY p", false, "full"},
};

class ViewCrashTest : public testing::TestWithParam<Scenario> {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("tidemill-view-crash-" + std::to_string(getpid()) + "-" + GetParam().name);
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  static job::RunResult Refresh(const fs::path& place, const storage::FaultPlan& plan) {
    job::ParseInput input;
    input.folder = place.string();
    input.text =
        "job: kept\ntype: view\nsources:\n  t: {format: delta, path: t}\n  u: {format: delta, path: u}\n"
        "steps:\n  - {name: rows, sql: \"" +
        GetParam().sql + "\"}\nsink: {path: view}\n";
    const auto parsed = job::ParseJob(input);
    EXPECT_FALSE(parsed.diagnostics.has_errors()) << document::AsError(parsed.diagnostics).ToString();
    FaultyHouse house(plan);
    job::EventStream silent({});
    return job::Run(parsed.job, {}, house.Environment(place), silent);
  }

  static session::Answer Do(const fs::path& place, const std::string& text) {
    FaultyHouse house;
    session::Session session(house.Environment(place), {place.string(), (place / "warehouse").string(), {}});
    auto answer = session.Execute(text);
    EXPECT_TRUE(answer.ok()) << text << "\n" << answer.error().ToString();
    return answer.ok() ? *std::move(answer) : session::Answer{};
  }

  static void Make(const fs::path& place) {
    const std::string t = "delta.`" + (place / "t").string() + "`";
    Do(place,
       "CREATE TABLE t (id INT, p STRING, v INT) USING delta LOCATION 't';"
       "CREATE TABLE u (p STRING, name STRING) USING delta LOCATION 'u';"
       "INSERT INTO t SELECT CAST(id AS INT), CAST(id % 3 AS STRING), CAST(id AS INT) FROM range(10);"
       "INSERT INTO u VALUES ('0', 'zero'), ('1', 'one')");
    if (GetParam().is_there) {
      const auto made = Refresh(place, {});
      ASSERT_EQ(made.finished.outcome, job::Outcome::kCommitted) << made.finished.message;
    }
    Do(place, "INSERT INTO " + t +
                  " VALUES (20, '1', 100), (21, '7', 3), (22, NULL, NULL);"
                  "DELETE FROM " +
                  t + " WHERE id = 4; UPDATE " + t + " SET v = v + 1 WHERE p = '2'");
  }

  static std::string RowsOf(const fs::path& place) {
    if (!fs::exists(place / "view" / "_delta_log" / "00000000000000000000.json")) return "";
    const auto answer =
        Do(place, "SELECT to_json(struct(*)) AS r FROM delta.`" + (place / "view").string() + "` ORDER BY r");
    std::string rows;
    for (const auto& row : answer.rows.rows) rows += std::get<std::string>(row[0].data) + "\n";
    return rows;
  }
  // The newest version; its history must be sound.
  static int64_t VersionOf(const fs::path& place) {
    FaultyHouse house;
    const delta::Table table{&house.store(), house.checkpoints(), (place / "view").string()};
    const auto history = delta::CheckHistory(table);
    EXPECT_TRUE(history.ok()) << history.error().ToString();
    if (history.ok()) {
      for (const auto& anomaly : history->anomalies) ADD_FAILURE() << anomaly.version << ": " << anomaly.message;
    }
    const auto snapshot = delta::LoadSnapshot(table);
    EXPECT_TRUE(snapshot.ok());
    return snapshot.ok() ? (*snapshot)->version() : -1;
  }

  fs::path folder_;
};

TEST_P(ViewCrashTest, OneCommitAfterTheRetry) {
  const fs::path start = folder_ / "start";
  fs::create_directories(start);
  ASSERT_NO_FATAL_FAILURE(Make(start));
  const std::string before = RowsOf(start);

  const fs::path clean = CopyTo(folder_ / "clean", start);
  job::RunResult counted;
  const auto operations = OperationsOf([&](const storage::FaultPlan& plan) { counted = Refresh(clean, plan); });
  ASSERT_EQ(counted.finished.outcome, job::Outcome::kCommitted) << counted.finished.message;
  EXPECT_TRUE(counted.finished.message.starts_with(GetParam().refresh)) << counted.finished.message;
  const std::string after = RowsOf(clean);
  ASSERT_NE(before, after);
  const int64_t version = VersionOf(clean);
  ASSERT_EQ(Refresh(clean, {}).finished.outcome, job::Outcome::kAlreadyCommitted);

  const bool full = std::getenv("TIDEMILL_FULL") != nullptr;
  int64_t struck = 0;
  for (int64_t at = 0; at < std::ssize(operations); ++at) {
    const auto op = operations[static_cast<size_t>(at)];
    const bool commits = op == storage::Op::kPutIfAbsent || op == storage::Op::kPut || op == storage::Op::kClose ||
                         op == storage::Op::kRemove;
    if (!full && at % (commits ? 3 : 25) != 0) continue;
    ++struck;
    for (const std::string& way : kWays) {
      SCOPED_TRACE(way + " at " + std::to_string(at) + " (" + std::string(storage::OpName(op)) + ")");
      const fs::path place = CopyTo(folder_ / "faulted", start);
      Strike(way, at, [&](const storage::FaultPlan& plan) { (void)Refresh(place, plan); });
      const std::string rows = RowsOf(place);
      EXPECT_TRUE(rows == before || rows == after) << rows;
      const auto again = Refresh(place, {});
      EXPECT_EQ(again.finished.outcome, rows == after ? job::Outcome::kAlreadyCommitted : job::Outcome::kCommitted)
          << again.finished.message;
      EXPECT_EQ(RowsOf(place), after);
      EXPECT_EQ(VersionOf(place), version);
      if (HasFailure()) return;
    }
  }
  std::printf("%s: %lld of %zu operations struck, three ways each\n", GetParam().name.c_str(),
              static_cast<long long>(struck), operations.size());
}

INSTANTIATE_TEST_SUITE_P(Refreshes, ViewCrashTest, testing::ValuesIn(kScenarios),
                         [](const auto& scenario) { return scenario.param.name; });

}  // namespace
}  // namespace tidemill
