// coercion.h: Spark's rules for turning one type into another (ANSI mode): which casts exist, which happen by
// themselves, and the type two operands meet at. Pure functions of types.
#pragma once

#include <optional>
#include <vector>

#include "plan/type.h"

namespace tidemill::sql {

// The smallest type both fit without loss; no strings to numbers, no decimals widened.
std::optional<plan::DataType> TightestCommonType(const plan::DataType& a, const plan::DataType& b);
// The type of CASE, COALESCE, UNION, IN, arrays: also widens decimals and promotes strings.
std::optional<plan::DataType> WiderType(const plan::DataType& a, const plan::DataType& b);
std::optional<plan::DataType> WiderType(const std::vector<plan::DataType>& types);
// What a string becomes next to `other` (ANSI): bigint, double, or the other atomic type.
std::optional<plan::DataType> StringPromotion(const plan::DataType& a, const plan::DataType& b);

// The decimal an integral or fractional type fits: int -> (10,0), double -> (30,15).
plan::DataType DecimalForType(const plan::DataType& type);
// The narrowest decimal of an integer literal: 7 -> (1,0).
plan::DataType DecimalForInteger(int64_t value);
// Both operands' digits, before and behind the point.
plan::DataType WiderDecimal(const plan::DataType& a, const plan::DataType& b);
// Precision over 38 gives up digits behind the point, but keeps 6 of them
// (spark.sql.decimalOperations.allowPrecisionLoss).
plan::DataType AdjustedDecimal(int precision, int scale);
// Result of + - * / % div on decimals. `op` is the operator's name.
plan::DataType DecimalResult(const std::string& op, const plan::DataType& a, const plan::DataType& b);

// An explicit CAST from one to the other is legal in ANSI mode.
bool CanCast(const plan::DataType& from, const plan::DataType& to);
// An explicit TRY_CAST, or a legal cast, of that pair can give NULL for a value that is not NULL.
bool TryCastMayFail(const plan::DataType& from, const plan::DataType& to);
// A value may be stored or passed as that type without the user's cast (Cast.canANSIStoreAssign).
bool CanStoreAssign(const plan::DataType& from, const plan::DataType& to);
// As CanStoreAssign, and strings to any atomic type: what a function's argument may undergo by itself.
bool CanImplicitlyCast(const plan::DataType& from, const plan::DataType& to);

}  // namespace tidemill::sql
