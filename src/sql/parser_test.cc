#include "sql/parser.h"

#include <gtest/gtest.h>

#include "sql/testing/plan_dump.h"

namespace tidemill::sql {
namespace {

std::string Dump(std::string_view text) {
  const auto query = ParseQuery(text);
  return query.ok() ? PlanDump::Of(query.value()) : "error " + query.error().error_class + ": " + query.error().message;
}

std::string ErrorClass(std::string_view text) {
  const auto query = ParseQuery(text);
  return query.ok() ? "none: " + PlanDump::Of(query.value()) : query.error().error_class;
}

struct Pair {
  const char* text;
  const char* dump;
};

class Query : public testing::TestWithParam<Pair> {};

TEST_P(Query, Parses) { EXPECT_EQ(Dump(GetParam().text), GetParam().dump) << GetParam().text; }

INSTANTIATE_TEST_SUITE_P(
    Select, Query,
    testing::Values(
        Pair{"select 1", "(select [1])"},
        Pair{"select a, t.b x from t where a > 1 group by a having b order by a desc limit 3 offset 2;",
             "(limit (sort (select [a (as t.b x)] from (table t) where (> a 1) group (by [a]) having b) [a desc]) "
             "limit 3 "
             "offset 2)"},
        Pair{"select distinct a from t", "(select distinct [a] from (table t))"},
        Pair{"select all a from t", "(select [a] from (table t))"},
        Pair{"select /*+ broadcast(a), coalesce(3) repartition(2, b) */ 1",
             "(select +broadcast[a] +coalesce[3] +repartition[2 b] [1])"},
        Pair{"select group, order from t", "(select [group order] from (table t))"},
        Pair{"select left from t left join u on true", "(select [left] from (join left (table t) (table u) on true))"},
        Pair{"select a from t window w as (partition by b)", "(select [a] from (table t) window w {by [b]})"},
        Pair{"select a from t order by a window w as (order by b)",
             "(sort (select [a] from (table t) window w {order [b]}) [a])"},
        Pair{"select a from t sort by a nulls last", "(sort local (select [a] from (table t)) [a nulls-last])"},
        Pair{"select a from t distribute by b sort by a",
             "(sort local (select [a] from (table t)) [a] distribute [b])"},
        Pair{"select a from t cluster by a", "(sort local (select [a] from (table t)) [a] distribute [a])"},
        Pair{"select a from t order by all desc", "(sort (select [a] from (table t)) all[all desc])"},
        Pair{"select 1 limit all", "(select [1])"},
        Pair{"with t as (select 1), u(x) as (select 2) select * from t, u",
             "(with t=(select [1]) u(x)=(select [2]) (select [*] from (join inner (table t) (table u))))"},
        Pair{"with recursive t(n) max recursion level 5 as (select 1) table t",
             "(with recursive t(n) max 5=(select [1]) (table t))"}));

INSTANTIATE_TEST_SUITE_P(
    Group, Query,
    testing::Values(
        Pair{"select a from t group by all", "(select [a] from (table t) group (all))"},
        Pair{"select a from t group by a, b with rollup", "(select [a] from (table t) group (rollup [a b]))"},
        Pair{"select a from t group by cube(a, b)", "(select [a] from (table t) group (cube [a b]))"},
        Pair{"select a from t group by rollup(a, (b, c))", "(select [a] from (table t) group (rollup {[a]} {[b c]}))"},
        Pair{"select a from t group by grouping sets ((a, b), a, ())",
             "(select [a] from (table t) group (sets {[a b]} {[a]} {[]}))"},
        Pair{"select a from t group by a, b grouping sets ((a), (b))",
             "(select [a] from (table t) group (sets [a b] {[a]} {[b]}))"},
        Pair{"select a from t group by a, rollup(b, c)",
             "(select [a] from (table t) group (by (by [a]) (rollup [b c])))"},
        Pair{"select a from t group by grouping sets (rollup(a), (b))",
             "(select [a] from (table t) group (sets (rollup [a]) (sets {[b]})))"},
        Pair{"select a from t group by (a + 1) * 2", "(select [a] from (table t) group (by [(* (+ a 1) 2)]))"}));

INSTANTIATE_TEST_SUITE_P(
    SetOperations, Query,
    testing::Values(Pair{"select 1 union select 2 intersect select 3",
                         "(union (select [1]) (intersect (select [2]) (select [3])))"},
                    Pair{"select 1 union all select 2 minus select 3",
                         "(except (union all (select [1]) (select [2])) (select [3]))"},
                    Pair{"select 1 except all select 2", "(except all (select [1]) (select [2]))"},
                    Pair{"select 1 union all by name select 2", "(union all by-name (select [1]) (select [2]))"},
                    Pair{"((select 1) union (select 2)) order by 1", "(sort (union (select [1]) (select [2])) [1])"},
                    Pair{"values (1, 'a'), (2, 'b') as t(x, y)", "(as (values [1 'a'] [2 'b']) t(x,y))"},
                    Pair{"values 1, 2", "(values [1] [2])"}, Pair{"from t", "(table t)"},
                    Pair{"from t select a where b", "(select [a] from (table t) where b)"},
                    Pair{"from t select a select b",
                         "(union all (select [a] from (table t)) (select [b] from (table t)))"}));

INSTANTIATE_TEST_SUITE_P(
    From, Query,
    testing::Values(
        Pair{"from a.b.c", "(table a.b.c)"}, Pair{"from parquet.`/x y`", "(table parquet./x y)"},
        Pair{"from a as x(c, d)", "(as (table a) x(c,d))"}, Pair{"from (a)", "(table a)"},
        Pair{"from ((select 1)) x", "(as (select [1]) x)"},
        Pair{"from ((select 1) a join b)", "(join inner (as (select [1]) a) (table b))"},
        Pair{"from a left join b using (x, y)", "(join left (table a) (table b) using x,y)"},
        Pair{"from a right outer join b on x full join c on y",
             "(join full (join right (table a) (table b) on x) (table c) on y)"},
        Pair{"from a natural left join b", "(join natural left (table a) (table b))"},
        Pair{"from a left semi join b on x anti join c on y cross join d",
             "(join cross (join anti (join semi (table a) (table b) on x) (table c) on y) (table d))"},
        Pair{"from a, lateral (select a.x) b", "(join lateral inner (table a) (as (select [a.x]) b))"},
        Pair{"from a, b join c on a.x = c.x", "(join inner (join inner (table a) (table b)) (table c) on (= a.x c.x))"},
        Pair{"from a join lateral explode(a.x) b on true",
             "(join lateral inner (table a) (as (table() explode [a.x]) b) on true)"},
        Pair{"from range(1, 10) r", "(as (table() range [1 10]) r)"},
        Pair{"from a lateral view outer explode(x) v as y, z lateral view f() w",
             "(view (view outer (table a) (explode() x) v(y,z)) (f()) w())"},
        Pair{"from a version as of 3 x", "(as (table a version 3) x)"},
        Pair{"from a for system_time as of '2020-01-01'", "(table a timestamp '2020-01-01')"},
        Pair{"from a with (k = 1, 'l' 'm')", "(table a k=1 l=m)"},
        Pair{"from a tablesample (10 percent) repeatable (3) x", "(as (sample (table a) percent 10 seed 3) x)"},
        Pair{"from a tablesample (5 rows)", "(sample (table a) rows 5)"},
        Pair{"from a tablesample (bucket 1 out of 4)", "(sample (table a) bucket 1/4)"},
        Pair{"from identifier('a.b')", "(table a.b)"}, Pair{"from identifier(:t)", "(table identifier :t)"},
        Pair{"from a pivot (sum(x) s for y in (1, 2 as b)) p",
             "(as (pivot (table a) [(as (sum() x) s)] for [y] in [1 (as 2 b)]) p)"},
        Pair{"from a pivot (sum(x) for (y, z) in ((1, 2) as b))",
             "(pivot (table a) [(sum() x)] for [y z] in [(as (struct_row 1 2) b)])"},
        Pair{"from a unpivot include nulls (v for n in (x, y as z))", "(unpivot nulls (table a) v for n in [x] [y]z)"},
        Pair{"from a unpivot ((v, w) for n in ((x, y) as z))", "(unpivot (table a) v,w for n in [x y]z)"}));

INSTANTIATE_TEST_SUITE_P(
    Pipes, Query,
    testing::Values(Pair{"table t |> where a |> select distinct b", "(|> (|> (table t) where a) select distinct [b])"},
                    Pair{"table t |> extend a + 1 as b |> set a = 2, c = 3 |> drop d, e |> as x",
                         "(|> (|> (|> (|> (table t) extend [(as (+ a 1) b)]) set a=2 c=3) drop d e) as x)"},
                    Pair{"table t |> aggregate sum(a) as s group by b as c",
                         "(|> (table t) aggregate [(as (sum() a) s)] (by [(as b c)]))"},
                    Pair{"table t |> order by a |> limit 3", "(limit (sort (table t) [a]) limit 3)"},
                    Pair{"table t |> union all table u |> join v using (a)",
                         "(join inner (union all (table t) (table u)) (table v) using a)"}));

TEST(QueryError, SaysWhereAndWhatWasExpected) {
  const auto error = ParseQuery("select a\nform t where b").error();
  EXPECT_EQ(error.kind, ErrorKind::kInvalidArgument);
  EXPECT_EQ(error.error_class, "PARSE_SYNTAX_ERROR");
  EXPECT_EQ(error.sqlstate, "42601");
  EXPECT_EQ(error.at, (Position{2, 6}));
  EXPECT_EQ(error.message,
            "Syntax error at or near 't': expected the end of the text. Did you mean FROM instead of form?");
  EXPECT_EQ(ParseQuery("SELCT 1").error().message,
            "Syntax error at or near 'SELCT': expected a query (SELECT, FROM, VALUES, TABLE or WITH). Did you mean "
            "SELECT instead of SELCT?");
  EXPECT_EQ(ParseQuery("select a from").error().message,
            "Syntax error at or near end of input: expected a table, a function or a subquery in parentheses.");
}

TEST(QueryError, HasSparksClass) {
  EXPECT_EQ(ErrorClass("values 1, (2, 3)"), "INVALID_INLINE_TABLE.NUM_COLUMNS_MISMATCH");
  EXPECT_EQ(ErrorClass("values 1 as t(a, b)"), "INVALID_INLINE_TABLE.NUM_COLUMNS_MISMATCH");
  EXPECT_EQ(ErrorClass("select * from test-table"), "INVALID_IDENTIFIER");
  EXPECT_EQ(ErrorClass("select a from t order by a sort by b"), "UNSUPPORTED_FEATURE.COMBINATION_QUERY_RESULT_CLAUSES");
  EXPECT_EQ(ErrorClass("table t |> order by a limit 1"), "MULTIPLE_QUERY_RESULT_CLAUSES_WITH_PIPE_OPERATORS");
  EXPECT_EQ(ErrorClass("table t |> aggregate sum(a) group by all"),
            "UNSUPPORTED_FEATURE.PIPE_OPERATOR_AGGREGATE_UNSUPPORTED_CASE");
  for (const char* text : {"select a from a join b join c on d on e", "select * from t x tablesample (1 rows)",
                           "select a from t group by ()", "select /*+ */ 1", "select 1 a b", "with t as (select 1)",
                           "select * from a natural join b on c", "select a,, b", "select 1; select 2",
                           "select * from t left", "table t |> frobnicate"}) {
    EXPECT_EQ(ErrorClass(text), "PARSE_SYNTAX_ERROR") << text;
  }
}

// However a text nests or chains, it is parsed or refused; destructors recurse over what was built, too.
TEST(QueryError, DepthIsRefusedAndNeverACrash) {
  const auto repeat = [](std::string_view text, int count) {
    std::string all;
    for (int i = 0; i < count; ++i) all += text;
    return all;
  };
  constexpr int kMany = 100'000;
  const std::vector<std::string> deep = {
      repeat("(", kMany) + "1" + repeat(")", kMany),
      repeat("(", kMany),
      repeat("not ", kMany) + "a",
      repeat("- ", kMany) + "a",
      repeat("case when ", kMany),
      repeat("(select ", kMany) + "1" + repeat(")", kMany),
      "1" + repeat(" + 1", kMany),
      "1" + repeat(" || 'x' = 1", kMany),
      "a" + repeat("[0]", kMany),
      "a" + repeat("::int", kMany),
      repeat("f(", kMany),
      repeat("x -> ", kMany) + "1",
      repeat("struct(", kMany),
      "cast(a as " + repeat("array<", kMany),
      repeat("trim(", kMany),
      repeat("exists (select ", kMany),
      repeat("a in (", kMany),
      repeat("1 + (", kMany),
  };
  for (const auto& text : deep) {
    EXPECT_EQ(ErrorClass("select " + text), "FAILED_TO_PARSE_TOO_COMPLEX") << text.substr(0, 40);
  }
  const std::vector<std::string> queries = {
      "select 1" + repeat(" union all select 1", kMany),
      "select 1" + repeat(" intersect select 1", kMany),
      "from a" + repeat(" join b", kMany),
      "from a" + repeat(", b", kMany),
      "from " + repeat("(", kMany) + "a",
      "table t" + repeat(" |> where a", kMany),
      "from a" + repeat(" lateral view f() x", kMany),
      repeat("with t as (", kMany),
      "from a " + repeat("select 1 ", kMany),
      "from " + repeat("(select * from ", kMany) + "a",
      "select 1 from a group by " + repeat("grouping sets (", kMany),
  };
  for (const auto& text : queries) EXPECT_EQ(ErrorClass(text), "FAILED_TO_PARSE_TOO_COMPLEX") << text.substr(0, 40);
}

// Parentheses within parentheses within subqueries must not be read again for each level.
TEST(QueryError, NestingCostsNoMoreThanItsLength) {
  std::string text = "1";
  for (int i = 0; i < 100; ++i) text = "((select " + text + ") + 1)";
  EXPECT_TRUE(ParseQuery("select " + text).ok());
  std::string relation = "a";
  for (int i = 0; i < 100; ++i) relation = "((select * from " + relation + ") x join b)";
  EXPECT_TRUE(ParseQuery("select * from " + relation).ok());
}

// A thousand conditions are ten levels.
TEST(Query, LongConditionsAreBalanced) {
  std::string text = "a = 0";
  for (int i = 1; i < 5000; ++i) text += " or a = " + std::to_string(i);
  EXPECT_TRUE(ParseExpression(text).ok());
}

std::string Kind(std::string_view text) {
  const auto script = ParseScript(text);
  if (!script.ok()) return "error " + script.error().error_class;
  std::string kinds;
  for (const auto& statement : script.value()) {
    kinds += kinds.empty() ? "" : "; ";
    if (const auto* unsupported = std::get_if<plan::UnsupportedStatement>(&statement.node)) {
      kinds += unsupported->what;
    } else if (const auto* set = std::get_if<plan::SetCommand>(&statement.node)) {
      kinds += (set->reset ? "reset " : "set ") + set->key.value_or("-") + "=" + set->value.value_or("-");
    } else if (const auto* view = std::get_if<plan::CreateView>(&statement.node)) {
      kinds +=
          "view " + view->name.name.back() + (view->replace ? " replace" : "") + " " + PlanDump::Of(view->query.query);
    } else if (const auto* drop = std::get_if<plan::Drop>(&statement.node)) {
      kinds += "drop " + drop->name.name.back() + (drop->if_exists ? " if exists" : "");
    } else if (const auto* explain = std::get_if<plan::Explain>(&statement.node)) {
      kinds += "explain " + explain->mode + " " + PlanDump::Of(std::get<plan::RelationPtr>(explain->statement->node));
    } else if (const auto* describe = std::get_if<plan::DescribeQuery>(&statement.node)) {
      kinds += "describe " + PlanDump::Of(describe->query);
    } else if (const auto* query = std::get_if<plan::RelationPtr>(&statement.node)) {
      kinds += PlanDump::Of(*query);
    } else {
      const char* const names[] = {"CreateTable", "Insert", "Merge", "Describe"};
      const bool is[] = {std::holds_alternative<plan::CreateTable>(statement.node),
                         std::holds_alternative<plan::Insert>(statement.node),
                         std::holds_alternative<plan::Merge>(statement.node),
                         std::holds_alternative<plan::Describe>(statement.node)};
      for (size_t i = 0; i < std::size(is); ++i) kinds += is[i] ? names[i] : "";
    }
  }
  return kinds;
}

TEST(Script, KnowsItsStatements) {
  EXPECT_EQ(Kind("select 1;; select 2;"), "(select [1]); (select [2])");
  EXPECT_EQ(Kind("set a.b = c d; set a; set; set `x y`=`z;`; reset a; set time zone interval '1' hour"),
            "set a.b=c d; set a=-; set -=-; set x y=z;; reset a=-; set spark.sql.session.timeZone=+01:00");
  EXPECT_EQ(Kind("create or replace temp view v (a comment 'x') comment 'y' as select 1"),
            "view v replace (select [1])");
  EXPECT_EQ(Kind("drop view if exists a.v"), "drop v if exists");
  EXPECT_EQ(Kind("explain formatted select 1"), "explain FORMATTED (select [1])");
  EXPECT_EQ(Kind("desc query select 1; describe t"), "describe (select [1]); Describe");
}

TEST(Script, ChangesAndWhatItDoesNotRun) {
  EXPECT_EQ(
      Kind("create table t (a string) using delta; insert into t select 'a;b' -- c;d\n; merge into t using s on x when "
           "matched then delete"),
      "CreateTable; Insert; Merge");
  EXPECT_EQ(Kind("with x as (select 1) insert into t select * from x"), "Insert");
  EXPECT_EQ(Kind("begin select 1; if a then select case when b then 1 end; end if; end; select 2"),
            "BEGIN; (select [2])");
  EXPECT_EQ(Kind("create or replace temporary function f as 'x'"), "CREATE OR REPLACE TEMPORARY FUNCTION");
  EXPECT_EQ(Kind("frobnicate t"), "error PARSE_SYNTAX_ERROR");
  EXPECT_EQ(Kind("create temp view a.b as select 1"), "error TEMP_VIEW_NAME_TOO_MANY_NAME_PARTS");
}

TEST(Script, KeepsEachStatementsTextAndPlace) {
  const auto script = ParseScript("select 1 ;\n -- two\n select  2 /* ; */ + 3;").value();
  ASSERT_EQ(script.size(), 2u);
  EXPECT_EQ(script[0].text, "select 1");
  EXPECT_EQ(script[1].text, "select  2 /* ; */ + 3");
  EXPECT_EQ(script[1].at, (Position{3, 2}));
}

TEST(Types, Parse) {
  const auto type = [](std::string_view text) {
    const auto parsed = ParseType(text);
    return parsed.ok() ? parsed.value().ToString() : "error " + parsed.error().error_class;
  };
  EXPECT_EQ(type("INT"), "int");
  EXPECT_EQ(type("decimal"), "decimal(10,0)");
  EXPECT_EQ(type("NUMERIC(5)"), "decimal(5,0)");
  EXPECT_EQ(type("map<string, array<array<int>>>"), "map<string,array<array<int>>>");
  EXPECT_EQ(type("struct<a: int not null, b string comment 'x'>"), "struct<a:int,b:string>");
  EXPECT_EQ(type("struct<>"), "struct<>");
  EXPECT_EQ(type("varchar(3)"), "varchar(3)");
  EXPECT_EQ(type("interval day to second"), "interval day to second");
  EXPECT_EQ(type("interval month"), "interval month");
  EXPECT_EQ(type("string collate UTF8_BINARY"), "string");
  EXPECT_EQ(type("string collate unicode_ci"), "string collate UNICODE_CI");
  EXPECT_EQ(type("char"), "error DATATYPE_MISSING_SIZE");
  EXPECT_EQ(type("array"), "error INCOMPLETE_TYPE_DEFINITION.ARRAY");
  EXPECT_EQ(type("decimal(39)"), "error DECIMAL_PRECISION_EXCEEDS_MAX_PRECISION");
  EXPECT_EQ(type("geometry"), "error UNSUPPORTED_DATATYPE");
  EXPECT_EQ(type("int int"), "error PARSE_SYNTAX_ERROR");
}

TEST(Types, SchemaKeepsNullabilityAndComments) {
  const auto schema = ParseSchema("a INT NOT NULL, `b c` ARRAY<STRING> COMMENT 'say \"hi\"'").value();
  ASSERT_EQ(schema.fields.size(), 2u);
  EXPECT_FALSE(schema.fields[0].nullable);
  EXPECT_EQ(schema.fields[1].name, "b c");
  EXPECT_EQ(schema.fields[1].metadata, R"({"comment":"say \"hi\""})");
  EXPECT_EQ(ParseSchema("struct<a: int>").value().ToString(), "struct<a:int>");
}

}  // namespace
}  // namespace tidemill::sql
