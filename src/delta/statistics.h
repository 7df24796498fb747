// "Per-file Statistics": the JSON of add.stats as typed values, and back.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "delta/column_mapping.h"
#include "plan/type.h"
#include "plan/value.h"

namespace tidemill::delta {

struct ColumnStatistics {
  // Bounds, not always values that occur: a minimum may be less and a maximum more than any row's. None: unknown.
  std::optional<plan::Value> min{};
  std::optional<plan::Value> max{};
  std::optional<int64_t> null_count{};
};

struct FileStatistics {
  std::optional<int64_t> num_records{};
  bool tight_bounds = true;
  std::map<std::string, ColumnStatistics> columns{};  // top-level columns that are no structs, by logical name
};

// What cannot be understood is left out; text that is no JSON gives no statistics at all.
FileStatistics ParseStatistics(std::string_view json, const plan::Schema& schema, ColumnMapping mapping);

// The same statistics once a deletion vector may have taken rows that the bounds count.
std::string WithWideBounds(std::string_view json);

// The JSON for add.stats. Minimum and maximum are written only for types that have them in Delta (numbers, strings,
// dates, timestamps); strings longer than 32 characters are cut so that the bounds still hold; NaN and infinities are
// left out.
std::string StatisticsToJson(const FileStatistics& statistics, const plan::Schema& schema);

}  // namespace tidemill::delta
