// calendar.h: how much of the capacity each class may use, by the hour and the day. Pure.
#pragma once

#include <array>
#include <set>
#include <string>
#include <vector>

#include "job/spec.h"
#include "scheduler/zone.h"

namespace tidemill::scheduler {

// What shares are given to: the classes of jobs, and backfills of whatever class.
enum class Share { kCritical, kRegular, kDevelopment, kBackfill };
inline constexpr size_t kShares = 4;
std::string_view Name(Share share);
Share ShareOf(job::JobClass job_class, bool backfill);

// Hours [from, to) of some days, by local clocks; to <= from goes over midnight.
struct Period {
  std::string name;
  int weekdays = 0x7F;    // bit 0: Sunday
  bool holidays = false;  // also on holidays, whatever day they are
  int from_hour = 0;
  int to_hour = 24;
  // A run of the share begins only while all runs together use at most this part of the capacity, its own need
  // included; 0: none begins. What the others leave is kept for the critical ones.
  std::array<double, kShares> shares{1, 1, 1, 1};
};

struct Calendar {
  TimeZone zone;
  std::vector<Period> periods;  // the first that holds wins; the last one holds always
  std::set<std::chrono::local_days> holidays;
};

// ADR-004: peak 9-18 minimal processing, off-peak 22-6 heavy batch, weekends large reprocessing.
Calendar DefaultCalendar();

const Period& PeriodAt(const Calendar& calendar, Timestamp t);
// The next instant after `t` at which another period may begin: a full hour of the local clocks.
Timestamp NextHour(const Calendar& calendar, Timestamp t);

}  // namespace tidemill::scheduler
