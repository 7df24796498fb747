#include "scheduler/simulation.h"

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "scheduler/verdict.h"

namespace tidemill::scheduler {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

TimeZone Zone(const std::string& name) {
  std::ifstream file("/usr/share/zoneinfo/" + name, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return TimeZone::Parse(name, text.str()).value();
}

// A made-up team: jobs of all triggers and classes.
Timetable Team(int jobs, uint64_t seed, Timestamp from) {
  static const TimeZone kZones[] = {TimeZone(), Zone("America/New_York"), Zone("Europe/Berlin"),
                                    Zone("Australia/Lord_Howe")};
  Timetable team;
  auto random = [n = seed]() mutable { return n = Mix(n); };
  team.calendar.zone = kZones[random() % 4];
  team.capacity.memory_bytes = int64_t{8 + jobs} << 30;
  team.capacity.threads = 8 + jobs / 4;
  team.capacity.dollars_per_hour = 20 + jobs / 10.0;
  team.capacity.resources = {{"warehouse", 2 + jobs / 100}, {"license", 1 + jobs / 100}};
  for (int j = 0; j < jobs; ++j) {
    ScheduledJob job;
    job.name = "job" + std::to_string(j);
    const uint64_t dice = random();
    job.job_class = dice % 10 == 0  ? job::JobClass::kCritical
                    : dice % 10 < 7 ? job::JobClass::kRegular
                                    : job::JobClass::kDevelopment;
    job.zone = kZones[dice / 16 % 4];
    job.window = hours(24);
    job.start = from;
    job.trigger = Trigger::kCron;
    const int hour = static_cast<int>(dice / 64 % 24), minute = static_cast<int>(dice / 2048 % 60);
    job.cron = ParseCron(std::to_string(minute) + " " + std::to_string(hour) + " * * *").value();
    const uint64_t kind = dice >> 20 & 15;
    if (kind == 0) {
      job.trigger = Trigger::kInterval;
      job.every = hours(6);
      job.window = hours(6);
      job.at_once = 3;
    } else if (kind == 1 && j > 0) {
      job.after = {static_cast<int>(random() % static_cast<uint64_t>(j))};
      if (team.jobs[static_cast<size_t>(job.after[0])].window == job.window) job.trigger = Trigger::kAfter;
    } else if (kind == 2 && j > 0) {
      job.after = {static_cast<int>(random() % static_cast<uint64_t>(j))};
    } else if (kind == 3) {
      job.window.reset();
      job.catch_up = job::CatchUp::kLatest;
    } else if (kind == 4) {
      job.resources = {{static_cast<int>(random() % 2), 1}};
    } else if (kind == 5 && j > 0) {
      job.table = "shared" + std::to_string(j / 4);
      job.partition = random() % 2 == 0 ? Partition::kDay : Partition::kTable;
    } else if (kind == 6) {
      job.at_once = 4;
    }
    job.expected = minutes(1 + random() % 25);
    job.sla = hours(2 + random() % 6);
    job.memory_bytes = int64_t{1 + static_cast<int64_t>(random() % 4)} << 30;
    job.threads = 1 + static_cast<int>(random() % 2);
    job.dollars_per_hour = 0.1 * static_cast<double>(1 + random() % 10);
    job.engine = random() % 2 == 0 ? "auto" : "native";
    team.jobs.push_back(std::move(job));
  }
  return team;
}

World Month(uint64_t seed, int days, int kills) {
  World world;
  // Clocks change on the 10th (New York) and the 31st (Berlin).
  world.from = ParseTimestamp("2024-03-05").value() + hours(24) * static_cast<int>(seed % 3);
  world.to = world.from + hours(24 * days);
  world.seed = seed;
  world.faults.transient = 0.03;
  world.faults.lost = 0.01;
  world.faults.memory = 0.02;
  world.faults.slow = 0.03;
  world.faults.poisoned = {"job3", "job7"};
  world.faults.skewed = {"job5"};
  world.faults.over_budget = {"job2"};
  world.kills = kills;
  return world;
}

std::string Told(const Simulation& simulation) {
  std::string text;
  for (const auto& a : simulation.attempts) {
    text += std::to_string(a.job) + SlotText(a.slot) + FormatTimestamp(a.began) + FormatTimestamp(a.ended) + a.place +
            std::to_string(static_cast<int>(a.outcome)) + "\n";
  }
  for (const auto& own : simulation.state.jobs) text += ToJson(own) + "\n";
  return text;
}

void ExpectSound(const Simulation& simulation, uint64_t seed) {
  for (const auto& violation : simulation.violations) ADD_FAILURE() << "seed " << seed << ": " << violation;
}

TEST(Simulation, MonthOfAThousandJobs) {
  const World world = Month(3, 31, 100);
  const Timetable team = Team(1000, 3, world.from);
  const auto start = std::chrono::steady_clock::now();
  const Simulation month = Simulate(team, world);
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - start);
  ExpectSound(month, 3);
  // Of jobs that wait for no others: from due to the first begin.
  std::array<Micros, 3> longest{};
  for (const auto& a : month.attempts) {
    const auto& job = team.jobs[static_cast<size_t>(a.job)];
    auto& of_class = longest[static_cast<size_t>(job.job_class)];
    if (a.slot.starts == 1 && job.after.empty()) of_class = std::max(of_class, Micros(a.began - a.slot.due));
  }
  std::printf("a month of 1,000 jobs: %zu attempts, %ld windows done, %ld steps, longest waits %s, %s, %s, in %ld ms\n",
              month.attempts.size(), month.windows_done, month.steps, FormatDuration(longest[0]).c_str(),
              FormatDuration(longest[1]).c_str(), FormatDuration(longest[2]).c_str(), took.count());
  EXPECT_GT(month.windows_done, 20'000);
  // No class starves.
  EXPECT_LT(longest[0], hours(6));
  EXPECT_LT(longest[1], hours(48));
  EXPECT_LT(longest[2], hours(96));
  if (std::getenv("TIDEMILL_FULL") != nullptr) {
    EXPECT_EQ(Told(month), Told(Simulate(team, world)));
  }
}

TEST(Simulation, ManySeeds) {
  const uint64_t seeds = std::getenv("TIDEMILL_FULL") != nullptr ? 10'000 : 300;
  int64_t attempts = 0;
  for (uint64_t seed = 1; seed <= seeds; ++seed) {
    const World world = Month(seed, 7, 20);
    const Timetable team = Team(static_cast<int>(8 + seed % 25), seed, world.from);
    const Simulation week = Simulate(team, world);
    attempts += static_cast<int64_t>(week.attempts.size());
    ExpectSound(week, seed);
    if (HasFailure()) return;
    if (seed % 50 == 0) {
      ASSERT_EQ(Told(week), Told(Simulate(team, world))) << "seed " << seed;
    }
  }
  std::printf("%lu seeds, %ld attempts\n", seeds, attempts);
}

// A check that cannot fail is none: a scheduler that forgets is caught.
TEST(Simulation, PlantedFaultsAreFound) {
  World world = Month(5, 7, 0);
  Timetable team = Team(12, 5, world.from);
  team.calendar.periods = {{"always", 0x7F, true, 0, 24, {1, 1, 1, 1}}};
  EXPECT_TRUE(Simulate(team, world).violations.empty());
  const Simulation week = Simulate(team, world);
  ASSERT_FALSE(week.attempts.empty());
  // What ran at noon would have been wrong by the ADR's hours.
  const Calendar adr = DefaultCalendar();
  int outside = 0;
  for (const auto& a : week.attempts) {
    outside += PeriodAt(adr, a.began)
                   .shares[static_cast<size_t>(ShareOf(team.jobs[static_cast<size_t>(a.job)].job_class, false))] <= 0;
  }
  EXPECT_GT(outside, 0);
}

}  // namespace
}  // namespace tidemill::scheduler
