#include "scheduler/step.h"

#include <gtest/gtest.h>

#include "scheduler/admission.h"
#include "scheduler/command.h"
#include "scheduler/verdict.h"

namespace tidemill::scheduler {
namespace {

using job::JobClass;
using job::Outcome;
using std::chrono::hours;
using std::chrono::minutes;

Timestamp At(const std::string& text) { return *ParseTimestamp(text); }

// Hourly windows from midnight of a Tuesday, all hours open to all.
ScheduledJob Hourly(const std::string& name, JobClass job_class = JobClass::kRegular) {
  ScheduledJob job;
  job.name = name;
  job.job_class = job_class;
  job.trigger = Trigger::kInterval;
  job.every = hours(1);
  job.window = hours(1);
  job.start = At("2013-01-01");
  job.expected = minutes(10);
  job.memory_bytes = int64_t{1} << 30;
  return job;
}

Timetable Of(std::vector<ScheduledJob> jobs) {
  Timetable timetable;
  timetable.calendar.periods = {{"always", 0x7F, true, 0, 24, {1, 1, 1, 1}}};
  timetable.capacity.memory_bytes = int64_t{4} << 30;
  timetable.jobs = std::move(jobs);
  return timetable;
}

struct Script {
  Timetable timetable;
  State state;
  std::vector<action::Start> starts;
  std::vector<action::Stop> stops;
  std::vector<action::Tell> told;

  void operator()(const Event& event, const std::string& now) {
    starts.clear();
    stops.clear();
    told.clear();
    for (const Action& action : Step(timetable, state, event, At(now)).actions) {
      if (const auto* start = std::get_if<action::Start>(&action)) starts.push_back(*start);
      if (const auto* stop = std::get_if<action::Stop>(&action)) stops.push_back(*stop);
      if (const auto* tell = std::get_if<action::Tell>(&action)) told.push_back(*tell);
    }
  }
  std::string Started() const {
    std::string text;
    for (const auto& s : starts) {
      text += (text.empty() ? "" : " ") + timetable.jobs[static_cast<size_t>(s.job)].name + "@" +
              FormatTimestamp(s.slot.start).substr(11, 5);
    }
    return text;
  }
  event::Ended End(const action::Start& start, Outcome outcome, ErrorKind kind = ErrorKind::kInternal) {
    return {start.job, start.slot.start, outcome, kind, "", minutes(5)};
  }
};

TEST(Step, WindowsInOrderOrSideBySide) {
  auto ordered = Hourly("ordered"), beside = Hourly("beside");
  beside.at_once = 2;
  Script run{Of({ordered, beside})};
  run(event::Tick{}, "2013-01-01T04:30:00Z");
  EXPECT_EQ(run.Started(), "ordered@00:00 beside@00:00 beside@01:00");
  run(run.End(run.starts[0], Outcome::kCommitted), "2013-01-01T04:40:00Z");
  EXPECT_EQ(run.Started(), "ordered@01:00");
}

TEST(Step, CatchUpPolicies) {
  auto all = Hourly("all"), latest = Hourly("latest"), skip = Hourly("skip"), firing = Hourly("firing");
  all.at_once = latest.at_once = skip.at_once = 9;
  latest.catch_up = job::CatchUp::kLatest;
  skip.catch_up = job::CatchUp::kSkip;
  firing.window.reset();
  firing.catch_up = job::CatchUp::kLatest;
  Timetable timetable = Of({all, latest, skip, firing});
  timetable.capacity.memory_bytes = int64_t{100} << 30;
  timetable.capacity.threads = 100;
  Script run{std::move(timetable)};
  run(event::Tick{}, "2013-01-01T03:30:00Z");
  EXPECT_EQ(run.Started(), "all@00:00 all@01:00 all@02:00 latest@02:00 firing@03:00");
  run(event::Tick{}, "2013-01-01T04:00:00Z");
  EXPECT_EQ(run.Started(), "all@03:00 latest@03:00 skip@03:00");
}

TEST(Step, ACriticalRunTakesTheRoomOfADevelopmentRun) {
  auto toy = Hourly("toy", JobClass::kDevelopment), vital = Hourly("vital", JobClass::kCritical);
  toy.memory_bytes = int64_t{3} << 30;
  vital.memory_bytes = int64_t{2} << 30;
  vital.start = At("2013-01-01T01:00");
  Script run{Of({toy, vital})};
  run(event::Tick{}, "2013-01-01T01:00:00Z");
  const auto toy_start = run.starts.at(0);
  run(event::Tick{}, "2013-01-01T02:00:00Z");
  EXPECT_EQ(run.Started(), "");
  ASSERT_EQ(run.stops.size(), 1U);
  EXPECT_EQ(run.stops[0].job, 0);
  run(event::Tick{}, "2013-01-01T02:00:01Z");
  EXPECT_TRUE(run.stops.empty());  // it is told once
  run(run.End(toy_start, Outcome::kCancelled), "2013-01-01T02:00:05Z");
  EXPECT_EQ(run.Started(), "vital@01:00");
  const auto vital_start = run.starts.at(0);
  run(run.End(vital_start, Outcome::kCommitted), "2013-01-01T02:10:00Z");
  EXPECT_EQ(run.Started(), "toy@00:00");
  EXPECT_EQ(run.starts[0].slot.failures, 0);
  EXPECT_EQ(run.starts[0].slot.preemptions, 1);
}

TEST(Step, OnlyWhatMaySucceedIsTriedAgain) {
  Script run{Of({Hourly("a")})};
  run(event::Tick{}, "2013-01-01T03:00:00Z");
  const auto first = run.starts.at(0);
  run(run.End(first, Outcome::kFailed, ErrorKind::kDataLoss), "2013-01-01T03:01:00Z");
  EXPECT_EQ(run.told.at(0).notice, action::Notice::kParked);
  EXPECT_EQ(run.Started(), "a@01:00");  // the rest goes on
  for (int failure = 1; failure <= 4; ++failure) {
    const auto start = run.starts.at(0);
    run(run.End(start, Outcome::kFailed, ErrorKind::kUnavailable), "2013-01-01T03:10:00Z");
    if (failure == 4) break;
    EXPECT_EQ(run.told.at(0).notice, action::Notice::kRetry);
    run(event::Tick{}, "2013-01-01T04:00:00Z");
    EXPECT_EQ(run.Started(), "a@01:00");
  }
  EXPECT_EQ(run.told.at(0).notice, action::Notice::kParked);
  run(event::RunNow{0, At("2013-01-01T01:00")}, "2013-01-01T04:10:00Z");
  EXPECT_EQ(run.Started(), "a@01:00");  // asked for again
}

TEST(Step, MoreMemoryThenTheOtherEngine) {
  auto job = Hourly("a");
  job.memory_bytes = int64_t{2} << 30;
  job.engine = "auto";
  Script run{Of({job})};
  run(event::Tick{}, "2013-01-01T01:00:00Z");
  const auto again = [&](const char* ended, const char* later) {
    const auto start = run.starts.at(0);
    run(run.End(start, Outcome::kFailed, ErrorKind::kResourceExhausted), ended);
    run(event::Tick{}, later);
  };
  again("2013-01-01T01:10:00Z", "2013-01-01T01:50:00Z");
  EXPECT_EQ(run.starts.at(0).memory_bytes, int64_t{4} << 30);
  EXPECT_FALSE(run.starts[0].slot.on_spark);
  again("2013-01-01T01:51:00Z", "2013-01-01T02:50:00Z");
  EXPECT_TRUE(run.starts.at(0).slot.on_spark);
}

TEST(Step, AnUnknownOutcomeIsSettledFirst) {
  Script run{Of({Hourly("a")})};
  run(event::Tick{}, "2013-01-01T02:00:00Z");
  const auto start = run.starts.at(0);
  run(run.End(start, Outcome::kUnknown), "2013-01-01T02:10:00Z");
  EXPECT_EQ(run.Started(), "a@00:00");
  EXPECT_EQ(run.starts[0].slot.failures, 0);
  run(run.End(start, Outcome::kAlreadyCommitted), "2013-01-01T02:11:00Z");
  EXPECT_EQ(run.Started(), "a@01:00");
  run(run.End(start, Outcome::kCommitted), "2013-01-01T02:12:00Z");  // told twice: nothing happens
  EXPECT_TRUE(run.told.empty());
}

TEST(Step, OnePartitionHasOneWriter) {
  auto one = Hourly("one"), other = Hourly("other");
  one.table = other.table = "t";
  one.partition = other.partition = Partition::kDay;
  Script run{Of({one, other})};
  run(event::Tick{}, "2013-01-01T01:00:00Z");
  EXPECT_EQ(run.Started(), "one@00:00");
  run.timetable.jobs[0].partition = run.timetable.jobs[1].partition = Partition::kHour;
  run(event::Tick{}, "2013-01-01T02:00:00Z");
  EXPECT_EQ(run.Started(), "");  // the same hour is being written
  const Slot midnight{.start = At("2013-01-01T23:00"), .end = At("2013-01-02T01:00")};
  const Slot morning{.start = At("2013-01-02T05:00"), .end = At("2013-01-02T06:00")};
  auto day = one;
  day.partition = Partition::kDay;
  EXPECT_TRUE(SharePartition(day, midnight, day, morning));
  EXPECT_FALSE(SharePartition(day, {.start = At("2013-01-01T23:00"), .end = At("2013-01-02")}, day, morning));
}

TEST(Step, OthersFirst) {
  auto loads = Hourly("loads"), reads = Hourly("reads");
  reads.trigger = Trigger::kAfter;
  reads.after = {0};
  reads.at_once = 3;
  Script run{Of({loads, reads})};
  run(event::Tick{}, "2013-01-01T03:00:00Z");
  EXPECT_EQ(run.Started(), "loads@00:00");
  auto start = run.starts.at(0);
  run(run.End(start, Outcome::kChecksFailed), "2013-01-01T03:01:00Z");
  EXPECT_EQ(run.Started(), "loads@01:00");  // what was not loaded is not read
  start = run.starts.at(0);
  run(run.End(start, Outcome::kCommitted), "2013-01-01T03:02:00Z");
  EXPECT_EQ(run.Started(), "loads@02:00 reads@01:00");
}

TEST(Step, BackfillsHaveALimitAndHoursOfTheirOwn) {
  auto job = Hourly("a");
  job.backfill_at_once = 2;
  Script run{Of({job})};
  run.timetable.jobs[0].start = At("2013-01-01T12:00");
  run(event::Tick{}, "2013-01-01T12:00:00Z");
  run(event::BackfillRange{0, At("2013-01-01T06:00"), At("2013-01-01T20:00"), true}, "2013-01-01T12:00:01Z");
  EXPECT_EQ(run.Started(), "a@06:00 a@07:00");
  EXPECT_TRUE(run.starts[0].slot.replace);
  auto start = run.starts.at(0);
  run(run.End(start, Outcome::kCommitted), "2013-01-01T12:10:00Z");
  EXPECT_EQ(run.Started(), "a@08:00");
  run.timetable.calendar = DefaultCalendar();  // a Tuesday noon: no backfill begins
  start = run.starts.at(0);
  run(run.End(start, Outcome::kCommitted), "2013-01-01T12:20:00Z");
  EXPECT_EQ(run.Started(), "");
}

TEST(Step, PausedMeansNoneBegins) {
  Script run{Of({Hourly("a")})};
  run(event::Pause{0}, "2013-01-01T01:00:00Z");
  EXPECT_EQ(run.Started(), "");
  run(event::Resume{0}, "2013-01-01T01:30:00Z");
  EXPECT_EQ(run.Started(), "a@00:00");
}

TEST(Step, StateAndCommandsComeBackAsTheyWere) {
  Script run{Of({Hourly("a"), Hourly("b")})};
  run(event::BackfillRange{1, At("2012-12-31"), At("2013-01-01"), false}, "2013-01-01T04:00:00Z");
  for (const auto& own : run.state.jobs) EXPECT_EQ(ToJson(*JobStateFromJson(ToJson(own))), ToJson(own));
  EXPECT_FALSE(JobStateFromJson("{\"fired\":\"x\"}").ok());
  for (const Event& command :
       {Event(event::Pause{1}), Event(event::Resume{0}), Event(event::RunNow{1, At("2013-01-01")}),
        Event(event::BackfillRange{0, At("2013-01-01"), At("2013-01-02"), true})}) {
    const auto text = CommandText(run.timetable, command);
    const auto read = CommandFromText(run.timetable, text);
    ASSERT_TRUE(read.ok()) << text;
    EXPECT_EQ(CommandText(run.timetable, *read), text);
  }
  EXPECT_FALSE(CommandFromText(run.timetable, R"({"do":"pause","job":"c"})").ok());
  EXPECT_FALSE(CommandFromText(run.timetable, "pause").ok());
}

TEST(Verdict, DelaysAreSpreadOverTheirWholeRange) {
  Micros least = hours(9), most{};
  for (int i = 0; i < 1000; ++i) {
    const Micros delay =
        RetryDelay(std::chrono::seconds(30), minutes(30), 3, "job" + std::to_string(i), At("2013-01-01"));
    least = std::min(least, delay);
    most = std::max(most, delay);
  }
  EXPECT_LT(least, std::chrono::seconds(2));
  EXPECT_GT(most, std::chrono::seconds(118));
  EXPECT_LE(most, std::chrono::seconds(120));
}

}  // namespace
}  // namespace tidemill::scheduler
