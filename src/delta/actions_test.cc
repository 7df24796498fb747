#include "delta/actions.h"

#include <gtest/gtest.h>

namespace tidemill::delta {
namespace {

template <typename T>
T Parse(std::string_view json) {
  auto action = ParseAction(json, "test");
  EXPECT_TRUE(action.ok()) << (action.ok() ? "" : action.error().message);
  return std::get<T>(action->value());
}

// The examples of PROTOCOL.md, "Add File and Remove File".
TEST(ActionsTest, ReadsTheSpecificationsAdd) {
  const auto add = Parse<Add>(
      R"({"add":{"path":"date=2017-12-10/part-000...c000.gz.parquet","partitionValues":{"date":"2017-12-10","p":null},
      "size":841454,"modificationTime":1512909768000,"dataChange":true,"baseRowId":4071,"defaultRowCommitVersion":41,
      "clusteringProvider":"liquid","stats":"{\"numRecords\":1}","unknown":{"a":1}}})");
  EXPECT_EQ(add.path, "date=2017-12-10/part-000...c000.gz.parquet");
  EXPECT_EQ(add.partition_values.at("date"), "2017-12-10");
  EXPECT_EQ(add.partition_values.at("p"), std::nullopt);
  EXPECT_EQ(add.size_bytes, 841454);
  EXPECT_EQ(add.base_row_id, 4071);
  EXPECT_EQ(add.clustering_provider, "liquid");
  EXPECT_EQ(add.stats, R"({"numRecords":1})");
}

TEST(ActionsTest, ARowOfACheckpointHasNullMembers) {
  const auto txn = Parse<Txn>(R"({"add":null,"remove":null,"txn":{"appId":"a","version":5,"lastUpdated":null}})");
  EXPECT_EQ(txn, (Txn{"a", 5, std::nullopt}));
  const auto add = Parse<Add>(
      R"({"txn":null,"add":{"path":"f","partitionValues":{},"size":1,"modificationTime":2,"dataChange":false,
      "stats":null,"stats_parsed":{"numRecords":3}}})");
  EXPECT_EQ(add.stats, R"({"numRecords":3})");
}

TEST(ActionsTest, UnknownActionsAreSkippedAndBrokenOnesNamed) {
  EXPECT_EQ(*ParseAction(R"({"newThing":{"a":1}})", "x"), std::nullopt);
  const auto torn = ParseAction(R"({"add":{"path":"f")", "log/3.json:2");
  EXPECT_EQ(torn.error().kind, ErrorKind::kDataLoss);
  EXPECT_NE(torn.error().message.find("log/3.json:2"), std::string::npos);
  EXPECT_EQ(ParseAction(R"({"add":{"size":1,"modificationTime":2}})", "x").error().kind, ErrorKind::kDataLoss);
  EXPECT_EQ(ParseAction(R"({"add":{"path":3,"size":1,"modificationTime":2}})", "x").error().kind, ErrorKind::kDataLoss);
}

TEST(ActionsTest, AnEmptyCommitIsAnErrorThatNamesIt) {
  for (const auto* bytes : {"", "\n", " \n\n"}) {
    const auto commit = ParseCommit(bytes, "log/7.json");
    ASSERT_FALSE(commit.ok());
    EXPECT_EQ(commit.error().kind, ErrorKind::kDataLoss);
    EXPECT_NE(commit.error().message.find("log/7.json"), std::string::npos);
  }
}

TEST(ActionsTest, EveryActionSurvivesItsJson) {
  const DeletionVector vector{'u', "ab^-aqEH.-t@S}K{vb[*k^", 4, 40, 6, 9};
  const Action actions[] = {
      Protocol{3, 7, std::vector<std::string>{"deletionVectors"}, std::vector<std::string>{"deletionVectors", "x"}},
      Protocol{1, 2},
      Metadata{.id = "id",
               .name = "n",
               .schema_string = "{}",
               .partition_columns = {"p"},
               .configuration = {{"k", "v"}},
               .created_time_ms = 5},
      Add{.path = "p=a%20b/f",
          .partition_values = {{"p", "a b"}, {"q", std::nullopt}},
          .size_bytes = 1,
          .modification_time_ms = 2,
          .stats = "{\"numRecords\":1}",
          .tags = {{"tidemill.run", "r"}},
          .deletion_vector = vector},
      MakeRemove(Add{.path = "f", .size_bytes = 3, .deletion_vector = vector}, 99),
      Txn{"run", 1, 17},
      CommitInfo{.timestamp_ms = 1,
                 .in_commit_timestamp_ms = 2,
                 .operation = "WRITE",
                 .operation_parameters = {{"mode", "Append"}},
                 .operation_metrics = {{"numFiles", "1"}},
                 .read_version = 0,
                 .isolation_level = "WriteSerializable",
                 .is_blind_append = true,
                 .engine_info = "Tidemill/0",
                 .txn_id = "u",
                 .tidemill = R"({"job":"j","n":1})"},
      DomainMetadata{"d", "{}", true},
  };
  for (const auto& action : actions) {
    const std::string json = ToJson(action);
    const auto back = ParseAction(json, "test");
    ASSERT_TRUE(back.ok()) << json;
    EXPECT_EQ(**back, action) << json;
  }
}

TEST(ActionsTest, DeletionVectorIdsAreTheSpecifications) {
  EXPECT_EQ((DeletionVector{'u', "ab^-aqEH.-t@S}K{vb[*k^", 4, 40, 6, {}}.UniqueId()), "uab^-aqEH.-t@S}K{vb[*k^@4");
  EXPECT_EQ((DeletionVector{'i', "wi5b=000010000siXQKl0rr91000f55c8Xg0@@D72lkbi5=-{L", {}, 44, 6, {}}.UniqueId()),
            "iwi5b=000010000siXQKl0rr91000f55c8Xg0@@D72lkbi5=-{L");
}

}  // namespace
}  // namespace tidemill::delta
