// Room scheduler: which run starts when: hours, classes, windows, retries. A pure step from state and event to actions;
// what is done about them, and when the next event comes, is the business of others. No threads, no sleep, no clock, no
// files here.
//
// step.h: the step.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "base/error.h"
#include "job/event.h"
#include "scheduler/state.h"
#include "scheduler/timetable.h"

namespace tidemill::scheduler {

namespace event {

struct Tick {};
// An attempt is over. kUnknown: nobody saw its end; it is certainly no longer running.
struct Ended {
  int job = 0;
  Timestamp slot{};
  job::Outcome outcome = job::Outcome::kUnknown;
  ErrorKind kind = ErrorKind::kInternal;  // of kFailed
  std::string message;
  Micros took{};
};
// What the sources of a job with Trigger::kData hold now; any text that changes when they do.
struct DataSeen {
  int job = 0;
  std::string data;
};
struct Pause {
  int job = 0;
};
struct Resume {
  int job = 0;
};
// Run this window (of a job without windows: everything) now, whatever the hour; a parked one again.
struct RunNow {
  int job = 0;
  Timestamp slot{};
};
struct BackfillRange {
  int job = 0;
  Timestamp from{};  // on a window's edge, as `to`
  Timestamp to{};
  bool replace = false;
};

}  // namespace event

using Event = std::variant<event::Tick, event::Ended, event::DataSeen, event::Pause, event::Resume, event::RunNow,
                           event::BackfillRange>;

namespace action {

// The attempt `slot.starts` of the slot is to run. The slot is in the state as running already: store that first.
struct Start {
  int job = 0;
  Slot slot;
  int64_t memory_bytes = 0;
  int threads = 0;
};
// End the slot's attempt before its commit; its Ended follows.
struct Stop {
  int job = 0;
  Timestamp slot{};
  std::string why;
};
// For people.
enum class Notice { kDone, kRetry, kParked, kLate, kSkipped, kPreempted };
struct Tell {
  int job = 0;
  Timestamp slot{};
  Notice notice = Notice::kDone;
  std::string message;
  std::optional<Timestamp> began{};  // the attempt that it is about
};

}  // namespace action

using Action = std::variant<action::Start, action::Stop, action::Tell>;

struct StepResult {
  std::vector<Action> actions;
  Timestamp wake{};  // the next instant at which a Tick changes something, if nothing else happens before
};

// Changes `state` (JobState::changed marks what), which must have one entry a job of the timetable. The same arguments
// give the same result. `now` never goes back.
StepResult Step(const Timetable& timetable, State& state, const Event& event, Timestamp now);

std::string_view Name(action::Notice notice);
// "2013-01-01T00:00:00Z/2013-01-02T00:00:00Z", or the firing of a job without windows.
std::string SlotText(const Slot& slot);
// How long a run should take: of earlier ones, or as the job says.
Micros Expected(const ScheduledJob& job, const JobState& state);
// When the slot should be done; the end of time without an SLA.
Timestamp Deadline(const ScheduledJob& job, const Slot& slot);

}  // namespace tidemill::scheduler
