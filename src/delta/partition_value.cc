#include "delta/partition_value.h"

#include <fmt/format.h>

#include "delta/detail/scalar.h"

namespace tidemill::delta {

Result<plan::Value> ParsePartitionValue(const std::optional<std::string>& text, const plan::DataType& type) {
  if (!text || text->empty()) return plan::Value{};
  auto value = ParseScalar(*text, type);
  if (!value) return DataLoss(fmt::format("the partition value '{}' is no {}", *text, type.ToString()));
  return *std::move(value);
}

Result<std::optional<std::string>> FormatPartitionValue(const plan::Value& value, const plan::DataType& type) {
  if (value.is_null()) return std::optional<std::string>();
  auto text = FormatScalar(value, type);
  if (!text) return Unimplemented(fmt::format("a column of type {} cannot partition a table", type.ToString()));
  if (text->empty()) return std::optional<std::string>();
  return text;
}

}  // namespace tidemill::delta
