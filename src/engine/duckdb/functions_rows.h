// The families of lowerings; see functions.h for what a row says.
#pragma once

#include <span>

#include "engine/duckdb/functions.h"

namespace tidemill::engine::duckdb {

// The values of an array of strings that are not NULL, with a text between them.
std::string JoinedText(const std::string& array, const std::string& between);

// A call of the function of that name in kernel_value.h. Where failing is NULL the name begins with try_.
Result<std::string> ByValue(const Lowered& l);
Result<std::string> ByValueNamed(const Lowered& l, std::string name, const plan::DataType& result);
std::string ValueSql(const std::string& name, const std::vector<std::string>& args,
                     const std::vector<plan::DataType>& types, const plan::DataType& result);
// The value, and its type, with every instant in it as local time.
Result<std::string> LocalTimes(const ExprCompiler& compiler, const std::string& sql, plan::DataType* type, Position at);

std::span<const LoweringRow> OperatorLowerings();
std::span<const LoweringRow> TextLowerings();
std::span<const LoweringRow> MathLowerings();
std::span<const LoweringRow> TimeLowerings();
std::span<const LoweringRow> CollectionLowerings();
std::span<const LoweringRow> ArrayLowerings();
std::span<const LoweringRow> ValueLowerings();
// What is different where spark.sql.ansi.enabled is false.
std::span<const LoweringRow> LegacyLowerings();

}  // namespace tidemill::engine::duckdb
