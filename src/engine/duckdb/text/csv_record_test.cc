#include "engine/duckdb/text/csv_record.h"

#include <gtest/gtest.h>

namespace tidemill::engine::duckdb::text {
namespace {

std::vector<std::string> Fields(std::string_view record, TextOptions options = {}) {
  CsvSplitter splitter(options);
  if (const char* wrong = splitter.Split(record)) return {std::string("! ") + wrong};
  std::vector<std::string> texts;
  for (const auto& field : splitter.fields()) texts.push_back((field.quoted ? "q:" : "") + std::string(field.text));
  return texts;
}

using Texts = std::vector<std::string>;

TEST(CsvSplitter, FieldsAsTheyStand) {
  EXPECT_EQ(Fields("a,b"), (Texts{"a", "b"}));
  EXPECT_EQ(Fields(""), (Texts{""}));
  EXPECT_EQ(Fields(",,"), (Texts{"", "", ""}));
  EXPECT_EQ(Fields(" a , \"b\" "), (Texts{" a ", " \"b\" "}));
  EXPECT_EQ(Fields("a\"b,c\\"), (Texts{"a\"b", "c\\"}));
  EXPECT_EQ(Fields("a||b|c", {.delimiter = "||"}), (Texts{"a", "b|c"}));
}

TEST(CsvSplitter, TheEscapeStandsBeforeAQuoteOrItself) {
  EXPECT_EQ(Fields(R"("a,b",c)"), (Texts{"q:a,b", "c"}));
  EXPECT_EQ(Fields(R"("a\"b","c\\","d\n")"), (Texts{"q:a\"b", "q:c\\", "q:d\\n"}));
  EXPECT_EQ(Fields(R"("",x)"), (Texts{"q:", "x"}));
  EXPECT_EQ(Fields("\"a\" \t,b"), (Texts{"q:a", "b"}));
  EXPECT_EQ(Fields(R"("a ""b""","")", {.escape = "\""}), (Texts{"q:a \"b\"", "q:"}));
  EXPECT_EQ(Fields(R"('a,"b')", {.quote = "'"}), (Texts{"q:a,\"b"}));
  EXPECT_EQ(Fields(R"("a,b")", {.quote = ""}), (Texts{"\"a", "b\""}));
}

TEST(CsvSplitter, GuessworkIsMalformed) {
  for (const char* bad : {R"("a)", R"("a\")", R"("a"b,c)", R"("a ""b""",c)"}) {
    EXPECT_TRUE(Fields(bad)[0].starts_with("! ")) << bad;
  }
  EXPECT_NE(Fields(R"("a ""b""",c)")[0].find("set escape"), std::string::npos);
  EXPECT_NE(Fields(R"("a)")[0].find("multi_line"), std::string::npos);
}

TEST(CsvSplitter, RecordsOfSeveralLines) {
  const CsvSplitter splitter(TextOptions{});
  EXPECT_EQ(splitter.EndOfRecord("a,\"b\nc\",d\ne\n", false), 10u);
  EXPECT_EQ(splitter.EndOfRecord("a,b\nc\n", false), 4u);
  EXPECT_EQ(splitter.EndOfRecord("\"a\r\nb\"\r\nc", false), 8u);
  EXPECT_EQ(splitter.EndOfRecord("a,\"b\nc", false), std::nullopt);
  EXPECT_EQ(splitter.EndOfRecord("a,\"b\nc", true), 6u);
  EXPECT_EQ(splitter.EndOfRecord("a,b", false), std::nullopt);
  EXPECT_EQ(splitter.EndOfRecord("a,b", true), 3u);
  EXPECT_EQ(splitter.EndOfRecord("\"a\n\"\n", true), 5u);
}

TEST(CsvSplitter, BlankLinesAndCommentsAreNoRows) {
  const CsvSplitter plain(TextOptions{}), commented(TextOptions{.comment = "#"});
  EXPECT_TRUE(plain.IsSkipped(""));
  EXPECT_TRUE(plain.IsSkipped(" \t"));
  EXPECT_FALSE(plain.IsSkipped(","));
  EXPECT_FALSE(plain.IsSkipped("#a"));
  EXPECT_TRUE(commented.IsSkipped("#a"));
}

}  // namespace
}  // namespace tidemill::engine::duckdb::text
