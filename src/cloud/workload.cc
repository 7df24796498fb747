#include "cloud/workload.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "cloud/draws.h"

namespace tidemill::cloud {
namespace {

using Json = nlohmann::json;

constexpr Micros kHour = std::chrono::hours(1), kDay = std::chrono::hours(24);

// A kind of job of the model. The rates are the platform's targets (5, 2 and 1 GB a minute) on 32 cores.
struct Kind {
  const char* name;
  double share;
  double median_gb;
  double sigma;
  double vcpu_seconds_of_gb;
  int max_vcpus;
  Micros deadline;
};
constexpr Kind kKinds[] = {
    {"simple_etl", 0.70, 10, 0.8, 32 * 60.0 / 5, 64, std::chrono::minutes(30)},
    {"complex_analytics", 0.25, 40, 0.8, 32 * 60.0 / 2, 128, std::chrono::hours(2)},
    {"ml_training", 0.05, 60, 0.8, 32 * 60.0 / 1, 128, std::chrono::hours(4)},
};
constexpr double kClassShares[] = {0.10, 0.75, 0.15};  // critical, regular, development

// How many jobs come in an hour of the day, beside the others: 1 is usual.
double HourWeight(int hour) {
  if (hour >= 9 && hour < 18) return 0.25;
  if (hour >= 22 || hour < 6) return 2;
  return 1;
}
constexpr double kWeekendJobs = 0.5, kWeekendSize = 3;  // fewer, and large: reprocessing
bool Weekend(int64_t day) { return day % 7 >= 5; }      // day 0 is a Monday

Result<Micros> DurationOf(const Json& value, const char* what) {
  if (value.is_number()) return Micros(std::llround(value.get<double>() * 1e6));
  if (value.is_string()) return ParseDuration(value.get<std::string>());
  return InvalidArgument(fmt::format("{} is neither seconds nor a duration like 30m", what));
}

// The instant or the seconds; instants are moved to the simulation's beginning later.
Result<std::pair<Micros, bool>> ArrivalOf(const Json& value) {
  if (value.is_number()) return std::pair(Micros(std::llround(value.get<double>() * 1e6)), false);
  if (!value.is_string()) return InvalidArgument("arrival is neither seconds nor a time");
  ASSIGN_OR_RETURN(const auto time, ParseTimestamp(value.get<std::string>()));
  return std::pair(time.time_since_epoch(), true);
}

int RankOf(const std::string& name) { return name == "critical" ? 0 : name == "development" ? 2 : 1; }

struct ReadLine {
  SimJob job;
  bool instant = false;
};

Result<ReadLine> JobOf(const Json& line) {
  if (!line.is_object()) return InvalidArgument("is not a JSON object");
  for (const char* key : {"job", "arrival", "vcpu_seconds", "max_vcpus", "deadline"}) {
    if (!line.contains(key)) return InvalidArgument(fmt::format("has no {}", key));
  }
  if (!line["job"].is_string() || !line["vcpu_seconds"].is_number() || !line["max_vcpus"].is_number_integer()) {
    return InvalidArgument("job must be a text, vcpu_seconds a number, max_vcpus a whole number");
  }
  ReadLine read;
  read.job.name = line["job"];
  ASSIGN_OR_RETURN(const auto arrival, ArrivalOf(line["arrival"]));
  read.job.arrival = arrival.first;
  read.instant = arrival.second;
  read.job.work_vcpu_seconds = line["vcpu_seconds"];
  const int64_t most = line["max_vcpus"];
  ASSIGN_OR_RETURN(read.job.deadline, DurationOf(line["deadline"], "deadline"));
  if (line.contains("class") && line["class"].is_string()) read.job.rank = RankOf(line["class"]);
  if (!(read.job.work_vcpu_seconds > 0) || read.job.work_vcpu_seconds > 1e12 || most < 1 || most > 1'000'000 ||
      read.job.deadline <= Micros(0) || (!read.instant && read.job.arrival < Micros(0))) {
    return InvalidArgument("a figure is out of its range");
  }
  read.job.max_vcpus = static_cast<int>(most);
  return read;
}

Micros FloorTo(Micros time, Micros unit) {
  const int64_t n = time.count(), u = unit.count();
  return Micros((n >= 0 ? n / u : (n - u + 1) / u) * u);
}

}  // namespace

Result<std::vector<SimJob>> WorkloadFromJsonLines(std::string_view text) {
  std::vector<SimJob> jobs;
  bool instants = false;
  for (int number = 1; !text.empty(); ++number) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    auto read = JobOf(Json::parse(line, nullptr, false));
    if (!read.ok()) {
      return InvalidArgument(fmt::format("line {} of the workload: {}", number, read.error().message));
    }
    if (!jobs.empty() && instants != read->instant) {
      return InvalidArgument(fmt::format("line {} of the workload: seconds and times are mixed", number));
    }
    instants = read->instant;
    jobs.push_back(std::move(read->job));
  }
  if (jobs.empty()) return InvalidArgument("the workload has no jobs");
  std::stable_sort(jobs.begin(), jobs.end(), [](const auto& a, const auto& b) { return a.arrival < b.arrival; });
  if (instants) {
    const Micros begin = FloorTo(jobs.front().arrival, kDay);
    for (auto& job : jobs) job.arrival -= begin;
  }
  return jobs;
}

std::vector<SimJob> ModelWorkload(int64_t jobs, double days, uint64_t seed) {
  Draws draws(seed);
  const auto hours = static_cast<int64_t>(std::ceil(days * 24 - 1e-9));
  const auto end = Micros(std::llround(days * 86400e6));
  std::vector<double> weights;
  for (int64_t hour = 0; hour < hours; ++hour) {
    const double part = static_cast<double>((std::min(end, (hour + 1) * kHour) - hour * kHour).count()) / 3600e6;
    weights.push_back(HourWeight(static_cast<int>(hour % 24)) * (Weekend(hour / 24) ? kWeekendJobs : 1) * part);
  }
  std::vector<double> sums;  // by halving, not one by one: a year has 8,760 hours
  double sum = 0;
  for (const double weight : weights) sums.push_back(sum += weight);
  constexpr std::array kKindShares = {kKinds[0].share, kKinds[1].share, kKinds[2].share};
  std::vector<SimJob> made;
  made.reserve(static_cast<size_t>(jobs));
  for (int64_t i = 0; i < jobs; ++i) {
    const auto found = std::upper_bound(sums.begin(), sums.end(), draws.Uniform() * sum);
    const int64_t hour = std::min<int64_t>(found - sums.begin(), hours - 1);
    const Kind& kind = kKinds[draws.Pick(kKindShares)];
    const double gb = draws.LogNormal(kind.median_gb, kind.sigma) * (Weekend(hour / 24) ? kWeekendSize : 1);
    SimJob job;
    job.name = kind.name;
    job.rank = static_cast<int>(draws.Pick(kClassShares));
    job.arrival = hour * kHour + Micros(static_cast<int64_t>(draws.Uniform() * 3600e6));
    job.arrival = std::min(job.arrival, end - Micros(1));
    job.work_vcpu_seconds = gb * kind.vcpu_seconds_of_gb;
    job.max_vcpus = kind.max_vcpus;
    job.deadline = kind.deadline;
    made.push_back(std::move(job));
  }
  std::stable_sort(made.begin(), made.end(), [](const auto& a, const auto& b) { return a.arrival < b.arrival; });
  return made;
}

double BusiestHourVcpus(const std::vector<SimJob>& jobs) {
  std::map<int64_t, double> hours;
  double most = 0;
  for (const auto& job : jobs) {
    most = std::max(most, hours[job.arrival / kHour] += job.work_vcpu_seconds / 3600);
  }
  return most;
}

}  // namespace tidemill::cloud
