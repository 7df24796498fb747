#include "scheduler/spec.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>

#include "document/json_schema.h"
#include "document/keys.h"
#include "document/overlay.h"
#include "document/reader.h"
#include "document/shape.h"

namespace tidemill::scheduler {
namespace {

using document::Diagnostics;
using document::Key;
using document::KeyType;
using document::Node;
using document::Place;
using document::Reader;
using document::Section;

constexpr Key kPeriodKeys[] = {
    {"name", KeyType::kJobName, true, "", "By this name the period is shown."},
    {"days", KeyType::kTexts, false, "", "Days of the week: mon-fri, sat, or a list; holidays. Default: every day."},
    {"hours", KeyType::kText, false, "", "From and to a full hour, like 22-6. Default: all."},
    {"critical", KeyType::kShare, false, "100%", "A critical run starts only while all runs use at most this much."},
    {"regular", KeyType::kShare, false, "100%", "The same for regular runs."},
    {"development", KeyType::kShare, false, "100%", "The same for development runs; 0% means that none starts."},
    {"backfill", KeyType::kShare, false, "100%", "The same for backfills of whatever class."},
};
constexpr Section kPeriod{"period", "Hours, and how much of the capacity each class may use in them.", kPeriodKeys};

constexpr Key kCalendarKeys[] = {
    {"time_zone", KeyType::kText, false, "UTC", "Whose hours and days these are, like America/New_York."},
    {"holidays", KeyType::kTexts, false, "", "Dates like 2013-12-25: periods with the day `holidays` hold on them."},
    {"periods",
     KeyType::kSections,
     false,
     "",
     "The first that holds wins. Default: weekend, peak 9-18, off_peak 22-6, and between.",
     {},
     &kPeriod},
};
constexpr Section kCalendar{"calendar", "What may run at which hours.", kCalendarKeys};

constexpr Key kCapacityKeys[] = {
    {"memory", KeyType::kBytes, false, "8GB", "That all runs together are given."},
    {"threads", KeyType::kInteger, false, "4", "That all runs together are given."},
    {"dollars_per_hour", KeyType::kText, false, "", "That all runs together may cost. Default: no limit."},
    {"resources", KeyType::kTextMap, false, "", "Whatever else there is only so many of, by name: warehouse: 2."},
};
constexpr Section kCapacity{"capacity", "What there is to run jobs with.", kCapacityKeys};

constexpr Key kSimulateKeys[] = {
    {"transient", KeyType::kShare, false, "0%", "Attempts that fail in a way that trying again helps."},
    {"lost", KeyType::kShare, false, "0%", "Attempts of which nobody learns whether they committed."},
    {"memory", KeyType::kShare, false, "0%", "Attempts that run out of memory."},
    {"slow", KeyType::kShare, false, "0%", "Attempts that take four times as long."},
    {"poisoned", KeyType::kTexts, false, "", "Jobs of which one window in four fails its checks."},
    {"skewed", KeyType::kTexts, false, "", "Jobs whose first attempt runs out of memory."},
    {"over_budget", KeyType::kTexts, false, "", "Jobs whose quote is above their budget."},
};
constexpr Section kSimulate{"simulate", "What goes wrong in `tidemill schedule simulate`.", kSimulateKeys};

constexpr Key kFileKeys[] = {
    {"schedule", KeyType::kJobName, false, "", "Its name, for people."},
    {"jobs", KeyType::kTexts, false, "*.yaml", "Job files, as globs relative to this file's folder."},
    {"calendar", KeyType::kSection, false, "", "What may run at which hours.", {}, &kCalendar},
    {"capacity", KeyType::kSection, false, "", "What there is to run jobs with.", {}, &kCapacity},
    {"alerts", KeyType::kSection, false, "", "Who is told when something is wrong.", {}, &watch::kAlertKeys},
    {"simulate", KeyType::kSection, false, "", "What goes wrong in `tidemill schedule simulate`.", {}, &kSimulate},
};
constexpr Section kFile{"schedule", "A Tidemill schedule: which jobs, in which hours, with what capacity.", kFileKeys};

constexpr std::string_view kDays[] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"};

std::optional<TimeZone> ZoneOf(const std::string& name, const ReadZone& read_zone, const Place& at,
                               const std::string& key, Diagnostics& out) {
  if (name == "UTC") return TimeZone();
  const bool plain = std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return std::isalnum(c) || c == '/' || c == '_' || c == '-' || c == '+';
  });
  const auto bytes = plain && !name.empty() && name[0] != '/' ? read_zone(name) : Result<std::string>(NotFound(""));
  if (!bytes.ok()) {
    out.Error(at, key, fmt::format("this machine's time zone files have no '{}'", name),
              "write one of them, like Europe/Berlin, or UTC");
    return std::nullopt;
  }
  auto zone = TimeZone::Parse(name, *bytes);
  if (zone.ok()) return *std::move(zone);
  out.Error(at, key, zone.error());
  return std::nullopt;
}

// "mon-fri", "sat", "holidays".
bool AddDays(const std::string& text, Period& period) {
  if (text == "holidays") return period.holidays = true;
  const size_t dash = text.find('-');
  const auto day_of = [](const std::string& name) {
    return std::find(std::begin(kDays), std::end(kDays), name) - std::begin(kDays);
  };
  const auto from = day_of(text.substr(0, dash)), to = dash == std::string::npos ? from : day_of(text.substr(dash + 1));
  if (from == 7 || to == 7) return false;
  for (auto day = from;; day = (day + 1) % 7) {
    period.weekdays |= 1 << day;
    if (day == to) return true;
  }
}

// "22-6".
bool SetHours(const std::string& text, Period& period) {
  const char* end = text.data() + text.size();
  const auto [dash, first] = std::from_chars(text.data(), end, period.from_hour);
  if (first != std::errc{} || dash == end || *dash != '-') return false;
  const auto [rest, second] = std::from_chars(dash + 1, end, period.to_hour);
  return second == std::errc{} && rest == end && period.from_hour >= 0 && period.from_hour <= 23 &&
         period.to_hour >= 0 && period.to_hour <= 24 && period.from_hour != period.to_hour;
}

void ReadPeriod(const Reader& in, Calendar& calendar, Diagnostics& out) {
  Period period;
  period.name = in.Text("name");
  if (in.Has("days")) {
    period.weekdays = 0;
    for (const Node* day : in.TextNodes("days")) {
      if (!AddDays(day->text, period)) {
        out.Error(day->at, in.Path("days"), fmt::format("'{}' is no day", day->text),
                  "write days like mon, mon-fri or holidays");
      }
    }
  }
  if (in.Has("hours") && !SetHours(in.Text("hours"), period)) {
    out.Error(in.At("hours"), in.Path("hours"), fmt::format("'{}' are no hours", in.Text("hours")),
              "write two full hours, like 22-6");
  }
  for (size_t share = 0; share < kShares; ++share) {
    const auto name = Name(static_cast<Share>(share));
    if (in.Has(name)) period.shares[share] = document::ParseShare(in.Text(name)).value_or(1);
  }
  if (period.shares[0] <= 0) {
    out.Error(in.At("critical"), in.Path("critical"), "critical jobs run at any time", "give them more than 0%");
  }
  calendar.periods.push_back(std::move(period));
}

void ReadCalendar(const Reader& in, const ReadZone& read_zone, Calendar& calendar, Diagnostics& out) {
  if (auto zone = ZoneOf(in.Text("time_zone", "UTC"), read_zone, in.At("time_zone"), "calendar.time_zone", out)) {
    calendar.zone = *std::move(zone);
  }
  for (const Node* holiday : in.TextNodes("holidays")) {
    const auto day = ParseTimestamp(holiday->text);
    if (day.ok() && holiday->text.size() == 10) {
      calendar.holidays.insert(std::chrono::local_days(std::chrono::floor<std::chrono::days>(*day).time_since_epoch()));
    } else {
      out.Error(holiday->at, "calendar.holidays", fmt::format("'{}' is no date like 2013-12-25", holiday->text));
    }
  }
  const Node* periods = in.Get("periods");
  if (periods == nullptr || !periods->is_list()) return;
  calendar.periods.clear();
  for (size_t i = 0; i < periods->items.size(); ++i) {
    if (periods->items[i].is_map()) {
      ReadPeriod(Reader(periods->items[i], fmt::format("calendar.periods[{}]", i)), calendar, out);
    }
  }
  const bool always = std::any_of(calendar.periods.begin(), calendar.periods.end(), [](const Period& p) {
    return p.weekdays == 0x7F && p.from_hour == 0 && p.to_hour == 24;
  });
  if (!always) {
    out.Error(periods->at, "calendar.periods", "leave hours of the week to no period",
              "end with a period without `days` and `hours`");
    calendar.periods.push_back({"between"});
  }
}

void ReadCapacity(const Reader& in, Capacity& capacity, Diagnostics& out) {
  capacity.memory_bytes = in.Bytes("memory").value_or(capacity.memory_bytes);
  capacity.threads = static_cast<int>(std::clamp<int64_t>(in.Number("threads").value_or(4), 0, 100'000));
  if (capacity.threads < 1) out.Error(in.At("threads"), in.Path("threads"), "must be at least 1");
  if (in.Has("dollars_per_hour")) {
    capacity.dollars_per_hour = in.Decimal("dollars_per_hour").value_or(0);
    if (capacity.dollars_per_hour <= 0) {
      out.Error(in.At("dollars_per_hour"), in.Path("dollars_per_hour"),
                fmt::format("'{}' is not a number of dollars like 2.50", in.Text("dollars_per_hour")));
    }
  }
  const Node* resources = in.Get("resources");
  if (resources == nullptr) return;
  const Reader counts(*resources, in.Path("resources"));
  for (const auto& entry : resources->entries) {
    const auto count = counts.Number(entry.key);
    if (!count || *count < 1 || *count > 1'000'000) {
      out.Error(entry.value.at, counts.Path(entry.key), fmt::format("'{}' is not how many there are", entry.value.text),
                "write a whole number");
    }
    capacity.resources.push_back({entry.key, static_cast<int>(count.value_or(1))});
  }
}

void ReadFaults(const Reader& in, Faults& faults) {
  const std::pair<std::string_view, double*> shares[] = {
      {"transient", &faults.transient}, {"lost", &faults.lost}, {"memory", &faults.memory}, {"slow", &faults.slow}};
  for (const auto& [key, share] : shares) *share = document::ParseShare(in.Text(key)).value_or(0);
  faults.poisoned = in.Texts("poisoned");
  faults.skewed = in.Texts("skewed");
  faults.over_budget = in.Texts("over_budget");
}

// How the sink is cut in time, when its partitions are parts of the window's column.
Partition PartitionOf(const job::Job& job) {
  if (!job.window) return Partition::kTable;
  static constexpr std::string_view kParts[] = {"", "year", "month", "day", "hour"};
  int depth = 0;
  for (int next = 1; next < 5; ++next) {
    const bool has = std::any_of(job.sink.partition_by.begin(), job.sink.partition_by.end(), [&](const auto& column) {
      return column.part == kParts[next] && column.of == job.window->column;
    });
    if (!has) break;
    depth = next;
  }
  return static_cast<Partition>(depth);
}

Place PlaceOf(const job::Schedule& schedule, const char* key) {
  const auto found = schedule.places.find(key);
  return found == schedule.places.end() ? schedule.at : found->second;
}

ScheduledJob ScheduledFrom(const job::Job& job, const ReadZone& read_zone, const Calendar& calendar, Diagnostics& out) {
  const job::Schedule& schedule = *job.schedule;
  ScheduledJob made;
  made.name = job.name;
  made.file = job.file;
  made.job_class = job.job_class;
  made.zone = calendar.zone;
  if (!schedule.time_zone.empty()) {
    if (auto zone = ZoneOf(schedule.time_zone, read_zone, PlaceOf(schedule, "time_zone"), "schedule.time_zone", out)) {
      made.zone = *std::move(zone);
    }
  }
  made.trigger = !schedule.cron.empty()       ? Trigger::kCron
                 : schedule.every.count() > 0 ? Trigger::kInterval
                 : !schedule.on_data.empty()  ? Trigger::kData
                                              : Trigger::kAfter;
  if (made.trigger == Trigger::kCron) {
    const auto cron = ParseCron(schedule.cron);
    if (cron.ok()) {
      made.cron = *cron;
    } else {
      out.Error(PlaceOf(schedule, "cron"), "schedule.cron", cron.error());
    }
  }
  for (const auto& source : schedule.on_data) {
    if (job.FindSource(source) != nullptr) continue;
    std::vector<std::string> names;
    for (const auto& s : job.sources) names.push_back(s.name);
    out.Error(PlaceOf(schedule, "on_data"), "schedule.on_data", fmt::format("there is no source '{}'", source),
              document::Suggest(source, names));
  }
  made.every = schedule.every;
  if (job.window) made.window = job.window->size;
  made.start = schedule.start;
  made.end = schedule.end;
  made.delay = schedule.delay;
  made.catch_up = schedule.catch_up.value_or(job.window ? job::CatchUp::kAll : job::CatchUp::kLatest);
  made.at_once = schedule.at_once;
  made.backfill_at_once = schedule.backfill_at_once;
  made.sla = job.sla ? job.sla->limit : Micros();
  made.expected = schedule.expect.count() > 0 ? schedule.expect : std::chrono::minutes(10);
  made.memory_bytes = schedule.memory_bytes;
  made.threads = schedule.threads;
  made.dollars_per_hour = schedule.dollars_per_hour;
  made.table = job.sink.path.empty() ? "" : job.Resolve(job.sink.path);
  made.partition = PartitionOf(job);
  if (made.partition != Partition::kTable) {
    if (auto zone = ZoneOf(job.time_zone, read_zone, job.sink.at, "time_zone", out)) made.partition_zone = *zone;
  }
  made.attempts = schedule.attempts;
  made.retry_after = schedule.retry_after;
  made.retry_most = schedule.retry_most;
  made.attempt_limit = schedule.attempt_limit;
  made.engine = job.app ? "spark" : schedule.engine;
  made.again = !job.window && job.sink.mode != job::SinkMode::kAppend;
  return made;
}

// A job that waits for itself, through whatever others.
bool WaitsForItself(const Timetable& timetable, int job) {
  std::set<int> seen;
  std::vector<int> open = timetable.jobs[static_cast<size_t>(job)].after;
  while (!open.empty()) {
    const int next = open.back();
    open.pop_back();
    if (next == job) return true;
    if (!seen.insert(next).second) continue;
    const auto& more = timetable.jobs[static_cast<size_t>(next)].after;
    open.insert(open.end(), more.begin(), more.end());
  }
  return false;
}

void LookUp(const job::Job& job, Timetable& timetable, ScheduledJob& made, Diagnostics& out) {
  const job::Schedule& schedule = *job.schedule;
  std::vector<std::string> names;
  for (const auto& other : timetable.jobs) names.push_back(other.name);
  for (const auto& name : schedule.after) {
    const int other = timetable.Find(name);
    if (other >= 0) {
      made.after.push_back(other);
    } else {
      out.Error(PlaceOf(schedule, "after"), "schedule.after", fmt::format("there is no scheduled job '{}'", name),
                document::Suggest(name, names));
    }
  }
  names.clear();
  for (const auto& resource : timetable.capacity.resources) names.push_back(resource.name);
  for (const auto& [name, count] : schedule.resources) {
    const auto found = std::find(names.begin(), names.end(), name);
    const auto index = static_cast<size_t>(found - names.begin());
    if (found == names.end()) {
      out.Error(PlaceOf(schedule, "resources"), "schedule.resources",
                fmt::format("the capacity has no resource '{}'", name), document::Suggest(name, names));
    } else if (count > timetable.capacity.resources[index].count) {
      out.Error(PlaceOf(schedule, "resources"), "schedule.resources",
                fmt::format("a run takes {} of '{}', and there {} {}", count, name,
                            timetable.capacity.resources[index].count == 1 ? "is only" : "are only",
                            timetable.capacity.resources[index].count));
    } else {
      made.resources.push_back({static_cast<int>(index), count});
    }
  }
  const double most = timetable.capacity.dollars_per_hour;
  if (most > 0 && made.dollars_per_hour > most) {
    out.Error(PlaceOf(schedule, "dollars_per_hour"), "schedule.dollars_per_hour",
              fmt::format("a run costs more than the {} dollars an hour there are", most));
  }
}

}  // namespace

ScheduleFile ParseScheduleFile(const std::string& text, const std::string& file,
                               const std::map<std::string, std::string>* variables, const ReadZone& read_zone,
                               Diagnostics& out) {
  ScheduleFile made;
  if (text.find_first_not_of(" \t\r\n") == std::string::npos) return made;
  Node root = document::ParseYaml(text, file, out);
  if (root.is_null()) return made;
  if (variables != nullptr) document::ReplaceVariables(root, *variables, out);
  document::CheckShape(root, kFile, out);
  if (!root.is_map()) return made;
  const Reader top(root, "");
  made.timetable.name = top.Text("schedule");
  made.jobs = top.Texts("jobs");
  const auto section = [&](const char* key, auto read) {
    const Node* node = top.Get(key);
    if (node != nullptr && node->is_map()) read(Reader(*node, key));
  };
  section("calendar", [&](const Reader& in) { ReadCalendar(in, read_zone, made.timetable.calendar, out); });
  section("capacity", [&](const Reader& in) { ReadCapacity(in, made.timetable.capacity, out); });
  section("alerts", [&](const Reader& in) { made.alerts = watch::ReadAlerts(in, out); });
  section("simulate", [&](const Reader& in) { ReadFaults(in, made.faults); });
  return made;
}

std::string ScheduleJsonSchema() { return document::JsonSchema(kFile, "Tidemill schedule"); }

void AddJobs(const std::vector<job::Job>& jobs, const ReadZone& read_zone, Timetable& timetable, Diagnostics& out) {
  std::vector<const job::Job*> scheduled;
  for (const auto& job : jobs) {
    if (!job.schedule) continue;
    if (timetable.Find(job.name) >= 0) {
      out.Error({job.file, 1, 1}, "job", fmt::format("another job is called '{}' too", job.name), "rename one");
      continue;
    }
    ScheduledJob made = ScheduledFrom(job, read_zone, timetable.calendar, out);
    if (made.memory_bytes == 0) made.memory_bytes = timetable.capacity.memory_bytes / 4;
    if (made.threads == 0) made.threads = std::max(1, timetable.capacity.threads / 2);
    timetable.jobs.push_back(std::move(made));
    scheduled.push_back(&job);
  }
  for (size_t j = 0; j < scheduled.size(); ++j) LookUp(*scheduled[j], timetable, timetable.jobs[j], out);
  for (size_t j = 0; j < scheduled.size(); ++j) {
    if (WaitsForItself(timetable, static_cast<int>(j))) {
      out.Error(PlaceOf(*scheduled[j]->schedule, "after"), "schedule.after",
                fmt::format("'{}' waits for itself in the end", scheduled[j]->name));
    }
  }
}

void CheckSchedule(const job::Job& job, const ReadZone& read_zone, Diagnostics& out) {
  if (job.schedule) (void)ScheduledFrom(job, read_zone, Calendar(), out);
}

}  // namespace tidemill::scheduler
