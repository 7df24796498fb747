// Scalars between Delta's text and typed values, and their order.
#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>

#include "plan/type.h"
#include "plan/value.h"

namespace tidemill::delta {

// None when the text is no value of the type. Dates and times as in "Partition Value Serialization"; a timestamp
// without a zone is UTC. Strings and binaries are taken as they are.
std::optional<plan::Value> ParseScalar(std::string_view text, const plan::DataType& type);

// The same back; timestamps as ISO 8601 in UTC. None for types that have no text (nested, intervals, variant).
std::optional<std::string> FormatScalar(const plan::Value& value, const plan::DataType& type);

// Spark's order of two values of the type, neither NULL: strings by bytes, NaN equal to itself and above all numbers.
// None when the values do not have the type's representation.
std::optional<std::strong_ordering> CompareScalars(const plan::Value& a, const plan::Value& b);

}  // namespace tidemill::delta
