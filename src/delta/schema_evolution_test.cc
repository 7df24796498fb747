#include "delta/schema_evolution.h"

#include <gtest/gtest.h>

#include "delta/features.h"

namespace tidemill::delta {
namespace {

using plan::DataType;
using plan::Schema;
using plan::TypeId;
using Strings = std::vector<std::string>;

const Schema kTable{{{"id", TypeId::kLong, false}, {"name", TypeId::kString}, {"at", TypeId::kTimestamp}}};

TEST(SchemaEvolutionTest, ListsEveryDifference) {
  const Schema data{{{"ID", TypeId::kLong}, {"name", TypeId::kInt}, {"extra", TypeId::kInt}}};
  const auto difference = CompareSchemas(kTable, data);
  EXPECT_EQ(difference.missing, Strings{"at"});
  EXPECT_EQ(difference.extra, Strings{"extra"});
  EXPECT_EQ(difference.mismatched, Strings{"name: the table has string, the data has int"});
  EXPECT_EQ(difference.nullable, Strings{"ID"});
}

TEST(SchemaEvolutionTest, EnforcesButFillsNullableColumns) {
  EXPECT_TRUE(EnforceSchema(kTable, {{{"name", TypeId::kString}, {"id", TypeId::kLong}}}).ok());
  const auto missing = EnforceSchema(kTable, {{{"name", TypeId::kString}}});
  EXPECT_EQ(missing.error().kind, ErrorKind::kFailedPrecondition);
  EXPECT_NE(missing.error().message.find("id"), std::string::npos);
  EXPECT_FALSE(EnforceSchema(kTable, {{{"id", TypeId::kLong}, {"x", TypeId::kInt}}}).ok());
  EXPECT_FALSE(EnforceSchema(kTable, {{{"id", TypeId::kString}}}).ok());
}

TEST(SchemaEvolutionTest, MergeAppendsNewColumnsAsNullable) {
  const Schema table{{{"s", DataType::Struct({{"a", TypeId::kInt}})}}};
  const Schema data{{{"n", TypeId::kInt, false}, {"S", DataType::Struct({{"b", TypeId::kInt}})}}};
  const auto merged = MergeSchema(table, data);
  ASSERT_TRUE(merged.ok());
  EXPECT_EQ(merged->ToString(), "struct<s:struct<a:int,b:int>,n:int>");
  EXPECT_TRUE(merged->fields[1].nullable);
  EXPECT_FALSE(MergeSchema(kTable, {{{"at", TypeId::kDate}}}).ok());
}

TEST(SchemaEvolutionTest, TablesThatCannotBe) {
  EXPECT_TRUE(CheckTableSchema(kTable, {"at"}).ok());
  EXPECT_EQ(CheckTableSchema({}, {}).error().kind, ErrorKind::kInvalidArgument);
  EXPECT_EQ(CheckTableSchema({{{"a", TypeId::kInt}, {"A", TypeId::kInt}}}, {}).error().kind,
            ErrorKind::kInvalidArgument);
  EXPECT_EQ(CheckTableSchema({{{"a b", TypeId::kInt}}}, {}).error().kind, ErrorKind::kInvalidArgument);
  EXPECT_EQ(CheckTableSchema({{{"a", TypeId::kNull}}}, {}).error().kind, ErrorKind::kUnimplemented);
  EXPECT_EQ(CheckTableSchema(kTable, {"nope"}).error().kind, ErrorKind::kInvalidArgument);
  EXPECT_EQ(CheckTableSchema({{{"a", TypeId::kInt}}}, {"a"}).error().kind, ErrorKind::kInvalidArgument);
}

TEST(FeaturesTest, ProtocolsOfNewTables) {
  EXPECT_EQ(*ProtocolFor({}, kTable), (Protocol{1, 2}));
  const Schema local{{{"a", DataType::Array(TypeId::kTimestampNtz)}}};
  const auto ntz = *ProtocolFor({}, local);
  EXPECT_EQ(ntz.min_reader_version, 3);
  EXPECT_EQ(ntz.min_writer_version, 7);
  EXPECT_EQ(ntz.reader_features, Strings{"timestampNtz"});
  EXPECT_EQ(ntz.writer_features, (Strings{"appendOnly", "invariants", "timestampNtz"}));
  const auto times = *ProtocolFor({.configuration = {{"delta.enableInCommitTimestamps", "true"}}}, kTable);
  EXPECT_EQ(times.min_reader_version, 1);
  EXPECT_EQ(times.min_writer_version, 7);
  EXPECT_EQ(ProtocolFor({.configuration = {{"delta.enableIcebergCompatV2", "true"}}}, kTable).error().kind,
            ErrorKind::kUnimplemented);
  const auto asked = *ProtocolFor({.configuration = {{"delta.feature.v2Checkpoint", "supported"}}}, kTable);
  EXPECT_EQ(asked.reader_features, Strings{"v2Checkpoint"});
  EXPECT_EQ(asked.writer_features, (Strings{"appendOnly", "invariants", "v2Checkpoint"}));
  EXPECT_FALSE(ProtocolFor({.configuration = {{"delta.feature.brandNew", "supported"}}}, kTable).ok());
  EXPECT_EQ(*UpgradeFor({1, 2}, {}, kTable), std::nullopt);
  const auto upgraded = (*UpgradeFor({1, 3}, {}, local)).value();
  EXPECT_EQ(upgraded.writer_features, (Strings{"appendOnly", "invariants", "checkConstraints", "timestampNtz"}));
}

TEST(FeaturesTest, WritersStandToWhatTheTableUses) {
  const auto refused = [](const Protocol& protocol, const Metadata& metadata, const Schema& schema, bool enforced) {
    const auto status = CheckWritable(protocol, metadata, schema, enforced);
    return status.ok() ? "" : status.error().message;
  };
  const Metadata checks{.configuration = {{"delta.constraints.c", "id > 0"}}};
  EXPECT_EQ(refused({1, 6}, {}, kTable, false), "");
  EXPECT_NE(refused({1, 3}, checks, kTable, false).find("checkConstraints"), std::string::npos);
  EXPECT_EQ(refused({1, 3}, checks, kTable, true), "");
  const Schema invariant{{{"a", TypeId::kInt, true, R"({"delta.invariants":"x"})"}}};
  EXPECT_NE(refused({1, 2}, {}, invariant, false).find("invariants"), std::string::npos);
  const Metadata mapped{.configuration = {{"delta.columnMapping.mode", "name"}}};
  EXPECT_EQ(refused({2, 5}, mapped, kTable, true), "");
  const Schema generated{{{"a", TypeId::kInt, true, R"({"delta.generationExpression":"1"})"}}};
  EXPECT_NE(refused({1, 4}, {}, generated, false).find("generatedColumns"), std::string::npos);
  EXPECT_EQ(refused({1, 4}, {}, generated, true), "");
  EXPECT_NE(refused({1, 7, {}, Strings{"clustering"}}, {}, kTable, true).find("clustering"), std::string::npos);
  EXPECT_NE(refused({1, 7, {}, Strings{"brandNew"}}, {}, kTable, true).find("brandNew"), std::string::npos);
  EXPECT_NE(refused({1, 8}, {}, kTable, true), "");
}

}  // namespace
}  // namespace tidemill::delta
