// The Delta Acceptance Tests (delta-incubator/dat): tables by another writer, each read at each of its versions through
// our log replay and our engine, against the rows Spark read.
//
// The archive is found at ../shared/corpora from the project's root; without it the test is skipped, not passed.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "delta/delta.h"
#include "delta/snapshot.h"
#include "engine/duckdb/checkpoint_io.h"
#include "engine/duckdb/engine.h"
#include "job/sources.h"
#include "plan/typed.h"
#include "storage/storage.h"

namespace tidemill {
namespace {

namespace fs = std::filesystem;
namespace typed = plan::typed;

constexpr const char* kArchive = "../shared/corpora/deltalake-dat-v0.0.3.tar.gz";
constexpr int kTables = 19;
constexpr int kCases = 29;

class DeltaAcceptance : public testing::Test {
 protected:
  void SetUp() override {
    if (!fs::exists(kArchive)) GTEST_SKIP() << "not run: " << kArchive << " is not here";
    folder_ = fs::temp_directory_path() / ("tidemill-dat-" + std::to_string(getpid()));
    fs::create_directories(folder_);
    const std::string command = "tar -xzf " + std::string(kArchive) + " -C " + folder_.string() + " --exclude '._*'";
    ASSERT_EQ(std::system(command.c_str()), 0);
    storage_ = storage::MakeLocal();
    engine_ = engine::duckdb::MakeEngine(*storage_);
    checkpoints_ = engine::duckdb::MakeCheckpointIo(*storage_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  // The rows of a source as sorted lines of text.
  Result<std::vector<std::string>> RowsOf(engine::Source source) {
    engine::SessionOptions options;
    options.temp_folder = (folder_ / "spill").string();
    ASSIGN_OR_RETURN(auto session, engine_->Open(options, cancel_, {}));
    if (source.schema.fields.empty()) {
      ASSIGN_OR_RETURN(source.schema, session->InferSchema(source));
    }
    RETURN_IF_ERROR(session->AddSource(source));
    std::vector<typed::Column> columns;
    for (const auto& field : source.schema.fields) {
      columns.push_back({static_cast<int>(columns.size()), field.name, field.type, true, {}});
    }
    ASSIGN_OR_RETURN(auto rows, session->Query(typed::MakeRelation(typed::Scan{source.name, columns}, columns)));
    // Columns by name: Spark's expected files hold them in their own order.
    std::vector<size_t> order(columns.size());
    for (size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return columns[a].name < columns[b].name; });
    std::vector<std::string> lines;
    for (const auto& row : rows.rows) {
      std::string line;
      for (const size_t i : order) line += columns[i].name + "=" + plan::ToSparkText(row[i], columns[i].type) + "\n";
      lines.push_back(std::move(line));
    }
    std::sort(lines.begin(), lines.end());
    return lines;
  }

  Result<std::vector<std::string>> TableRows(const fs::path& table, std::optional<int64_t> version) {
    const delta::Table place{storage_.get(), checkpoints_.get(), table.string()};
    ASSIGN_OR_RETURN(const auto snapshot, delta::LoadSnapshot(place, {.version = version}));
    ASSIGN_OR_RETURN(auto source, job::SnapshotSource("table", *snapshot));
    return RowsOf(std::move(source));
  }

  Result<std::vector<std::string>> ExpectedRows(const fs::path& content) {
    engine::Source source;
    source.name = "expected";
    for (const auto& entry : fs::recursive_directory_iterator(content)) {
      if (entry.path().extension() != ".parquet" || entry.path().filename().string().starts_with(".")) continue;
      source.files.push_back({entry.path().string(), static_cast<int64_t>(entry.file_size()), {}, {}, -1});
    }
    if (source.files.empty()) return std::vector<std::string>{};
    return RowsOf(std::move(source));
  }

  fs::path folder_;
  std::unique_ptr<storage::Storage> storage_;
  std::unique_ptr<engine::Engine> engine_;
  std::unique_ptr<delta::CheckpointIo> checkpoints_;
  engine::Cancel cancel_{false};
};

// What may not be read yet, by table: the construct the refusal must name.
const std::map<std::string, std::string> kRefused = {};

TEST_F(DeltaAcceptance, EveryTableAtEveryVersion) {
  int tables = 0, cases = 0;
  for (const auto& table : fs::directory_iterator(folder_ / "out/reader_tests/generated")) {
    if (!table.is_directory()) continue;
    ++tables;
    const std::string name = table.path().filename();
    for (const auto& expected : fs::directory_iterator(table.path() / "expected")) {
      if (!expected.is_directory()) continue;
      ++cases;
      const std::string at = expected.path().filename();
      SCOPED_TRACE(name + " at " + at);
      const auto version = at == "latest" ? std::nullopt : std::optional<int64_t>(std::stoll(at.substr(1)));
      const auto ours = TableRows(table.path() / "delta", version);
      const auto refused = kRefused.find(name);
      if (refused != kRefused.end()) {
        ASSERT_FALSE(ours.ok());
        EXPECT_EQ(ours.error().kind, ErrorKind::kUnimplemented);
        EXPECT_NE(ours.error().message.find(refused->second), std::string::npos) << ours.error().ToString();
        continue;
      }
      ASSERT_TRUE(ours.ok()) << ours.error().ToString();
      const auto theirs = ExpectedRows(expected.path() / "table_content");
      ASSERT_TRUE(theirs.ok()) << theirs.error().ToString();
      EXPECT_EQ(*ours, *theirs);
    }
  }
  EXPECT_EQ(tables, kTables);
  EXPECT_EQ(cases, kCases);
}

}  // namespace
}  // namespace tidemill
