// text_values.h: a field of a text file as a value and back, by the rules of Spark's CSV and JSON readers and writers
// (UnivocityParser and JacksonParser without a format option): stricter than a cast, whole numbers and decimals are not
// trimmed. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "plan/value.h"

namespace tidemill::engine::duckdb {

// The text with the digits of every script as ASCII's: Java's parsers of whole numbers and decimals read them alike.
std::string WithAsciiDigits(std::string_view text);
std::optional<int64_t> ParseInteger(std::string_view text, int64_t least, int64_t most);
// The unscaled digits at `scale`, rounded half up; none when more than `precision` digits are needed.
std::optional<plan::Int128> ParseDecimal(std::string_view text, int precision, int scale);
std::optional<double> ParseDouble(std::string_view text);
std::optional<float> ParseFloat(std::string_view text);
std::optional<bool> ParseBoolean(std::string_view text);
// Days since the epoch: y-M-d with 4 to 7 digits of year, month and day optional, anything after 'T' or ' ' ignored.
std::optional<int32_t> ParseDate(std::string_view text);
// Microseconds since the epoch of the date and time as written, the zone's offset taken off. `has_zone` says whether
// one was written; a region name ("Europe/Paris") is not understood.
std::optional<int64_t> ParseTimestamp(std::string_view text, bool* has_zone);
// "Z", "UTC", "GMT+1", "+05:30": the offset from UTC in seconds; none for a region.
std::optional<int64_t> ParseOffset(std::string_view text);
// What Spark's casts may read in a text that ParseTimestamp does not: a zone by its name, a time without a date.
std::optional<std::string> UnknownTimePart(std::string_view text);

// What Spark's CSV and JSON writers write without a format option: yyyy-MM-dd'T'HH:mm:ss.SSS, of an instant with the
// offset of `local`, its local time: Z, +01:00.
std::string TimeField(int64_t micros);
std::string InstantField(int64_t micros, int64_t local_micros);

}  // namespace tidemill::engine::duckdb
