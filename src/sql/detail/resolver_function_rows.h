// The families of built-in functions; see functions.h for what a row says.
#pragma once

#include <span>

#include "sql/functions.h"

namespace tidemill::sql {

std::span<const FunctionRow> OperatorRows();
std::span<const FunctionRow> StringRows();
std::span<const FunctionRow> MathRows();
std::span<const FunctionRow> DatetimeRows();
std::span<const FunctionRow> CollectionRows();
std::span<const FunctionRow> ConditionalRows();
std::span<const FunctionRow> AggregateRows();
std::span<const FunctionRow> WindowRows();
std::span<const FunctionRow> GeneratorRows();

}  // namespace tidemill::sql
