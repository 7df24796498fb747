// driver.h: the step with the world around it: events come in, the state is stored, then actions go out.
//
// A driver that does not lead only watches. Whatever moment it dies at, the next leader finds in the store which
// attempts may be running, adopts those that are, and runs the others again: the run key makes that harmless.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "job/schedule_store.h"
#include "scheduler/step.h"

namespace tidemill::scheduler {

struct EndedAttempt {
  std::string job;
  Timestamp slot{};
  job::Outcome outcome = job::Outcome::kUnknown;
  ErrorKind kind = ErrorKind::kInternal;
  std::string message;
};

// What runs attempts. Of one thread.
class Attempts {
 public:
  virtual ~Attempts() = default;
  // An earlier attempt of the slot that still runs is taken over in its place.
  virtual Status Begin(const ScheduledJob& job, const action::Start& start) = 0;
  // Takes over an attempt that another process began. When it no longer runs, Poll tells its end.
  virtual void Adopt(const ScheduledJob& job, const Slot& slot) = 0;
  virtual void Stop(const std::string& job, Timestamp slot) = 0;
  // Those that ended since the last call.
  virtual std::vector<EndedAttempt> Poll() = 0;
  // Lets go of all of them: they run on.
  virtual void Forget() = 0;
};

struct DriverParts {
  const Timetable* timetable = nullptr;
  job::ScheduleStore* store = nullptr;
  Attempts* attempts = nullptr;
  std::string owner;                       // unique among all processes that ever were
  std::function<Timestamp()> now;          // the clock the schedule goes by
  std::function<Timestamp()> machine_now;  // the machine's, for leading
  // What the sources of a job with Trigger::kData hold; an empty text: nothing, or it is not known now.
  std::function<std::string(int job)> look_at_data;
  std::function<void(const job::ScheduleNotice&)> tell;
};

class Driver {
 public:
  explicit Driver(DriverParts parts) : parts_(std::move(parts)) {}

  // One turn; to be called several times a second. An error passes: the next turn tries again.
  Status Turn();
  // Stops every attempt before its commit, waits for their ends at most so long, and lets another one lead.
  Status Finish(const std::function<void()>& pause, Micros patience);

  bool leads() const { return epoch_ > 0; }
  int64_t epoch() const { return epoch_; }
  const State& state() const { return state_; }
  // Nothing runs, waits or is to come at a known time.
  bool idle() const;

 private:
  Status TakeOver(int64_t epoch);
  void GatherEnds(std::vector<Event>& events);
  void GatherData(std::vector<Event>& events);
  Status Do(const std::vector<Event>& events, job::ScheduleStore::Changes changes);
  void Act(const Action& action);

  DriverParts parts_;
  State state_;
  int64_t epoch_ = 0;
  Timestamp last_now_{};
  Timestamp last_look_{};
  std::vector<EndedAttempt> not_begun_;
};

}  // namespace tidemill::scheduler
