#include "sql/lexer.h"

#include <gtest/gtest.h>

namespace tidemill::sql {
namespace {

std::string Tokens(std::string_view text) {
  std::string all;
  for (const auto& token : Lex(text)) {
    if (token.kind == TokenKind::kEnd) break;
    if (!all.empty()) all += " ";
    all += token.kind == TokenKind::kBroken ? "?" : std::string(token.text);
  }
  return all;
}

TEST(Lexer, TakesTheLongestNumberOrWord) {
  EXPECT_EQ(Tokens("1.5 .5 1. 1..2"), "1.5 .5 1. 1. .2");
  EXPECT_EQ(Tokens("1.5abc 1abc 1e5 1e 1e+5x"), "1 . 5abc 1abc 1e5 1e 1e+5 x");
  EXPECT_EQ(Tokens("t.1 1.a 5L.x 1.5BD"), "t .1 1 . a 5L . x 1.5BD");
}

TEST(Lexer, SkipsCommentsAndSpace) {
  EXPECT_EQ(Tokens("a--b\nc /* d /* e */ f */ g\u00A0h"), "a c g h");
  EXPECT_EQ(Tokens("a -- b \\\n still\nc"), "a c");
  EXPECT_EQ(Tokens("/*+ a */ b"), "/*+ a */ b");
}

TEST(Lexer, FindsTheEndOfQuotes) {
  EXPECT_EQ(Tokens(R"('a''b' 'c\'d' "e""f" `g``h` r'i\' x)"), R"('a''b' 'c\'d' "e""f" `g``h` r'i\' x)");
  EXPECT_EQ(Tokens("a 'b"), "a ?");
  EXPECT_EQ(Tokens("a /* b"), "a ?");
  EXPECT_EQ(Tokens("a $ b"), "a ? b");
}

TEST(Lexer, KnowsWhereTokensStand) {
  const auto tokens = Lex("'é' b\n\n  c");
  ASSERT_EQ(tokens.size(), 4u);
  EXPECT_EQ(tokens[1].at, (Position{1, 5}));
  EXPECT_EQ(tokens[2].at, (Position{3, 3}));
}

TEST(Lexer, KnowsKeywordsInAnyCase) {
  EXPECT_EQ(FindKeyword("sElEcT"), Keyword::kSelect);
  EXPECT_EQ(FindKeyword("selec"), Keyword::kNotAKeyword);
  EXPECT_EQ(RankOf(Keyword::kAnti), KeywordRank::kStrict);
  EXPECT_EQ(RankOf(Keyword::kJoin), KeywordRank::kStrictReserved);
}

}  // namespace
}  // namespace tidemill::sql
