// kernel_pattern_legacy.h: date patterns under spark.sql.legacy.timeParserPolicy=LEGACY: java.text.SimpleDateFormat in
// US English, not lenient, with its calendar, which is Julian before 1582-10-15.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "engine/duckdb/kernel_pattern.h"

namespace tidemill::engine::duckdb {

class LegacyPattern {
 public:
  static Result<LegacyPattern> Read(std::string_view text);

  // Whether a zone is read.
  bool has_zone() const;
  // Nothing: the zone's name is not known here.
  std::optional<std::string> Format(const DatetimePattern::Moment& moment) const;

  enum class Outcome { kParsed, kNoFit, kUnknown };  // kUnknown: Java may read it, this does not
  // What follows the fields is ignored, as Java has it.
  Outcome Parse(std::string_view text, DatetimePattern::Parsed* parsed) const;

 private:
  struct Part {
    char letter = 0;  // 0: literal text
    int count = 0;
    std::string text;
  };
  std::vector<Part> parts_;
};

}  // namespace tidemill::engine::duckdb
