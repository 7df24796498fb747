// text_values.h: a field of a text file as a typed value, by the rules of Spark's CSV and JSON readers
// (UnivocityParser, JacksonParser): stricter than a cast, nothing is trimmed. Pure functions, and their
// registration in DuckDB.
#pragma once

#include <duckdb.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "plan/type.h"
#include "plan/value.h"

namespace tidemill::engine::duckdb {

// Spark's error class for a text row that does not fit its schema.
inline constexpr std::string_view kMalformedRecord = "MALFORMED_RECORD_IN_PARSING";

std::optional<int64_t> ParseInteger(std::string_view text, int64_t least, int64_t most);
// The unscaled digits at `scale`, rounded half up; none when more than `precision` digits are needed.
std::optional<plan::Int128> ParseDecimal(std::string_view text, int precision, int scale);
std::optional<double> ParseDouble(std::string_view text);
std::optional<bool> ParseBoolean(std::string_view text);
// Days since the epoch: y-M-d with 4 to 7 digits of year, month and day optional, anything after 'T' or ' ' ignored.
std::optional<int32_t> ParseDate(std::string_view text);
// Microseconds since the epoch of the date and time as written, the zone's offset taken off. `has_zone` says whether
// one was written; a region name ("Europe/Paris") is not understood.
std::optional<int64_t> ParseTimestamp(std::string_view text, bool* has_zone);

// Registers tm_text_<type>(text, column) that raises kMalformedRecord and tm_text_try_<type>(text) that gives NULL,
// for every type but decimal and the nested ones.
Status RegisterTextValues(duckdb_connection connection);
// The same for decimal(precision, scale): tm_text_decimal_<p>_<s>.
Status RegisterTextDecimal(duckdb_connection connection, int precision, int scale);
// The same for a date or a time written by a pattern of Spark's; gives the end of the function's name. The value is a
// DATE, or the local date and time as TIMESTAMP whatever the zone.
Result<std::string> RegisterTextPattern(duckdb_connection connection, const plan::DataType& type,
                                        const std::string& pattern);
// "int", "decimal_15_2", ...: the end of the function's name; empty for types a text field cannot hold.
std::string TextTypeName(const plan::DataType& type);

}  // namespace tidemill::engine::duckdb
