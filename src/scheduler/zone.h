// zone.h: time zones as the compiled files of the tz database say (TZif, RFC 9636). Pure: the bytes come through
// arguments.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/units.h"

namespace tidemill::scheduler {

// What clocks on the wall show.
using LocalTime = std::chrono::local_time<Micros>;

// Immutable. Beyond the file's transitions its rule is followed up to the year 2400.
class TimeZone {
 public:
  TimeZone() = default;  // UTC
  // kDataLoss when the bytes are no TZif file.
  static Result<TimeZone> Parse(std::string name, std::string_view bytes);

  const std::string& name() const { return name_; }
  LocalTime ToLocal(Timestamp t) const;
  // The first instant at which the clocks show `local` or later: of a time that comes twice the first one, of a time
  // that is skipped the instant after the gap. Never decreases as `local` grows.
  Timestamp FirstAt(LocalTime local) const;
  // The next instant after `t` at which the offset from UTC changes; the end of time when there is none.
  Timestamp NextChange(Timestamp t) const;

 private:
  struct Span {
    int64_t from_s = 0;  // since the epoch
    int32_t offset_s = 0;
  };
  size_t SpanOf(int64_t seconds) const;

  std::string name_ = "UTC";
  std::vector<Span> spans_{{INT64_MIN / 4, 0}};  // in order of time, the first one from the beginning of it
};

}  // namespace tidemill::scheduler
