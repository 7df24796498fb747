#include "sql/literal.h"

#include <gtest/gtest.h>

#include "sql/interval_literal.h"
#include "sql/literal_text.h"

namespace tidemill::sql {
namespace {

constexpr int64_t kSecond = 1'000'000;

TEST(DateLiteral, ReadsWhatSparkReads) {
  EXPECT_EQ(DateFromText("1970-01-02"), 1);
  EXPECT_EQ(DateFromText(" 2020 "), 18262);
  EXPECT_EQ(DateFromText("2020-1"), 18262);
  EXPECT_EQ(DateFromText("2020-01-02 anything"), 18263);
  EXPECT_EQ(DateFromText("2020-01-02T"), 18263);
  EXPECT_EQ(DateFromText("+12020-01-01"), 3670687);
  for (const char* text : {"", "202-01-01", "20200101", "2021-02-29", "2020-01-02x", "2020-13-01", "9999999-01-01"}) {
    EXPECT_EQ(DateFromText(text), std::nullopt) << text;
  }
}

TEST(DateLiteral, CountsDaysBothWays) {
  for (const int64_t days : {-800'000, -719'528, -1, 0, 1, 58, 59, 60, 11'016, 18'262, 2'932'896}) {
    const auto date = CivilFromDays(days);
    EXPECT_EQ(DaysFromCivil(date.year, date.month, date.day), days);
  }
}

TEST(TimestampLiteral, ReadsTimesAndZones) {
  EXPECT_EQ(TimestampFromText("1970-01-01 1:2:3.1234567")->micros, 3723 * kSecond + 123'456);
  EXPECT_EQ(TimestampFromText("1970-01-01T01")->micros, 3600 * kSecond);
  EXPECT_EQ(TimestampFromText("1970-01-02")->micros, 86'400 * kSecond);
  EXPECT_EQ(TimestampFromText("1970-01-01 00:00:00 Europe/Rome")->zone, "Europe/Rome");
  for (const char* text : {"2020-01-02Z", "2020-01-02 24:00:00", "2020-01-02 23:59:60", "2020-01-02 001:02:03",
                           "294248-01-01 00:00:00", "-290309-01-01", "x"}) {
    EXPECT_FALSE(TimestampFromText(text).has_value()) << text;
  }
}

TEST(TimestampLiteral, ReadsOffsets) {
  EXPECT_EQ(ZoneOffsetSeconds("Z"), 0);
  EXPECT_EQ(ZoneOffsetSeconds("UTC"), 0);
  EXPECT_EQ(ZoneOffsetSeconds("+1"), 3600);
  EXPECT_EQ(ZoneOffsetSeconds("-01:30"), -5400);
  EXPECT_EQ(ZoneOffsetSeconds("+0130"), 5400);
  EXPECT_EQ(ZoneOffsetSeconds("+01:30:15"), 5415);
  EXPECT_EQ(ZoneOffsetSeconds("GMT+8"), 28800);
  EXPECT_EQ(ZoneOffsetSeconds("+18:00"), 64800);
  EXPECT_EQ(ZoneOffsetSeconds("+19:00"), std::nullopt);
  EXPECT_EQ(ZoneOffsetSeconds("PST"), std::nullopt);
}

std::string Range(const char* text, const char* from, const char* to) {
  const auto literal = IntervalFromRange(text, from, to);
  return literal.ok() ? LiteralText(literal.value()) : literal.error().error_class;
}

TEST(IntervalLiteral, ReadsRanges) {
  EXPECT_EQ(Range("-1-2", "year", "month"), "INTERVAL '-1-2' YEAR TO MONTH");
  EXPECT_EQ(Range("1 2:3:4.123456789", "day", "second"), "INTERVAL '1 02:03:04.123456' DAY TO SECOND");
  EXPECT_EQ(Range("25:00", "hour", "minute"), "INTERVAL '25:00' HOUR TO MINUTE");
  EXPECT_EQ(Range("5:06.7", "minute", "second"), "INTERVAL '05:06.7' MINUTE TO SECOND");
  EXPECT_EQ(Range("1-13", "year", "month"), "INVALID_INTERVAL_FORMAT.INTERVAL_PARSING");
  EXPECT_EQ(Range("1 25:00:00", "day", "second"), "INVALID_INTERVAL_FORMAT.INTERVAL_PARSING");
  EXPECT_EQ(Range("1 12:34:56", "hour", "second"), "INVALID_INTERVAL_FORMAT.UNMATCHED_FORMAT_STRING_WITH_NOTICE");
  EXPECT_EQ(Range("1-2", "month", "year"), "INVALID_INTERVAL_FORMAT.UNSUPPORTED_FROM_TO_EXPRESSION");
}

std::string Terms(const std::vector<IntervalTerm>& terms) {
  const auto literal = IntervalFromTerms(terms);
  return literal.ok() ? LiteralText(literal.value()) : literal.error().error_class;
}

TEST(IntervalLiteral, AddsTerms) {
  EXPECT_EQ(Terms({{"1", "hour"}, {"2", "days"}}), "INTERVAL '2 01' DAY TO HOUR");
  EXPECT_EQ(Terms({{"5", "weeks"}}), "INTERVAL '35' DAY");
  EXPECT_EQ(Terms({{"--1", "day"}}), "INTERVAL '1' DAY");
  EXPECT_EQ(Terms({{"1.5", "seconds"}}), "INTERVAL '01.5' SECOND");
  EXPECT_EQ(Terms({{"3", "milliseconds"}}), "INTERVAL '00.003' SECOND");
  EXPECT_EQ(Terms({{"1", "year"}, {"2", "months"}}), "INTERVAL '1-2' YEAR TO MONTH");
  EXPECT_EQ(Terms({{"5 6", "day"}}), "INVALID_INTERVAL_FORMAT.INVALID_UNIT");
  EXPECT_EQ(Terms({{"1", "nanoseconds"}}), "INVALID_INTERVAL_FORMAT.INVALID_UNIT");
  EXPECT_EQ(Terms({{"", "day"}}), "INVALID_INTERVAL_FORMAT.UNRECOGNIZED_NUMBER");
  EXPECT_EQ(Terms({{"9223372036854775807", "seconds"}}), "INVALID_INTERVAL_FORMAT.ARITHMETIC_EXCEPTION");
  EXPECT_EQ(Terms({{"200000000", "years"}}), "INVALID_INTERVAL_FORMAT.ARITHMETIC_EXCEPTION");
}

TEST(StringLiteral, ResolvesEscapes) {
  EXPECT_EQ(UnquoteString(R"('\n\t\0\Z\'\q')"), std::string("\n\t\0\x1A'q", 6));
  EXPECT_EQ(UnquoteString(R"('\u00e9\U0001F600\ud83d\ude00')"), "é😀😀");
  EXPECT_EQ(UnquoteString(R"('\%\_')"), R"(\%\_)");
  EXPECT_EQ(UnquoteString(R"(R"a\n")"), R"(a\n)");
  EXPECT_EQ(UnquoteString(R"('a\n')", true), R"(a\n)");
  EXPECT_EQ(UnquoteName("`a``b`"), "a`b");
}

TEST(LiteralText, WritesFloatingNumbersAsJavaDoes) {
  const auto text = [](double value) { return LiteralText({plan::Value{value}, plan::TypeId::kDouble}); };
  EXPECT_EQ(text(1e7), "1.0E7");
  EXPECT_EQ(text(1234567.0), "1234567.0");
  EXPECT_EQ(text(0.001), "0.001");
  EXPECT_EQ(text(0.0001), "1.0E-4");
  EXPECT_EQ(text(-0.0), "-0.0");
  EXPECT_EQ(text(123456789.123), "1.23456789123E8");
}

}  // namespace
}  // namespace tidemill::sql
