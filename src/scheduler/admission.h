// admission.h: which of the slots that are due may start now. A part of the step.
#pragma once

#include "scheduler/step.h"

namespace tidemill::scheduler {

// Starts what fits and stops what must make room; the slots change with it. The instant at which hours that hold
// something back may be over; the end of time when nothing is held back by them.
Timestamp Admit(const Timetable& timetable, State& state, Timestamp now, std::vector<Action>& actions);

// What an attempt of the slot is given: never more than there is.
int64_t MemoryOf(const Timetable& timetable, int job, const Slot& slot);

// Whether runs of two slots would write a partition of one table.
bool SharePartition(const ScheduledJob& one, const Slot& a, const ScheduledJob& other, const Slot& b);

}  // namespace tidemill::scheduler
