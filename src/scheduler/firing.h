// firing.h: from the triggers of jobs to slots that are due. A part of the step.
#pragma once

#include "scheduler/step.h"

namespace tidemill::scheduler {

// The next firing of a job by time after `after`; none: it has no such trigger, or no more firings.
std::optional<Timestamp> NextFiringOf(const ScheduledJob& job, Timestamp after);

// A job that is seen for the first time begins now, or with its `start`.
void Begin(const ScheduledJob& job, JobState& state, Timestamp now);

// Every firing up to now, everything that is due after others, and the next windows of backfills become slots. `told`
// gets what a catch-up policy left out.
void MakeDue(const Timetable& timetable, State& state, Timestamp now, std::vector<Action>& told);
// The data of a job came: as a firing at `now`.
void MakeDueByData(const Timetable& timetable, State& state, int job, Timestamp now);

// Whether all that the job comes after is done for this slot.
bool OthersAreDone(const Timetable& timetable, const State& state, int job, const Slot& slot);

}  // namespace tidemill::scheduler
