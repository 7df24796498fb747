#include "scheduler/firing.h"

#include <algorithm>

namespace tidemill::scheduler {
namespace {

// A firing that is found later than this was missed, and the catch-up policy decides.
constexpr Micros kGrace = std::chrono::minutes(5);
// No more slots of a job lie open at once; the firings behind them wait.
constexpr size_t kMostSlots = 1000;

Timestamp Floor(Timestamp t, Micros size) {
  const int64_t at = t.time_since_epoch().count(), rest = at % size.count();
  return Timestamp(Micros(at - (rest < 0 ? rest + size.count() : rest)));
}

Slot* AddSlot(JobState& state, Slot slot) {
  const auto at = std::lower_bound(state.slots.begin(), state.slots.end(), slot.start,
                                   [](const Slot& s, Timestamp t) { return s.start < t; });
  if (at != state.slots.end() && at->start == slot.start) return nullptr;
  ++state.waiting;
  state.changed = true;
  return &*state.slots.insert(at, std::move(slot));
}

// All windows that end by `limit`.
void AddWindows(const ScheduledJob& job, JobState& state, Timestamp limit, Timestamp due) {
  if (job.end) limit = std::min(limit, *job.end);
  while (state.through + *job.window <= limit && state.slots.size() < kMostSlots) {
    AddSlot(state, {.start = state.through, .end = state.through + *job.window, .due = due});
    state.through += *job.window;
    state.changed = true;
  }
}

// The firings that a policy gives up leave no slot.
void Skip(const ScheduledJob& job, JobState& state, Timestamp limit) {
  if (job.window) state.through = std::max(state.through, Floor(limit, *job.window));
}

void Fire(const ScheduledJob& job, JobState& state, Timestamp due) {
  state.changed = true;
  if (job.window) return AddWindows(job, state, due - job.delay, due);
  const bool waits = std::any_of(state.slots.begin(), state.slots.end(),
                                 [](const Slot& s) { return s.status == SlotStatus::kWaiting; });
  if (waits && job.catch_up != job::CatchUp::kAll) return;  // that one will see all data anyway
  AddSlot(state, {.start = due, .end = due, .due = due});
}

void FireByTime(const ScheduledJob& job, JobState& state, int index, Timestamp now, std::vector<Action>& told) {
  if (!state.next_firing) state.next_firing = NextFiringOf(job, state.fired).value_or(Timestamp::max());
  while (*state.next_firing <= now && state.slots.size() < kMostSlots) {
    const Timestamp firing = *state.next_firing;
    const Timestamp next = NextFiringOf(job, firing).value_or(Timestamp::max());
    const bool missed = now - firing > kGrace;
    if (missed && (job.catch_up == job::CatchUp::kSkip || (job.catch_up == job::CatchUp::kLatest && next <= now))) {
      Skip(job, state, firing - job.delay);
      told.push_back(action::Tell{index, firing, action::Notice::kSkipped, "missed, and not caught up"});
    } else {
      if (missed && job.catch_up == job::CatchUp::kLatest && job.window) {
        Skip(job, state, firing - job.delay - *job.window);
      }
      Fire(job, state, firing);
      // There were more windows than may lie open: the firing stays until they are made.
      if (job.window && state.slots.size() >= kMostSlots) return;
    }
    state.fired = firing;
    state.next_firing = next;
    state.changed = true;
  }
}

void FireAfterOthers(const Timetable& timetable, State& all, int index, Timestamp now) {
  const ScheduledJob& job = timetable.jobs[static_cast<size_t>(index)];
  JobState& state = all.jobs[static_cast<size_t>(index)];
  if (job.window) {
    Timestamp limit = now - job.delay;
    for (const int other : job.after) {
      if (timetable.jobs[static_cast<size_t>(other)].window) {
        limit = std::min(limit, all.jobs[static_cast<size_t>(other)].through);
      }
    }
    return AddWindows(job, state, limit, now);
  }
  for (const int other : job.after) {
    const JobState& before = all.jobs[static_cast<size_t>(other)];
    const auto seen = state.after.find(timetable.jobs[static_cast<size_t>(other)].name);
    if (before.done <= (seen == state.after.end() ? 0 : seen->second) || before.waiting + before.running > 0) return;
  }
  for (const int other : job.after) {
    state.after[timetable.jobs[static_cast<size_t>(other)].name] = all.jobs[static_cast<size_t>(other)].done;
  }
  Fire(job, state, now);
}

void ContinueBackfills(const ScheduledJob& job, JobState& state, Timestamp now) {
  auto open = std::count_if(state.slots.begin(), state.slots.end(), [](const Slot& s) {
    return s.kind == SlotKind::kBackfill && s.status != SlotStatus::kParked;
  });
  auto& backfill = state.backfills.front();
  while (open < job.backfill_at_once && backfill.next < backfill.to) {
    open += AddSlot(state, {.start = backfill.next,
                            .end = backfill.next + *job.window,
                            .kind = SlotKind::kBackfill,
                            .due = now,
                            .replace = backfill.replace}) != nullptr;
    backfill.next += *job.window;
    state.changed = true;
  }
  if (backfill.next >= backfill.to) state.backfills.erase(state.backfills.begin());
}

}  // namespace

std::optional<Timestamp> NextFiringOf(const ScheduledJob& job, Timestamp after) {
  std::optional<Timestamp> next;
  if (job.trigger == Trigger::kCron) next = NextFiring(job.cron, job.zone, after);
  if (job.trigger == Trigger::kInterval) next = Floor(after, job.every) + job.every;
  const bool over = next && !job.window && job.end && *next > *job.end;
  return over ? std::nullopt : next;
}

void Begin(const ScheduledJob& job, JobState& state, Timestamp now) {
  state.seen = state.changed = true;
  // A firing at `start` itself counts.
  state.fired = job.start ? *job.start - Micros(1) : now;
  state.through = job.start.value_or(now);
  if (job.window) {
    const Timestamp edge = Floor(state.through, *job.window);
    state.through = job.start && edge < *job.start ? edge + *job.window : edge;
  }
}

void MakeDue(const Timetable& timetable, State& state, Timestamp now, std::vector<Action>& told) {
  for (size_t j = 0; j < timetable.jobs.size(); ++j) {
    const ScheduledJob& job = timetable.jobs[j];
    JobState& own = state.jobs[j];
    const auto index = static_cast<int>(j);
    if (own.next_firing.value_or(Timestamp()) <= now) FireByTime(job, own, index, now, told);
    if (job.trigger == Trigger::kAfter) FireAfterOthers(timetable, state, index, now);
    if (!own.backfills.empty()) ContinueBackfills(job, own, now);
  }
}

void MakeDueByData(const Timetable& timetable, State& state, int job, Timestamp now) {
  Fire(timetable.jobs[static_cast<size_t>(job)], state.jobs[static_cast<size_t>(job)], now);
}

bool OthersAreDone(const Timetable& timetable, const State& state, int index, const Slot& slot) {
  for (const int other : timetable.jobs[static_cast<size_t>(index)].after) {
    const JobState& before = state.jobs[static_cast<size_t>(other)];
    const bool by_window = slot.windowed() && timetable.jobs[static_cast<size_t>(other)].window;
    if (by_window && before.through < slot.end) return false;
    for (const Slot& open : before.slots) {
      if (by_window ? open.start < slot.end && slot.start < open.end : open.due <= slot.due) return false;
    }
  }
  return true;
}

}  // namespace tidemill::scheduler
