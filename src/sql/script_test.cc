#include "sql/script.h"

#include <gtest/gtest.h>

namespace tidemill::sql {
namespace {

TEST(Script, SplitsWithoutParsing) {
  const auto parts = SplitScript("frob ';' x; /* ; */ select `a;b` -- ;\n ; 'open ; quote");
  ASSERT_EQ(parts.size(), 3u);
  EXPECT_EQ(parts[0], "frob ';' x");
  EXPECT_EQ(parts[1], "select `a;b`");
  EXPECT_EQ(parts[2], "'open ; quote");
}

TEST(Script, EndsWithASemicolonThatIsOne) {
  for (const auto* text : {"select 1;", "select 1;  -- done\n", "select ';';", ";", "a; b; /* c */"}) {
    EXPECT_TRUE(EndsStatement(text)) << text;
  }
  for (const auto* text : {"", "  ", "select 1", "select ';", "select 1 -- ;", "select 1 /* ;", "a; b", "select `;"}) {
    EXPECT_FALSE(EndsStatement(text)) << text;
  }
}

TEST(Script, IsRecalledOnOneLineWithWhatQuotesHold) {
  EXPECT_EQ(OnOneLine("select a, -- the key\n       'x\ny' /* why */ from t\n;"), "select a, 'x\ny' from t;");
  EXPECT_EQ(OnOneLine("select /*+ BROADCAST(t) */ 1"), "select /*+ BROADCAST(t) */ 1");
  EXPECT_EQ(OnOneLine("  "), "");
}

TEST(PointAt, PutsACaretUnderTheColumn) {
  EXPECT_EQ(PointAt("select a\nform t", {2, 6}), "form t\n     ^");
  EXPECT_EQ(PointAt("\tx y", {1, 3}), "\tx y\n\t ^");
  EXPECT_EQ(PointAt("'é' x", {1, 5}), "'é' x\n    ^");
  EXPECT_EQ(PointAt("a", {3, 1}), "");
  EXPECT_EQ(PointAt("a", {0, 0}), "");
}

}  // namespace
}  // namespace tidemill::sql
