// A run that dies, or is failed, at every one of its storage operations, then runs again: no row lost, none doubled.
//
// The operations of one clean run are counted; then, for each of them and each kind of fault, the run is repeated from
// the same start with the fault at that operation, followed by a clean run, and both tables are compared row by row
// with what they must hold. "Dies" is a real death: the process ends in the middle of the operation's neighbourhood,
// without a destructor. TIDEMILL_FULL=1 takes every operation; else every seventh, and all of the commit's.
// TIDEMILL_CRASH_TABLES names a folder that keeps every table, for other readers to read
// (tests/spark/crash_tables_test.py).
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>

#include "delta/snapshot.h"
#include "engine/duckdb/checkpoint_io.h"
#include "engine/duckdb/engine.h"
#include "faults.h"
#include "job/parse.h"
#include "job/run.h"
#include "job/sources.h"
#include "plan/typed.h"
#include "storage/storage.h"

namespace tidemill {
namespace {

namespace fs = std::filesystem;
namespace typed = plan::typed;

// A day's orders; one row is malformed, one fails its check.
constexpr const char* kDay1 = "id,day,amount\n1,2024-01-01,10\n2,2024-01-01,20\n3,2024-01-02,30\n";
constexpr const char* kDay2 =
    "id,day,amount\n3,2024-01-02,33\n4,2024-01-02,40\nx,2024-01-02,1\n5,2024-01-03,-5\n6,2024-01-03,60\n";

struct Scenario {
  std::string mode;
  std::string keys;
  // id:amount of the table after the first day's run and the second's.
  std::vector<std::string> rows;
};

// How a failing test names its scenario.
void PrintTo(const Scenario& scenario, std::ostream* out) { *out << scenario.mode; }

const Scenario kScenarios[] = {
    {"append", "", {"1:10", "2:20", "3:30", "3:33", "4:40", "6:60"}},
    {"overwrite", "", {"3:33", "4:40", "6:60"}},
    {"overwrite_partitions", "", {"1:10", "2:20", "3:33", "4:40", "6:60"}},
    {"merge", "  keys: [id]\n", {"1:10", "2:20", "3:33", "4:40", "6:60"}},
};
const std::vector<std::string> kQuarantine = {"malformed", "positive"};

std::string JobText(const Scenario& scenario) {
  return "job: orders\n"
         "sources:\n"
         "  orders: {format: csv, path: \"${IN}\", header: true, schema: \"id INT, day DATE, amount INT\", malformed: "
         "quarantine, max_bad: 50%}\n"
         "steps:\n"
         "  - {name: all_orders, sql: \"SELECT id, day, amount FROM orders\"}\n"
         "checks:\n"
         "  - {name: positive, kind: expression, expression: amount > 0, on_fail: quarantine, max_bad: 50%}\n"
         "sink:\n"
         "  path: table\n"
         "  mode: " +
         scenario.mode + "\n" + scenario.keys + "  partition_by: [day]\n";
}

class Crash : public testing::TestWithParam<Scenario> {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("tidemill-crash-" + std::to_string(getpid()) + "-" + GetParam().mode);
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    std::ofstream(folder_ / "day1.csv") << kDay1;
    std::ofstream(folder_ / "day2.csv") << kDay2;
  }
  void TearDown() override { fs::remove_all(folder_); }

  job::Job MakeJob(const fs::path& place, const std::string& day) {
    job::ParseInput input;
    input.text = JobText(GetParam());
    input.file = "job.yaml";
    input.folder = place.string();
    input.variables = {{"IN", (folder_ / day).string()}};
    auto parsed = job::ParseJob(input);
    EXPECT_TRUE(parsed.diagnostics.empty()) << document::AsError(parsed.diagnostics).message;
    return parsed.job;
  }

  // One run on a store with that fault plan (empty: none).
  job::RunResult RunOnce(const fs::path& place, const std::string& day, const storage::FaultPlan& plan) {
    FaultyHouse house(plan);
    auto environment = house.Environment(place);
    environment.attempts_folder = (place / "attempts").string();
    job::EventStream silent({});
    return job::Run(MakeJob(place, day), {}, std::move(environment), silent);
  }

  Result<engine::Rows> RowsOf(const fs::path& table) {
    const auto local = storage::MakeLocal();
    const auto engine = engine::duckdb::MakeEngine(*local);
    const auto checkpoints = engine::duckdb::MakeCheckpointIo(*local);
    ASSIGN_OR_RETURN(const auto snapshot, delta::LoadSnapshot({local.get(), checkpoints.get(), table.string()}));
    ASSIGN_OR_RETURN(auto source, job::SnapshotSource("table", *snapshot));
    engine::Cancel cancel{false};
    engine::SessionOptions options;
    options.threads = 1;
    options.temp_folder = (folder_ / "read").string();
    ASSIGN_OR_RETURN(auto session, engine->Open(options, cancel, {}));
    RETURN_IF_ERROR(session->AddSource(source));
    std::vector<typed::Column> columns;
    for (const auto& field : source.schema.fields) {
      columns.push_back({static_cast<int>(columns.size()), field.name, field.type, true, {}});
    }
    return session->Query(typed::MakeRelation(typed::Scan{"table", columns}, columns));
  }

  static std::string Cell(const engine::Rows& rows, size_t row, const char* column) {
    const int at = rows.schema.IndexOf(column);
    return plan::ToSparkText(rows.rows[row][static_cast<size_t>(at)], rows.schema.fields[static_cast<size_t>(at)].type);
  }

  void ExpectRight(const fs::path& place, const std::string& what) {
    SCOPED_TRACE(what);
    const auto table = RowsOf(place / "table");
    ASSERT_TRUE(table.ok()) << table.error().ToString();
    std::vector<std::string> found;
    for (size_t i = 0; i < table->rows.size(); ++i)
      found.push_back(Cell(*table, i, "id") + ":" + Cell(*table, i, "amount"));
    std::sort(found.begin(), found.end());
    EXPECT_EQ(found, GetParam().rows);
    const auto aside = RowsOf(place / "table_quarantine");
    ASSERT_TRUE(aside.ok()) << aside.error().ToString();
    std::vector<std::string> reasons;
    for (size_t i = 0; i < aside->rows.size(); ++i) reasons.push_back(Cell(*aside, i, "reasons"));
    std::sort(reasons.begin(), reasons.end());
    ASSERT_EQ(reasons.size(), kQuarantine.size());
    for (size_t i = 0; i < reasons.size(); ++i)
      EXPECT_NE(reasons[i].find(kQuarantine[i]), std::string::npos) << reasons[i];
    ExpectNothingHalfWritten(place);
  }

  // Data files that were being written when the process ended are gone once it has run again.
  static void ExpectNothingHalfWritten(const fs::path& place) {
    for (const auto& entry : fs::recursive_directory_iterator(place)) {
      const std::string path = entry.path();
      if (path.find("/_delta_log/") != std::string::npos) continue;
      EXPECT_FALSE(path.ends_with(".tmp")) << path;
    }
  }

  void Keep(const fs::path& place, const std::string& name) {
    const char* keep = std::getenv("TIDEMILL_CRASH_TABLES");
    if (keep == nullptr) return;
    for (const char* table : {"table", "table_quarantine"}) {
      const fs::path to = fs::path(keep) / GetParam().mode / name / table;
      fs::create_directories(to);
      fs::copy(place / table, to, fs::copy_options::recursive);
    }
  }

  fs::path folder_;
};

TEST_P(Crash, AtEveryStorageOperation) {
  const fs::path start = folder_ / "start";
  fs::create_directories(start);
  const auto first = RunOnce(start, "day1.csv", {});
  ASSERT_EQ(first.finished.outcome, job::Outcome::kCommitted) << first.finished.message;

  const fs::path clean = CopyTo(folder_ / "clean", start);
  job::RunResult counted;
  const auto operations =
      OperationsOf([&](const storage::FaultPlan& plan) { counted = RunOnce(clean, "day2.csv", plan); });
  ASSERT_EQ(counted.finished.outcome, job::Outcome::kCommitted) << counted.finished.message;
  ExpectRight(clean, "without a fault");

  const bool full = std::getenv("TIDEMILL_FULL") != nullptr;
  int64_t struck = 0;
  for (int64_t at = 0; at < std::ssize(operations); ++at) {
    const auto op = operations[static_cast<size_t>(at)];
    const bool commits = op == storage::Op::kPutIfAbsent || op == storage::Op::kPut || op == storage::Op::kClose;
    if (!full && !commits && at % 7 != 0) continue;
    ++struck;
    for (const std::string& way : kWays) {
      const std::string what = way + " at " + std::to_string(at) + " (" + std::string(storage::OpName(op)) + ")";
      const fs::path place = CopyTo(folder_ / "faulted", start);
      Strike(way, at, [&](const storage::FaultPlan& plan) { (void)RunOnce(place, "day2.csv", plan); });
      const auto again = RunOnce(place, "day2.csv", {});
      const auto outcome = again.finished.outcome;
      EXPECT_TRUE(outcome == job::Outcome::kCommitted || outcome == job::Outcome::kAlreadyCommitted)
          << what << ": " << again.finished.message;
      ExpectRight(place, what);
      Keep(place, way + "-" + std::to_string(at));
      if (HasFailure()) return;
    }
  }
  std::printf("%s: %lld of %zu operations struck, three ways each\n", GetParam().mode.c_str(),
              static_cast<long long>(struck), operations.size());
}

INSTANTIATE_TEST_SUITE_P(Modes, Crash, testing::ValuesIn(kScenarios), [](const auto& info) { return info.param.mode; });

}  // namespace
}  // namespace tidemill
