// state.h: what the scheduler remembers between two steps. A job's state is one JSON text in the ledger.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/units.h"
#include "job/run_key.h"

namespace tidemill::scheduler {

enum class SlotStatus { kWaiting, kRunning, kParked };
enum class SlotKind { kRegular, kBackfill };
std::string_view Name(SlotStatus status);

// One run that is due and not done: a window, or (of a job without windows) one firing. `start` names it within its
// job.
struct Slot {
  Timestamp start{};  // of the window, or the firing
  Timestamp end{};    // == start: all data
  SlotKind kind = SlotKind::kRegular;
  SlotStatus status = SlotStatus::kWaiting;
  Timestamp due{};
  Timestamp not_before{};  // after a failure
  Timestamp began{};       // running: since when
  int starts = 0;          // attempts begun: the number of the newest
  int failures = 0;
  int preemptions = 0;
  int doubts = 0;            // attempts whose outcome nobody knows
  int64_t memory_bytes = 0;  // 0: as the job says; more after a run that lacked it
  bool on_spark = false;     // after a run that no memory was enough for
  bool replace = false;      // backfill: earlier rows of the window are taken out
  bool stopping = false;
  bool over_limit = false;  // stopping: because the attempt took too long
  bool told_late = false;
  bool asked = false;  // by a user, now: no calendar holds it back
  std::string why;     // parked or waiting again: what happened

  bool windowed() const { return end > start; }
  std::optional<job::Window> window() const {
    return windowed() ? std::optional(job::Window{start, end}) : std::nullopt;
  }
};

struct Backfill {
  Timestamp next{};  // the first window not yet begun
  Timestamp to{};
  bool replace = false;
};

struct JobState {
  bool seen = false;    // the rest is set
  Timestamp fired{};    // firings up to here became slots
  Timestamp through{};  // windows that end by then became slots
  bool paused = false;
  int64_t done = 0;
  int64_t parked = 0;                    // in all
  double expected_s = 0;                 // of earlier runs, the newest counting most; 0: there is none
  std::string data;                      // what the sources held when they were last looked at
  std::map<std::string, int64_t> after;  // how often each job had been done when this one was last due
  std::vector<Backfill> backfills;
  std::vector<Slot> slots;  // by start

  // Found again when absent, not kept:
  std::optional<Timestamp> next_firing;
  int waiting = 0;
  int running = 0;
  bool changed = false;  // since it was last stored

  Slot* Find(Timestamp start);
  void Count();
};

struct State {
  std::vector<JobState> jobs;  // as Timetable::jobs
};

std::string ToJson(const JobState& state);
// kDataLoss when it is no such text.
Result<JobState> JobStateFromJson(const std::string& text);

}  // namespace tidemill::scheduler
