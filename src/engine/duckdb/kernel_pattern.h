// kernel_pattern.h: Java's date patterns (java.time.format.DateTimeFormatter, as Spark uses it), the letters that jobs
// use: y M L d D E a H h k K m s S and quoted text. Other letters are refused by name.
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
  static Result<DatetimePattern> Read(std::string_view text);
  // A local time in microseconds since the epoch.
  std::string Format(int64_t micros) const;
  // What is missing in the pattern is 1970-01-01 00:00:00. Nothing: the text does not fit, to its last character.
  std::optional<int64_t> Parse(std::string_view text) const;

 private:
  struct Part {
    char letter = 0;  // 0: literal text
    int count = 0;
    std::string text;
  };
  std::vector<Part> parts_;
};

}  // namespace tidemill::engine::duckdb
