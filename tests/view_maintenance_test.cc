// Materialized views against their own queries: fifty definitions over three tables, which random statements change.
// After each batch every view is refreshed, and has to hold the rows its query gives, computed from nothing.
//
// TIDEMILL_FULL=1: 200 batches, else a few. TIDEMILL_SEED=n repeats a run. Floating-point numbers are quarters, whose
// sums are exact in any order; everything else is compared as it comes.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "faults.h"
#include "session/session.h"

namespace tidemill {
namespace {

namespace fs = std::filesystem;

// `a` keeps nothing but its files, `b` records its changes, `c` marks deleted rows.
constexpr const char* kTables =
    "CREATE TABLE a (id INT, k INT, g STRING, v INT, n DECIMAL(12,2), f DOUBLE, d DATE, xs ARRAY<INT>) USING delta;"
    "CREATE TABLE b (id INT, k INT, name STRING, w INT, z BIGINT) USING delta "
    "TBLPROPERTIES ('delta.enableChangeDataFeed' = 'true');"
    "CREATE TABLE c (id INT, k INT, g STRING, p INT, at TIMESTAMP) USING delta PARTITIONED BY (p) "
    "TBLPROPERTIES ('delta.enableDeletionVectors' = 'true');";

struct Definition {
  const char* query;
  const char* expected;  // what a refresh after a change of any kind says of itself: "incremental" or "full"
};

const Definition kDefinitions[] = {
    // filters and projections
    {"SELECT * FROM a", "incremental"},
    {"SELECT id, v * 2 AS w FROM a WHERE v > 10", "incremental"},
    {"SELECT g, f, -f AS h FROM a WHERE f IS NOT NULL", "incremental"},
    {"SELECT upper(name) AS name, w FROM b WHERE w BETWEEN 5 AND 40", "incremental"},
    {"SELECT p, g, date(at) AS day FROM c WHERE p <> 1", "incremental"},
    {"SELECT id, xs, size(xs) AS m FROM a WHERE xs IS NOT NULL", "incremental"},
    {"SELECT k FROM b", "incremental"},
    {"SELECT named_struct('k', k, 'g', g) AS s, v FROM a", "incremental"},
    {"SELECT id, x FROM a LATERAL VIEW explode(xs) t AS x", "incremental"},
    {"SELECT CASE WHEN v > 20 THEN 'high' ELSE 'low' END AS band, n FROM a WHERE k IS NOT NULL", "incremental"},
    // unions
    {"SELECT id, k FROM a UNION ALL SELECT id, k FROM b", "incremental"},
    {"SELECT k, g FROM a UNION ALL SELECT k, g FROM c UNION ALL SELECT k, name FROM b", "incremental"},
    {"SELECT k FROM a UNION SELECT k FROM c", "incremental"},
    {"SELECT g, count(*) AS m FROM (SELECT g FROM a UNION ALL SELECT g FROM c) GROUP BY g", "incremental"},
    // inner joins
    {"SELECT a.id, b.name FROM a JOIN b ON a.k = b.k", "incremental"},
    {"SELECT a.id, b.id AS other, a.v + b.w AS total FROM a JOIN b ON a.k = b.k AND a.v < b.w", "incremental"},
    {"SELECT a.g, c.p FROM a JOIN c ON a.g = c.g JOIN b ON b.k = a.k", "incremental"},
    {"SELECT x.id, y.id AS other FROM b x JOIN b y ON x.k = y.k AND x.id < y.id", "incremental"},
    {"SELECT a.id, c.id AS other FROM a JOIN c ON a.k <=> c.k WHERE a.v > 25", "incremental"},
    {"SELECT b.name, sum(a.v) AS v FROM a JOIN b ON a.k = b.k GROUP BY b.name", "incremental"},
    {"SELECT a.id, b.id AS other FROM a CROSS JOIN b WHERE a.v = 3", "incremental"},
    // outer and semi joins
    {"SELECT a.id, a.k, b.name FROM a LEFT JOIN b ON a.k = b.k", "incremental"},
    {"SELECT a.id, b.w FROM a LEFT JOIN b ON a.k = b.k AND b.w > 20", "incremental"},
    {"SELECT a.id, b.name, c.g FROM a LEFT JOIN b ON a.k = b.k LEFT JOIN c ON c.k = b.k", "incremental"},
    {"SELECT a.id, b.id AS other FROM a RIGHT JOIN b ON a.k = b.k", "incremental"},
    {"SELECT a.id, c.id AS other FROM a FULL JOIN c ON a.g = c.g AND a.k = c.k", "incremental"},
    {"SELECT id, v FROM a LEFT SEMI JOIN b ON a.k = b.k", "incremental"},
    {"SELECT id, v FROM a LEFT ANTI JOIN b ON a.k = b.k", "incremental"},
    {"SELECT a.k, count(b.id) AS m FROM a LEFT JOIN b ON a.k = b.k GROUP BY a.k", "incremental"},
    // aggregates
    {"SELECT k, count(*) AS m FROM a GROUP BY k", "incremental"},
    {"SELECT g, count(v) AS m, sum(v) AS s, min(v) AS low, max(v) AS high, avg(v) AS mean FROM a GROUP BY g",
     "incremental"},
    {"SELECT k, sum(n) AS s, avg(n) AS mean FROM a GROUP BY k", "incremental"},
    {"SELECT g, sum(f) AS s, avg(f) AS mean, min(f) AS low FROM a GROUP BY g", "incremental"},
    {"SELECT g, k, max(d) AS newest, min(name) AS first FROM a JOIN b USING (k) GROUP BY g, k", "incremental"},
    {"SELECT p, count(DISTINCT g) AS m FROM c GROUP BY p", "incremental"},
    {"SELECT k + 1 AS next, sum(v) AS s FROM a GROUP BY k + 1", "incremental"},
    {"SELECT k, sum(v) AS s FROM a GROUP BY k HAVING sum(v) > 30", "incremental"},
    {"SELECT sum(v) AS s FROM a GROUP BY k", "incremental"},
    {"SELECT m, count(*) AS groups FROM (SELECT k, count(*) AS m FROM a GROUP BY k) GROUP BY m", "incremental"},
    {"SELECT k, count(*) FILTER (WHERE v > 10) AS m, count_if(v < 5) AS l FROM a GROUP BY k", "incremental"},
    {"SELECT DISTINCT g, k FROM a", "incremental"},
    {"SELECT f, count(*) AS m FROM a GROUP BY f", "incremental"},
    {"SELECT month(d) AS mon, sum(v) AS s FROM a WHERE d IS NOT NULL GROUP BY month(d)", "incremental"},
    // the first rows of a key
    {"SELECT * FROM (SELECT id, k, v, row_number() OVER (PARTITION BY k ORDER BY v DESC, id) AS r FROM a) WHERE r <= 2",
     "incremental"},
    {"SELECT k, id, r FROM (SELECT k, id, rank() OVER (PARTITION BY k ORDER BY w DESC) AS r FROM b) WHERE r = 1",
     "incremental"},
    {"SELECT id, r FROM (SELECT id, dense_rank() OVER (PARTITION BY p ORDER BY k) AS r FROM c) WHERE r < 3",
     "incremental"},
    // what is made anew in full
    {"SELECT count(*) AS m, sum(v) AS s FROM a", "full"},
    {"SELECT id, v FROM a ORDER BY v DESC, id LIMIT 5", "full"},
    {"SELECT k, g, sum(v) AS s FROM a GROUP BY ROLLUP (k, g)", "full"},
    {"SELECT id FROM a WHERE v > (SELECT avg(v) FROM a)", "full"},
};

class Changes {
 public:
  explicit Changes(uint64_t seed) : random_(seed) {}

  // One statement, and the table it changes.
  std::pair<std::string, std::string> Next() {
    const std::string table(1, static_cast<char>('a' + Draw(3)));
    switch (Draw(8)) {
      case 0:
      case 1:
      case 2:
        return {table, "INSERT INTO " + table + " " + Rows(table, 1 + Draw(6))};
      case 3:
        return {table, "DELETE FROM " + table + " WHERE " + Some(table)};
      case 4:
      case 5:
        return {table, "UPDATE " + table + " SET " + Assignment(table) + " WHERE " + Some(table)};
      case 6:
        return {table, "MERGE INTO " + table + " t USING (" + Source(table, 2 + Draw(4)) +
                           ") s ON t.id = s.id WHEN MATCHED AND s.k = 1 THEN DELETE WHEN MATCHED THEN UPDATE SET * "
                           "WHEN NOT MATCHED THEN INSERT *"};
      default:
        if (Draw(3) == 0) return {table, "INSERT OVERWRITE " + table + " " + Rows(table, 3 + Draw(8))};
        return {table, "OPTIMIZE " + table};
    }
  }
  std::string Rows(const std::string& table, int count) {
    std::string values;
    for (int i = 0; i < count; ++i) values += (i == 0 ? "VALUES (" : ", (") + Row(table) + ")";
    return values;
  }

 private:
  int Draw(int below) { return static_cast<int>(random_() % static_cast<uint64_t>(below)); }
  std::string Whole(int below) { return Draw(9) == 0 ? "NULL" : std::to_string(Draw(below)); }
  std::string Word() {
    static constexpr const char* kWords[] = {"'x'", "'y'", "'z'", "''", "NULL"};
    return kWords[Draw(5)];
  }
  std::string Quarter() {
    // Not 0.0 beside -0.0: in a file with few values DuckDB's dictionary makes one of the two.
    static constexpr const char* kQuarters[] = {"0.25D", "-0.0D", "1.5D", "-3.75D", "double('NaN')", "NULL"};
    return kQuarters[Draw(6)];
  }
  std::string Row(const std::string& table) {
    const std::string head = std::to_string(Draw(60)) + ", " + Whole(7) + ", ";
    if (table == "a") {
      return head + Word() + ", " + Whole(40) + ", " + std::to_string(Draw(500)) + ".25, " + Quarter() + ", " +
             (Draw(6) == 0 ? "NULL" : "DATE'2024-0" + std::to_string(1 + Draw(9)) + "-01'") + ", " +
             (Draw(4) == 0 ? "NULL" : "array(" + Whole(3) + ", " + Whole(3) + ")");
    }
    if (table == "b") return head + Word() + ", " + Whole(50) + ", " + std::to_string(Draw(1000)) + "L";
    return head + Word() + ", " + std::to_string(Draw(3)) + ", TIMESTAMP'2024-01-0" + std::to_string(1 + Draw(9)) +
           " 10:00:00'";
  }
  std::string Source(const std::string& table, int count) {
    static const std::map<std::string, std::string> kColumns = {
        {"a", "id, k, g, v, n, f, d, xs"}, {"b", "id, k, name, w, z"}, {"c", "id, k, g, p, at"}};
    std::string rows;
    const int first = Draw(50);
    for (int i = 0; i < count; ++i) {
      const std::string row = Row(table);
      rows += (i == 0 ? "VALUES (" : ", (") + std::to_string(first + i) + row.substr(row.find(',')) + ")";
    }
    return "SELECT * FROM " + rows + " AS s(" + kColumns.at(table) + ")";
  }
  std::string Some(const std::string& table) {
    switch (Draw(4)) {
      case 0:
        return "k = " + std::to_string(Draw(7));
      case 1:
        return "id % 7 = " + std::to_string(Draw(7));
      case 2:
        return table == "b" ? "w < 5" : "g = 'x'";
      default:
        return "id BETWEEN " + std::to_string(Draw(50)) + " AND " + std::to_string(10 + Draw(50));
    }
  }
  std::string Assignment(const std::string& table) {
    if (Draw(3) == 0) return "k = " + Whole(7);
    if (table == "a") return Draw(2) == 0 ? "v = v + 1, f = " + Quarter() : "g = " + Word();
    return table == "b" ? "w = w + 3" : "g = " + Word();
  }

  std::mt19937_64 random_;
};

class ViewMaintenanceTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("tidemill-views-" + std::to_string(getpid()));
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    session_ = std::make_unique<session::Session>(
        house_.Environment(folder_),
        session::Options{folder_.string(),
                         (folder_ / "warehouse").string(),
                         {{"tidemill.sql.materializedViews", "false"}, {"spark.sql.ansi.enabled", "true"}}});
  }
  void TearDown() override {
    session_.reset();
    fs::remove_all(folder_);
  }

  session::Answer Do(const std::string& text) {
    auto answer = session_->Execute(text);
    EXPECT_TRUE(answer.ok()) << text << "\n" << answer.error().ToString();
    return answer.ok() ? *std::move(answer) : session::Answer{};
  }
  // A bag of rows as texts; -0.0 and 0.0 are two texts.
  std::vector<std::string> RowsOf(const std::string& query) {
    const auto answer = Do(query);
    std::vector<std::string> rows;
    for (const auto& row : answer.rows.rows) {
      std::string text;
      for (size_t i = 0; i < row.size(); ++i) {
        text += plan::ToSparkText(row[i], answer.rows.schema.fields[i].type) + "|";
      }
      rows.push_back(std::move(text));
    }
    std::ranges::sort(rows);
    return rows;
  }

  fs::path folder_;
  FaultyHouse house_;
  std::unique_ptr<session::Session> session_;
};

TEST_F(ViewMaintenanceTest, IncrementalEqualsFull) {
  const bool full = std::getenv("TIDEMILL_FULL") != nullptr;
  const char* given = std::getenv("TIDEMILL_SEED");
  const uint64_t seed = given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
  const char* batches_given = std::getenv("TIDEMILL_BATCHES");
  const int batches = batches_given != nullptr ? std::atoi(batches_given) : full ? 200 : 4;
  std::printf("seed %llu, %d batches\n", static_cast<unsigned long long>(seed), batches);
  Changes changes(seed);
  Do(kTables);
  for (const char* table : {"a", "b", "c"}) {
    for (int i = 0; i < 2; ++i) Do(std::string("INSERT INTO ") + table + " " + changes.Rows(table, 12));
  }
  const size_t count = std::size(kDefinitions);
  ASSERT_EQ(count, 50U);
  for (size_t i = 0; i < count; ++i) {
    // Rows of every second view go by deletion vectors.
    Do("CREATE MATERIALIZED VIEW v" + std::to_string(i) +
       (i % 2 == 0 ? "" : " TBLPROPERTIES ('delta.enableDeletionVectors' = 'true')") + " AS " + kDefinitions[i].query);
  }
  std::map<std::string, int> ways;
  for (int batch = 0; batch < batches && !HasFailure(); ++batch) {
    std::string told;
    for (int i = 0; i < 1 + batch % 3; ++i) {
      const auto [table, statement] = changes.Next();
      Do(statement);
      told += statement + ";\n";
    }
    for (size_t i = 0; i < count; ++i) {
      const std::string name = "v" + std::to_string(i);
      SCOPED_TRACE("seed " + std::to_string(seed) + ", batch " + std::to_string(batch) + "\n" + told + name + ": " +
                   kDefinitions[i].query);
      const auto answer = Do("REFRESH MATERIALIZED VIEW " + name);
      if (HasFailure()) return;
      const std::string way = std::get<std::string>(answer.rows.rows[0][0].data);
      const std::string how = std::get<std::string>(answer.rows.rows[0][1].data);
      ++ways[way];
      EXPECT_TRUE(way == "nothing" || way == kDefinitions[i].expected || how == "commits that change no row")
          << way << ": " << how;
      EXPECT_EQ(RowsOf("SELECT * FROM " + name), RowsOf(kDefinitions[i].query)) << way << ": " << how;
      if (HasFailure()) return;
    }
  }
  for (const auto& [way, times] : ways) std::printf("%s: %d\n", way.c_str(), times);
}

}  // namespace
}  // namespace tidemill
