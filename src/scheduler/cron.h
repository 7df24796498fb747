// cron.h: the five fields of a crontab line, and when they fire.
//
// Minute, hour, day of month, month, day of week (0 and 7 are Sunday), each `*`, a number, a name, a range, a list or
// one of these with a step; or @hourly, @daily, @weekly, @monthly, @yearly. When both days are restricted one of them
// is enough. Where clocks are changed:
//  - a line whose hours are all hours fires by time that passes: through an hour that comes twice it fires twice, in a
//    skipped hour never;
//  - a line at certain hours fires once a day for each: of a time that comes twice at the first, of a skipped time at
//    the instant the clocks go on.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/result.h"
#include "base/units.h"
#include "scheduler/zone.h"

namespace tidemill::scheduler {

struct Cron {
  uint64_t minutes = 0;   // bit 0: minute 0
  uint32_t hours = 0;     // bit 0: midnight
  uint32_t days = 0;      // bit 1: the first
  uint32_t months = 0;    // bit 1: January
  uint32_t weekdays = 0;  // bit 0: Sunday
  bool any_day = true;
  bool any_weekday = true;
};

// kInvalidArgument says which field is wrong and how it is written.
Result<Cron> ParseCron(std::string_view text);

// The first firing after `after`; none within nine years: never.
std::optional<Timestamp> NextFiring(const Cron& cron, const TimeZone& zone, Timestamp after);

}  // namespace tidemill::scheduler
