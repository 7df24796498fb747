#include "scheduler/calendar.h"

#include <algorithm>

namespace tidemill::scheduler {
namespace {

using std::chrono::days;
using std::chrono::floor;
using std::chrono::hours;

constexpr int kWorkdays = 0b0111110, kWeekend = 0b1000001, kEveryDay = 0b1111111;

bool Holds(const Calendar& calendar, const Period& period, LocalTime local) {
  const auto day = floor<days>(local);
  const auto hour = std::chrono::duration_cast<hours>(local - day).count();
  const bool over_midnight = period.to_hour <= period.from_hour;
  const bool in_hours = over_midnight ? hour >= period.from_hour || hour < period.to_hour
                                      : hour >= period.from_hour && hour < period.to_hour;
  if (!in_hours) return false;
  if (calendar.holidays.contains(day)) return period.holidays;
  return (period.weekdays >> std::chrono::weekday(day).c_encoding() & 1) != 0;
}

}  // namespace

std::string_view Name(Share share) {
  constexpr std::string_view kNames[] = {"critical", "regular", "development", "backfill"};
  return kNames[static_cast<size_t>(share)];
}

Share ShareOf(job::JobClass job_class, bool backfill) {
  return backfill ? Share::kBackfill : static_cast<Share>(job_class);
}

Calendar DefaultCalendar() {
  Calendar calendar;
  calendar.periods = {
      {"weekend", kWeekend, true, 0, 24, {1, 0.8, 0.5, 0.8}},
      {"peak", kWorkdays, false, 9, 18, {1, 0.2, 0, 0}},
      {"off_peak", kWorkdays, false, 22, 6, {1, 0.8, 0.5, 0.4}},
      {"between", kEveryDay, true, 0, 24, {1, 0.5, 0.25, 0}},
  };
  return calendar;
}

const Period& PeriodAt(const Calendar& calendar, Timestamp t) {
  const LocalTime local = calendar.zone.ToLocal(t);
  for (const Period& period : calendar.periods) {
    if (Holds(calendar, period, local)) return period;
  }
  return calendar.periods.back();
}

Timestamp NextHour(const Calendar& calendar, Timestamp t) {
  const LocalTime local = calendar.zone.ToLocal(t);
  const Timestamp next = t + (floor<hours>(local) + hours(1) - local);
  return std::min(next, std::max(calendar.zone.NextChange(t), t + Micros(1)));
}

}  // namespace tidemill::scheduler
