#include "document/edit.h"

#include <gtest/gtest.h>

namespace tidemill::document {
namespace {

const std::vector<std::pair<std::string, std::string>> kEntries = {{"spark.a", "true"}, {"spark.b", "2m"}};

std::string Set(std::string_view text) {
  const auto out = SetEntries(text, "conf", kEntries);
  return out.ok() ? *out : "error: " + out.error().message;
}

TEST(Edit, ReplacesAndAddsWithCommentsKept) {
  EXPECT_EQ(
      Set("# mine\njob: a  # name\nconf:\n    # why\n    spark.b: 1m   # small\n    spark.c: 'x'\n\nsink: {path: t}\n"),
      "# mine\njob: a  # name\nconf:\n    # why\n    spark.b: \"2m\"   # small\n    spark.c: 'x'\n    spark.a: "
      "\"true\"\n\nsink: {path: t}\n");
  EXPECT_EQ(Set("job: a\n"), "job: a\n\nconf:\n  spark.a: \"true\"\n  spark.b: \"2m\"\n");
  EXPECT_EQ(Set("job: a\nconf:\n"), "job: a\nconf:\n  spark.a: \"true\"\n  spark.b: \"2m\"\n");
  EXPECT_EQ(Set("conf:\n  spark.b: \"a#b\" # c\n"), "conf:\n  spark.b: \"2m\" # c\n  spark.a: \"true\"\n");
}

TEST(Edit, RefusesWhatItCannotKeep) {
  EXPECT_NE(Set("conf: {spark.b: 1}\n").find("braces"), std::string::npos);
  EXPECT_NE(Set("conf:\n  spark.b: |\n    1\n").find("several lines"), std::string::npos);
  EXPECT_NE(Set("- a\n").find("not a map"), std::string::npos);
}

TEST(Edit, DiffShowsTwoLinesAround) {
  EXPECT_EQ(LineDiff("a\nb\nc\nd\ne\n", "a\nb\nc\nD\ne\nf\n"), "  b\n  c\n- d\n+ D\n  e\n+ f\n");
}

}  // namespace
}  // namespace tidemill::document
