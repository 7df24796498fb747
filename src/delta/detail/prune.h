// What a predicate's tests say about one file.
#pragma once

#include "delta/actions.h"
#include "delta/predicate.h"
#include "delta/statistics.h"
#include "plan/type.h"
#include "plan/value.h"

namespace tidemill::delta {

// Whether rows whose column has exactly this value (or NULL) can pass. True when in doubt.
bool MayMatchValue(const Test& test, const plan::Value& value, const plan::DataType& type);

// Whether a file with these statistics of the column can hold a row that passes. True when in doubt.
bool MayMatchStatistics(const Test& test, const FileStatistics& file, const ColumnStatistics& column,
                        const plan::DataType& type);

}  // namespace tidemill::delta
