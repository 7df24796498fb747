#include "scheduler/driver.h"

#include <algorithm>

#include "scheduler/command.h"

namespace tidemill::scheduler {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// A leader that was silent for so long is taken for dead.
constexpr Micros kPatience = seconds(5);
constexpr Micros kLookEvery = seconds(2);

}  // namespace

Status Driver::Turn() {
  ASSIGN_OR_RETURN(const int64_t epoch, parts_.store->Lead(parts_.owner, parts_.machine_now(), kPatience));
  if (epoch == 0) {
    if (leads()) parts_.attempts->Forget();
    epoch_ = 0;
    return Ok();
  }
  if (epoch != epoch_) RETURN_IF_ERROR(TakeOver(epoch));
  std::vector<Event> events;
  job::ScheduleStore::Changes changes;
  ASSIGN_OR_RETURN(const auto commands, parts_.store->Commands());
  for (const auto& command : commands) {
    changes.handled_commands.push_back(command.id);
    auto event = CommandFromText(*parts_.timetable, command.text);
    if (event.ok()) events.push_back(*std::move(event));
  }
  GatherEnds(events);
  GatherData(events);
  events.push_back(event::Tick{});
  return Do(events, std::move(changes));
}

Status Driver::TakeOver(int64_t epoch) {
  ASSIGN_OR_RETURN(const auto stored, parts_.store->States());
  const Timetable& timetable = *parts_.timetable;
  State state;
  for (const ScheduledJob& job : timetable.jobs) {
    auto& own = state.jobs.emplace_back();
    const auto found = stored.find(job.name);
    if (found == stored.end()) continue;
    ASSIGN_OR_RETURN(own, JobStateFromJson(found->second));
  }
  parts_.attempts->Forget();
  not_begun_.clear();
  for (size_t j = 0; j < timetable.jobs.size(); ++j) {
    for (const Slot& slot : state.jobs[j].slots) {
      if (slot.status != SlotStatus::kRunning) continue;
      parts_.attempts->Adopt(timetable.jobs[j], slot);
      if (slot.stopping) parts_.attempts->Stop(timetable.jobs[j].name, slot.start);
    }
  }
  state_ = std::move(state);
  epoch_ = epoch;
  return Ok();
}

void Driver::GatherEnds(std::vector<Event>& events) {
  auto ended = parts_.attempts->Poll();
  ended.insert(ended.end(), not_begun_.begin(), not_begun_.end());
  not_begun_.clear();
  for (auto& end : ended) {
    const int job = parts_.timetable->Find(end.job);
    if (job < 0) continue;
    const Slot* slot = state_.jobs[static_cast<size_t>(job)].Find(end.slot);
    const Micros took = slot == nullptr ? Micros() : Micros(parts_.now() - slot->began);
    events.push_back(event::Ended{job, end.slot, end.outcome, end.kind, std::move(end.message), took});
  }
}

void Driver::GatherData(std::vector<Event>& events) {
  const Timestamp machine_now = parts_.machine_now();
  if (machine_now - last_look_ < kLookEvery && machine_now >= last_look_) return;
  last_look_ = machine_now;
  for (size_t j = 0; j < parts_.timetable->jobs.size(); ++j) {
    if (parts_.timetable->jobs[j].trigger != Trigger::kData) continue;
    events.push_back(event::DataSeen{static_cast<int>(j), parts_.look_at_data(static_cast<int>(j))});
  }
}

Status Driver::Do(const std::vector<Event>& events, job::ScheduleStore::Changes changes) {
  last_now_ = std::max(last_now_, parts_.now());
  std::vector<Action> actions;
  for (const Event& event : events) {
    auto result = Step(*parts_.timetable, state_, event, last_now_);
    std::move(result.actions.begin(), result.actions.end(), std::back_inserter(actions));
  }
  for (size_t j = 0; j < state_.jobs.size(); ++j) {
    if (state_.jobs[j].changed) changes.states.push_back({parts_.timetable->jobs[j].name, ToJson(state_.jobs[j])});
  }
  for (const Action& action : actions) {
    const auto* tell = std::get_if<action::Tell>(&action);
    if (tell == nullptr) continue;
    const auto& job = parts_.timetable->jobs[static_cast<size_t>(tell->job)];
    Slot slot;
    slot.start = tell->slot;
    slot.end = tell->slot + job.window.value_or(Micros());
    changes.notices.push_back({FormatTimestamp(last_now_), job.name, SlotText(slot), std::string(Name(tell->notice)),
                               tell->message, tell->began ? FormatTimestamp(*tell->began) : ""});
  }
  if (!changes.empty()) {
    if (const auto stored = parts_.store->Store(epoch_, changes); !stored.ok()) {
      // What was not stored did not happen: the next turn begins with what was.
      epoch_ = 0;
      return stored;
    }
  }
  for (auto& own : state_.jobs) own.changed = false;
  for (const auto& notice : changes.notices) parts_.tell(notice);
  for (const Action& action : actions) Act(action);
  return Ok();
}

void Driver::Act(const Action& action) {
  const auto& jobs = parts_.timetable->jobs;
  if (const auto* start = std::get_if<action::Start>(&action)) {
    const auto& job = jobs[static_cast<size_t>(start->job)];
    if (const auto begun = parts_.attempts->Begin(job, *start); !begun.ok()) {
      not_begun_.push_back(
          {job.name, start->slot.start, job::Outcome::kFailed, ErrorKind::kUnavailable, begun.error().message});
    }
  }
  if (const auto* stop = std::get_if<action::Stop>(&action)) {
    parts_.attempts->Stop(jobs[static_cast<size_t>(stop->job)].name, stop->slot);
  }
}

Status Driver::Finish(const std::function<void()>& pause, Micros patience) {
  if (!leads()) return Ok();
  const auto running = [&] {
    return std::any_of(state_.jobs.begin(), state_.jobs.end(), [](const JobState& own) { return own.running > 0; });
  };
  for (size_t j = 0; j < state_.jobs.size(); ++j) {
    for (const Slot& slot : state_.jobs[j].slots) {
      if (slot.status == SlotStatus::kRunning) parts_.attempts->Stop(parts_.timetable->jobs[j].name, slot.start);
    }
  }
  const Timestamp start = parts_.machine_now();
  while (running() && parts_.machine_now() - start < patience) {
    pause();
    std::vector<Event> events;
    GatherEnds(events);
    // No step: nothing new may start. What ended in the meantime is settled by the next leader.
    for (const Event& event : events) {
      const auto& ended = std::get<event::Ended>(event);
      JobState& own = state_.jobs[static_cast<size_t>(ended.job)];
      --own.running;
    }
  }
  const int64_t epoch = epoch_;
  epoch_ = 0;
  return parts_.store->StepDown(epoch);
}

bool Driver::idle() const {
  return leads() && std::all_of(state_.jobs.begin(), state_.jobs.end(), [&](const JobState& own) {
           return own.running + own.waiting == 0 && own.backfills.empty();
         });
}

}  // namespace tidemill::scheduler
