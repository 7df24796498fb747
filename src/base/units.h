// Sizes, durations and instants: parsing what a user writes and printing what a user reads.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace tidemill {

using Micros = std::chrono::microseconds;
// Microseconds since the Unix epoch, UTC: Spark's and Delta's resolution.
using Timestamp = std::chrono::time_point<std::chrono::system_clock, Micros>;

// "4GB", "512 MiB", "1073741824". Both GB and GiB mean 2^30, as in Spark and DuckDB's memory settings.
Result<int64_t> ParseBytes(std::string_view text);
// "256.0 MB" with binary steps; whole bytes below 1 KB.
std::string FormatBytes(int64_t bytes);

// "30m", "2h", "1d", "90 min", "1h30m", "PT1H"; the result is positive.
Result<Micros> ParseDuration(std::string_view text);
// "85 ms", "12.3 s", "4 min 05 s", "2 h 10 min".
std::string FormatDuration(Micros duration);

// ISO 8601: "2013-01-01", "2013-01-01T05", "2013-01-01 05:00", "...:00.123456", with an optional zone "Z" or "+02:00".
// Without a zone the instant is UTC.
Result<Timestamp> ParseTimestamp(std::string_view text);
// "2013-01-01T05:00:00Z"; microseconds only when not zero.
std::string FormatTimestamp(Timestamp t);

// 336776 -> "336,776".
std::string FormatCount(int64_t n);

}  // namespace tidemill
