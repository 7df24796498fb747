#include "app/sql_completion.h"

#include <gtest/gtest.h>

namespace tidemill::app {
namespace {

using List = std::vector<std::string>;

SqlNames Names() {
  SqlNames names;
  names.databases = [] { return List{"default", "sales"}; };
  names.tables = [](const std::string& database) {
    return database == "sales" ? List{"orders"} : database.empty() ? List{"flights", "planes"} : List{};
  };
  names.columns = [](const std::string& table) {
    return table == "flights" ? List{"carrier", "dep_delay"} : table == "csv.`p.csv`" ? List{"Model"} : List{"tail"};
  };
  names.functions = [] { return List{"ceil", "count"}; };
  names.files = [](const std::string& folder) { return folder.empty() ? List{"in/", "b.csv"} : List{"a.csv"}; };
  return names;
}

// The text with the cursor at `|`: what may stand from where the typed name begins.
List After(const std::string& text, size_t line_start = 0) {
  const size_t cursor = text.find('|');
  const std::string before = text.substr(0, cursor);
  return CompleteSql(before, text.substr(cursor + 1), line_start, Names()).candidates;
}

TEST(SqlCompletion, TablesAndDatabasesAfterFrom) {
  EXPECT_EQ(After("select * from |"), (List{"default.", "flights", "planes", "sales."}));
  EXPECT_EQ(After("select * from FL|"), (List{"flights"}));
  EXPECT_EQ(After("insert into p|"), (List{"planes"}));
  EXPECT_EQ(After("select * from sales.|"), (List{"orders"}));
  EXPECT_EQ(After("select * from nowhere.|"), List{});
}

TEST(SqlCompletion, ColumnsOfTheTablesTheStatementNames) {
  EXPECT_EQ(After("select | from flights"), (List{"carrier", "dep_delay"}));
  EXPECT_EQ(After("select f.| from flights f"), (List{"carrier", "dep_delay"}));
  EXPECT_EQ(After("select * from flights as f join planes p on f.d|"), (List{"dep_delay"}));
  EXPECT_EQ(After("select p.| from flights f, planes p"), (List{"tail"}));
  EXPECT_EQ(After("select mo| from csv.`p.csv`").front(), "Model");
}

TEST(SqlCompletion, FunctionsAndKeywordsTakeTheCaseThatWasTyped) {
  EXPECT_EQ(After("select cou|"), (List{"count("}));
  EXPECT_EQ(After("SEL|"), (List{"SELECT"}));
  EXPECT_EQ(After("sel|"), (List{"select"}));
  EXPECT_EQ(After("select ca| from flights").front(), "cache");
}

TEST(SqlCompletion, FilesInQuotes) {
  EXPECT_EQ(After("select * from csv.`|"), (List{"b.csv", "in/"}));
  EXPECT_EQ(After("select * from csv.`in/a|"), (List{"a.csv"}));
  const std::string before = "select * from csv.`in/a";
  EXPECT_EQ(CompleteSql(before, "", 0, Names()).from, before.size() - 1);
}

TEST(SqlCompletion, SaysWhereTheNameBeginsInItsOwnLine) {
  const std::string before = "select *\nfrom fli";
  const auto completion = CompleteSql(before, "", 9, Names());
  EXPECT_EQ(completion.from, 5u);
  EXPECT_EQ(completion.candidates, (List{"flights"}));
}

TEST(SqlCompletion, HasNothingToSayBeforeAnythingIsTyped) { EXPECT_EQ(After("|"), List{}); }

TEST(History, KeepsLinesOfAStatementOnOneLineOfTheFile) {
  for (const auto* text : {"select 'a\nb'", "select 'c:\\new'", "\\", "\\n\n\\\\"}) {
    EXPECT_EQ(ToHistoryLine(text).find('\n'), std::string::npos);
    EXPECT_EQ(FromHistoryLine(ToHistoryLine(text)), text);
  }
}

}  // namespace
}  // namespace tidemill::app
