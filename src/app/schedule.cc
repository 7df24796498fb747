#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "app/exit_code.h"
#include "app/program.h"
#include "app/schedule_simulate.h"
#include "app/text_table.h"
#include "app/timetable_files.h"
#include "base/names.h"
#include "job/schedule_store.h"
#include "scheduler/command.h"

namespace tidemill::app {
namespace {

using std::chrono::days;
using std::chrono::hours;

// The schedule that is asked for; without one what lies here, or the example.
Result<LoadedSchedule> LoadOrExample(Program& program, const std::string& path) {
  if (!path.empty()) return LoadSchedule(program, path);
  if (program.storage->Stat(program.AbsolutePath("schedule.yaml")).ok()) return LoadSchedule(program, ".");
  std::fprintf(stderr, "there is no schedule.yaml here: this is the example, examples/night\n");
  return LoadNightExample(program);
}

// Noon of the day: a night is whole.
Timestamp NoonBefore(const scheduler::Timetable& timetable, Timestamp t) {
  const auto& zone = timetable.calendar.zone;
  const auto local = zone.ToLocal(t) - hours(12);
  return zone.FirstAt(scheduler::LocalTime(std::chrono::floor<days>(local) + hours(12)));
}

Result<Timestamp> FirstNight(Program& program, const ScheduleFlags& flags, const scheduler::Timetable& timetable) {
  if (!flags.from.empty()) return ParseTimestamp(flags.from);
  std::optional<Timestamp> first;
  for (const auto& job : timetable.jobs) {
    if (!job.start) return NoonBefore(timetable, program.clock.Now());
    const Timestamp ready = *job.start + job.window.value_or(Micros());
    first = first ? std::min(*first, ready) : ready;
  }
  return NoonBefore(timetable, *first);
}

int Simulate(Program& program, const ScheduleFlags& flags) {
  auto loaded = LoadOrExample(program, flags.path);
  if (!loaded.ok()) return Fail(loaded.error());
  auto& timetable = loaded->file.timetable;
  scheduler::World world;
  const auto from = FirstNight(program, flags, timetable);
  if (!from.ok()) return Fail(from.error());
  world.from = *from;
  world.to = *from + days(flags.nights);
  world.seed = static_cast<uint64_t>(flags.seed);
  world.faults = loaded->file.faults;
  for (auto& job : timetable.jobs) {
    // Everything before is taken for done.
    const Micros window = job.window.value_or(Micros());
    if (!job.start || *job.start + window < world.from) job.start = world.from - window;
  }
  const auto simulation = scheduler::Simulate(timetable, world);
  const std::string text =
      flags.json ? SimulationJson(timetable, world, simulation) : SimulationText(timetable, world, simulation);
  std::fwrite(text.data(), 1, text.size(), stdout);
  return simulation.violations.empty() ? kOk : kFailed;
}

using What = ScheduleFlags::What;
using Json = nlohmann::ordered_json;

std::string TriggerText(const scheduler::Timetable& timetable, const scheduler::ScheduledJob& job,
                        const job::Schedule& schedule) {
  std::string text;
  if (job.trigger == scheduler::Trigger::kCron) text = schedule.cron + " " + job.zone.name();
  if (job.trigger == scheduler::Trigger::kInterval) text = "every " + FormatDuration(job.every);
  if (job.trigger == scheduler::Trigger::kData) text = fmt::format("data in {}", fmt::join(schedule.on_data, ", "));
  for (const int other : job.after) {
    text += (text.empty() ? "after " : ", after ") + timetable.jobs[static_cast<size_t>(other)].name;
  }
  return text;
}

struct Seen {
  LoadedSchedule loaded;
  std::unique_ptr<job::ScheduleStore> store;
  scheduler::State state;  // as stored
};

Result<Seen> Look(Program& program, const ScheduleFlags& flags) {
  Seen seen;
  ASSIGN_OR_RETURN(seen.loaded, LoadSchedule(program, flags.path.empty() ? "." : flags.path));
  ASSIGN_OR_RETURN(seen.store, job::ScheduleStore::Open(program.StatePath(flags.machine)));
  ASSIGN_OR_RETURN(const auto states, seen.store->States());
  for (const auto& job : seen.loaded.file.timetable.jobs) {
    auto& own = seen.state.jobs.emplace_back();
    const auto found = states.find(job.name);
    if (found == states.end()) continue;
    ASSIGN_OR_RETURN(own, scheduler::JobStateFromJson(found->second));
  }
  return seen;
}

int64_t Parked(const scheduler::JobState& own) {
  return std::count_if(own.slots.begin(), own.slots.end(),
                       [](const auto& slot) { return slot.status == scheduler::SlotStatus::kParked; });
}

std::string StateWord(const scheduler::JobState& own) {
  if (!own.seen) return "not seen yet";
  return own.paused ? "paused" : own.running > 0 ? "runs" : own.waiting > 0 ? "waits" : "idle";
}

int List(const Seen& seen, bool as_json) {
  const auto& timetable = seen.loaded.file.timetable;
  Json list = Json::array();
  std::vector<std::vector<std::string>> rows;
  for (size_t j = 0; j < timetable.jobs.size(); ++j) {
    const auto& job = timetable.jobs[j];
    const auto& own = seen.state.jobs[j];
    const auto trigger = TriggerText(timetable, job, *seen.loaded.jobs[j].schedule);
    list.push_back({{"job", job.name},
                    {"class", job::Name(job.job_class)},
                    {"when", trigger},
                    {"state", StateWord(own)},
                    {"paused", own.paused},
                    {"done", own.done},
                    {"running", own.running},
                    {"waiting", own.waiting},
                    {"parked", Parked(own)},
                    {"through", job.window && own.seen ? Json(FormatTimestamp(own.through)) : Json(nullptr)}});
    rows.push_back({job.name, std::string(job::Name(job.job_class)), trigger, StateWord(own), FormatCount(own.done),
                    FormatCount(own.running), FormatCount(own.waiting), FormatCount(Parked(own))});
  }
  const std::string text = as_json ? list.dump(2) + "\n"
                                   : TextTable({{"job"},
                                                {"class"},
                                                {"when"},
                                                {"state"},
                                                {"done", true},
                                                {"running", true},
                                                {"waiting", true},
                                                {"parked", true}},
                                               rows);
  std::fwrite(text.data(), 1, text.size(), stdout);
  return kOk;
}

int Show(Seen& seen, int index, bool as_json) {
  const auto& job = seen.loaded.file.timetable.jobs[static_cast<size_t>(index)];
  const auto& own = seen.state.jobs[static_cast<size_t>(index)];
  auto notices = seen.store->Notices(1000);
  if (!notices.ok()) return Fail(notices.error());
  std::erase_if(*notices, [&](const auto& notice) { return notice.job != job.name; });
  if (notices->size() > 20) notices->resize(20);
  Json slots = Json::array(), told = Json::array();
  std::vector<std::vector<std::string>> rows;
  for (const auto& slot : own.slots) {
    const Timestamp deadline = scheduler::Deadline(job, slot);
    slots.push_back({{"window", scheduler::SlotText(slot)},
                     {"status", scheduler::Name(slot.status)},
                     {"due", FormatTimestamp(slot.due)},
                     {"deadline", deadline == Timestamp::max() ? Json(nullptr) : Json(FormatTimestamp(deadline))},
                     {"attempts", slot.starts},
                     {"failures", slot.failures},
                     {"preemptions", slot.preemptions},
                     {"backfill", slot.kind == scheduler::SlotKind::kBackfill},
                     {"why", slot.why}});
    rows.push_back({scheduler::SlotText(slot), std::string(scheduler::Name(slot.status)), FormatTimestamp(slot.due),
                    FormatCount(slot.starts), slot.why});
  }
  for (const auto& n : *notices) {
    told.push_back({{"at", n.at}, {"window", n.window}, {"notice", n.notice}, {"message", n.message}});
  }
  std::string text;
  if (as_json) {
    text = Json{{"job", job.name},
                {"class", job::Name(job.job_class)},
                {"when",
                 TriggerText(seen.loaded.file.timetable, job, *seen.loaded.jobs[static_cast<size_t>(index)].schedule)},
                {"paused", own.paused},
                {"done", own.done},
                {"open", slots},
                {"notices", told}}
               .dump(2, ' ', false, Json::error_handler_t::replace) +
           "\n";
  } else {
    text = fmt::format(
        "{}, {}, {}: {}, {} done\n", job.name, job::Name(job.job_class),
        TriggerText(seen.loaded.file.timetable, job, *seen.loaded.jobs[static_cast<size_t>(index)].schedule),
        StateWord(own), FormatCount(own.done));
    if (!rows.empty()) {
      text += "\n" + TextTable({{"window"}, {"status"}, {"due"}, {"attempts", true}, {"why"}}, rows, 60);
    }
    if (!notices->empty()) text += "\n";
    for (const auto& n : *notices) text += fmt::format("{}  {} {}: {}\n", n.at, n.window, n.notice, n.message);
  }
  std::fwrite(text.data(), 1, text.size(), stdout);
  return kOk;
}

Result<scheduler::Event> CommandOf(Program& program, const ScheduleFlags& flags, const scheduler::ScheduledJob& job,
                                   int index) {
  if (flags.what == What::kPause) return scheduler::Event(scheduler::event::Pause{index});
  if (flags.what == What::kResume) return scheduler::Event(scheduler::event::Resume{index});
  if (flags.what == What::kRun) {
    if (!job.window) return scheduler::Event(scheduler::event::RunNow{index, program.clock.Now()});
    if (flags.window.empty()) return InvalidArgument("say which window with --window START");
    ASSIGN_OR_RETURN(const auto window, job::ParseWindow(flags.window, *job.window));
    RETURN_IF_ERROR(job::CheckAligned(window, *job.window));
    return scheduler::Event(scheduler::event::RunNow{index, window.start});
  }
  if (!job.window) return InvalidArgument(job.name + " has no windows: `schedule run` runs it over all data");
  ASSIGN_OR_RETURN(const auto from, ParseTimestamp(flags.from));
  ASSIGN_OR_RETURN(const auto to, ParseTimestamp(flags.to));
  RETURN_IF_ERROR(job::SplitWindows(from, to, *job.window));
  return scheduler::Event(scheduler::event::BackfillRange{index, from, to, flags.replace});
}

int Ask(Program& program, const ScheduleFlags& flags, Seen& seen, int index) {
  const auto& timetable = seen.loaded.file.timetable;
  const auto command = CommandOf(program, flags, timetable.jobs[static_cast<size_t>(index)], index);
  if (!command.ok()) return Fail(command.error());
  if (const auto sent = seen.store->Send(scheduler::CommandText(timetable, *command)); !sent.ok()) {
    return Fail(sent.error());
  }
  const auto leader = seen.store->Leader();
  const bool alive =
      leader.ok() && !leader->first.empty() && program.clock.Now() - leader->second < std::chrono::seconds(10);
  std::printf("%s\n",
              alive ? "asked; the scheduler does it now" : "noted; no scheduler runs: `tidemill serve` will do it");
  return kOk;
}

}  // namespace

int Schedule(Program& program, const ScheduleFlags& flags) {
  if (flags.what == What::kSimulate) return Simulate(program, flags);
  auto seen = Look(program, flags);
  if (!seen.ok()) return Fail(seen.error());
  if (flags.what == What::kLs) return List(*seen, flags.json);
  const auto& timetable = seen->loaded.file.timetable;
  const int job = timetable.Find(flags.job);
  if (job < 0) {
    std::vector<std::string> names;
    for (const auto& other : timetable.jobs) names.push_back(other.name);
    const auto nearest = NearestName(flags.job, names);
    return Fail(NotFound(fmt::format("there is no scheduled job '{}'{}", flags.job,
                                     nearest ? "; did you mean '" + *nearest + "'?" : "")));
  }
  if (flags.what == What::kShow) return Show(*seen, job, flags.json);
  return Ask(program, flags, *seen, job);
}

}  // namespace tidemill::app
