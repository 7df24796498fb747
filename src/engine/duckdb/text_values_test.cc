#include "engine/duckdb/text_values.h"

#include <gtest/gtest.h>

#include <cmath>

namespace tidemill::engine::duckdb {
namespace {

// Expected values are Java's and Spark's: Integer.parseInt, BigDecimal with HALF_UP, Double.parseDouble,
// SparkDateTimeUtils.stringToDate and stringToTimestamp.

TEST(TextValues, IntegersTakeASignAndNothingElse) {
  EXPECT_EQ(ParseInteger("42", -128, 127), 42);
  EXPECT_EQ(ParseInteger("+42", -128, 127), 42);
  EXPECT_EQ(ParseInteger("-128", -128, 127), -128);
  for (const char* bad : {"", " 1", "1 ", "1.0", "1e2", "1_000", "128", "--1", "0x1", "+-1", "+", "-"}) {
    EXPECT_EQ(ParseInteger(bad, -128, 127), std::nullopt) << bad;
  }
  EXPECT_EQ(ParseInteger("9223372036854775807", INT64_MIN, INT64_MAX), INT64_MAX);
  EXPECT_EQ(ParseInteger("9223372036854775808", INT64_MIN, INT64_MAX), std::nullopt);
}

TEST(TextValues, DecimalsRoundHalfUpAndRefuseOverflow) {
  EXPECT_EQ(ParseDecimal("1.5", 10, 2), plan::Int128{150});
  EXPECT_EQ(ParseDecimal("1.005", 10, 2), plan::Int128{101});
  EXPECT_EQ(ParseDecimal("-1.005", 10, 2), plan::Int128{-101});
  EXPECT_EQ(ParseDecimal("1.00499", 10, 2), plan::Int128{100});
  EXPECT_EQ(ParseDecimal("1e2", 10, 2), plan::Int128{10000});
  EXPECT_EQ(ParseDecimal("125E-2", 10, 1), plan::Int128{13});
  EXPECT_EQ(ParseDecimal(".5", 3, 1), plan::Int128{5});
  EXPECT_EQ(ParseDecimal("5.", 3, 1), plan::Int128{50});
  EXPECT_EQ(ParseDecimal("0.00000000000000000001", 3, 1), plan::Int128{0});
  EXPECT_EQ(ParseDecimal("99.95", 3, 1), std::nullopt) << "rounds to 100.0, which has four digits";
  EXPECT_EQ(ParseDecimal("100", 4, 2), std::nullopt);
  EXPECT_EQ(ParseDecimal("0099.9", 4, 2), plan::Int128{9990}) << "leading zeros are no digits";
  EXPECT_EQ(ParseDecimal("-26087.18", 15, 2), plan::Int128{-2608718});
  EXPECT_EQ(ParseDecimal("12345678901234567890.1", 38, 2), plan::Int128{1234567890123456789} * 1000 + 10);
  for (const char* bad : {"", ".", "-", "1,5", " 1", "1 ", "abc", "1.2.3", "e5", "NaN"}) {
    EXPECT_EQ(ParseDecimal(bad, 10, 2), std::nullopt) << bad;
  }
}

TEST(TextValues, DoublesAsJavaWritesThem) {
  EXPECT_EQ(ParseDouble("1.5"), 1.5);
  EXPECT_EQ(ParseDouble("+1.5"), 1.5);
  EXPECT_EQ(ParseDouble("-.5e-3"), -.5e-3);
  EXPECT_TRUE(std::isnan(*ParseDouble("NaN")));
  EXPECT_EQ(ParseDouble("-Infinity"), -INFINITY);
  EXPECT_EQ(ParseDouble("1e400"), INFINITY);
  EXPECT_TRUE(std::signbit(*ParseDouble("-0.0")));
  EXPECT_EQ(ParseDouble(" 1.5 "), 1.5);
  EXPECT_EQ(ParseDouble("1.5d"), 1.5);
  EXPECT_EQ(ParseDouble("2F"), 2.0);
  EXPECT_EQ(ParseDouble("0x1.8p3"), 12.0);
  EXPECT_EQ(ParseFloat("0.1"), 0.1f);
  EXPECT_EQ(ParseFloat("1e39"), HUGE_VALF);
  for (const char* bad : {"", "nan", "inf", "1,5", "0x10", "1.5.5", "e5", "--1", "d", "1dd"}) {
    EXPECT_EQ(ParseDouble(bad), std::nullopt) << bad;
  }
}

TEST(TextValues, Dates) {
  EXPECT_EQ(ParseDate("1970-01-01"), 0);
  EXPECT_EQ(ParseDate("2013-12-31"), 16070);
  EXPECT_EQ(ParseDate("2024-2-29"), 19782);
  EXPECT_EQ(ParseDate("2024"), 19723);
  EXPECT_EQ(ParseDate("2024-03"), 19783);
  EXPECT_EQ(ParseDate("2024-03-01T25:99"), 19783) << "what follows a T is not looked at";
  EXPECT_EQ(ParseDate("0001-01-01"), -719162);
  EXPECT_EQ(ParseDate("+10000-01-01"), 2932897);
  for (const char* bad :
       {"", "2023-02-29", "2024-13-01", "2024-00-10", "24-01-01", "2024/01/01", "2024-01-01x", "20240101x"}) {
    EXPECT_EQ(ParseDate(bad), std::nullopt) << bad;
  }
}

TEST(TextValues, Timestamps) {
  constexpr int64_t kHour = 3'600'000'000;
  bool zone = false;
  EXPECT_EQ(ParseTimestamp("1970-01-01T10:00:00Z", &zone), 10 * kHour);
  EXPECT_TRUE(zone);
  EXPECT_EQ(ParseTimestamp("1970-01-01 10:00:00", &zone), 10 * kHour);
  EXPECT_FALSE(zone);
  EXPECT_EQ(ParseTimestamp("1970-01-01 10:00:00.000001+02:00", &zone), 8 * kHour + 1);
  EXPECT_EQ(ParseTimestamp("1970-01-01 10:00:00.1234567", &zone), 10 * kHour + 123456) << "cut, not rounded";
  EXPECT_EQ(ParseTimestamp("1970-01-02", &zone), 24 * kHour);
  EXPECT_EQ(ParseTimestamp("1970-01-01 1:2", &zone), kHour + 120'000'000);
  EXPECT_EQ(ParseTimestamp("1970-01-01 10:00 GMT-1", &zone), 11 * kHour);
  EXPECT_EQ(ParseTimestamp("1969-12-31 23:59:59.999999Z", &zone), -1);
  for (const char* bad :
       {"", "10:00", "1970-01-01 24:00:00", "1970-01-01 10:60", "1970-01-01 10:00:00 Mars", "1970-02-30 1:00"}) {
    EXPECT_EQ(ParseTimestamp(bad, &zone), std::nullopt) << bad;
  }
}

}  // namespace
}  // namespace tidemill::engine::duckdb
