// Statements that change a Delta table, dying or failed at every one of their storage operations, then run again; and
// struck a second time while they are run again.
//
// As in crash_test.cc the operations of a clean run are counted, and each is struck in turn. Right after the fault the
// table must be whole, with the rows of before or of after the statement, and its history sound; once the statement has
// run again where it had not been committed, the rows are those of after. TIDEMILL_FULL=1 strikes every operation and
// every pair of a first and a second one, else every fifth and all of the commit's, and some pairs.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <random>
#include <vector>

#include "delta/check.h"
#include "delta/history_check.h"
#include "delta/snapshot.h"
#include "engine/duckdb/checkpoint_io.h"
#include "engine/duckdb/engine.h"
#include "faults.h"
#include "job/clone.h"
#include "session/session.h"
#include "storage/storage.h"

namespace tidemill {
namespace {

namespace fs = std::filesystem;

constexpr const char *kDeepClone = "deep clone", *kShallowClone = "shallow clone";

struct Scenario {
  std::string name;
  std::string properties;     // of the table
  std::string statement;      // over TABLE; or one of the two clones, which are no SQL here
  bool again_changes = true;  // a second run of it makes other rows: it must not run where the first is in
};

const Scenario kScenarios[] = {
    {"delete", "", "DELETE FROM TABLE WHERE id % 5 = 0", false},
    {"delete_marks", "'delta.enableDeletionVectors' = 'true'", "DELETE FROM TABLE WHERE id % 5 = 0", false},
    {"update_feed", "'delta.enableChangeDataFeed' = 'true'", "UPDATE TABLE SET v = v + 1 WHERE id < 7"},
    {"merge", "'delta.enableDeletionVectors' = 'true', 'delta.enableRowTracking' = 'true'",
     "MERGE INTO TABLE t USING (SELECT id * 3 AS id FROM range(0, 12)) s ON t.id = s.id "
     "WHEN MATCHED THEN UPDATE SET v = v + 100 WHEN NOT MATCHED THEN INSERT (id, p, v) VALUES (s.id, '9', 0)"},
    {"optimize", "", "OPTIMIZE TABLE", false},
    {"zorder", "", "OPTIMIZE TABLE WHERE p <> '0' ZORDER BY (id, v)", false},
    {"vacuum", "", "VACUUM TABLE RETAIN 0 HOURS", false},
    {"checkpoint", "'delta.checkpointInterval' = '1', 'delta.logRetentionDuration' = 'interval 0 days'",
     "INSERT INTO TABLE VALUES (1000, '1', 1)"},
    {"checkpoint_v2",
     "'delta.checkpointInterval' = '1', 'delta.checkpointPolicy' = 'v2', 'delta.logRetentionDuration' = 'interval 0 "
     "days'",
     "INSERT INTO TABLE VALUES (1000, '1', 1)"},
    {"clone", "'delta.enableDeletionVectors' = 'true'", kDeepClone, false},
    {"shallow_clone", "'delta.enableDeletionVectors' = 'true'", kShallowClone, false},
};

class TableCrashTest : public testing::TestWithParam<Scenario> {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("tidemill-table-crash-" + std::to_string(getpid()) + "-" + GetParam().name);
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  static std::string Place(const fs::path& table, std::string statement) {
    for (size_t at; (at = statement.find("TABLE")) != std::string::npos;) {
      statement.replace(at, 5, "delta.`" + table.string() + "`");
    }
    return statement;
  }

  // Runs the statements on a store with that fault plan (empty: none).
  Result<session::Answer> Run(const fs::path& place, const std::string& text, const storage::FaultPlan& plan) {
    FaultyHouse house(plan);
    auto environment = house.Environment(place);
    if (text == kDeepClone || text == kShallowClone) {
      const delta::Table source{&house.store(), house.checkpoints(), (place / "table").string()};
      const delta::Table target{&house.store(), house.checkpoints(), (place / "clone").string()};
      const auto cloned = job::CloneTable(source, target, {.shallow = text == kShallowClone}, environment);
      return cloned.ok() ? Result<session::Answer>(session::Answer{}) : cloned.error();
    }
    session::Session session(std::move(environment),
                             {place.string(),
                              (place / "warehouse").string(),
                              {{"spark.databricks.delta.retentionDurationCheck.enabled", "false"}}});
    return session.Execute(text);
  }

  void Make(const fs::path& place) {
    const std::string table = (place / "table").string(), properties = GetParam().properties;
    std::string text = "CREATE TABLE t (id BIGINT, p STRING, v BIGINT) USING delta PARTITIONED BY (p) LOCATION '" +
                       table + "' TBLPROPERTIES (" + properties + (properties.empty() ? "" : ", ") +
                       "'made' = 'here');";
    for (int i = 0; i < 3; ++i) {
      text += "INSERT INTO t SELECT id, CAST(id % 2 AS STRING), id FROM range(" + std::to_string(i * 10) + ", " +
              std::to_string(i * 10 + 10) + ");";
    }
    text += "DELETE FROM t WHERE id = 4";
    const auto made = Run(place, text, {});
    ASSERT_TRUE(made.ok()) << made.error().ToString();
  }

  std::string RowsOf(const fs::path& place, const char* table = "table") {
    const auto answer = Run(
        place, Place(place / table, "SELECT CAST(id AS STRING), p, CAST(v AS STRING) FROM TABLE ORDER BY id, v"), {});
    if (!answer.ok()) return answer.error().ToString();
    std::string rows;
    for (const auto& row : answer->rows.rows) {
      for (const auto& value : row) rows += std::get<std::string>(value.data) + " ";
      rows += "\n";
    }
    return rows;
  }

  // A table that moved still has its log's absolute place nowhere: all paths in it are relative.
  static void ExpectSound(const fs::path& table) {
    const auto local = storage::MakeLocal();
    const auto checkpoints = engine::duckdb::MakeCheckpointIo(*local);
    const delta::Table place{local.get(), checkpoints.get(), table.string()};
    const auto checked = delta::Check(place);
    ASSERT_TRUE(checked.ok()) << checked.error().ToString();
    for (const auto& finding : checked->findings)
      EXPECT_TRUE(finding.harmless()) << finding.message << " " << finding.path;
    const auto history = delta::CheckHistory(place);
    ASSERT_TRUE(history.ok()) << history.error().ToString();
    for (const auto& anomaly : history->anomalies) {
      ADD_FAILURE() << delta::AnomalyName(anomaly.kind) << " " << anomaly.version << " " << anomaly.path << ": "
                    << anomaly.message;
    }
  }

  fs::path folder_;
};

// What is the same for both tests: the table before, and what one clean run makes of it.
struct Course {
  fs::path start;
  std::string before, after;
  std::vector<storage::Op> operations;
};

class TableCourseTest : public TableCrashTest {
 protected:
  void SetUp() override {
    TableCrashTest::SetUp();
    course_.start = folder_ / "start";
    fs::create_directories(course_.start);
    ASSERT_NO_FATAL_FAILURE(Make(course_.start));
    course_.before = clones() ? "" : RowsOf(course_.start);
    const fs::path clean = CopyTo(folder_ / "clean", course_.start);
    Result<session::Answer> counted = session::Answer{};
    course_.operations =
        OperationsOf([&](const storage::FaultPlan& plan) { counted = Run(clean, TextIn(clean), plan); });
    ASSERT_TRUE(counted.ok()) << counted.error().ToString();
    course_.after = RowsOf(clean, shown());
    ExpectSound(clean / shown());
  }

  bool clones() const { return GetParam().statement == kDeepClone || GetParam().statement == kShallowClone; }
  const char* shown() const { return clones() ? "clone" : "table"; }
  std::string TextIn(const fs::path& place) const { return Place(place / "table", GetParam().statement); }

  bool StrikeIn(const fs::path& place, const std::string& way, int64_t at) {
    return Strike(way, at, [&](const storage::FaultPlan& plan) { (void)Run(place, TextIn(place), plan); });
  }

  // Whether the statement has to (or may) be run again, after the table was seen to be that of before or after.
  bool LooksSound(const fs::path& place) {
    std::string rows = course_.before;
    if (!clones() || fs::exists(place / "clone" / "_delta_log" / "00000000000000000000.json")) {
      rows = RowsOf(place, shown());
      ExpectSound(place / shown());
    }
    EXPECT_TRUE(rows == course_.before || rows == course_.after) << rows;
    return rows == course_.before || !GetParam().again_changes;
  }

  void Complete(const fs::path& place, bool again) {
    if (again) {
      const auto done = Run(place, TextIn(place), {});
      EXPECT_TRUE(done.ok()) << done.error().ToString();
    }
    EXPECT_EQ(RowsOf(place, shown()), course_.after);
    ExpectSound(place / shown());
  }

  std::string Words(const std::string& way, int64_t at) const {
    const bool known = at < std::ssize(course_.operations);
    return way + " at " + std::to_string(at) + " (" +
           (known ? std::string(storage::OpName(course_.operations[static_cast<size_t>(at)])) : "?") + ")";
  }

  Course course_;
  const bool full_ = std::getenv("TIDEMILL_FULL") != nullptr;
};

TEST_P(TableCourseTest, BeforeOrAfterAndNothingElse) {
  int64_t struck = 0;
  for (int64_t at = 0; at < std::ssize(course_.operations); ++at) {
    const auto op = course_.operations[static_cast<size_t>(at)];
    const bool commits = op == storage::Op::kPutIfAbsent || op == storage::Op::kPut || op == storage::Op::kClose ||
                         op == storage::Op::kRemove;
    if (!full_ && !commits && at % 5 != 0) continue;
    ++struck;
    for (const std::string& way : kWays) {
      SCOPED_TRACE(Words(way, at));
      const fs::path place = CopyTo(folder_ / "faulted", course_.start);
      StrikeIn(place, way, at);
      Complete(place, LooksSound(place));
      if (HasFailure()) return;
    }
  }
  std::printf("%s: %lld of %zu operations struck, three ways each\n", GetParam().name.c_str(),
              static_cast<long long>(struck), course_.operations.size());
}

// The ways of both faults are drawn, and in the short form the pair.
TEST_P(TableCourseTest, ASecondFaultWhileTheFirstIsMended) {
  constexpr int kSampledPairs = 8;
  std::mt19937_64 random(1);
  const auto drawn = [&](size_t below) { return static_cast<int64_t>(random() % below); };
  const auto count = std::ssize(course_.operations);
  int64_t struck = 0;
  const auto pair = [&](int64_t first, int64_t second) {
    const std::string way = kWays[static_cast<size_t>(drawn(kWays.size()))];
    const std::string other = kWays[static_cast<size_t>(drawn(kWays.size()))];
    SCOPED_TRACE(Words(way, first) + ", then " + other + " at " + std::to_string(second));
    const fs::path place = CopyTo(folder_ / "faulted", course_.start);
    StrikeIn(place, way, first);
    if (!LooksSound(place)) return false;
    const bool reached = StrikeIn(place, other, second);
    struck += reached ? 1 : 0;
    Complete(place, LooksSound(place));
    return reached;
  };
  if (full_) {
    for (int64_t first = 0; first < count; ++first) {
      // A run that goes on from a failed one may have more operations than a clean one, or fewer.
      for (int64_t second = 0; pair(first, second); ++second) {
        if (HasFailure()) return;
      }
    }
  } else {
    for (int i = 0; i < kSampledPairs && !HasFailure(); ++i) {
      pair(drawn(static_cast<size_t>(count)), drawn(static_cast<size_t>(count)));
    }
  }
  std::printf("%s: %lld pairs of faults\n", GetParam().name.c_str(), static_cast<long long>(struck));
}

INSTANTIATE_TEST_SUITE_P(Statements, TableCourseTest, testing::ValuesIn(kScenarios),
                         [](const auto& scenario) { return scenario.param.name; });

}  // namespace
}  // namespace tidemill
