#include "advisor/eventlog/model.h"

#include <algorithm>
#include <functional>
#include <numeric>
#include <queue>
#include <tuple>

namespace tidemill::advisor::eventlog {
namespace {

constexpr double kNear = 0.002;         // times are whole milliseconds: what is nearer was at once
constexpr int64_t kSpreadTasks = 8;     // tasks a slot from which on the pause between two tasks can be told
constexpr double kMostDispatch = 0.05;  // seconds between two tasks of a slot that are Spark's own doing

// One stage of the new timetable.
struct Work {
  const Stage* stage = nullptr;
  std::vector<double> tasks;
  size_t next = 0;
  size_t running = 0;
  size_t waits_for = 0;  // predecessors not ended
  double pause = 0;      // between the last predecessor's end and the first launch
  double tail = 0;       // between the last task and the stage's end
  std::vector<size_t> followers;
};

// Tasks one after another in a spread order: neighbours of a distribution are not neighbours in time. The slowest one
// lies where it was.
std::vector<double> InOrder(const Stage& stage) {
  std::vector<double> sorted;
  sorted.reserve(static_cast<size_t>(stage.seconds.count()));
  double sum = 0;
  for (const auto& [seconds, count] : stage.seconds.Buckets()) {
    sorted.insert(sorted.end(), static_cast<size_t>(count), seconds);
    sum += seconds * static_cast<double>(count);
  }
  if (sorted.empty()) return sorted;
  const double scale = sum > 0 ? stage.seconds.sum() / sum : 1;
  for (double& seconds : sorted) seconds *= scale;
  const size_t count = sorted.size();
  size_t step = std::max<size_t>(1, static_cast<size_t>(static_cast<double>(count) * 0.618));
  while (std::gcd(step, count) != 1) ++step;
  std::vector<double> out(count);
  for (size_t i = 0, at = 0; i < count; ++i, at = (at + step) % count) out[i] = sorted[at];
  const auto largest = std::ranges::max_element(out);
  const size_t place = std::min(static_cast<size_t>(std::max<int64_t>(stage.slowest_index, 0)), count - 1);
  *largest = std::max(*largest, stage.seconds.largest());
  std::swap(*largest, out[place]);
  // What failed and was killed took slots too.
  const double lost = stage.sums.failed_seconds + stage.sums.killed_seconds;
  const int64_t losers = stage.sums.failed + stage.sums.killed;
  for (int64_t i = 0; i < losers; ++i) out.push_back(lost / static_cast<double>(losers));
  return out;
}

class Timetable {
 public:
  Timetable(const Log& log, const Change& change) : log_(log), change_(change) {}

  Modelled Run() {
    Slots();
    Stages();
    double end = log_.jobs.empty() ? log_.ended : 0;
    for (size_t i = 0; i < works_.size(); ++i) {
      if (works_[i].waits_for == 0) events_.emplace(works_[i].pause, kReady, i);
    }
    while (!events_.empty()) {
      const auto [time, kind, which] = events_.top();
      events_.pop();
      if (kind == kSlot) {
        free_ += static_cast<int64_t>(which);
      } else if (kind == kGone) {
        free_ -= static_cast<int64_t>(which);
      } else if (kind == kReady) {
        if (works_[which].tasks.empty()) {
          events_.emplace(time, kEnded, which);
        } else {
          ready_.push(which);
        }
      } else if (kind == kTask) {
        ++free_;
        Work& work = works_[which];
        if (--work.running == 0 && work.next == work.tasks.size()) events_.emplace(time + work.tail, kEnded, which);
      } else {
        end = std::max(end, time);
        for (const size_t follower : works_[which].followers) {
          if (--works_[follower].waits_for == 0) events_.emplace(time + works_[follower].pause, kReady, follower);
        }
      }
      Launch(time);
    }
    return {end + Tail(), task_seconds_};
  }

 private:
  // Of one moment: slots first, then ends, then what they make ready.
  enum Kind { kSlot, kGone, kTask, kEnded, kReady };

  void Slots() {
    double first = log_.ended;
    for (const auto& executor : log_.executors) first = std::min(first, std::max(executor.added, 0.0));
    if (change_.slots > 0) {
      events_.emplace(first, kSlot, static_cast<size_t>(change_.slots));
      return;
    }
    double last_finish = 0;
    for (const auto& stage : log_.stages) last_finish = std::max(last_finish, stage.last_finish);
    bool any = false;
    for (const auto& executor : log_.executors) {
      if (executor.tasks == 0) continue;
      any = true;
      events_.emplace(std::max(executor.added, 0.0), kSlot, static_cast<size_t>(executor.cores));
      // The last ones go when there is no more to do, however long that takes here.
      if (executor.removed >= 0 && executor.removed < last_finish) {
        events_.emplace(executor.removed, kGone, static_cast<size_t>(executor.cores));
      }
    }
    if (!any) events_.emplace(0, kSlot, 1);
  }

  void Stages() {
    for (const auto& stage : log_.stages) {
      if (stage.sums.tasks > 0 && stage.first_launch >= 0) works_.push_back({.stage = &stage});
    }
    std::ranges::sort(works_, {}, [](const Work& work) { return std::pair(work.stage->submitted, work.stage->id); });
    // A stage waits for its parents, and for whatever ended last before the log submitted it: a stage of the same job,
    // or the job before, after which the driver went on. Stages that ran at once still do.
    std::vector<size_t> by_end(works_.size());
    std::iota(by_end.begin(), by_end.end(), size_t{0});
    std::ranges::sort(by_end, {}, [&](size_t i) { return EndOf(*works_[i].stage); });
    std::vector<double> ends;
    for (const size_t i : by_end) ends.push_back(EndOf(*works_[i].stage));
    for (size_t i = 0; i < works_.size(); ++i) {
      Work& work = works_[i];
      const Stage& stage = *work.stage;
      double before = 0;
      // The last few that ended: the newest decides, but tasks that follow other shapes may reorder the others.
      constexpr size_t kLookBack = 4;
      const auto behind = std::ranges::upper_bound(ends, stage.submitted + kNear) - ends.begin();
      for (auto at = behind; at > 0 && behind - at < static_cast<std::ptrdiff_t>(kLookBack); --at) {
        const size_t other = by_end[static_cast<size_t>(at - 1)];
        if (other == i || works_[other].stage->submitted >= stage.submitted) continue;
        before = std::max(before, EndOf(*works_[other].stage));
        works_[other].followers.push_back(i);
        ++work.waits_for;
      }
      work.pause = std::max(0.0, stage.submitted - before);
      work.tail = std::max(0.0, EndOf(stage) - stage.last_finish);
      Fill(work);
    }
  }

  static double EndOf(const Stage& stage) { return stage.completed >= 0 ? stage.completed : stage.last_finish; }

  void Fill(Work& work) {
    const Stage& stage = *work.stage;
    const double dispatch = Dispatch(stage);
    if (const auto changed = change_.stages.find(&stage); changed != change_.stages.end()) {
      work.tasks.assign(static_cast<size_t>(std::max<int64_t>(changed->second.count, 1)), changed->second.seconds);
    } else {
      work.tasks = InOrder(stage);
    }
    // A launch waits for the scheduler: until the first, and between two of one slot.
    if (!work.tasks.empty()) work.pause += FirstWait(stage);
    for (double& seconds : work.tasks) {
      task_seconds_ += seconds;
      seconds = std::max(0.0, seconds + dispatch);
    }
  }

  // A first wave that waited for executors is the slots' doing.
  double FirstWait(const Stage& stage) const {
    double first_slot = log_.ended;
    for (const auto& executor : log_.executors) {
      if (executor.tasks > 0) first_slot = std::min(first_slot, executor.added);
    }
    return std::max(0.0, stage.first_launch - std::max(stage.submitted, first_slot));
  }

  // The pause between two tasks of a slot, where a stage alone kept all slots busy. Below zero: the driver noticed
  // their ends late, when their slots had the next ones already.
  double Dispatch(const Stage& stage) const {
    const int slots = log_.slots();
    if (stage.sums.tasks < kSpreadTasks * slots) return 0;
    for (const auto& other : log_.stages) {
      if (&other != &stage && other.submitted < stage.completed && other.completed > stage.submitted) return 0;
    }
    const double idle = slots * (stage.last_finish - stage.first_launch) - stage.seconds.sum();
    return std::clamp(idle / static_cast<double>(stage.sums.tasks), -0.5 * stage.seconds.mean(), kMostDispatch);
  }

  void Launch(double now) {
    while (free_ > 0 && !ready_.empty()) {
      const size_t which = ready_.top();
      Work& work = works_[which];
      if (work.next == work.tasks.size()) {
        ready_.pop();
        continue;
      }
      --free_;
      ++work.running;
      events_.emplace(now + work.tasks[work.next++], kTask, which);
    }
  }

  // From the last stage's end to the application's.
  double Tail() const {
    double last = 0;
    for (const auto& work : works_) last = std::max(last, EndOf(*work.stage));
    return works_.empty() ? 0 : std::max(0.0, log_.ended - last);
  }

  using Event = std::tuple<double, int, size_t>;
  const Log& log_;
  const Change& change_;
  std::vector<Work> works_;
  std::priority_queue<Event, std::vector<Event>, std::greater<>> events_;
  std::priority_queue<size_t, std::vector<size_t>, std::greater<>> ready_;  // first submitted first, as Spark's FIFO
  int64_t free_ = 0;
  double task_seconds_ = 0;
};

}  // namespace

Modelled Model(const Log& log, const Change& change) { return Timetable(log, change).Run(); }

}  // namespace tidemill::advisor::eventlog
