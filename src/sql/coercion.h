// coercion.h: Spark's rules for turning one type into another: which casts exist, which happen by themselves, and the
// type two operands meet at. Pure functions of types. Spark has two sets of rules (AnsiTypeCoercion, TypeCoercion).
#pragma once

#include <optional>
#include <vector>

#include "plan/type.h"

namespace tidemill::sql {

// spark.sql.ansi.enabled: true, or false.
enum class TypeRules { kAnsi, kLegacy };

// The smallest type both fit without loss; no strings to numbers, no decimals widened.
std::optional<plan::DataType> TightestCommonType(const plan::DataType& a, const plan::DataType& b, TypeRules rules);
// The type of CASE, COALESCE, UNION, IN, arrays: also widens decimals and promotes strings.
std::optional<plan::DataType> WiderType(const plan::DataType& a, const plan::DataType& b, TypeRules rules);
std::optional<plan::DataType> WiderType(const std::vector<plan::DataType>& types, TypeRules rules);
// As WiderType of all, but where one is a string and another is not, there is none (in ANSI mode they may meet).
std::optional<plan::DataType> WiderTypeOfNumbers(const std::vector<plan::DataType>& types, TypeRules rules);
// The type of =, <, and IN (query).
std::optional<plan::DataType> ComparisonType(const plan::DataType& a, const plan::DataType& b, TypeRules rules);
// What a string becomes next to another type. ANSI: bigint, double, or the other atomic type. Legacy: it stays.
std::optional<plan::DataType> StringPromotion(const plan::DataType& a, const plan::DataType& b, TypeRules rules);

// The decimal an integral or fractional type fits: int -> (10,0), double -> (30,15).
plan::DataType DecimalForType(const plan::DataType& type);
// The narrowest decimal of an integer literal: 7 -> (1,0).
plan::DataType DecimalForInteger(int64_t value);
// Both operands' digits, before and behind the point.
plan::DataType WiderDecimal(const plan::DataType& a, const plan::DataType& b);
// Precision over 38 gives up digits behind the point, but keeps 6 of them
// (spark.sql.decimalOperations.allowPrecisionLoss).
plan::DataType AdjustedDecimal(int precision, int scale);
// Result of + - * / % div on decimals. `op` is the operator's name; without `precision_loss` digits are cut off at 38,
// those behind the point no more than those before it.
plan::DataType DecimalResult(const std::string& op, const plan::DataType& a, const plan::DataType& b,
                             bool precision_loss = true);

// An explicit CAST from one to the other is legal.
bool CanCast(const plan::DataType& from, const plan::DataType& to, TypeRules rules);
// An explicit TRY_CAST, or a legal cast, of that pair can give NULL for a value that is not NULL.
bool TryCastMayFail(const plan::DataType& from, const plan::DataType& to);
// A value may be stored or passed as that type without the user's cast (Cast.canANSIStoreAssign).
bool CanStoreAssign(const plan::DataType& from, const plan::DataType& to);
// As CanStoreAssign, and strings to any atomic type: what a function's argument may undergo by itself.
bool CanImplicitlyCast(const plan::DataType& from, const plan::DataType& to, TypeRules rules);

}  // namespace tidemill::sql
