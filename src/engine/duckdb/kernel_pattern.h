// kernel_pattern.h: Java's date patterns as Spark reads them: java.time.format.DateTimeFormatter with a strict
// resolver, ignoring case, in US English, without the letters Spark forbids (DateTimeFormatterHelper).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace tidemill::engine::duckdb {

class DatetimePattern {
 public:
  enum class Use { kFormat, kParse };
  // The error is Spark's, or kUnimplemented for a letter that is not done here.
  static Result<DatetimePattern> Read(std::string_view text, Use use);
  // One that reads local times: a pattern with a zone is kUnimplemented.
  static Result<DatetimePattern> ReadLocal(std::string_view text);

  // Whether a zone, or an offset from UTC, is shown or read.
  bool has_zone() const { return has_zone_; }

  struct Moment {
    int64_t local_micros = 0;  // of the clock on the wall, since its 1970-01-01 00:00:00
    int32_t offset_seconds = 0;
    std::string_view zone = "UTC";  // the session's, by name
  };
  // Nothing: the zone's name in English is not known here.
  std::optional<std::string> Format(const Moment& moment) const;

  struct Parsed {
    int64_t local_micros = 0;
    std::optional<int32_t> offset_seconds;
    std::string region;  // empty: an offset, or no zone at all
  };
  // What is missing in the pattern is 1970-01-01 00:00:00. Nothing: the text does not fit, to its last character.
  std::optional<Parsed> ParseZoned(std::string_view text) const;
  // A region, or one of the few abbreviations known here.
  static bool KnowsZone(std::string_view name);
  std::optional<int64_t> Parse(std::string_view text) const;

 private:
  // How a number is written: NumberPrinterParser's.
  enum class Sign { kNormal, kNotNegative, kExceedsPad };
  struct Part {
    char letter = 0;  // 0: literal text; '[': what is optional
    int count = 0;
    std::string text;
    std::vector<Part> parts;
    int least = 1, most = 19;
    Sign sign = Sign::kNormal;
    int following = 0;  // digits that adjacent numbers of fixed width take
  };
  struct Fields;
  class Reader;
  class Printer;

  static bool IsNumber(const Part& part);
  static bool Take(const Part& part, std::string_view text, size_t& at, Fields& fields);
  static bool TakeAll(const std::vector<Part>& parts, std::string_view text, size_t& at, Fields& fields);

  std::vector<Part> parts_;
  bool has_zone_ = false;
};

}  // namespace tidemill::engine::duckdb
