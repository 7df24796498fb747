// "Partition Value Serialization": a partition column's value between its text in the log and its typed form.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "plan/type.h"
#include "plan/value.h"

namespace tidemill::delta {

// None and "" are NULL. kDataLoss when the text is not of that type.
Result<plan::Value> ParsePartitionValue(const std::optional<std::string>& text, const plan::DataType& type);
// None for NULL and for the empty string, which Delta cannot tell from NULL. kUnimplemented for types that cannot
// partition a table.
Result<std::optional<std::string>> FormatPartitionValue(const plan::Value& value, const plan::DataType& type);

}  // namespace tidemill::delta
