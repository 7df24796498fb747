#include "engine/duckdb/text/record_reader.h"

#include <gtest/gtest.h>

#include <random>

namespace tidemill::engine::duckdb::text {
namespace {

struct Records {
  std::vector<std::string> texts;
  std::vector<int64_t> lines;  // in the file, from 0
};

Records ReadAll(const std::string& content, int64_t piece_bytes) {
  auto storage = storage::MakeMemory();
  EXPECT_TRUE(storage->Put("/f", content).ok());
  Traffic traffic;
  const std::vector<File> files = {{"/f", std::ssize(content)}};
  Records records;
  int64_t first_line = 0;
  for (const Range& range : CutIntoRanges(files, false, piece_bytes)) {
    auto reader = RecordReader::Open(*storage, traffic, files[0], range, {EndOfLine, false});
    EXPECT_TRUE(reader.ok());
    while (true) {
      const auto record = (*reader)->Next();
      EXPECT_TRUE(record.ok());
      if (!*record) break;
      records.texts.emplace_back(**record);
      records.lines.push_back(first_line + (*reader)->line());
    }
    first_line += (*reader)->lines();
  }
  return records;
}

using Texts = std::vector<std::string>;

TEST(RecordReader, LinesEndInThreeWays) {
  EXPECT_EQ(ReadAll("a\nb\r\nc\rd", 1000).texts, (Texts{"a", "b", "c", "d"}));
  EXPECT_EQ(ReadAll("a\n\n\r\n\rb\n", 1000).texts, (Texts{"a", "", "", "", "b"}));
  EXPECT_EQ(ReadAll("", 1000).texts, Texts{});
  EXPECT_EQ(ReadAll("\xEF\xBB\xBF"
                    "a\nb",
                    1000)
                .texts,
            (Texts{"a", "b"}));
}

// Wherever a file is cut, each line is in exactly one range.
TEST(RecordReader, CutsLoseAndDoubleNothing) {
  const auto seed = std::random_device{}();
  std::mt19937 random(seed);
  for (int round = 0; round < 300; ++round) {
    std::string content;
    for (int i = static_cast<int>(random() % 40); i > 0; --i) {
      const char* const parts[] = {"a", "bc", "\n", "\r\n", "\r", "\n\n", "x,y"};
      content += parts[random() % std::size(parts)];
    }
    const Records whole = ReadAll(content, 1 << 20);
    for (int64_t piece = 1; piece < 12; ++piece) {
      const Records cut = ReadAll(content, piece);
      ASSERT_EQ(cut.texts, whole.texts) << "seed " << seed << ", piece " << piece;
      ASSERT_EQ(cut.lines, whole.lines) << "seed " << seed << ", piece " << piece;
    }
  }
}

TEST(RecordReader, LinesLongerThanABuffer) {
  const std::string line(9 << 20, 'x');
  EXPECT_EQ(ReadAll(line + "\n" + line, 1 << 20).texts, (Texts{line, line}));
}

}  // namespace
}  // namespace tidemill::engine::duckdb::text
