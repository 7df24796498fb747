// A constant: what a literal holds and what a result cell holds.
#pragma once

#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "plan/type.h"

namespace tidemill::plan {

using Int128 = __int128;

struct IntervalParts {
  int32_t months = 0;
  int32_t days = 0;
  int64_t micros = 0;
  bool operator==(const IntervalParts&) const = default;
};

// The representation by type; std::monostate is NULL of any type.
//   boolean: bool. byte..long, date (days since epoch), timestamp and timestamp_ntz (microseconds since epoch),
//   year-month interval (months), day-time interval (microseconds): int64_t. float, double: double.
//   decimal: Int128, the unscaled digits. string, binary: std::string. calendar interval: IntervalParts.
//   array, struct: children in order; map: key, value, key, value, ...
struct Value {
  using Children = std::shared_ptr<const std::vector<Value>>;
  std::variant<std::monostate, bool, int64_t, double, Int128, std::string, IntervalParts, Children> data;

  bool is_null() const { return data.index() == 0; }
};

// A value of a type, as `spark-sql` prints it: NULL, true, 1.50, 2013-01-01 00:00:00, [1,2], {"a":1}, ...
// Timestamps are shown in UTC moved by `zone_offset_s`, which the caller looks up for the session time zone.
std::string ToSparkText(const Value& value, const DataType& type, int64_t zone_offset_s = 0);

// Java's Double.toString and Float.toString: 1.0, 1.0E10, NaN, -Infinity.
std::string DoubleToJavaText(double value);
std::string FloatToJavaText(float value);
// 2013-01-01 (years past 9999 bear a sign), and 2013-01-01 05:00:00[.5].
std::string DateToText(int64_t days);
std::string TimestampToText(int64_t micros);

std::string Int128ToString(Int128 value);

// How bytes are shown (spark.sql.binaryOutputStyle): as the text they are, [1, -2], AQI=, without its =, 01FE, [01 FE].
enum class BinaryStyle { kUtf8, kBasic, kBase64, kHex, kHexDiscrete };
// By Spark's name of it, in any case; nothing where there is none.
std::optional<BinaryStyle> BinaryStyleNamed(std::string_view name);
std::string BinaryText(const std::string& bytes, BinaryStyle style);

}  // namespace tidemill::plan
