// Runs on the native engine over a folder of its own: what is in the table and in the quarantine afterwards, and what
// is refused.
#include "job/run.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "engine/duckdb/checkpoint_io.h"
#include "engine/duckdb/engine.h"
#include "job/parse.h"
#include "job/replay.h"
#include "job/run_windows.h"
#include "session/session.h"

namespace tidemill::job {
namespace {

namespace fs = std::filesystem;

class RunTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("tidemill-run-" + NewUuid(random_));
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  void Write(const std::string& name, const std::string& text) { std::ofstream(folder_ / name) << text; }

  Job MakeJob(const std::string& text, std::vector<std::string> settings = {}) {
    ParseInput input;
    input.text = text;
    input.file = "job.yaml";
    input.folder = folder_.string();
    input.settings = std::move(settings);
    auto parsed = ParseJob(input);
    CheckSqlSyntax(parsed.job, parsed.diagnostics);
    for (const auto& diagnostic : parsed.diagnostics.Sorted()) ADD_FAILURE() << diagnostic.ToString();
    return parsed.job;
  }

  RunEnvironment Environment() {
    RunEnvironment environment;
    environment.storage = storage_.get();
    environment.engine = engine_.get();
    environment.checkpoints = checkpoints_.get();
    environment.clock = &clock_;
    environment.cancel = &cancel_;
    environment.random.seed(random_());
    environment.memory_bytes = int64_t{512} << 20;
    environment.threads = 2;
    environment.temp_folder = (folder_ / "tmp").string();
    environment.attempts_folder = (folder_ / "attempts").string();
    environment.version = "test";
    return environment;
  }

  RunResult RunIt(const Job& job, RunOptions options = {}) {
    EventStream stream({[this](const Event& event) { events_.push_back(event); }});
    return job::Run(job, options, Environment(), stream);
  }

  void ExpectCommitted(const RunResult& result) {
    EXPECT_EQ(result.finished.outcome, Outcome::kCommitted) << result.finished.message;
  }

  // Rows of a query as texts, sorted: "1|a".
  std::vector<std::string> Query(const std::string& sql) {
    session::Session shell(Environment(), {folder_.string(), (folder_ / "warehouse").string(), {}});
    const auto rows = shell.Execute(sql);
    EXPECT_TRUE(rows.ok()) << rows.error().ToString();
    std::vector<std::string> texts;
    for (const auto& row : rows->rows.rows) {
      std::string text;
      for (size_t i = 0; i < row.size(); ++i) {
        text += (i == 0 ? "" : "|") + plan::ToSparkText(row[i], rows->rows.schema.fields[i].type);
      }
      texts.push_back(std::move(text));
    }
    std::sort(texts.begin(), texts.end());
    return texts;
  }

  using Texts = std::vector<std::string>;

  std::mt19937_64 random_ = SystemRandom();
  fs::path folder_;
  std::unique_ptr<storage::Storage> storage_ = storage::MakeLocal();
  std::unique_ptr<engine::Engine> engine_ = engine::duckdb::MakeEngine(*storage_);
  std::unique_ptr<delta::CheckpointIo> checkpoints_ = engine::duckdb::MakeCheckpointIo(*storage_);
  SystemClock clock_;
  engine::Cancel cancel_{false};
  std::vector<Event> events_;
};

constexpr const char* kOrders = R"(job: orders
sources:
  orders: {format: csv, path: in.csv, header: true, schema: "id INT, day DATE, amount INT"}
steps:
  - {name: kept, sql: "SELECT id, day, amount FROM orders"}
checks:
  - {name: positive, expression: amount > 0, max_bad: 50%}
sink:
  path: table
  partition_by: [day]
)";

TEST_F(RunTest, GoodRowsGoToTheTableBadOnesAside) {
  Write("in.csv", "id,day,amount\n1,2024-01-01,10\n2,2024-01-02,-1\n3,2024-01-02,\n");
  const auto result = RunIt(MakeJob(kOrders));
  ExpectCommitted(result);
  EXPECT_EQ(result.finished.rows_in, 3);
  EXPECT_EQ(result.finished.rows_written, 2);
  EXPECT_EQ(result.finished.rows_quarantined, 1);
  EXPECT_EQ(Query("SELECT id, day, amount FROM delta.table"), (Texts{"1|2024-01-01|10", "3|2024-01-02|NULL"}));
  EXPECT_EQ(Query("SELECT job, reasons, regexp_extract(row, '\"id\":([0-9]+)', 1) FROM delta.table_quarantine"),
            (Texts{"orders|[\"positive\"]|2"}));
  EXPECT_TRUE(std::holds_alternative<event::RunStarted>(events_.front().body));
  EXPECT_TRUE(std::holds_alternative<event::RunFinished>(events_.back().body));
  EXPECT_TRUE(fs::is_empty(folder_ / "attempts"));
}

TEST_F(RunTest, AgainIsANoOpUnlessSaid) {
  Write("in.csv", "id,day,amount\n1,2024-01-01,10\n");
  const Job job = MakeJob(kOrders);
  ExpectCommitted(RunIt(job));
  const auto second = RunIt(job);
  EXPECT_EQ(second.finished.outcome, Outcome::kAlreadyCommitted);
  EXPECT_EQ(second.finished.message, "already committed at version 0");
  EXPECT_EQ(Query("SELECT count(*) FROM delta.table"), Texts{"1"});
  RunOptions again;
  again.again = true;
  ExpectCommitted(RunIt(job, again));
  EXPECT_EQ(Query("SELECT count(*) FROM delta.table"), Texts{"2"});
  EXPECT_EQ(RunIt(job).finished.outcome, Outcome::kAlreadyCommitted);
}

TEST_F(RunTest, AChangedJobNeedsAWayOut) {
  Write("in.csv", "id,day,amount\n1,2024-01-01,10\n2,2024-01-01,-5\n");
  ExpectCommitted(RunIt(MakeJob(kOrders)));
  const Job changed = MakeJob(kOrders, {"steps.kept.sql=SELECT id + 100 AS id, day, amount FROM orders"});
  const auto refused = RunIt(changed);
  EXPECT_EQ(refused.finished.outcome, Outcome::kRefused);
  EXPECT_NE(refused.finished.message.find("--replace"), std::string::npos);
  EXPECT_NE(refused.finished.message.find("--again"), std::string::npos);
  RunOptions replace;
  replace.replace = true;
  ExpectCommitted(RunIt(changed, replace));
  EXPECT_EQ(Query("SELECT id FROM delta.table"), Texts{"101"});
  EXPECT_EQ(Query("SELECT regexp_extract(row, '\"id\":([0-9]+)', 1) FROM delta.table_quarantine"), Texts{"102"});
  // The first spelling is no longer what the table holds, so it isn't taken for committed.
  EXPECT_EQ(RunIt(MakeJob(kOrders)).finished.outcome, Outcome::kRefused);
  ExpectCommitted(RunIt(MakeJob(kOrders), replace));
  EXPECT_EQ(Query("SELECT id FROM delta.table"), Texts{"1"});
}

TEST_F(RunTest, TwoSpecsOfOneWindowAtOnceAreNotBothAppended) {
  Write("in.csv", "id,day,amount\n1,2024-01-01,10\n");
  ExpectCommitted(RunIt(MakeJob(kOrders, {"job=first"})));
  const Job slow = MakeJob(kOrders);
  const Job fast = MakeJob(kOrders, {"steps.kept.sql=SELECT id + 100 AS id, day, amount FROM orders"});
  bool raced = false;
  EventStream stream({[&](const Event& event) {
    const auto* stage = std::get_if<event::StageStarted>(&event.body);
    if (stage == nullptr || stage->stage != "commit" || std::exchange(raced, true)) return;
    ExpectCommitted(RunIt(fast));
  }});
  const auto result = job::Run(slow, {}, Environment(), stream);
  EXPECT_TRUE(raced);
  EXPECT_EQ(result.finished.outcome, Outcome::kRefused) << result.finished.message;
  EXPECT_NE(result.finished.message.find("--replace"), std::string::npos);
  EXPECT_EQ(Query("SELECT id FROM delta.table"), (Texts{"1", "101"}));
}

TEST_F(RunTest, OtherInputIsAnotherRun) {
  Write("in.csv", "id,day,amount\n1,2024-01-01,10\n");
  Write("more.csv", "id,day,amount\n2,2024-01-02,20\n");
  ExpectCommitted(RunIt(MakeJob(kOrders)));
  const Job more = MakeJob(kOrders, {"sources.orders.path=more.csv"});
  ExpectCommitted(RunIt(more));
  EXPECT_EQ(RunIt(more).finished.outcome, Outcome::kAlreadyCommitted);
  EXPECT_EQ(RunIt(MakeJob(kOrders)).finished.outcome, Outcome::kAlreadyCommitted);
  EXPECT_EQ(Query("SELECT id FROM delta.table"), (Texts{"1", "2"}));
}

TEST_F(RunTest, NewFilesBehindAnOldGlobAreSaid) {
  Write("in-1.csv", "id,day,amount\n1,2024-01-01,10\n");
  const Job job = MakeJob(kOrders, {"sources.orders.path=in-*.csv"});
  ExpectCommitted(RunIt(job));
  const auto warnings = [&] {
    return std::count_if(events_.begin(), events_.end(),
                         [](const Event& e) { return std::holds_alternative<event::Warning>(e.body); });
  };
  EXPECT_EQ(RunIt(job).finished.outcome, Outcome::kAlreadyCommitted);
  EXPECT_EQ(warnings(), 0);
  Write("in-2.csv", "id,day,amount\n2,2024-01-01,10\n");
  EXPECT_EQ(RunIt(job).finished.outcome, Outcome::kAlreadyCommitted);
  EXPECT_EQ(warnings(), 1);
}

TEST_F(RunTest, TooManyBadRowsCommitNothing) {
  Write("in.csv", "id,day,amount\n1,2024-01-01,10\n2,2024-01-01,-5\n3,2024-01-01,-6\n");
  const auto result = RunIt(MakeJob(kOrders));
  EXPECT_EQ(result.finished.outcome, Outcome::kChecksFailed);
  EXPECT_NE(result.finished.message.find("check 'positive': 2 of 3 rows are bad"), std::string::npos);
  EXPECT_FALSE(fs::exists(folder_ / "table/_delta_log"));
  EXPECT_FALSE(fs::exists(folder_ / "table_quarantine/_delta_log"));
  for (const auto& entry : fs::recursive_directory_iterator(folder_)) EXPECT_NE(entry.path().extension(), ".parquet");
}

TEST_F(RunTest, EveryKindOfCheck) {
  Write("in.csv", "id,day,amount\n1,2024-01-01,10\n1,2024-01-01,11\n3,2024-01-02,12\n4,2024-01-03,99\n");
  Write("days.csv", "day\n2024-01-01\n2024-01-02\n");
  const Job job = MakeJob(kOrders, {"sources.days={format: csv, path: days.csv, header: true, schema: day DATE}",
                                    "checks=[{kind: unique, column: id, max_bad: 100%},"
                                    "{kind: not_null, column: id, on_fail: fail},"
                                    "{kind: range, column: amount, max: 50, on_fail: warn},"
                                    "{kind: accepted_values, column: amount, values: [10, 11, 12, 99], on_fail: fail},"
                                    "{kind: references, column: day, to: days(day), on_fail: warn},"
                                    "{kind: row_count, min: 2, max: 2},"
                                    "{kind: freshness, column: day, max_age: 1h, on_fail: warn}]"});
  ExpectCommitted(RunIt(job));
  std::map<std::string, std::pair<std::string, int64_t>> found;
  for (const auto& event : events_) {
    if (const auto* check = std::get_if<event::CheckResult>(&event.body)) {
      found[check->kind] = {std::string(Name(check->status)), check->bad};
    }
  }
  using Found = std::pair<std::string, int64_t>;
  EXPECT_EQ(found["unique"], Found("warned", 2));
  EXPECT_EQ(found["not_null"], Found("passed", 0));
  EXPECT_EQ(found["range"], Found("warned", 1));
  EXPECT_EQ(found["accepted_values"], Found("passed", 0));
  EXPECT_EQ(found["references"], Found("warned", 1));
  EXPECT_EQ(found["row_count"], Found("passed", 0));
  EXPECT_EQ(found["freshness"], Found("warned", 0));
  EXPECT_EQ(Query("SELECT id FROM delta.table"), (Texts{"3", "4"}));
}

TEST_F(RunTest, MergeReplacesAndAdds) {
  Write("in.csv", "id,day,amount\n1,2024-01-01,10\n2,2024-01-01,20\n3,2024-01-02,30\n");
  const std::vector<std::string> merge{"sink.mode=merge", "sink.keys=[id]"};
  ExpectCommitted(RunIt(MakeJob(kOrders, merge)));
  // 3 moves to another day; 1 comes with a bad row, which must not take the good old one away.
  Write("more.csv", "id,day,amount\n3,2024-01-05,33\n4,2024-01-02,40\n1,2024-01-01,-1\n");
  std::vector<std::string> more = merge;
  more.push_back("sources.orders.path=more.csv");
  ExpectCommitted(RunIt(MakeJob(kOrders, more)));
  EXPECT_EQ(Query("SELECT id, day, amount FROM delta.table"),
            (Texts{"1|2024-01-01|10", "2|2024-01-01|20", "3|2024-01-05|33", "4|2024-01-02|40"}));
  EXPECT_EQ(Query("SELECT regexp_extract(row, '\"amount\":(-?[0-9]+)', 1) FROM delta.table_quarantine"), Texts{"-1"});
}

TEST_F(RunTest, MergeWithDoubleKeysNamesThem) {
  Write("in.csv", "id,day,amount\n7,2024-01-01,10\n7,2024-01-01,20\n");
  const auto result = RunIt(MakeJob(kOrders, {"sink.mode=merge", "sink.keys=[id]"}));
  EXPECT_EQ(result.finished.outcome, Outcome::kFailed);
  EXPECT_NE(result.finished.message.find("2 new rows have the same keys (id = 7)"), std::string::npos)
      << result.finished.message;
}

TEST_F(RunTest, OverwriteReplacesTheTableAndItsQuarantine) {
  Write("in.csv", "id,day,amount\n1,2024-01-01,10\n2,2024-01-01,-1\n");
  Write("more.csv", "id,day,amount\n3,2024-01-02,30\n4,2024-01-01,-4\n");
  ExpectCommitted(RunIt(MakeJob(kOrders, {"sink.mode=overwrite"})));
  ExpectCommitted(RunIt(MakeJob(kOrders, {"sink.mode=overwrite", "sources.orders.path=more.csv"})));
  EXPECT_EQ(Query("SELECT id FROM delta.table"), Texts{"3"});
  EXPECT_EQ(Query("SELECT regexp_extract(row, '\"id\":([0-9]+)', 1) FROM delta.table_quarantine"), Texts{"4"});
  ExpectCommitted(RunIt(MakeJob(kOrders, {"sink.mode=overwrite"})));  // the first again: no longer what is there
  EXPECT_EQ(Query("SELECT id FROM delta.table"), Texts{"1"});
}

constexpr const char* kWindowed = R"yaml(job: clicks
sources:
  clicks: {format: csv, path: in.csv, header: true, schema: "id INT, at TIMESTAMP", malformed: quarantine, max_bad: 60%}
window: {column: at, size: 1h}
sink: {path: table, partition_by: "year/month/day(at)"}
)yaml";

TEST_F(RunTest, EveryWindowIsItsOwnCommit) {
  Write("in.csv",
        "id,at\n1,2024-01-01T00:10:00Z\n2,2024-01-01T01:10:00Z\nx,2024-01-01T00:00:00Z\n3,2024-01-01T01:59:59Z\n");
  const auto windows =
      SplitWindows(*ParseTimestamp("2024-01-01T00"), *ParseTimestamp("2024-01-01T02"), std::chrono::hours(1));
  ASSERT_TRUE(windows.ok());
  EventStream stream({});
  const Job job = MakeJob(kWindowed);
  const std::vector<std::optional<Window>> list(windows->begin(), windows->end());
  const auto results = RunWindows(job, {}, list, 1, Environment(), stream);
  ASSERT_EQ(results.size(), 2U);
  for (const auto& result : results) ExpectCommitted(result);
  EXPECT_EQ(results[0].finished.rows_written, 1);
  EXPECT_EQ(results[1].finished.rows_written, 2);
  EXPECT_EQ(Query("SELECT id, year, month, day FROM delta.table"), (Texts{"1|2024|1|1", "2|2024|1|1", "3|2024|1|1"}));
  EXPECT_EQ(Query("SELECT raw FROM delta.table_quarantine").size(), 1U);  // both windows met it, it is there once
  const auto all = RunIt(job);
  EXPECT_EQ(all.finished.outcome, Outcome::kRefused);
  EXPECT_NE(all.finished.message.find("overlaps"), std::string::npos);
}

TEST_F(RunTest, SideBySideWindowsLoseNothing) {
  std::string text = "id,at\n";
  for (int hour = 0; hour < 8; ++hour)
    text += std::to_string(hour) + ",2024-01-01T0" + std::to_string(hour) + ":30:00Z\n";
  Write("in.csv", text);
  const auto windows =
      SplitWindows(*ParseTimestamp("2024-01-01T00"), *ParseTimestamp("2024-01-01T08"), std::chrono::hours(1));
  const std::vector<std::optional<Window>> list(windows->begin(), windows->end());
  EventStream stream({});
  for (const auto& result : RunWindows(MakeJob(kWindowed), {}, list, 4, Environment(), stream)) ExpectCommitted(result);
  EXPECT_EQ(Query("SELECT count(*), count(DISTINCT id) FROM delta.table"), Texts{"8|8"});
}

TEST_F(RunTest, AllMistakesOfTheSqlAtOnce) {
  Write("in.csv", "id,day,amount\n1,2024-01-01,10\n");
  const Job job = MakeJob(kOrders, {"steps=[{name: a, sql: SELECT ida FROM orders}, {name: b, sql: SELECT * FROM a},"
                                    "{name: kept, sql: SELECT * FROM orders}]",
                                    "checks=[{name: c1, expression: amont > 0}, {name: c2, expression: amount + 1},"
                                    "{name: c3, kind: not_null, column: idd}]",
                                    "sink.partition_by=[dya]"});
  const document::Diagnostics diagnostics = Validate(job, Environment());
  std::string text;
  for (const auto& diagnostic : diagnostics.Sorted()) text += diagnostic.ToString() + "\n";
  EXPECT_NE(text.find("steps[a]"), std::string::npos) << text;
  EXPECT_EQ(text.find("steps[b]"), std::string::npos) << text;
  const Job checks =
      MakeJob(kOrders, {"checks=[{name: c1, expression: amont > 0}, {name: c2, expression: bmount > 0}]"});
  EXPECT_EQ(Validate(checks, Environment()).errors(), 2);
  const Job output = MakeJob(kOrders, {"checks=[{name: c3, kind: not_null, column: idd}]", "sink.partition_by=[dya]"});
  EXPECT_EQ(Validate(output, Environment()).errors(), 2);
  const Job number = MakeJob(kOrders, {"checks=[{name: c2, expression: amount + 1}]"});
  EXPECT_EQ(Validate(number, Environment()).errors(), 1);
}

TEST_F(RunTest, SchemaOfTheTableIsEnforced) {
  Write("in.csv", "id,day,amount\n1,2024-01-01,10\n");
  ExpectCommitted(RunIt(MakeJob(kOrders)));
  Write("more.csv", "id,day,amount\n2,2024-01-01,20\n");
  const std::vector<std::string> wider{"sources.orders.path=more.csv",
                                       "steps.kept.sql=SELECT *, 1 AS extra FROM orders"};
  const auto refused = RunIt(MakeJob(kOrders, wider));
  EXPECT_EQ(refused.finished.outcome, Outcome::kRefused);
  EXPECT_NE(refused.finished.message.find("schema_evolution: merge"), std::string::npos) << refused.finished.message;
  std::vector<std::string> merged = wider;
  merged.push_back("sink.schema_evolution=merge");
  ExpectCommitted(RunIt(MakeJob(kOrders, merged)));
  EXPECT_EQ(Query("SELECT id, extra FROM delta.table"), (Texts{"1|NULL", "2|1"}));
}

TEST_F(RunTest, PlainParquet) {
  Write("in.csv", "id,day,amount\n1,2024-01-01,10\n");
  const Job job = MakeJob(R"(job: plain
sources: {orders: {format: csv, path: in.csv, header: true, schema: "id INT, day DATE, amount INT"}}
sink: {path: table, format: parquet, mode: overwrite}
)");
  ExpectCommitted(RunIt(job));
  EXPECT_EQ(RunIt(job).finished.outcome, Outcome::kAlreadyCommitted);
  RunOptions again;
  again.again = true;
  ExpectCommitted(RunIt(job, again));
  EXPECT_EQ(Query("SELECT id FROM parquet.table"), Texts{"1"});
}

TEST_F(RunTest, ReplayedRowsMoveToTheTable) {
  Write("in.csv", "id,day,amount\n1,2024-01-01,10\n2,2024-01-01,-5\n3,2024-01-02,-6\n4,2024-01-02,7\n");
  ExpectCommitted(RunIt(MakeJob(kOrders)));
  const Job milder = MakeJob(kOrders, {"checks.positive.expression=amount > -6"});
  RunEnvironment environment = Environment();
  const auto replay = MakeReplay(milder, environment);
  ASSERT_TRUE(replay.ok()) << replay.error().ToString();
  for (int attempt = 0; attempt < 2; ++attempt) {  // the second finds everything done
    const auto outcome = RunIt(replay->job).finished;
    EXPECT_EQ(outcome.outcome, attempt == 0 ? Outcome::kCommitted : Outcome::kAlreadyCommitted) << outcome.message;
    const auto left = FinishReplay(milder, *replay, environment);
    ASSERT_TRUE(left.ok()) << left.error().ToString();
    EXPECT_EQ(Query("SELECT id, day, amount FROM delta.table"),
              (Texts{"1|2024-01-01|10", "2|2024-01-01|-5", "4|2024-01-02|7"}));
    EXPECT_EQ(Query("SELECT regexp_extract(row, '\"id\":([0-9]+)', 1) FROM delta.table_quarantine"), Texts{"3"});
  }
}

TEST_F(RunTest, CancelLeavesNothing) {
  Write("in.csv", "id,day,amount\n1,2024-01-01,10\n");
  cancel_ = true;
  EXPECT_EQ(RunIt(MakeJob(kOrders)).finished.outcome, Outcome::kCancelled);
  EXPECT_FALSE(fs::exists(folder_ / "table/_delta_log"));
}

TEST_F(RunTest, MissingAndBrokenSourcesNameThemselves) {
  const auto missing = RunIt(MakeJob(kOrders));
  EXPECT_EQ(missing.finished.outcome, Outcome::kRefused);
  EXPECT_NE(missing.finished.message.find("source 'orders'"), std::string::npos) << missing.finished.message;
  Write("in.csv", "id,day,amount\n1,2024-01-01,ten\n");
  const auto broken = RunIt(MakeJob(kOrders));
  EXPECT_NE(broken.finished.outcome, Outcome::kCommitted);
  EXPECT_NE(broken.finished.message.find("amount: 'ten'"), std::string::npos) << broken.finished.message;
  EXPECT_NE(broken.finished.message.find("in.csv"), std::string::npos) << broken.finished.message;
}

}  // namespace
}  // namespace tidemill::job
