#include "scheduler/simulation.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <queue>
#include <set>
#include <tuple>

#include "scheduler/admission.h"
#include "scheduler/firing.h"
#include "scheduler/verdict.h"

namespace tidemill::scheduler {
namespace {

using job::Outcome;

struct Process {
  size_t attempt = 0;  // in Simulation::attempts
  Timestamp ends{};
  Outcome outcome = Outcome::kCommitted;
  ErrorKind kind = ErrorKind::kInternal;
  std::string message;
  bool commits = false;
  bool seen = true;  // false: its parent is dead, and nobody will learn how it ended
};

using Key = std::pair<int, Timestamp>;

struct Arrival {
  Timestamp at{};
  int64_t number = 0;
  Key key;
  bool operator>(const Arrival& other) const { return std::tie(at, number) > std::tie(other.at, other.number); }
};

class Simulator {
 public:
  Simulator(const Timetable& timetable, const World& world) : timetable_(timetable), world_(world) {
    for (const auto& [names, marks] :
         {std::pair(&world.faults.poisoned, &poisoned_), std::pair(&world.faults.skewed, &skewed_),
          std::pair(&world.faults.over_budget, &over_budget_)}) {
      for (const auto& name : *names) marks->insert(timetable.Find(name));
    }
    for (int i = 0; i < world.kills; ++i) {
      const auto span = static_cast<uint64_t>((world.to - world.from).count());
      kills_.push_back(world.from + Micros(static_cast<int64_t>(Random(1, static_cast<uint64_t>(i)) % span)));
    }
    std::sort(kills_.begin(), kills_.end());
  }

  Simulation Run() {
    Timestamp now = world_.from;
    size_t kill = 0;
    Timestamp wake = Act(event::Tick{}, now);
    while (out_.violations.size() < world_.most_violations) {
      Timestamp next = std::min(wake, ends_.empty() ? Timestamp::max() : ends_.top().at);
      if (kill < kills_.size() && kills_[kill] <= next) {
        now = std::max(now, kills_[kill]);
        if (now >= world_.to) break;
        now = KillDaemon(now, kill++, wake);
        continue;
      }
      if (next >= world_.to) break;
      now = std::max(now, next);
      if (!ends_.empty() && ends_.top().at <= now) {
        const Key key = ends_.top().key;
        const Timestamp at = ends_.top().at;
        ends_.pop();
        const auto found = processes_.find(key);
        if (found == processes_.end() || found->second.ends != at) continue;
        wake = Act(End(found), now);
      } else {
        wake = Act(event::Tick{}, now);
      }
    }
    (void)Act(event::Tick{}, now);  // a daemon that died last may have left firings behind
    for (auto& attempt : out_.attempts) {
      if (attempt.over) continue;
      attempt.ended = world_.to;
      Charge(attempt);
    }
    CheckNothingIsLost(now);
    out_.windows_done = static_cast<int64_t>(committed_.size());
    out_.state = std::move(state_);
    return std::move(out_);
  }

 private:
  const ScheduledJob& Job(int job) const { return timetable_.jobs[static_cast<size_t>(job)]; }

  uint64_t Random(uint64_t what, uint64_t which) const { return Mix(Mix(world_.seed ^ what << 56) ^ which); }
  double Chance(uint64_t what, int job, const Slot& slot) const {
    const uint64_t which = Mix(static_cast<uint64_t>(slot.start.time_since_epoch().count())) ^
                           Mix(static_cast<uint64_t>(job) << 20 | static_cast<uint64_t>(slot.starts));
    return static_cast<double>(Random(what, which) >> 11) * 0x1p-53;
  }

  void Violation(Timestamp now, int job, const Slot& slot, const std::string& what) {
    out_.violations.push_back(fmt::format("{}: {} {}: {}", FormatTimestamp(now), Job(job).name, SlotText(slot), what));
  }

  Timestamp Act(const Event& event, Timestamp now) {
    StepResult result = Step(timetable_, state_, event, now);
    ++out_.steps;
    for (const Action& action : result.actions) std::visit([&](const auto& a) { Do(a, now); }, action);
    return result.wake;
  }

  void Do(const action::Tell& tell, Timestamp now) {
    if (tell.notice == action::Notice::kDone) told_done_.insert({tell.job, tell.slot});
    out_.notices.push_back({now, tell});
  }

  void Do(const action::Stop& stop, Timestamp now) { StopProcess({stop.job, stop.slot}, now); }

  void StopProcess(const Key& key, Timestamp now) {
    const auto found = processes_.find(key);
    if (found == processes_.end()) return;
    Process& process = found->second;
    const Timestamp stopped = now + std::chrono::seconds(5);
    if (process.ends <= stopped) return;  // it is committing
    process.ends = stopped;
    process.outcome = Outcome::kCancelled;
    process.message = "stopped";
    process.commits = false;
    ends_.push({stopped, ++number_, key});
  }

  void Do(const action::Start& start, Timestamp now) {
    CheckStart(start, now);
    Process process = Fate(start, now);
    SimulatedAttempt attempt;
    attempt.job = start.job;
    attempt.slot = start.slot;
    attempt.began = now;
    attempt.place = start.slot.on_spark || Job(start.job).engine == "spark" ? "spark" : "native";
    attempt.memory_bytes = start.memory_bytes;
    attempt.threads = start.threads;
    process.attempt = out_.attempts.size();
    if (start.slot.starts == 1) {
      auto& longest = out_.longest_wait[static_cast<size_t>(Job(start.job).job_class)];
      if (start.slot.kind == SlotKind::kRegular) longest = std::max(longest, Micros(now - start.slot.due));
    }
    out_.attempts.push_back(std::move(attempt));
    const Key key{start.job, start.slot.start};
    ends_.push({process.ends, ++number_, key});
    processes_[key] = std::move(process);
  }

  // How the attempt will go, by its identity and the seed alone.
  Process Fate(const action::Start& start, Timestamp now) const {
    const Slot& slot = start.slot;
    const ScheduledJob& job = Job(start.job);
    const Faults& faults = world_.faults;
    Process process;
    double factor = 0.7 + 0.6 * Chance(2, start.job, slot);
    if (Chance(3, start.job, slot) < faults.slow) factor *= 4;
    const double luck = Chance(4, start.job, slot);
    const auto fails = [&](Outcome outcome, ErrorKind kind, const char* message, double when) {
      process.outcome = outcome;
      process.kind = kind;
      process.message = message;
      factor *= when;
    };
    const bool poison = poisoned_.contains(start.job) &&
                        Random(5, static_cast<uint64_t>(slot.start.time_since_epoch().count() / 1'000'000)) % 4 == 0;
    if (committed_.contains({start.job, slot.start}) && !slot.replace) {
      fails(Outcome::kAlreadyCommitted, ErrorKind::kInternal, "committed already", 0.05);
    } else if (over_budget_.contains(start.job)) {
      fails(Outcome::kRefused, ErrorKind::kFailedPrecondition, "the quote is above the budget", 0.01);
    } else if (poison) {
      fails(Outcome::kChecksFailed, ErrorKind::kInternal, "too many bad rows", 0.9);
    } else if (skewed_.contains(start.job) && start.memory_bytes < 2 * job.memory_bytes && !slot.on_spark) {
      fails(Outcome::kFailed, ErrorKind::kResourceExhausted, "one key needs more memory", 0.5);
    } else if (luck < faults.transient) {
      fails(Outcome::kFailed, ErrorKind::kUnavailable, "the storage did not answer", 0.3);
    } else if (luck < faults.transient + faults.lost) {
      fails(Outcome::kUnknown, ErrorKind::kInternal, "its end was not seen", 1);
      process.commits = Chance(6, start.job, slot) < 0.5;
    } else if (luck < faults.transient + faults.lost + faults.memory) {
      fails(Outcome::kFailed, ErrorKind::kResourceExhausted, "out of memory", 0.6);
    } else {
      process.commits = true;
    }
    const auto micros = static_cast<int64_t>(static_cast<double>(job.expected.count()) * factor);
    process.ends = now + Micros(std::max<int64_t>(micros, 1'000'000));
    return process;
  }

  event::Ended End(std::map<Key, Process>::iterator found) {
    const Key key = found->first;
    const Process process = std::move(found->second);
    processes_.erase(found);
    if (process.commits) committed_.insert(key);
    auto& attempt = out_.attempts[process.attempt];
    attempt.ended = process.ends;
    attempt.over = true;
    attempt.outcome = process.seen ? process.outcome : Outcome::kUnknown;
    attempt.kind = process.kind;
    Charge(attempt);
    return {key.first, key.second, attempt.outcome, process.kind, process.message, process.ends - attempt.began};
  }

  void Charge(SimulatedAttempt& attempt) {
    const Micros took = attempt.ended - attempt.began;
    const double hours = static_cast<double>(took.count()) / 3.6e9;
    attempt.dollars = Job(attempt.job).dollars_per_hour * hours;
    const auto part = [&](double used, double all) {
      return Micros(static_cast<int64_t>(static_cast<double>(took.count()) * used / all));
    };
    out_.memory_use +=
        part(static_cast<double>(attempt.memory_bytes), static_cast<double>(timetable_.capacity.memory_bytes));
    out_.thread_use += part(attempt.threads, timetable_.capacity.threads);
  }

  // kill -9 between two steps, or between the storing of a step's state and its actions; then somebody takes over.
  Timestamp KillDaemon(Timestamp now, size_t kill, Timestamp& wake) {
    const uint64_t dice = Random(7, kill);
    if (dice % 2 == 0) (void)Step(timetable_, state_, event::Tick{}, now);  // stored; its actions never happen
    State stored;
    for (const JobState& own : state_.jobs) {
      auto read = JobStateFromJson(ToJson(own));
      if (!read.ok()) {
        out_.violations.push_back(read.error().message);
        continue;
      }
      stored.jobs.push_back(*std::move(read));
    }
    state_ = std::move(stored);
    const bool all_die = dice / 2 % 3 == 0;
    const bool long_pause = dice / 8 % 4 == 0;
    now += long_pause ? Micros(static_cast<int64_t>(dice % 3'600'000'000ULL))
                      : Micros(static_cast<int64_t>(dice % 10'000'000ULL));
    for (auto at = processes_.begin(); at != processes_.end();) {
      auto next = std::next(at);
      at->second.seen = false;
      if (all_die && at->second.ends > now) {
        // The last instants decide whether its commit was in the log already.
        at->second.commits = at->second.commits && Random(8, kill ^ at->second.attempt) % 4 == 0;
        at->second.ends = now;
      }
      if (at->second.ends <= now) (void)End(at);
      at = next;
    }
    // The new leader looks at what is said to run.
    wake = now;
    for (size_t j = 0; j < state_.jobs.size(); ++j) {
      std::vector<std::pair<Timestamp, bool>> running;
      for (const Slot& slot : state_.jobs[j].slots) {
        if (slot.status == SlotStatus::kRunning) running.push_back({slot.start, slot.stopping});
      }
      for (const auto& [slot, stopping] : running) {
        const Key key{static_cast<int>(j), slot};
        if (!processes_.contains(key)) {
          wake = Act(event::Ended{key.first, slot, Outcome::kUnknown, ErrorKind::kInternal, "nobody saw its end", {}},
                     now);
        } else if (stopping) {
          StopProcess(key, now);
        }
      }
    }
    return now;
  }

  void CheckStart(const action::Start& start, Timestamp now) {
    const ScheduledJob& job = Job(start.job);
    const Slot& slot = start.slot;
    const Key key{start.job, slot.start};
    if (processes_.contains(key)) Violation(now, start.job, slot, "runs twice at once");
    if (!slot.replace && told_done_.contains(key)) Violation(now, start.job, slot, "begins although it was done");
    if (committed_.contains(key) && slot.doubts == 0 && !slot.replace) {
      Violation(now, start.job, slot, "begins without doubt although it is committed");
    }
    int64_t memory = start.memory_bytes;
    int threads = start.threads, same_job = 1;
    double dollars = job.dollars_per_hour;
    for (const auto& [other, process] : processes_) {
      const auto& attempt = out_.attempts[process.attempt];
      memory += attempt.memory_bytes;
      threads += attempt.threads;
      dollars += Job(other.first).dollars_per_hour;
      same_job += other.first == start.job && attempt.slot.kind == slot.kind ? 1 : 0;
      if (SharePartition(job, slot, Job(other.first), attempt.slot)) {
        Violation(now, start.job, slot, "writes a partition that " + Job(other.first).name + " is writing");
      }
    }
    const Capacity& all = timetable_.capacity;
    if (memory > all.memory_bytes || threads > all.threads) Violation(now, start.job, slot, "is over the capacity");
    if (all.dollars_per_hour > 0 && dollars > all.dollars_per_hour * 1.000001) {
      Violation(now, start.job, slot, "costs more an hour than there is");
    }
    if (same_job > (slot.kind == SlotKind::kBackfill ? job.backfill_at_once : job.at_once) && !slot.asked) {
      Violation(now, start.job, slot, "has too many beside it");
    }
    const auto share = static_cast<size_t>(ShareOf(job.job_class, slot.kind == SlotKind::kBackfill));
    if (PeriodAt(timetable_.calendar, now).shares[share] <= 0) {
      Violation(now, start.job, slot, "begins outside its hours");
    }
    for (const int other : job.after) {
      if (!Job(other).window || !job.window) continue;
      for (Timestamp w = slot.start; w < slot.end; w += *Job(other).window) {
        if (!committed_.contains({other, w})) Violation(now, start.job, slot, "begins before " + Job(other).name);
      }
    }
  }

  // Every window up to the last firing is in the table, or still open.
  void CheckNothingIsLost(Timestamp now) {
    for (size_t j = 0; j < timetable_.jobs.size() && j < state_.jobs.size(); ++j) {
      const ScheduledJob& job = timetable_.jobs[j];
      JobState& own = state_.jobs[j];
      if (!job.window || job.catch_up != job::CatchUp::kAll || !job.start) continue;
      if (job.trigger != Trigger::kCron && job.trigger != Trigger::kInterval) continue;
      Timestamp first = *job.start, last = first;
      for (auto firing = NextFiringOf(job, first - Micros(1)); firing && *firing <= now;
           firing = NextFiringOf(job, *firing)) {
        last = *firing - job.delay;
      }
      if (job.end) last = std::min(last, *job.end);
      Slot missing;
      if (own.through + *job.window <= last && own.slots.size() < 1000) {
        missing.start = own.through;
        missing.end = own.through + *job.window;
        Violation(now, static_cast<int>(j), missing, "never became due");
      }
      for (Timestamp w = first; w + *job.window <= own.through; w += *job.window) {
        if (committed_.contains({static_cast<int>(j), w}) || own.Find(w) != nullptr) continue;
        missing.start = w;
        missing.end = w + *job.window;
        Violation(now, static_cast<int>(j), missing, "is lost");
      }
    }
  }

  const Timetable& timetable_;
  const World& world_;
  State state_;
  Simulation out_;
  std::set<int> poisoned_, skewed_, over_budget_;
  std::vector<Timestamp> kills_;
  std::map<Key, Process> processes_;
  std::set<Key> committed_;
  std::set<Key> told_done_;
  std::priority_queue<Arrival, std::vector<Arrival>, std::greater<>> ends_;
  int64_t number_ = 0;
};

}  // namespace

Simulation Simulate(const Timetable& timetable, const World& world) { return Simulator(timetable, world).Run(); }

}  // namespace tidemill::scheduler
