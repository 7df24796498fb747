// Statistics, partition values and pruning: a file with a matching row is never left out.
#include "delta/scan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <random>

#include "delta/detail/prune.h"
#include "delta/partition_value.h"
#include "delta/statistics.h"

namespace tidemill::delta {
namespace {

using plan::DataType;
using plan::Int128;
using plan::TypeId;
using plan::Value;
using Op = Test::Op;

TEST(PartitionValueTest, TextOfTheSpecification) {
  const auto round = [](const std::string& text, const DataType& type) {
    const auto value = ParsePartitionValue(text, type);
    return value.ok() ? FormatPartitionValue(*value, type)->value_or("NULL") : value.error().message;
  };
  EXPECT_EQ(round("1970-01-01", TypeId::kDate), "1970-01-01");
  EXPECT_EQ(std::get<int64_t>(ParsePartitionValue("1969-12-31", TypeId::kDate)->data), -1);
  EXPECT_EQ(round("1970-01-01 00:00:00", TypeId::kTimestamp), "1970-01-01T00:00:00.000000Z");
  EXPECT_EQ(round("1970-01-01T00:00:00.123456Z", TypeId::kTimestamp), "1970-01-01T00:00:00.123456Z");
  EXPECT_EQ(round("1970-01-01 00:00:00.120000", TypeId::kTimestampNtz), "1970-01-01 00:00:00.12");
  EXPECT_EQ(round("true", TypeId::kBoolean), "true");
  EXPECT_EQ(round("-128", TypeId::kByte), "-128");
  EXPECT_EQ(round("-2342342.23423", DataType::Decimal(12, 5)), "-2342342.23423");
  EXPECT_EQ(round("0.00004", DataType::Decimal(12, 5)), "0.00004");
  EXPECT_EQ(round("1.5", TypeId::kDouble), "1.5");
  EXPECT_EQ(round("1.0E10", TypeId::kDouble), "1.0E10");
  EXPECT_EQ(round("0.1", TypeId::kFloat), "0.1");
  EXPECT_EQ(round("NaN", TypeId::kDouble), "NaN");
  EXPECT_EQ(round("", TypeId::kString), "NULL");
  for (const auto& [text, type] : std::vector<std::pair<std::string, DataType>>{{"128", TypeId::kByte},
                                                                                {"1x", TypeId::kInt},
                                                                                {"2013-13-01", TypeId::kDate},
                                                                                {"maybe", TypeId::kBoolean},
                                                                                {"1.234", DataType::Decimal(5, 2)},
                                                                                {"99999", DataType::Decimal(5, 2)}}) {
    EXPECT_EQ(ParsePartitionValue(text, type).error().kind, ErrorKind::kDataLoss) << text;
  }
  EXPECT_EQ(FormatPartitionValue(Value{int64_t{1}}, DataType::Array(TypeId::kInt)).error().kind,
            ErrorKind::kUnimplemented);
}

plan::Schema StatsSchema() {
  return {{{"i", TypeId::kLong},
           {"s", TypeId::kString},
           {"t", TypeId::kTimestamp},
           {"d", DataType::Decimal(20, 2)},
           {"f", TypeId::kDouble}}};
}

TEST(StatisticsTest, WritesWhatItReads) {
  FileStatistics statistics{.num_records = 3};
  statistics.columns["i"] = {Value{int64_t{-1}}, Value{int64_t{9}}, 0};
  statistics.columns["s"] = {Value{std::string("a\"b")}, Value{std::string(40, 'z')}, 1};
  statistics.columns["t"] = {Value{int64_t{1999}}, Value{int64_t{1001}}, 0};
  statistics.columns["d"] = {Value{Int128{-150}}, Value{Int128{150}}, 0};
  statistics.columns["f"] = {Value{std::nan("")}, Value{2.5}, 0};
  const std::string json = StatisticsToJson(statistics, StatsSchema());
  EXPECT_EQ(json, R"({"numRecords":3,"minValues":{"i":-1,"s":"a\"b","t":"1970-01-01T00:00:00.001Z","d":-1.50},)"
                  R"("maxValues":{"i":9,"s":")" +
                      std::string(32, 'z') +
                      "\xF4\x8F\xBF\xBF"
                      R"(","t":"1970-01-01T00:00:00.002Z","d":1.50,"f":2.5},)"
                      R"("nullCount":{"i":0,"s":1,"t":0,"d":0,"f":0}})");
  const auto back = ParseStatistics(json, StatsSchema(), ColumnMapping::kNone);
  EXPECT_EQ(back.num_records, 3);
  EXPECT_EQ(std::get<Int128>(back.columns.at("d").min->data), -150);
  EXPECT_EQ(std::get<int64_t>(back.columns.at("t").max->data), 2999);  // widened: others cut maxima down
  EXPECT_FALSE(back.columns.at("f").min);
}

// Readers have no year 10000: a maximum that rounds up to it is left out.
TEST(StatisticsTest, TheEndOfTimeHasNoMaximum) {
  FileStatistics statistics;
  const int64_t end = 253'402'300'800'000'000;
  statistics.columns["t"] = {Value{end - 1}, Value{end - 1}, 0};
  EXPECT_EQ(StatisticsToJson(statistics, StatsSchema()),
            R"({"minValues":{"t":"9999-12-31T23:59:59.999Z"},"maxValues":{},"nullCount":{"t":0}})");
  statistics.columns["t"].max = Value{end - 1000};
  EXPECT_NE(StatisticsToJson(statistics, StatsSchema()).find(R"("maxValues":{"t":"9999-12-31T23:59:59.999Z"})"),
            std::string::npos);
}

TEST(StatisticsTest, WhatIsStrangeIsUnknown) {
  const auto s = ParseStatistics(
      R"({"numRecords":"x","minValues":{"i":"a","f":"NaN","d":123456789012345678.25},"nullCount":{"s":null}})",
      StatsSchema(), ColumnMapping::kNone);
  EXPECT_FALSE(s.num_records);
  EXPECT_TRUE(s.columns.empty());
  EXPECT_FALSE(ParseStatistics("{torn", StatsSchema(), ColumnMapping::kNone).num_records);
}

class PruneTest : public testing::Test {
 protected:
  Snapshot Make(const std::string& stats, PartitionValues partition = {{"p", "5"}}) {
    Snapshot::State state;
    state.schema = StatsSchema();
    state.schema.fields.push_back({"p", TypeId::kInt});
    state.metadata.partition_columns = {"p"};
    state.files = {Add{.path = "f", .partition_values = std::move(partition), .stats = stats}};
    return Snapshot({.root = "/t"}, std::move(state));
  }
  bool Kept(const std::string& stats, const std::string& column, Op op, std::vector<Value> values = {}) {
    const auto scan = Prune(Make(stats), {{{column, op, std::move(values)}}});
    EXPECT_TRUE(scan.ok());
    EXPECT_EQ(scan->files.size() + static_cast<size_t>(scan->pruned_files), 1u);
    return scan->files.size() == 1;
  }
  static Value I(int64_t i) { return {i}; }
  static Value F(double f) { return {f}; }
  static Value S(std::string s) { return {std::move(s)}; }
};

TEST_F(PruneTest, IntegerBounds) {
  const std::string stats = R"({"numRecords":9,"minValues":{"i":10},"maxValues":{"i":20},"nullCount":{"i":0}})";
  EXPECT_TRUE(Kept(stats, "I", Op::kEqual, {I(10)}));
  EXPECT_FALSE(Kept(stats, "i", Op::kEqual, {I(9)}));
  EXPECT_FALSE(Kept(stats, "i", Op::kEqual, {I(21)}));
  EXPECT_FALSE(Kept(stats, "i", Op::kLess, {I(10)}));
  EXPECT_TRUE(Kept(stats, "i", Op::kLessOrEqual, {I(10)}));
  EXPECT_FALSE(Kept(stats, "i", Op::kGreater, {I(20)}));
  EXPECT_TRUE(Kept(stats, "i", Op::kGreaterOrEqual, {I(20)}));
  EXPECT_FALSE(Kept(stats, "i", Op::kIn, {I(1), I(30)}));
  EXPECT_TRUE(Kept(stats, "i", Op::kIn, {I(1), I(15)}));
  EXPECT_FALSE(Kept(stats, "i", Op::kIn, {}));
  EXPECT_TRUE(Kept(stats, "i", Op::kNotEqual, {I(15)}));
  EXPECT_FALSE(Kept(stats, "i", Op::kIsNull));
  EXPECT_TRUE(Kept(stats, "i", Op::kIsNotNull));
  EXPECT_FALSE(Kept(stats, "i", Op::kEqual, {Value{}}));  // = NULL holds for no row
  EXPECT_TRUE(Kept(stats, "i", Op::kEqual, {S("other type")}));
  EXPECT_TRUE(Kept(stats, "unknown", Op::kEqual, {I(1)}));
}

TEST_F(PruneTest, AllNullAndMissing) {
  const std::string all_null = R"({"numRecords":9,"nullCount":{"i":9}})";
  EXPECT_FALSE(Kept(all_null, "i", Op::kGreater, {I(0)}));
  EXPECT_FALSE(Kept(all_null, "i", Op::kIsNotNull));
  EXPECT_TRUE(Kept(all_null, "i", Op::kIsNull));
  EXPECT_TRUE(Kept(R"({"numRecords":9})", "i", Op::kIsNull));
  EXPECT_TRUE(Kept(R"({"numRecords":9})", "i", Op::kEqual, {I(1)}));
  EXPECT_TRUE(Kept("", "i", Op::kEqual, {I(1)}));
  EXPECT_FALSE(Kept(R"({"minValues":{"i":7},"maxValues":{"i":7}})", "i", Op::kNotEqual, {I(7)}));
}

TEST_F(PruneTest, FloatsMayHideNan) {
  const std::string stats = R"({"numRecords":9,"minValues":{"f":1.0},"maxValues":{"f":2.0},"nullCount":{"f":0}})";
  EXPECT_TRUE(Kept(stats, "f", Op::kGreater, {F(5)}));  // NaN > 5 in Spark
  EXPECT_TRUE(Kept(stats, "f", Op::kGreaterOrEqual, {F(5)}));
  EXPECT_TRUE(Kept(stats, "f", Op::kEqual, {F(std::nan(""))}));
  EXPECT_FALSE(Kept(stats, "f", Op::kEqual, {F(5)}));
  EXPECT_FALSE(Kept(stats, "f", Op::kLess, {F(0)}));
  EXPECT_TRUE(Kept(R"({"minValues":{"f":1.0},"maxValues":{"f":1.0}})", "f", Op::kNotEqual, {F(1)}));
}

TEST_F(PruneTest, TruncatedBoundsStayBounds) {
  const std::string stats = R"({"minValues":{"s":"abc","t":"2020-01-01T00:00:00.000Z"},)"
                            R"("maxValues":{"s":"abd","t":"2020-01-01T00:00:00.001Z"}})";
  const int64_t day = 1577836800000000;
  EXPECT_TRUE(Kept(stats, "t", Op::kEqual, {I(day + 1999)}));
  EXPECT_FALSE(Kept(stats, "t", Op::kEqual, {I(day + 2000)}));
  EXPECT_FALSE(Kept(stats, "s", Op::kEqual, {S("\xC3\xA9")}));  // above every ASCII text
  EXPECT_TRUE(Kept(stats, "s", Op::kEqual, {S("abcz")}));
}

TEST_F(PruneTest, PartitionValues) {
  const auto kept = [&](std::optional<std::string> value, Op op, std::vector<Value> values) {
    return Prune(Make("", {{"p", std::move(value)}}), {{{"p", op, std::move(values)}}})->files.size() == 1;
  };
  EXPECT_TRUE(kept("5", Op::kEqual, {I(5)}));
  EXPECT_FALSE(kept("5", Op::kEqual, {I(6)}));
  EXPECT_FALSE(kept("5", Op::kNotEqual, {I(5)}));
  EXPECT_FALSE(kept(std::nullopt, Op::kNotEqual, {I(5)}));
  EXPECT_TRUE(kept(std::nullopt, Op::kIsNull, {}));
  EXPECT_FALSE(kept("5", Op::kIsNull, {}));
  const auto scan = Prune(Make("", {{"p", "5"}}));
  EXPECT_EQ(std::get<int64_t>(scan->files[0].partition_values[0].data), 5);
  EXPECT_EQ(scan->files[0].path, "/t/f");
  EXPECT_EQ(Prune(Make("", {})).error().kind, ErrorKind::kDataLoss);
}

// ---- random files against a look at every row

struct RandomColumn {
  DataType type;
  std::function<Value(std::mt19937_64&)> draw;
};

const RandomColumn kRandomColumns[] = {
    {TypeId::kLong, [](auto& r) { return Value{static_cast<int64_t>(r() % 9) - 4}; }},
    {TypeId::kDouble,
     [](auto& r) {
       const int pick = static_cast<int>(r() % 8);
       return Value{pick == 0 ? std::nan("") : pick == 1 ? -0.0 : pick == 2 ? HUGE_VAL : (pick - 5) * 0.1};
     }},
    {TypeId::kFloat, [](auto& r) { return Value{static_cast<double>(static_cast<float>(r() % 7) * 0.1f)}; }},
    {TypeId::kString,
     [](auto& r) {
       const char* const ends[] = {"", "a", "b", "\xC3\xA9", "\xF4\x8F\xBF\xBF", "\xF4\x8F\xBF\xBFz"};
       return Value{std::string(r() % 2 == 0 ? 32 : r() % 3, 'x') + ends[r() % 6]};
     }},
    {TypeId::kTimestamp, [](auto& r) { return Value{static_cast<int64_t>(r() % 5000) - 2500}; }},
    {DataType::Decimal(30, 3),
     [](auto& r) { return Value{Int128{static_cast<int64_t>(r() % 7)} * 100000000000001LL}; }},
};

// The file's statistics as a writer gathers them: NULL and NaN left out of the bounds.
std::string StatisticsOf(const std::vector<Value>& rows, const DataType& type) {
  ColumnStatistics column{.min = {}, .max = {}, .null_count = 0};
  for (const auto& row : rows) {
    const auto* number = std::get_if<double>(&row.data);
    if (row.is_null()) ++*column.null_count;
    if (row.is_null() || (number != nullptr && std::isnan(*number))) continue;
    const auto passes = [&](Op op, const Value& bound) { return MayMatchValue({"", op, {bound}}, row, type); };
    if (!column.min || passes(Op::kLess, *column.min)) column.min = row;
    if (!column.max || passes(Op::kGreater, *column.max)) column.max = row;
  }
  return StatisticsToJson({.num_records = std::ssize(rows), .columns = {{"c", column}}}, {{{"c", type}}});
}

TEST(PruneFuzz, NeverLeavesOutAMatch) {
  std::mt19937_64 random(20130101);
  int pruned = 0;
  for (int round = 0; round < 20000; ++round) {
    const auto& [type, draw] = kRandomColumns[random() % std::size(kRandomColumns)];
    const auto cell = [&] { return random() % 5 == 0 ? Value{} : draw(random); };
    std::vector<Value> rows;
    for (size_t count = random() % 4; rows.size() <= count;) rows.push_back(cell());
    delta::Test test{"c", static_cast<Op>(random() % 9), {}};
    const bool null_test = test.op == Op::kIsNull || test.op == Op::kIsNotNull;
    const size_t constants = null_test ? 0 : test.op == Op::kIn ? random() % 3 : 1;
    while (test.values.size() < constants) test.values.push_back(cell());

    const bool matches =
        std::any_of(rows.begin(), rows.end(), [&](const Value& row) { return MayMatchValue(test, row, type); });
    Snapshot::State state;
    state.schema = {{{"c", type}}};
    const std::string stats = StatisticsOf(rows, type);
    state.files = {Add{.path = "f", .stats = stats}};
    const auto scan = Prune(Snapshot({.root = "/t"}, std::move(state)), {{test}});
    ASSERT_TRUE(scan.ok());
    pruned += static_cast<int>(scan->pruned_files);
    ASSERT_FALSE(matches && scan->files.empty())
        << "round " << round << " " << type.ToString() << " op " << static_cast<int>(test.op) << " " << stats;
  }
  EXPECT_GT(pruned, 3000);  // and it does prune
}

}  // namespace
}  // namespace tidemill::delta
