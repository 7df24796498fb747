#include "app/schedule_simulate.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "app/text_table.h"
#include "base/units.h"

namespace tidemill::app {
namespace {

using namespace scheduler;
using Json = nlohmann::ordered_json;
using std::chrono::days;
using std::chrono::floor;
using std::chrono::hours;
using std::chrono::minutes;

constexpr int kCell = 30;  // minutes
constexpr int kCells = 24 * 60 / kCell;
constexpr size_t kMostNotices = 25;

// What a job did in all: a line of the table.
struct Totals {
  int attempts = 0, done = 0, failed = 0, parked = 0, late = 0;
  Micros busy{}, longest_wait{};
  double dollars = 0;
};

bool IsDone(const SimulatedAttempt& attempt) {
  return attempt.over &&
         (attempt.outcome == job::Outcome::kCommitted || attempt.outcome == job::Outcome::kAlreadyCommitted);
}

std::vector<Totals> TotalsOf(const Timetable& timetable, const Simulation& simulation) {
  std::vector<Totals> totals(timetable.jobs.size());
  for (const auto& a : simulation.attempts) {
    Totals& t = totals[static_cast<size_t>(a.job)];
    ++t.attempts;
    t.done += IsDone(a) ? 1 : 0;
    t.failed += a.over && !IsDone(a) ? 1 : 0;
    t.busy += a.ended - a.began;
    t.dollars += a.dollars;
    if (a.slot.starts == 1) t.longest_wait = std::max(t.longest_wait, Micros(a.began - a.slot.due));
  }
  for (const auto& [at, tell] : simulation.notices) {
    Totals& t = totals[static_cast<size_t>(tell.job)];
    t.parked += tell.notice == action::Notice::kParked ? 1 : 0;
    t.late += tell.notice == action::Notice::kLate ? 1 : 0;
  }
  return totals;
}

std::string Day(LocalTime local) {
  constexpr std::string_view kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  const std::chrono::local_days day = floor<days>(local);
  const std::chrono::year_month_day date(day);
  return fmt::format("{} {:04}-{:02}-{:02}", kDays[std::chrono::weekday(day).c_encoding()],
                     static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                     static_cast<unsigned>(date.day()));
}

std::string Clock(LocalTime local) {
  const auto in_day = local - floor<days>(local);
  return fmt::format("{:02}:{:02}", in_day / hours(1), in_day % hours(1) / minutes(1));
}

// One night, noon to noon of the local clocks: a row a job, a cell half an hour.
class NightChart {
 public:
  NightChart(const Timetable& timetable, std::chrono::local_days day) : timetable_(timetable), noon_(day + hours(12)) {
    rows_.assign(timetable.jobs.size(), std::vector<std::string>(kCells, "·"));
  }

  void Mark(int job, Timestamp from, Timestamp to, const std::string& mark, bool over_all) {
    const int first = CellOf(from), last = std::max(first, CellOf(to - Micros(1)));
    for (int cell = std::max(first, 0); cell <= std::min(last, kCells - 1); ++cell) {
      auto& at = rows_[static_cast<size_t>(job)][static_cast<size_t>(cell)];
      if (over_all || at == "·" || at == "░") at = mark;
      used_ = true;
    }
  }

  std::string Text() const {
    if (!used_) return "";
    std::string text = fmt::format("\nNight of {} ({})\n", Day(LocalTime(noon_)), timetable_.calendar.zone.name());
    size_t width = 0;
    for (const auto& job : timetable_.jobs) width = std::max(width, job.name.size());
    std::string clock, periods;
    std::string last;
    for (int cell = 0; cell < kCells; ++cell) {
      if (cell % 6 == 0) clock += fmt::format("{:<6}", Clock(noon_ + minutes(cell * kCell)));
      const auto& period =
          PeriodAt(timetable_.calendar, timetable_.calendar.zone.FirstAt(noon_ + minutes(cell * kCell)));
      if (period.name != last) {
        periods.resize(std::max(periods.size(), static_cast<size_t>(cell)), ' ');
        periods += (periods.size() > static_cast<size_t>(cell) ? " " : "") + period.name;
        last = period.name;
      }
    }
    text += fmt::format("{:{}}  {}\n{:{}}  {}\n", "", width, clock, "", width, periods);
    for (size_t j = 0; j < rows_.size(); ++j) {
      text += fmt::format("{:{}}  ", timetable_.jobs[j].name, width);
      for (const auto& cell : rows_[j]) text += cell;
      text += "\n";
    }
    return text;
  }

 private:
  int CellOf(Timestamp t) const {
    const auto since = timetable_.calendar.zone.ToLocal(t) - noon_;
    return static_cast<int>(floor<minutes>(since).count() / kCell - (since.count() < 0 ? 1 : 0));
  }

  const Timetable& timetable_;
  LocalTime noon_;
  std::vector<std::vector<std::string>> rows_;
  bool used_ = false;
};

std::string TotalsText(const Timetable& timetable, const Simulation& simulation) {
  std::vector<std::vector<std::string>> rows;
  const auto totals = TotalsOf(timetable, simulation);
  Totals all;
  for (size_t j = 0; j < totals.size(); ++j) {
    const Totals& t = totals[j];
    rows.push_back({timetable.jobs[j].name, std::string(job::Name(timetable.jobs[j].job_class)), FormatCount(t.done),
                    FormatCount(t.attempts), FormatCount(t.failed), FormatCount(t.parked), FormatCount(t.late),
                    FormatDuration(t.longest_wait), FormatDuration(t.busy), fmt::format("${:.2f}", t.dollars)});
    all.done += t.done;
    all.attempts += t.attempts;
    all.failed += t.failed;
    all.parked += t.parked;
    all.late += t.late;
    all.longest_wait = std::max(all.longest_wait, t.longest_wait);
    all.busy += t.busy;
    all.dollars += t.dollars;
  }
  rows.push_back({"all", "", FormatCount(all.done), FormatCount(all.attempts), FormatCount(all.failed),
                  FormatCount(all.parked), FormatCount(all.late), FormatDuration(all.longest_wait),
                  FormatDuration(all.busy), fmt::format("${:.2f}", all.dollars)});
  return TextTable({{"job"},
                    {"class"},
                    {"done", true},
                    {"attempts", true},
                    {"failed", true},
                    {"parked", true},
                    {"late", true},
                    {"longest wait", true},
                    {"busy", true},
                    {"cost", true}},
                   rows);
}

double Share(Micros used, const World& world) {
  return static_cast<double>(used.count()) / static_cast<double>((world.to - world.from).count());
}

std::string SlotName(const Timetable& timetable, int job, Timestamp start) {
  const auto& window = timetable.jobs[static_cast<size_t>(job)].window;
  return window ? job::WindowText(job::Window{start, start + *window}) : FormatTimestamp(start);
}

}  // namespace

std::string SimulationText(const Timetable& timetable, const World& world, const Simulation& simulation) {
  const TimeZone& zone = timetable.calendar.zone;
  std::string text = fmt::format("{} jobs, {} to {}, seed {}\n", timetable.jobs.size(), FormatTimestamp(world.from),
                                 FormatTimestamp(world.to), world.seed);
  text += "█ runs  ▓ runs on Spark  x fails, is tried again  ! is parked  ░ is due and waits\n";
  const auto first = floor<days>(zone.ToLocal(world.from) - hours(12));
  const auto last = floor<days>(zone.ToLocal(world.to) - hours(12));
  for (auto day = first; day <= last; day += days(1)) {
    NightChart chart(timetable, day);
    for (const auto& a : simulation.attempts) {
      const bool done = IsDone(a) || !a.over;
      if (a.slot.starts == 1) chart.Mark(a.job, a.slot.due, a.began, "░", false);
      chart.Mark(a.job, a.began, a.ended, !done ? "x" : a.place == "spark" ? "▓" : "█", !done);
    }
    for (const auto& [at, tell] : simulation.notices) {
      if (tell.notice == action::Notice::kParked) chart.Mark(tell.job, at, at, "!", true);
    }
    text += chart.Text();
  }
  text += "\n" + TotalsText(timetable, simulation);
  text += fmt::format("\nin use: {:.1f} % of the memory, {:.1f} % of the threads\n",
                      100 * Share(simulation.memory_use, world), 100 * Share(simulation.thread_use, world));
  size_t shown = 0, left = 0;
  for (const auto& [at, tell] : simulation.notices) {
    if (tell.notice == action::Notice::kDone || tell.notice == action::Notice::kRetry) continue;
    if (shown == kMostNotices) {
      ++left;
      continue;
    }
    text += fmt::format("{}{} {}  {}: {} {}: {}\n", shown++ == 0 ? "\n" : "", Day(zone.ToLocal(at)),
                        Clock(zone.ToLocal(at)), timetable.jobs[static_cast<size_t>(tell.job)].name,
                        SlotName(timetable, tell.job, tell.slot), Name(tell.notice), tell.message);
  }
  if (left > 0) text += fmt::format("and {} more; --json has all\n", left);
  for (const auto& violation : simulation.violations) text += "WRONG: " + violation + "\n";
  return text;
}

std::string SimulationJson(const Timetable& timetable, const World& world, const Simulation& simulation) {
  Json jobs = Json::array(), attempts = Json::array(), notices = Json::array();
  const auto totals = TotalsOf(timetable, simulation);
  double dollars = 0;
  for (size_t j = 0; j < totals.size(); ++j) {
    const Totals& t = totals[j];
    dollars += t.dollars;
    jobs.push_back({{"job", timetable.jobs[j].name},
                    {"class", job::Name(timetable.jobs[j].job_class)},
                    {"done", t.done},
                    {"attempts", t.attempts},
                    {"failed", t.failed},
                    {"parked", t.parked},
                    {"late", t.late},
                    {"longest_wait_s", t.longest_wait.count() / 1'000'000},
                    {"busy_s", t.busy.count() / 1'000'000},
                    {"dollars", t.dollars}});
  }
  for (const auto& a : simulation.attempts) {
    const Timestamp deadline = Deadline(timetable.jobs[static_cast<size_t>(a.job)], a.slot);
    const Micros late = deadline < a.ended ? Micros(a.ended - deadline) : Micros();
    attempts.push_back({{"job", timetable.jobs[static_cast<size_t>(a.job)].name},
                        {"window", SlotText(a.slot)},
                        {"attempt", a.slot.starts},
                        {"due", FormatTimestamp(a.slot.due)},
                        {"began", FormatTimestamp(a.began)},
                        {"ended", a.over ? Json(FormatTimestamp(a.ended)) : Json(nullptr)},
                        {"period", PeriodAt(timetable.calendar, a.began).name},
                        {"outcome", a.over ? Json(job::Name(a.outcome)) : Json("running")},
                        {"place", a.place},
                        {"memory_bytes", a.memory_bytes},
                        {"threads", a.threads},
                        {"dollars", a.dollars},
                        {"late_s", late.count() / 1'000'000}});
  }
  for (const auto& [at, tell] : simulation.notices) {
    notices.push_back({{"at", FormatTimestamp(at)},
                       {"job", timetable.jobs[static_cast<size_t>(tell.job)].name},
                       {"window", SlotName(timetable, tell.job, tell.slot)},
                       {"notice", Name(tell.notice)},
                       {"message", tell.message}});
  }
  const Json json = {{"from", FormatTimestamp(world.from)},
                     {"to", FormatTimestamp(world.to)},
                     {"time_zone", timetable.calendar.zone.name()},
                     {"seed", world.seed},
                     {"dollars", dollars},
                     {"memory_in_use", Share(simulation.memory_use, world)},
                     {"threads_in_use", Share(simulation.thread_use, world)},
                     {"jobs", jobs},
                     {"attempts", attempts},
                     {"notices", notices},
                     {"wrong", simulation.violations}};
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace tidemill::app
