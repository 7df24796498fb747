#include <gtest/gtest.h>

#include "sql/parser.h"
#include "sql/testing/plan_dump.h"

namespace tidemill::sql {
namespace {

std::string Dump(std::string_view text, const ParseOptions& options = {}) {
  const auto expr = ParseExpression(text, options);
  return expr.ok() ? PlanDump::Of(expr.value()) : "error " + expr.error().error_class + ": " + expr.error().message;
}

struct Pair {
  const char* text;
  const char* dump;
};

class Expression : public testing::TestWithParam<Pair> {};

TEST_P(Expression, Parses) { EXPECT_EQ(Dump(GetParam().text), GetParam().dump) << GetParam().text; }

INSTANTIATE_TEST_SUITE_P(
    Operators, Expression,
    testing::Values(Pair{"a + b * c", "(+ a (* b c))"}, Pair{"a - b - c", "(- (- a b) c)"},
                    Pair{"(a + b) * c", "(* (+ a b) c)"}, Pair{"a || b + c", "(+ (|| a b) c)"},
                    Pair{"a << 1 & b", "(& (<< a 1) b)"}, Pair{"a | b ^ c & d", "(| a (^ b (& c d)))"},
                    Pair{"a >> 1 >>> 2", "(>>> (>> a 1) 2)"}, Pair{"a div 2 % 3", "(% (div a 2) 3)"},
                    Pair{"a <> b", "(!= a b)"}, Pair{"a == b", "(= a b)"}, Pair{"a !< b", "(>= a b)"},
                    Pair{"a <=> b", "(<=> a b)"}, Pair{"a = b = c", "(= (= a b) c)"}, Pair{"-a", "(negative a)"},
                    Pair{"- -1", "(negative -1)"}, Pair{"+~a", "(positive (~ a))"}, Pair{"a -1", "(- a 1)"},
                    Pair{"-1::string", "(:: -1 string)"},
                    Pair{"a and b or c and not d", "(or (and a b) (and c (not d)))"},
                    Pair{"a or b or c or d", "(or (or a b) (or c d))"}, Pair{"!a", "(not a)"},
                    Pair{"not a = b", "(not (= a b))"}, Pair{"a collate unicode", "(collate a 'unicode')"}));

INSTANTIATE_TEST_SUITE_P(
    Predicates, Expression,
    testing::Values(Pair{"a between 1 and 2 and b", "(and (between a 1 2) b)"},
                    Pair{"a not between 1 and 2", "(not (between a 1 2))"}, Pair{"a in (1, 2)", "(in a 1 2)"},
                    Pair{"a not in (select 1)", "(not (in-query [a] (select [1])))"},
                    Pair{"(a, b) in (select 1, 2)", "(in-query [a b] (select [1 2]))"},
                    Pair{"a in ((select 1), 2)", "(in a (scalar (select [1])) 2)"},
                    Pair{"a is not null", "(isnotnull a)"}, Pair{"a is not true", "(not (istrue a))"},
                    Pair{"a is unknown", "(isunknown a)"}, Pair{"a is distinct from b", "(not (<=> a b))"},
                    Pair{"a is not distinct from b", "(<=> a b)"}, Pair{"a like 'x' escape '!'", "(like a 'x' '!')"},
                    Pair{"a not ilike 'x'", "(not (ilike a 'x'))"}, Pair{"a regexp 'x'", "(rlike a 'x')"},
                    Pair{"a like all ('x', 'y')", "(like_all a 'x' 'y')"},
                    Pair{"a not like all ('x')", "(not (like_any a 'x'))"},
                    Pair{"a ilike some ('x')", "(ilike_any a 'x')"}, Pair{"exists (select 1)", "(exists (select [1]))"},
                    Pair{"exists(a, x -> x)", "(exists() a (x -> x))"}));

INSTANTIATE_TEST_SUITE_P(
    Literals, Expression,
    testing::Values(
        Pair{"2147483647", "2147483647"}, Pair{"2147483648", "2147483648L"}, Pair{"-2147483648", "-2147483648"},
        Pair{"-9223372036854775808", "-9223372036854775808L"},
        Pair{"9223372036854775808", "9223372036854775808::decimal(19,0)"}, Pair{"1.50", "1.50::decimal(3,2)"},
        Pair{".05", "0.05::decimal(2,2)"}, Pair{"1.", "1::decimal(1,0)"}, Pair{"1e3", "1000.0D"},
        Pair{"1.5e-3BD", "0.0015::decimal(4,4)"}, Pair{"15e2BD", "1500::decimal(4,0)"}, Pair{"1Y", "1Y"},
        Pair{"1s", "1S"}, Pair{"1L", "1L"}, Pair{"1.5f", "1.5F"}, Pair{"1d", "1.0D"}, Pair{"'a' 'b'", "'ab'"},
        Pair{"'it''s'", "'it's'"}, Pair{R"('a\tb\u0041\101\%')", "'a\tbAA\\%'"}, Pair{R"(r'a\tb')", R"('a\tb')"},
        Pair{"\"x\"", "'x'"}, Pair{"null", "NULL"}, Pair{"TRUE", "true"}, Pair{"x'1F'", "X'1F'"},
        Pair{"X'abc'", "X'0ABC'"}, Pair{"date '2020-1-2'", "DATE '2020-01-02'"},
        Pair{"date 'today'", "(current_date())"}, Pair{"date 'tomorrow'", "(date_add() (current_date()) 1)"},
        Pair{"timestamp_ntz '2020-01-02 03:04:05.6'", "TIMESTAMP_NTZ '2020-01-02 03:04:05.6'"},
        Pair{"timestamp '2020-01-02'", "(cast TIMESTAMP_NTZ '2020-01-02 00:00:00' timestamp)"},
        Pair{"timestamp '2020-01-02 00:00:00+01:00'", "TIMESTAMP '2020-01-01 23:00:00'"},
        Pair{"timestamp '2020-01-02 00:00:00 Europe/Rome'", "(cast '2020-01-02 00:00:00 Europe/Rome' timestamp)"},
        Pair{"interval 1 day 2 hours", "INTERVAL '1 02' DAY TO HOUR"},
        Pair{"interval - '-5' month", "INTERVAL '5' MONTH"}, Pair{"interval '3 weeks'", "INTERVAL '21' DAY"},
        Pair{"interval '1-2' year to month", "INTERVAL '1-2' YEAR TO MONTH"}, Pair{"interval", "interval"},
        Pair{"interval + 1", "(+ interval 1)"}, Pair{":a + ?", "(+ :a ?0)"}));

INSTANTIATE_TEST_SUITE_P(
    Forms, Expression,
    testing::Values(
        Pair{"a.b.c", "a.b.c"}, Pair{"(a).b", "a.b"}, Pair{"a.b[0].c", "(. a.b[0] c)"}, Pair{"f(x).y", "(. (f() x) y)"},
        Pair{"`a b`.`c``d`", "a b.c`d"}, Pair{"t.* except (a, b.c)", "t.*-a-b.c"}, Pair{"count(*)", "(count() *)"},
        Pair{"count(distinct a, b)", "(count() distinct a b)"}, Pair{"f(1, k => 2)", "(f() 1 k=>2)"},
        Pair{"db.f(all a)", "(db.f() a)"}, Pair{"cast(a as decimal(5, 2))", "(cast a decimal(5,2))"},
        Pair{"try_cast(a as int)", "(try_cast a int)"}, Pair{"a::int::string", "(:: (:: a int) string)"},
        Pair{"case when a then 1 else 2 end", "(case [a 1] else 2)"},
        Pair{"case a when 1 then 2 end", "(case  a [1 2])"}, Pair{"case", "case"},
        Pair{"(a, b as c)", "(struct_row a (as b c))"}, Pair{"struct(a as b)", "(struct() (as a b))"},
        Pair{"x -> x + 1", "(x -> (+ x 1))"}, Pair{"f((x, y) -> x)", "(f() (x y -> x))"},
        Pair{"(select 1)", "(scalar (select [1]))"}, Pair{"((select 1) + 1)", "(+ (scalar (select [1])) 1)"},
        Pair{"a as b", "(as a b)"}, Pair{"a b", "(as a b)"}, Pair{"f(a) as (x, y)", "(as (f() a) x,y)"},
        Pair{"current_date", "current_date"}, Pair{"identifier('a.b')", "a.b"},
        Pair{"identifier('ab' || 's')(1)", "(abs() 1)"}, Pair{"identifier(:x)", "(identifier :x)"},
        Pair{"extract(year from d)", "(extract() 'year' d)"}, Pair{"trim(both 'x' from s)", "(trim() s 'x')"},
        Pair{"trim(leading from s)", "(ltrim() s)"}, Pair{"ltrim('x', s)", "(ltrim() s 'x')"},
        Pair{"substring(s from 1 for 2)", "(substring() s 1 2)"}, Pair{"position('a' in s)", "(locate() 'a' s)"},
        Pair{"overlay(s placing 'x' from 1 for 2)", "(overlay() s 'x' 1 2)"},
        Pair{"date_add(day, 1, d)", "(timestampadd() 'day' 1 d)"}, Pair{"date_add(d, 1)", "(date_add() d 1)"},
        Pair{"datediff(MONTH, a, b)", "(timestampdiff() 'MONTH' a b)"}));

INSTANTIATE_TEST_SUITE_P(
    Windows, Expression,
    testing::Values(Pair{"sum(a) over w", "(sum() a over w)"}, Pair{"sum(a) over (w)", "(sum() a over w)"},
                    Pair{"sum(a) over ()", "(sum() a over {})"},
                    Pair{"f() over (partition by a order by b desc nulls first)",
                         "(f() over {by [a]order [b desc nulls-first]})"},
                    Pair{"f() over (order by b rows between 1 preceding and unbounded following)",
                         "(f() over {order [b]rows -1..+inf})"},
                    Pair{"f() over (order by b range interval 1 day preceding)",
                         "(f() over {order [b]range -INTERVAL '1' DAY..0})"},
                    Pair{"max(a) filter (where b) ignore nulls over w", "(max() a ignore-nulls filter b over w)"},
                    Pair{"first(a ignore nulls)", "(first() a ignore-nulls)"},
                    Pair{"listagg(a, ',') within group (order by a)", "(listagg() a ',' within [a])"}));

TEST(ExpressionError, HasSparksClassAndTheNextStep) {
  const auto error_class = [](std::string_view text) { return ParseExpression(text).error().error_class; };
  EXPECT_EQ(error_class("128Y"), "INVALID_NUMERIC_LITERAL_RANGE");
  EXPECT_EQ(error_class("1e400"), "INVALID_NUMERIC_LITERAL_RANGE");
  EXPECT_EQ(error_class("12345678901234567890123456789012345678901"), "DECIMAL_PRECISION_EXCEEDS_MAX_PRECISION");
  EXPECT_EQ(error_class("date '2021-02-29'"), "INVALID_TYPED_LITERAL");
  EXPECT_EQ(error_class("foo 'x'"), "UNSUPPORTED_TYPED_LITERAL");
  EXPECT_EQ(error_class("interval 1.5 days"), "INVALID_INTERVAL_FORMAT.INVALID_FRACTION");
  EXPECT_EQ(error_class("interval a day"), "PARSE_SYNTAX_ERROR");
  EXPECT_EQ(error_class("a like 'x' escape '//'"), "INVALID_ESC");
  EXPECT_EQ(error_class("a ! in (1)"), "SYNTAX_DISCONTINUED.BANG_EQUALS_NOT");
  EXPECT_EQ(error_class("date_add('day', 1, d)"), "INVALID_PARAMETER_VALUE.DATETIME_UNIT");
  EXPECT_EQ(error_class("cast(a as foo)"), "UNSUPPORTED_DATATYPE");
  EXPECT_EQ(error_class("é"), "INVALID_IDENTIFIER");
  EXPECT_EQ(error_class("/* a"), "UNCLOSED_BRACKETED_COMMENT");
  for (const char* text : {"", "a in ()", "()", "a +", "(a", "case when a then b", "a between symmetric 1 and 2",
                           "f(1 as a)", "a.1", "1 > > 2", "'abc", "a is null is null", "sum(a) over (w order by a)"}) {
    EXPECT_EQ(error_class(text), "PARSE_SYNTAX_ERROR") << text;
  }
}

TEST(ExpressionError, MonthsAndDaysDoNotMix) {
  EXPECT_FALSE(ParseExpression("interval 1 month 2 days").ok());
  EXPECT_FALSE(ParseExpression("interval '1 year 2 days'").ok());
}

TEST(ExpressionOptions, ChangeWhatQuotesAndWordsMean) {
  EXPECT_EQ(Dump("\"a b\"", {.double_quoted_identifiers = true}), "a b");
  EXPECT_EQ(Dump("\"a b\"", {.ansi = false, .double_quoted_identifiers = true}), "'a b'");
  EXPECT_EQ(Dump(R"('a\tb')", {.escaped_string_literals = true}), R"('a\tb')");
  EXPECT_EQ(Dump("a as from"), "(as a from)");
  EXPECT_TRUE(Dump("a as from", {.enforce_reserved_keywords = true}).starts_with("error PARSE_SYNTAX_ERROR"));
  EXPECT_EQ(Dump("a as anti", {.enforce_reserved_keywords = true}), "(as a anti)");
  EXPECT_EQ(Dump("current_date", {.enforce_reserved_keywords = true}), "current_date");
}

}  // namespace
}  // namespace tidemill::sql
