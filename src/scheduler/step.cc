#include "scheduler/step.h"

#include <fmt/format.h>

#include <algorithm>

#include "scheduler/admission.h"
#include "scheduler/firing.h"
#include "scheduler/verdict.h"

namespace tidemill::scheduler {
namespace {

constexpr int kMostDoubts = 20;

class Stepper {
 public:
  Stepper(const Timetable& timetable, State& state, Timestamp now) : timetable_(timetable), state_(state), now_(now) {}

  StepResult Run(const Event& event) {
    for (size_t j = 0; j < timetable_.jobs.size(); ++j) {
      if (!state_.jobs[j].seen) Begin(timetable_.jobs[j], state_.jobs[j], now_);
    }
    std::visit([this](const auto& e) { On(e); }, event);
    MakeDue(timetable_, state_, now_, out_.actions);
    const Timestamp blocked_until = Admit(timetable_, state_, now_, out_.actions);
    out_.wake = blocked_until;
    Watch();
    return std::move(out_);
  }

 private:
  const ScheduledJob& Job(int job) const { return timetable_.jobs[static_cast<size_t>(job)]; }
  JobState& Own(int job) { return state_.jobs[static_cast<size_t>(job)]; }
  void Tell(int job, Timestamp slot, action::Notice notice, std::string message,
            std::optional<Timestamp> began = std::nullopt) {
    out_.actions.push_back(action::Tell{job, slot, notice, std::move(message), began});
  }

  void On(const event::Tick&) {}

  void On(const event::Ended& e) {
    JobState& own = Own(e.job);
    Slot* slot = own.Find(e.slot);
    if (slot == nullptr || slot->status != SlotStatus::kRunning) return;  // told twice
    own.changed = true;
    --own.running;
    Verdict verdict = VerdictOn(e.outcome, e.kind);
    if (verdict == Verdict::kAgain && slot->over_limit) verdict = Verdict::kRetry;
    const bool stopped = slot->stopping;
    slot->stopping = slot->over_limit = false;
    slot->why = e.message;
    slot->not_before = now_;
    switch (verdict) {
      case Verdict::kDone:
        return Finish(e, own, *slot);
      case Verdict::kAgain:
        slot->preemptions += stopped ? 1 : 0;
        return Wait(own, *slot);
      case Verdict::kSettle:
        if (++slot->doubts > kMostDoubts) return Park(e, own, *slot);
        if (slot->doubts > 1) Delay(e.job, *slot, slot->doubts);
        return Wait(own, *slot);
      case Verdict::kBigger:
        if (!Enlarge(e.job, *slot)) return Park(e, own, *slot);
        [[fallthrough]];
      case Verdict::kRetry:
        if (++slot->failures >= Job(e.job).attempts) return Park(e, own, *slot);
        Delay(e.job, *slot, slot->failures);
        Tell(e.job, e.slot, action::Notice::kRetry, e.message, slot->began);
        return Wait(own, *slot);
      case Verdict::kPark:
        ++slot->failures;
        return Park(e, own, *slot);
    }
  }

  void Finish(const event::Ended& e, JobState& own, const Slot& slot) {
    ++own.done;
    if (e.outcome == job::Outcome::kCommitted && e.took.count() > 0) {
      constexpr double kNewest = 0.3;
      const double took_s = static_cast<double>(e.took.count()) / 1e6;
      own.expected_s = own.expected_s > 0 ? (1 - kNewest) * own.expected_s + kNewest * took_s : took_s;
    }
    Tell(e.job, e.slot, action::Notice::kDone, e.message, slot.began);
    const Timestamp start = slot.start;
    const bool all_data = !slot.windowed();
    // A newer run over all data makes good what earlier ones could not do.
    std::erase_if(own.slots, [&](const Slot& s) {
      return s.start == start || (all_data && s.status == SlotStatus::kParked && s.start < start);
    });
  }

  static void Wait(JobState& own, Slot& slot) {
    slot.status = SlotStatus::kWaiting;
    ++own.waiting;
  }

  void Park(const event::Ended& e, JobState& own, Slot& slot) {
    slot.status = SlotStatus::kParked;
    ++own.parked;
    Tell(e.job, e.slot, action::Notice::kParked, e.message, slot.began);
  }

  void Delay(int job, Slot& slot, int times) {
    slot.not_before = now_ + RetryDelay(Job(job).retry_after, Job(job).retry_most, times, Job(job).name, slot.start);
  }

  // False: there is no more memory to give, and no other engine.
  bool Enlarge(int job, Slot& slot) {
    const int64_t had = MemoryOf(timetable_, job, slot);
    if (had < timetable_.capacity.memory_bytes) {
      slot.memory_bytes = std::min(had * 2, timetable_.capacity.memory_bytes);
      return true;
    }
    if (slot.on_spark || Job(job).engine != "auto") return false;
    slot.on_spark = true;
    return true;
  }

  void On(const event::DataSeen& e) {
    JobState& own = Own(e.job);
    if (own.data == e.data || e.data.empty()) return;
    own.data = e.data;
    MakeDueByData(timetable_, state_, e.job, now_);
  }

  void On(const event::Pause& e) { SetPaused(e.job, true); }
  void On(const event::Resume& e) { SetPaused(e.job, false); }
  void SetPaused(int job, bool paused) {
    Own(job).changed = Own(job).changed || Own(job).paused != paused;
    Own(job).paused = paused;
  }

  void On(const event::RunNow& e) {
    JobState& own = Own(e.job);
    own.changed = true;
    Slot* slot = own.Find(e.slot);
    if (slot == nullptr) {
      const auto& window = Job(e.job).window;
      own.slots.push_back({.start = e.slot, .end = window ? e.slot + *window : e.slot, .due = now_, .asked = true});
      ++own.waiting;
      std::sort(own.slots.begin(), own.slots.end(), [](const Slot& a, const Slot& b) { return a.start < b.start; });
    } else if (slot->status != SlotStatus::kRunning) {
      if (slot->status == SlotStatus::kParked) Wait(own, *slot);
      slot->failures = slot->doubts = 0;
      slot->not_before = Timestamp();
      slot->asked = true;
    }
  }

  void On(const event::BackfillRange& e) {
    JobState& own = Own(e.job);
    const Timestamp to = std::min(e.to, own.through);
    if (!Job(e.job).window || e.from >= to) return;
    own.backfills.push_back({e.from, to, e.replace});
    own.changed = true;
  }

  // Limits and deadlines that pass, and the next that will.
  void Watch() {
    for (size_t j = 0; j < timetable_.jobs.size(); ++j) {
      const ScheduledJob& job = timetable_.jobs[j];
      JobState& own = state_.jobs[j];
      if (own.next_firing) WakeAt(*own.next_firing);
      if (own.waiting + own.running == 0) continue;
      for (Slot& slot : own.slots) {
        if (slot.status == SlotStatus::kParked) continue;
        if (slot.status == SlotStatus::kRunning && job.attempt_limit.count() > 0 && !slot.stopping) {
          if (now_ - slot.began >= job.attempt_limit) {
            slot.stopping = slot.over_limit = own.changed = true;
            out_.actions.push_back(
                action::Stop{static_cast<int>(j), slot.start, "took longer than " + FormatDuration(job.attempt_limit)});
          } else {
            WakeAt(slot.began + job.attempt_limit);
          }
        }
        if (slot.status == SlotStatus::kWaiting) WakeAt(slot.not_before);
        if (slot.told_late) continue;
        const Timestamp deadline = Deadline(job, slot);
        if (now_ > deadline) {
          slot.told_late = own.changed = true;
          Tell(static_cast<int>(j), slot.start, action::Notice::kLate,
               fmt::format("due {}, promised within {}", FormatTimestamp(slot.due), FormatDuration(job.sla)));
        } else if (deadline != Timestamp::max()) {
          WakeAt(deadline + Micros(1));
        }
      }
    }
  }

  void WakeAt(Timestamp t) {
    if (t > now_) out_.wake = std::min(out_.wake, t);
  }

  const Timetable& timetable_;
  State& state_;
  Timestamp now_;
  StepResult out_;
};

}  // namespace

int Timetable::Find(std::string_view job) const {
  for (size_t j = 0; j < jobs.size(); ++j) {
    if (jobs[j].name == job) return static_cast<int>(j);
  }
  return -1;
}

StepResult Step(const Timetable& timetable, State& state, const Event& event, Timestamp now) {
  state.jobs.resize(timetable.jobs.size());
  return Stepper(timetable, state, now).Run(event);
}

std::string_view Name(action::Notice notice) {
  constexpr std::string_view kNames[] = {"done", "retry", "parked", "late", "skipped", "preempted"};
  return kNames[static_cast<size_t>(notice)];
}

std::string SlotText(const Slot& slot) {
  return slot.windowed() ? job::WindowText(slot.window()) : FormatTimestamp(slot.start);
}

Micros Expected(const ScheduledJob& job, const JobState& state) {
  return state.expected_s > 0 ? Micros(static_cast<int64_t>(state.expected_s * 1e6)) : job.expected;
}

Timestamp Deadline(const ScheduledJob& job, const Slot& slot) {
  // Nobody was promised when the past would be done again.
  if (job.sla.count() == 0 || slot.kind == SlotKind::kBackfill) return Timestamp::max();
  return slot.due + job.sla;
}

}  // namespace tidemill::scheduler
