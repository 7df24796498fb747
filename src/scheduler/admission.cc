#include "scheduler/admission.h"

#include <algorithm>
#include <tuple>

#include "scheduler/firing.h"

namespace tidemill::scheduler {
namespace {

using std::chrono::hours;

// Having waited so long a slot counts as one of the next higher class, and what it needs is kept free for it.
constexpr Micros kPatience[] = {hours(1), hours(12), hours(36)};
// A run that ends by then ends inside its hours, unless it waited for a day.
constexpr Micros kShortRun = hours(8);
constexpr Micros kLongWait = hours(24);
constexpr int kMostPreemptions = 3;

struct Need {
  int64_t memory_bytes = 0;
  int threads = 0;
  double dollars_per_hour = 0;
};

struct Candidate {
  int job = 0;
  Slot* slot = nullptr;
  int64_t rank = 0;  // of its class, less what it waited
  bool impatient = false;
  Timestamp latest_begin{};  // the less slack the earlier
  auto Order() const { return std::tuple(!slot->asked, rank, latest_begin, slot->due, job, slot->start); }
};

class Admission {
 public:
  Admission(const Timetable& timetable, State& state, Timestamp now, std::vector<Action>& actions)
      : timetable_(timetable),
        state_(state),
        now_(now),
        actions_(actions),
        period_(PeriodAt(timetable.calendar, now)),
        used_resources_(timetable.capacity.resources.size()) {}

  Timestamp Run() {
    Gather();
    if (candidates_.empty()) return Timestamp::max();
    std::sort(candidates_.begin(), candidates_.end(),
              [](const Candidate& a, const Candidate& b) { return a.Order() < b.Order(); });
    for (const Candidate& candidate : candidates_) Try(candidate);
    return blocked_by_hours_ ? NextHour(timetable_.calendar, now_) : Timestamp::max();
  }

 private:
  const ScheduledJob& Job(int job) const { return timetable_.jobs[static_cast<size_t>(job)]; }

  Need NeedOf(int job, const Slot& slot) const {
    return {MemoryOf(timetable_, job, slot), std::min(Job(job).threads, timetable_.capacity.threads),
            Job(job).dollars_per_hour};
  }

  void Use(const Need& need) {
    used_.memory_bytes += need.memory_bytes;
    used_.threads += need.threads;
    used_.dollars_per_hour += need.dollars_per_hour;
  }

  void Gather() {
    for (size_t j = 0; j < state_.jobs.size(); ++j) {
      JobState& own = state_.jobs[j];
      const auto index = static_cast<int>(j);
      if (own.running > 0) {
        for (Slot& slot : own.slots) {
          if (slot.status == SlotStatus::kRunning) Take(index, slot);
        }
      }
      if (own.waiting > 0) GatherOf(index, own);
    }
  }

  void Take(int job, Slot& slot) {
    Use(NeedOf(job, slot));
    for (const auto& [resource, count] : Job(job).resources) used_resources_[static_cast<size_t>(resource)] += count;
    running_.push_back({job, &slot});
  }

  // The windows of a job that its order lets begin.
  void GatherOf(int index, JobState& own) {
    const ScheduledJob& job = Job(index);
    int free[] = {job.at_once, job.backfill_at_once};
    for (const Slot& slot : own.slots) {
      if (slot.status == SlotStatus::kRunning) --free[static_cast<size_t>(slot.kind)];
    }
    for (Slot& slot : own.slots) {
      if (slot.status != SlotStatus::kWaiting || (own.paused && !slot.asked)) continue;
      int& left = free[static_cast<size_t>(slot.kind)];
      if (!slot.asked && left <= 0) continue;
      const bool in_order = slot.kind == SlotKind::kRegular && job.at_once == 1;
      if (slot.not_before <= now_ && (slot.asked || OthersAreDone(timetable_, state_, index, slot))) {
        Offer(index, own, slot);
        --left;
      } else if (in_order) {
        left = 0;
      }
    }
  }

  void Offer(int index, const JobState& own, Slot& slot) {
    const auto job_class = static_cast<size_t>(Job(index).job_class);
    const Micros waited = now_ - slot.due;
    Candidate candidate{index, &slot};
    const int64_t steps = slot.kind == SlotKind::kBackfill ? 0 : waited / kPatience[job_class];
    candidate.rank = static_cast<int64_t>(job_class) * 2 + (slot.kind == SlotKind::kBackfill ? 1 : 0) - 2 * steps;
    if (job_class > 0) candidate.rank = std::max<int64_t>(candidate.rank, 1);  // never before a critical one
    candidate.impatient = job_class > 0 && steps > 0;
    const Timestamp deadline = Deadline(Job(index), slot);
    candidate.latest_begin = deadline == Timestamp::max() ? deadline : deadline - Expected(Job(index), own);
    candidates_.push_back(candidate);
  }

  bool InHours(const Candidate& candidate) {
    const auto share = static_cast<size_t>(ShareOf(Job(candidate.job).job_class, Backfilling(candidate)));
    if (period_.shares[share] <= 0) return false;
    const Micros expected = Expected(Job(candidate.job), state_.jobs[static_cast<size_t>(candidate.job)]);
    if (expected > kShortRun || now_ - candidate.slot->due > kLongWait) return true;
    return PeriodAt(timetable_.calendar, now_ + expected).shares[share] > 0;
  }

  static bool Backfilling(const Candidate& candidate) { return candidate.slot->kind == SlotKind::kBackfill; }

  double ShareNow(const Candidate& candidate) const {
    if (candidate.slot->asked) return 1;
    return period_.shares[static_cast<size_t>(ShareOf(Job(candidate.job).job_class, Backfilling(candidate)))];
  }

  // With `room` of what is in use given back first.
  bool Fits(const Candidate& candidate, const Need& need, const Need& room) const {
    const Capacity& all = timetable_.capacity;
    const double share = ShareNow(candidate);
    const auto within = [&](double used, double back, double more, double limit) {
      return std::max(used - back, 0.0) + more <= share * limit * (1 + 1e-9);
    };
    const bool dollars = all.dollars_per_hour <= 0 || within(used_.dollars_per_hour, room.dollars_per_hour,
                                                             need.dollars_per_hour, all.dollars_per_hour);
    // A run that has all to itself may take more than its share, but never more dollars than there are.
    if (running_.empty() && !held_) {
      return all.dollars_per_hour <= 0 || need.dollars_per_hour <= all.dollars_per_hour * (1 + 1e-9);
    }
    return dollars &&
           within(static_cast<double>(used_.memory_bytes), static_cast<double>(room.memory_bytes),
                  static_cast<double>(need.memory_bytes), static_cast<double>(all.memory_bytes)) &&
           within(used_.threads, room.threads, need.threads, all.threads);
  }

  bool IsFree(const Candidate& candidate) const {
    const ScheduledJob& job = Job(candidate.job);
    for (const auto& [resource, count] : job.resources) {
      const auto r = static_cast<size_t>(resource);
      if (used_resources_[r] + count > timetable_.capacity.resources[r].count) return false;
    }
    return std::none_of(running_.begin(), running_.end(), [&](const auto& other) {
      return SharePartition(job, *candidate.slot, Job(other.first), *other.second);
    });
  }

  void Try(const Candidate& candidate) {
    if (!candidate.slot->asked && !InHours(candidate)) {
      blocked_by_hours_ = true;
      return;
    }
    if (!IsFree(candidate)) return;
    const Need need = NeedOf(candidate.job, *candidate.slot);
    if (Fits(candidate, need, {})) return Start(candidate, need);
    blocked_by_hours_ = blocked_by_hours_ || ShareNow(candidate) < 1;
    if (Job(candidate.job).job_class == job::JobClass::kCritical) Preempt(candidate, need);
    if (candidate.impatient && !held_) {
      held_ = true;
      Use(need);
    }
  }

  void Start(const Candidate& candidate, const Need& need) {
    Slot& slot = *candidate.slot;
    JobState& own = state_.jobs[static_cast<size_t>(candidate.job)];
    slot.status = SlotStatus::kRunning;
    slot.began = now_;
    ++slot.starts;
    ++own.running;
    --own.waiting;
    own.changed = true;
    Take(candidate.job, slot);
    actions_.push_back(action::Start{candidate.job, slot, need.memory_bytes, need.threads});
  }

  // Stops the youngest development runs whose room is enough; none when all of them were not.
  void Preempt(const Candidate& candidate, const Need& need) {
    Need room;
    std::vector<std::pair<int, Slot*>> victims;
    const auto add = [&](int job, const Slot& slot) {
      const Need back = NeedOf(job, slot);
      room.memory_bytes += back.memory_bytes;
      room.threads += back.threads;
      room.dollars_per_hour += back.dollars_per_hour;
    };
    for (const auto& [job, slot] : running_) {
      if (slot->stopping) {
        add(job, *slot);
      } else if (Job(job).job_class == job::JobClass::kDevelopment && slot->preemptions < kMostPreemptions) {
        victims.push_back({job, slot});
      }
    }
    if (Fits(candidate, need, room)) return;  // room is being made already
    std::sort(victims.begin(), victims.end(), [](const auto& a, const auto& b) {
      return std::tuple(b.second->began, b.first, b.second->start) <
             std::tuple(a.second->began, a.first, a.second->start);
    });
    size_t enough = 0;
    while (enough < victims.size() && !Fits(candidate, need, room)) {
      add(victims[enough].first, *victims[enough].second);
      ++enough;
    }
    if (!Fits(candidate, need, room)) return;
    for (size_t i = 0; i < enough; ++i) {
      const auto& [job, slot] = victims[i];
      slot->stopping = true;
      state_.jobs[static_cast<size_t>(job)].changed = true;
      const std::string why = "makes room for " + Job(candidate.job).name;
      actions_.push_back(action::Stop{job, slot->start, why});
      actions_.push_back(action::Tell{job, slot->start, action::Notice::kPreempted, why});
    }
  }

  const Timetable& timetable_;
  State& state_;
  Timestamp now_;
  std::vector<Action>& actions_;
  const Period& period_;
  Need used_;
  std::vector<int> used_resources_;
  std::vector<std::pair<int, Slot*>> running_;
  std::vector<Candidate> candidates_;
  bool held_ = false;
  bool blocked_by_hours_ = false;
};

// The number of the partition that holds an instant, by local clocks.
int64_t PartitionOf(const ScheduledJob& job, Timestamp t) {
  using namespace std::chrono;
  const LocalTime local = job.partition_zone.ToLocal(t);
  const year_month_day date(floor<days>(local));
  switch (job.partition) {
    case Partition::kTable:
      return 0;
    case Partition::kYear:
      return static_cast<int>(date.year());
    case Partition::kMonth:
      return int64_t{static_cast<int>(date.year())} * 12 + static_cast<unsigned>(date.month());
    case Partition::kDay:
      return floor<days>(local).time_since_epoch().count();
    case Partition::kHour:
      return floor<std::chrono::hours>(local).time_since_epoch().count();
  }
  return 0;
}

}  // namespace

Timestamp Admit(const Timetable& timetable, State& state, Timestamp now, std::vector<Action>& actions) {
  return Admission(timetable, state, now, actions).Run();
}

int64_t MemoryOf(const Timetable& timetable, int job, const Slot& slot) {
  const int64_t asked =
      slot.memory_bytes > 0 ? slot.memory_bytes : timetable.jobs[static_cast<size_t>(job)].memory_bytes;
  return std::min(asked, timetable.capacity.memory_bytes);
}

bool SharePartition(const ScheduledJob& one, const Slot& a, const ScheduledJob& other, const Slot& b) {
  if (one.table.empty() || one.table != other.table) return false;
  const bool cut = a.windowed() && b.windowed() && one.partition == other.partition &&
                   one.partition != Partition::kTable && one.partition_zone.name() == other.partition_zone.name();
  if (!cut) return true;
  return PartitionOf(one, a.start) <= PartitionOf(other, b.end - Micros(1)) &&
         PartitionOf(other, b.start) <= PartitionOf(one, a.end - Micros(1));
}

}  // namespace tidemill::scheduler
