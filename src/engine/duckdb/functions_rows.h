// The families of lowerings; see functions.h for what a row says.
#pragma once

#include <span>

#include "engine/duckdb/functions.h"

namespace tidemill::engine::duckdb {

// The values of an array of strings that are not NULL, with a text between them.
std::string JoinedText(const std::string& array, const std::string& between);

std::span<const LoweringRow> OperatorLowerings();
std::span<const LoweringRow> TextLowerings();
std::span<const LoweringRow> MathLowerings();
std::span<const LoweringRow> TimeLowerings();
std::span<const LoweringRow> CollectionLowerings();
std::span<const LoweringRow> ArrayLowerings();
// What is different where spark.sql.ansi.enabled is false.
std::span<const LoweringRow> LegacyLowerings();

}  // namespace tidemill::engine::duckdb
