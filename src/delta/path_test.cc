#include "delta/path.h"

#include <gtest/gtest.h>

namespace tidemill::delta {
namespace {

using Kind = LogName::Kind;

TEST(PathTest, LogNames) {
  EXPECT_EQ(CommitName(7), "00000000000000000007.json");
  EXPECT_EQ(ParseLogName("00000000000000000007.json").kind, Kind::kCommit);
  EXPECT_EQ(ParseLogName("00000000000000000007.json").version, 7);
  EXPECT_EQ(ParseLogName("00000000000000000007.crc").kind, Kind::kChecksum);
  EXPECT_EQ(ParseLogName("00000000000000000010.checkpoint.parquet").kind, Kind::kCheckpoint);
  const auto part = ParseLogName("00000000000000000010.checkpoint.0000000002.0000000003.parquet");
  EXPECT_EQ(part.kind, Kind::kCheckpoint);
  EXPECT_EQ(part.part, 2);
  EXPECT_EQ(part.parts, 3);
  const auto v2 = ParseLogName("00000000000000000010.checkpoint.80a083e8-7026-4e79-81be-64bd76c43a11.json");
  EXPECT_EQ(v2.kind, Kind::kCheckpoint);
  EXPECT_TRUE(v2.json);
  EXPECT_EQ(ParseLogName("00000000000000000004.00000000000000000006.compacted.json").kind, Kind::kCompacted);
  for (const auto* other : {"_last_checkpoint", "7.json", ".00000000000000000007.json.crc", "0000000000000000000a.json",
                            "00000000000000000007.json.tmp", "00000000000000000010.checkpoint.1.3.parquet",
                            "00000000000000000010.checkpoint.0000000004.0000000003.parquet", ""}) {
    EXPECT_EQ(ParseLogName(other).kind, Kind::kOther) << other;
  }
}

const Table kTable{.root = "/data/t", .more_roots = {"/clones/source"}};

TEST(PathTest, DecodesOnceInsideTheRoots) {
  const std::pair<const char*, const char*> good[] = {
      {"f.parquet", "/data/t/f.parquet"},
      {"p=a%20b/f.parquet", "/data/t/p=a b/f.parquet"},
      {"p=a%252Fb/f.parquet", "/data/t/p=a%2Fb/f.parquet"},  // once, not twice
      {"p=2013-07-05 17%253A01/f", "/data/t/p=2013-07-05 17%3A01/f"},
      {"/data/t/f", "/data/t/f"},
      {"file:/data/t/f", "/data/t/f"},
      {"file:///data/t/a%20b", "/data/t/a b"},
      {"/clones/source/f", "/clones/source/f"},
      {"./a//f", "/data/t/a/f"},
      {"...f", "/data/t/...f"},
      {"t=10:30/f", "/data/t/t=10:30/f"},
  };
  for (const auto& [logged, path] : good) {
    const auto resolved = ResolvePath(kTable, logged);
    ASSERT_TRUE(resolved.ok()) << logged << ": " << resolved.error().message;
    EXPECT_EQ(*resolved, path);
  }
}

TEST(PathTest, RefusesToLeaveTheRoots) {
  for (const auto* logged :
       {"../other/f", "a/../../f", "%2e%2e/f", "a/%2E%2E/%2e%2e/f", "..%2ff", "/etc/passwd", "/data/t2/f", "/data/t",
        "/data/t/../u/f", "file:/etc/passwd", "file:///data/tt/f", "file://host/data/t/f", "s3://bucket/f",
        "hdfs://h/data/t/f", "a%00b", "/clones/source2/f", "//data/t/../f", ""}) {
    const auto resolved = ResolvePath(kTable, logged);
    ASSERT_FALSE(resolved.ok()) << logged << " -> " << *resolved;
    EXPECT_EQ(resolved.error().kind, ErrorKind::kPermissionDenied) << logged;
    EXPECT_NE(resolved.error().message.find(logged), std::string::npos);
  }
  EXPECT_EQ(ResolvePath(kTable, "a%2").error().kind, ErrorKind::kDataLoss);
  EXPECT_EQ(ResolvePath(kTable, "a%zzb").error().kind, ErrorKind::kDataLoss);
}

// What Spark names the folders of these values (ExternalCatalogUtils.getPartitionPathString), and add.path after it.
TEST(PathTest, PartitionFoldersAsInSpark) {
  EXPECT_EQ(PartitionFolder("p", "a b/c"), "p=a b%2Fc");
  EXPECT_EQ(EncodePath(PartitionFolder("p", "a b/c")), "p=a%20b%252Fc");
  EXPECT_EQ(PartitionFolder("ts", "2013-07-05 17:01:00.123456"), "ts=2013-07-05 17%3A01%3A00.123456");
  EXPECT_EQ(PartitionFolder("p", std::nullopt), "p=__HIVE_DEFAULT_PARTITION__");
  EXPECT_EQ(PartitionFolder("p", ""), "p=__HIVE_DEFAULT_PARTITION__");
  EXPECT_EQ(PartitionFolder("p", "a=b%c'd\"e*f#g?h\\i{j[k]l^m}"),
            "p=a%3Db%25c%27d%22e%2Af%23g%3Fh%5Ci%7Bj%5Bk%5Dl%5Em}");
  EXPECT_EQ(PartitionFolder("p", "tab\tend\x7f"), "p=tab%09end%7F");
  EXPECT_EQ(PartitionedPath({{"year", "2013"}, {"month", std::nullopt}}, "f.parquet"),
            "year=2013/month=__HIVE_DEFAULT_PARTITION__/f.parquet");
}

TEST(PathTest, EncodingIsUndoneByDecoding) {
  std::string every;
  for (int c = 1; c < 256; ++c) every += static_cast<char>(c);
  EXPECT_EQ(*DecodePath(EncodePath(every)), every);
}

}  // namespace
}  // namespace tidemill::delta
