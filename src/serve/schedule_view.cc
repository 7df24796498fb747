#include "serve/schedule_view.h"

#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>

#include "scheduler/admission.h"

namespace tidemill::serve {
namespace {

using Json = nlohmann::ordered_json;
using scheduler::JobState;
using scheduler::ScheduledJob;
using scheduler::Slot;
using scheduler::SlotStatus;

std::string Text(std::string_view view) { return std::string(view); }

double Seconds(Micros duration) { return static_cast<double>(duration.count()) / 1e6; }

struct Use {
  int64_t memory_bytes = 0;
  int threads = 0;
  double dollars_per_hour = 0;
};

Use UseOf(const ScheduleView& view) {
  Use use;
  for (size_t j = 0; j < view.state.jobs.size(); ++j) {
    for (const Slot& slot : view.state.jobs[j].slots) {
      if (slot.status != SlotStatus::kRunning) continue;
      use.memory_bytes += scheduler::MemoryOf(*view.timetable, static_cast<int>(j), slot);
      use.threads += view.timetable->jobs[j].threads;
      use.dollars_per_hour += view.timetable->jobs[j].dollars_per_hour;
    }
  }
  return use;
}

std::string StateWord(const JobState& own) {
  return own.paused ? "paused" : own.running > 0 ? "runs" : own.waiting > 0 ? "waits" : "idle";
}

Metric Gauge(std::string name, std::string help, double value) {
  return {std::move(name), std::move(help), MetricType::kGauge, {{{}, value}}};
}

}  // namespace

std::vector<Metric> MetricsOf(const ScheduleView& view, const std::vector<job::RunTotals>& ever,
                              const std::vector<job::RunTotals>& lately) {
  const auto& timetable = *view.timetable;
  Metric windows{"tidemill_windows", "Windows that are due and not done, by status.", MetricType::kGauge, {}};
  Metric paused{"tidemill_job_paused", "1 while a job is paused.", MetricType::kGauge, {}};
  Metric slack{"tidemill_window_slack_seconds",
               "Time left until the nearest deadline of a job; negative: late.",
               MetricType::kGauge,
               {}};
  Metric waiting{"tidemill_longest_waiting_seconds",
                 "How long the oldest waiting window of a class has been due.",
                 MetricType::kGauge,
                 {}};
  std::array<double, 3> longest{};
  for (size_t j = 0; j < view.state.jobs.size(); ++j) {
    const ScheduledJob& job = timetable.jobs[j];
    const JobState& own = view.state.jobs[j];
    std::array<int, 3> counts{};
    double least = std::numeric_limits<double>::infinity();
    for (const Slot& slot : own.slots) {
      ++counts[static_cast<size_t>(slot.status)];
      const Timestamp deadline = scheduler::Deadline(job, slot);
      if (deadline != Timestamp::max()) least = std::min(least, Seconds(deadline - view.now));
      if (slot.status == SlotStatus::kWaiting) {
        auto& of_class = longest[static_cast<size_t>(job.job_class)];
        of_class = std::max(of_class, Seconds(view.now - slot.due));
      }
    }
    const auto class_name = Text(job::Name(job.job_class));
    for (size_t s = 0; s < counts.size(); ++s) {
      windows.samples.push_back({{{"job_name", job.name},
                                  {"class", class_name},
                                  {"status", Text(scheduler::Name(static_cast<SlotStatus>(s)))}},
                                 static_cast<double>(counts[s])});
    }
    paused.samples.push_back({{{"job_name", job.name}}, own.paused ? 1.0 : 0.0});
    if (least < std::numeric_limits<double>::infinity()) {
      slack.samples.push_back({{{"job_name", job.name}, {"class", class_name}}, least});
    }
  }
  for (size_t c = 0; c < longest.size(); ++c) {
    waiting.samples.push_back({{{"class", Text(job::Name(static_cast<job::JobClass>(c)))}}, longest[c]});
  }
  const Use use = UseOf(view);
  std::vector<Metric> metrics{
      {"tidemill_build_info", "The version of the program.", MetricType::kGauge, {{{{"version", view.version}}, 1}}},
      Gauge("tidemill_scheduler_leader", "1 while this process leads.", view.leads ? 1 : 0),
      Gauge("tidemill_schedule_time_seconds", "The clock the schedule goes by, since the epoch.",
            Seconds(view.now.time_since_epoch())),
      {"tidemill_period",
       "The period of the calendar that holds now.",
       MetricType::kGauge,
       {{{{"period", scheduler::PeriodAt(timetable.calendar, view.now).name}}, 1}}},
      windows,
      paused,
      slack,
      waiting,
      Gauge("tidemill_capacity_memory_bytes", "Memory that all runs together are given.",
            static_cast<double>(timetable.capacity.memory_bytes)),
      Gauge("tidemill_used_memory_bytes", "Memory given to the runs of now.", static_cast<double>(use.memory_bytes)),
      Gauge("tidemill_capacity_threads", "Threads that all runs together are given.", timetable.capacity.threads),
      Gauge("tidemill_used_threads", "Threads given to the runs of now.", use.threads),
      Gauge("tidemill_used_dollars_per_hour", "What the runs of now cost an hour, by their jobs' files.",
            use.dollars_per_hour),
  };
  struct Sum {
    const char* name;
    const char* help;
    double (*of)(const job::RunTotals&);
  };
  static constexpr Sum kSums[] = {
      {"tidemill_run_seconds_total", "How long attempts took.", [](const job::RunTotals& t) { return t.seconds; }},
      {"tidemill_rows_written_total", "Rows written to tables.",
       [](const job::RunTotals& t) { return static_cast<double>(t.rows_written); }},
      {"tidemill_rows_bad_total", "Rows that failed a check or did not fit their source.",
       [](const job::RunTotals& t) { return static_cast<double>(t.rows_bad); }},
      {"tidemill_bytes_read_total", "Size of the files read.",
       [](const job::RunTotals& t) { return static_cast<double>(t.bytes_read); }},
      {"tidemill_bytes_written_total", "Size of the files written.",
       [](const job::RunTotals& t) { return static_cast<double>(t.bytes_written); }},
      {"tidemill_dollars_total", "What runs cost, by their invoices.",
       [](const job::RunTotals& t) { return t.dollars; }},
  };
  Metric runs{"tidemill_runs_total", "Attempts that ended, by outcome.", MetricType::kCounter, {}};
  std::map<std::pair<std::string, std::string>, std::array<double, std::size(kSums)>> sums;
  std::map<std::string, double> peaks;
  for (const auto& t : ever) {
    runs.samples.push_back(
        {{{"job_name", t.job}, {"class", t.job_class}, {"outcome", t.outcome}}, static_cast<double>(t.runs)});
    auto& of_job = sums[{t.job, t.job_class}];
    for (size_t i = 0; i < std::size(kSums); ++i) of_job[i] += kSums[i].of(t);
    peaks[t.job] = std::max(peaks[t.job], static_cast<double>(t.peak_memory_bytes));
  }
  metrics.push_back(std::move(runs));
  for (size_t i = 0; i < std::size(kSums); ++i) {
    Metric metric{kSums[i].name, kSums[i].help, MetricType::kCounter, {}};
    for (const auto& [key, values] : sums) {
      metric.samples.push_back({{{"job_name", key.first}, {"class", key.second}}, values[i]});
    }
    metrics.push_back(std::move(metric));
  }
  Metric peak{"tidemill_peak_memory_bytes", "The most memory that an attempt of the job used.", MetricType::kGauge, {}};
  for (const auto& [job, bytes] : peaks) peak.samples.push_back({{{"job_name", job}}, bytes});
  metrics.push_back(std::move(peak));
  metrics.push_back(Gauge("tidemill_success_ratio",
                          "Of the attempts of 30 days that ended by themselves; target 0.999.",
                          job::SuccessRatio(lately)));
  metrics.push_back(
      Gauge("tidemill_bad_rows_ratio", "Of the rows of 30 days; target below 0.05.", job::BadRowRatio(lately)));
  return metrics;
}

std::string ScheduleJson(const ScheduleView& view) {
  const auto& timetable = *view.timetable;
  const Use use = UseOf(view);
  const auto& period = scheduler::PeriodAt(timetable.calendar, view.now);
  Json shares = Json::object();
  for (size_t s = 0; s < scheduler::kShares; ++s) {
    shares[Text(scheduler::Name(static_cast<scheduler::Share>(s)))] = period.shares[s];
  }
  Json jobs = Json::array();
  for (size_t j = 0; j < view.state.jobs.size(); ++j) {
    const ScheduledJob& job = timetable.jobs[j];
    const JobState& own = view.state.jobs[j];
    Json open = Json::array();
    for (const Slot& slot : own.slots) {
      const Timestamp deadline = scheduler::Deadline(job, slot);
      const bool running = slot.status == SlotStatus::kRunning;
      open.push_back({{"window", scheduler::SlotText(slot)},
                      {"status", scheduler::Name(slot.status)},
                      {"due", FormatTimestamp(slot.due)},
                      {"began", running ? Json(FormatTimestamp(slot.began)) : Json(nullptr)},
                      {"deadline", deadline == Timestamp::max() ? Json(nullptr) : Json(FormatTimestamp(deadline))},
                      {"late", deadline < view.now},
                      {"attempts", slot.starts},
                      {"failures", slot.failures},
                      {"preemptions", slot.preemptions},
                      {"backfill", slot.kind == scheduler::SlotKind::kBackfill},
                      {"why", slot.why}});
    }
    jobs.push_back(
        {{"job", job.name},
         {"class", job::Name(job.job_class)},
         {"state", StateWord(own)},
         {"done", own.done},
         {"parked", own.parked},
         {"next", own.next_firing && *own.next_firing != Timestamp::max() ? Json(FormatTimestamp(*own.next_firing))
                                                                          : Json(nullptr)},
         {"open", std::move(open)}});
  }
  const Json json = {
      {"now", FormatTimestamp(view.now)},
      {"leads", view.leads},
      {"epoch", view.epoch},
      {"schedule", timetable.name},
      {"time_zone", timetable.calendar.zone.name()},
      {"period", period.name},
      {"shares", shares},
      {"capacity",
       {{"memory_bytes", timetable.capacity.memory_bytes},
        {"threads", timetable.capacity.threads},
        {"dollars_per_hour", timetable.capacity.dollars_per_hour}}},
      {"used",
       {{"memory_bytes", use.memory_bytes}, {"threads", use.threads}, {"dollars_per_hour", use.dollars_per_hour}}},
      {"jobs", std::move(jobs)}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace tidemill::serve
