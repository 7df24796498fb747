#include "sql/coercion.h"

#include <gtest/gtest.h>

namespace tidemill::sql {
namespace {

using plan::DataType;
using plan::TypeId;

std::string Wider(const DataType& a, const DataType& b, TypeRules rules = TypeRules::kAnsi) {
  auto type = WiderType(a, b, rules);
  return type ? type->ToString() : "none";
}

TEST(CoercionTest, NumbersMeetAsInSpark) {
  EXPECT_EQ(Wider(TypeId::kInt, TypeId::kLong), "bigint");
  EXPECT_EQ(Wider(TypeId::kInt, TypeId::kFloat), "double");
  EXPECT_EQ(Wider(TypeId::kInt, DataType::Decimal(2, 1)), "decimal(11,1)");
  EXPECT_EQ(Wider(DataType::Decimal(10, 2), TypeId::kDouble), "double");
}

TEST(CoercionTest, StringsBecomeWhatStandsBesideThem) {
  EXPECT_EQ(Wider(TypeId::kString, TypeId::kInt), "bigint");
  EXPECT_EQ(Wider(TypeId::kString, DataType::Decimal(3, 1)), "double");
  EXPECT_EQ(Wider(TypeId::kString, TypeId::kDate), "date");
  EXPECT_EQ(Wider(TypeId::kString, DataType::Array(TypeId::kInt)), "none");
}

TEST(CoercionTest, LegacyRulesKeepStrings) {
  EXPECT_EQ(Wider(TypeId::kString, TypeId::kInt, TypeRules::kLegacy), "string");
  EXPECT_EQ(Wider(TypeId::kString, TypeId::kBoolean, TypeRules::kLegacy), "none");
  EXPECT_EQ(Wider(TypeId::kInt, TypeId::kFloat, TypeRules::kLegacy), "float");
  EXPECT_EQ(ComparisonType(TypeId::kString, TypeId::kInt, TypeRules::kLegacy), DataType(TypeId::kInt));
  EXPECT_FALSE(WiderTypeOfNumbers({TypeId::kString, TypeId::kInt}, TypeRules::kLegacy));
}

TEST(CoercionTest, DecimalResults) {
  auto result = [](const char* op, DataType a, DataType b) { return DecimalResult(op, a, b).ToString(); };
  EXPECT_EQ(result("*", DataType::Decimal(10, 2), DataType::Decimal(10, 2)), "decimal(21,4)");
  EXPECT_EQ(result("/", DataType::Decimal(10, 2), DataType::Decimal(10, 2)), "decimal(23,13)");
  EXPECT_EQ(result("*", DataType::Decimal(38, 10), DataType::Decimal(38, 10)), "decimal(38,6)");
  EXPECT_EQ(result("%", DataType::Decimal(5, 1), DataType::Decimal(1, 0)), "decimal(2,1)");
}

}  // namespace
}  // namespace tidemill::sql
