// The families of lowerings; see functions.h for what a row says.
#pragma once

#include <span>

#include "engine/duckdb/functions.h"

namespace tidemill::engine::duckdb {

std::span<const LoweringRow> OperatorLowerings();
std::span<const LoweringRow> TextLowerings();
std::span<const LoweringRow> MathLowerings();
std::span<const LoweringRow> TimeLowerings();
std::span<const LoweringRow> CollectionLowerings();
std::span<const LoweringRow> ArrayLowerings();

}  // namespace tidemill::engine::duckdb
