// Spark SQL through parser, resolver and compiler, run on DuckDB. Expected values are Spark 4.1's.
#include "engine/duckdb/compile.h"

#include <duckdb.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "engine/duckdb/functions.h"
#include "engine/duckdb/kernels.h"
#include "sql/functions.h"
#include "sql/parser.h"
#include "sql/resolver.h"

namespace tidemill::engine::duckdb {
namespace {

class NoTables : public sql::Catalog {
 public:
  Result<std::optional<Table>> Find(const plan::Name&) override { return std::optional<Table>(); }
  std::vector<std::string> Names() const override { return {}; }
};

class CompileTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(duckdb_open(nullptr, &database_), DuckDBSuccess);
    ASSERT_EQ(duckdb_connect(database_, &connection_), DuckDBSuccess);
    auto registered = RegisterKernels(connection_);
    ASSERT_TRUE(registered.ok()) << registered.error().ToString();
  }
  void TearDown() override {
    duckdb_disconnect(&connection_);
    duckdb_close(&database_);
  }

  // The query as DuckDB's SQL.
  static Result<std::string> Compiled(std::string_view text) {
    ASSIGN_OR_RETURN(auto query, sql::ParseQuery(text));
    NoTables catalog;
    ASSIGN_OR_RETURN(auto typed, sql::ResolveQuery(query, catalog));
    CompileOptions options;
    options.table_name = [](const std::string& name) { return name; };
    return Compile(typed, options);
  }

  // Cells by '|', rows by ';', as DuckDB prints them; an error's class instead where there is one.
  std::string Run(std::string_view text) {
    const auto sql = Compiled(text);
    if (!sql.ok()) return Name(sql.error());
    duckdb_result result;
    std::string rows;
    if (duckdb_query(connection_, sql->c_str(), &result) == DuckDBSuccess) {
      rows = Print(result);
    } else {
      rows = Name(FromDuckDb(duckdb_result_error(&result)));
    }
    duckdb_destroy_result(&result);
    return rows;
  }

 private:
  static std::string Name(const Error& error) {
    return error.error_class.empty() ? std::string(ErrorKindName(error.kind)) : error.error_class;
  }
  static std::string Print(duckdb_result& result) {
    std::string text;
    for (idx_t row = 0; row < duckdb_row_count(&result); ++row) {
      if (row) text += ";";
      for (idx_t column = 0; column < duckdb_column_count(&result); ++column) {
        char* cell = duckdb_value_varchar(&result, column, row);
        text += (column ? "|" : "") + std::string(cell ? cell : "NULL");
        duckdb_free(cell);
      }
    }
    return text;
  }

  duckdb_database database_ = nullptr;
  duckdb_connection connection_ = nullptr;
};

TEST_F(CompileTest, ArithmeticIsCheckedAsInSpark) {
  EXPECT_EQ(Run("select 7 / 2, 7 div 2, -7 % 3, pmod(-7, 3), 1.0 / 3.0"), "3.5|3|-1|2|0.333333");
  EXPECT_EQ(Run("select 1 / 0"), "DIVIDE_BY_ZERO");
  EXPECT_EQ(Run("select 1 % 0"), "REMAINDER_BY_ZERO");
  EXPECT_EQ(Run("select 2147483647 + 1"), "ARITHMETIC_OVERFLOW");
  EXPECT_EQ(Run("select sum(a) from values (9223372036854775807), (1) t(a)"), "ARITHMETIC_OVERFLOW");
  EXPECT_EQ(Run("select avg(a), sum(a) from values (cast(1.10 as decimal(10,2))), (2.25), (3.33) t(a)"),
            "2.226667|6.68");
  EXPECT_EQ(Run("select cast(10 as decimal(38,10)) * cast(3 as decimal(38,10))"), "30.000000");
}

TEST_F(CompileTest, CastsReadAndRaiseAsInSpark) {
  EXPECT_EQ(Run("select cast(' 12 ' as int), cast(2.7 as int), cast(-2.7D as int), cast('1.255' as decimal(5,2))"),
            "12|2|-2|1.26");
  EXPECT_EQ(Run("select cast('abc' as int)"), "CAST_INVALID_INPUT");
  EXPECT_EQ(Run("select cast(300 as tinyint)"), "CAST_OVERFLOW");
  EXPECT_EQ(Run("select cast(12345 as decimal(4,1))"), "NUMERIC_VALUE_OUT_OF_RANGE.WITH_SUGGESTION");
  EXPECT_EQ(Run("select try_cast('abc' as int), try_cast('12.5' as decimal(2,0))"), "NULL|13");
  EXPECT_EQ(Run("select cast(1e10 as string), cast(1.005D as decimal(10,2))"), "1.0E10|1.01");
}

TEST_F(CompileTest, NullsSortFirstAndSubqueriesCorrelate) {
  EXPECT_EQ(Run("select a from values (3), (null), (1) t(a) order by a"), "NULL;1;3");
  EXPECT_EQ(Run("select a from values (3), (null), (1) t(a) order by a desc"), "3;1;NULL");
  EXPECT_EQ(
      Run("select a, (select max(b) from values (1, 5), (1, 7) u(k, b) where u.k = t.a) from values (1), (2) t(a) "
          "order by a"),
      "1|7;2|NULL");
  EXPECT_EQ(Run("select a from values (1), (2), (null) t(a) where a not in (select x from values (1), (null) u(x))"),
            "");
  EXPECT_EQ(Run("select (select 1 union all select 2)"), "SCALAR_SUBQUERY_TOO_MANY_ROWS");
}

TEST_F(CompileTest, GroupsAndWindows) {
  EXPECT_EQ(Run("select a, b, sum(c), grouping_id() from values (1, 'x', 10), (2, 'y', 20) t(a, b, c) "
                "group by rollup(a, b) order by 1, 2"),
            "NULL|NULL|30|3;1|NULL|10|1;1|x|10|0;2|NULL|20|1;2|y|20|0");
  EXPECT_EQ(
      Run("select a, rank() over (order by sum(b) desc) r from values (1, 10), (2, 5) t(a, b) group by a order by r"),
      "1|1;2|2");
  EXPECT_EQ(Run("select a, b from values (1, 2) t(a, b) group by a"), "MISSING_AGGREGATION");
}

// A cast that would raise must not run on rows that a filter before it took out.
TEST_F(CompileTest, FiltersKeepTheirOrderBeforeWhatMayRaise) {
  EXPECT_EQ(Run("select a from values ('1'), ('abc') t(a) where a <> 'abc' and cast(a as int) = 1"), "1");
  EXPECT_EQ(Run("select cast(a as int) from (select a from values ('1'), ('abc') t(a) where a <> 'abc')"), "1");
  EXPECT_EQ(Run("select case when a = 0 then -1 else 10 / a end from values (0), (5) t(a)"), "-1.0;2.0");
}

TEST_F(CompileTest, TheRightSideOfAndIsLeftAloneWhereTheLeftDecides) {
  EXPECT_EQ(Run("select a <> 0 and 10 / a > 1 from values (0), (5) t(a)"), "false;true");
  EXPECT_EQ(Run("select a = 0 or 10 / a > 1 from values (0), (5) t(a)"), "true;true");
}

// Else the condition would hide in a CASE, and DuckDB could take none of it for a join.
TEST_F(CompileTest, AWiderDecimalOrASmallSumMayNotRaise) {
  const auto sql = Compiled("select a = 1 or a < 0.5 and a < 1 + 10 from values (cast(1 as decimal(7,2))) t(a)");
  ASSERT_TRUE(sql.ok()) << sql.error().ToString();
  EXPECT_EQ(sql->find("CASE"), std::string::npos) << *sql;
}

TEST_F(CompileTest, UnknownThingsAreNamed) {
  EXPECT_EQ(Run("select nosuch from values (1) t(a)"), "UNRESOLVED_COLUMN.WITH_SUGGESTION");
  EXPECT_EQ(Run("select nofunc(1)"), "UNRESOLVED_ROUTINE");
  EXPECT_EQ(Run("select * from nosuch"), "TABLE_OR_VIEW_NOT_FOUND");
  EXPECT_EQ(Run("select 'ab' rlike '(?=a)'"), ErrorKindName(ErrorKind::kUnimplemented));
}

// Functions that the resolver turns into others, or that live in code and not in the table of lowerings.
const std::set<std::string_view>& RewrittenByTheResolver() {
  static const auto* names = new std::set<std::string_view>{"mod",
                                                            "variant_get",
                                                            "try_variant_get",
                                                            "is_variant_null",
                                                            "schema_of_variant",
                                                            "to_variant_object",
                                                            "positive",
                                                            "collation",
                                                            "uniform",
                                                            "!=",
                                                            "equal_null",
                                                            "isdistinctfrom",
                                                            "between",
                                                            "||",
                                                            "current_date",
                                                            "current_timestamp",
                                                            "current_timezone",
                                                            "localtimestamp",
                                                            "date_part",
                                                            "make_timestamp",
                                                            "make_timestamp_ltz",
                                                            "timestamp_seconds",
                                                            "to_timestamp_ltz",
                                                            "to_unix_timestamp",
                                                            "unix_timestamp",
                                                            "struct",
                                                            "if",
                                                            "ifnull",
                                                            "nvl2",
                                                            "nullif",
                                                            "nullifzero",
                                                            "zeroifnull",
                                                            "case",
                                                            "assert_true",
                                                            "typeof",
                                                            "current_database",
                                                            "current_catalog",
                                                            "and",
                                                            "or",
                                                            "bigint",
                                                            "int",
                                                            "smallint",
                                                            "tinyint",
                                                            "float",
                                                            "double",
                                                            "decimal",
                                                            "string",
                                                            "binary",
                                                            "boolean",
                                                            "date",
                                                            "timestamp",
                                                            "schema_of_csv",
                                                            "schema_of_json",
                                                            "schema_of_xml",
                                                            "median",
                                                            "uniform",
                                                            "try_make_timestamp",
                                                            "try_make_timestamp_ltz"};
  return *names;
}

// Each function of the resolver's table has a row here, is rewritten before it gets here, or is refused by name.
TEST(FunctionsTest, EveryFunctionIsLoweredOrRefused) {
  auto refused = RefusedHere();
  for (const auto* function : sql::AllFunctions()) {
    // Aggregates, window functions and generators are compiled in code (compile_aggregate.cc, compile.cc).
    bool scalar = function->kind == sql::FunctionKind::kScalar;
    bool known = !scalar || HasLowering(function->name) || RewrittenByTheResolver().contains(function->name) ||
                 std::find(refused.begin(), refused.end(), function->name) != refused.end();
    EXPECT_TRUE(known) << function->name;
  }
}

}  // namespace
}  // namespace tidemill::engine::duckdb
