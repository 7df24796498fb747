// simulation.h: the step in a world of its own: virtual time, runs that take as long as they are expected to, seeded
// faults, a daemon that is killed. The same arguments give the same result, bit for bit.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "scheduler/spec.h"
#include "scheduler/step.h"

namespace tidemill::scheduler {

struct World {
  Timestamp from{};
  Timestamp to{};
  uint64_t seed = 0;
  Faults faults;
  int kills = 0;  // of the daemon, at random times; one in three takes the running attempts with it
  // Stop after so many violations.
  size_t most_violations = 20;
};

struct SimulatedAttempt {
  int job = 0;
  Slot slot;  // as it was when the attempt began
  Timestamp began{};
  Timestamp ended{};  // World::to when it still runs then
  bool over = false;
  job::Outcome outcome = job::Outcome::kUnknown;
  ErrorKind kind = ErrorKind::kInternal;
  std::string place;  // native, spark
  int64_t memory_bytes = 0;
  int threads = 0;
  double dollars = 0;
};

struct SimulatedNotice {
  Timestamp at{};
  action::Tell tell;
};

struct Simulation {
  std::vector<SimulatedAttempt> attempts;  // by begin
  std::vector<SimulatedNotice> notices;
  State state;  // at the end
  int64_t steps = 0;
  int64_t windows_done = 0;
  Micros memory_use{};  // time during which all memory would have been used by what was used
  Micros thread_use{};
  std::array<Micros, 3> longest_wait{};  // by class, from due to the first begin
  // What must never be and was: two attempts of one slot at a time, capacity or hours overstepped, a window lost, ...
  std::vector<std::string> violations;
};

Simulation Simulate(const Timetable& timetable, const World& world);

}  // namespace tidemill::scheduler
