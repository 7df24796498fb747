// timetable.h: what is to run when, and what there is to run it with: the scheduler's own view of jobs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "job/spec.h"
#include "scheduler/calendar.h"
#include "scheduler/cron.h"

namespace tidemill::scheduler {

enum class Trigger { kNone, kCron, kInterval, kData, kAfter };

// How much event time one partition of a table holds.
enum class Partition { kTable, kYear, kMonth, kDay, kHour };

struct ScheduledJob {
  std::string name;
  std::string file;  // empty: it is not run from a file (a simulation)
  job::JobClass job_class = job::JobClass::kRegular;

  Trigger trigger = Trigger::kNone;
  Cron cron;
  TimeZone zone;
  Micros every{};
  std::vector<int> after;          // jobs that must be done with the same time first
  std::optional<Micros> window;    // none: a run takes all data
  std::optional<Timestamp> start;  // the earliest window or firing; none: from when the job is first seen
  std::optional<Timestamp> end;    // no window or firing after it
  Micros delay{};                  // after a window's end, for late data
  job::CatchUp catch_up = job::CatchUp::kAll;
  int at_once = 1;  // 1: windows in order
  int backfill_at_once = 1;

  Micros sla{};       // from due to done; 0: none was promised
  Micros expected{};  // of a run, until its history says better
  int64_t memory_bytes = 0;
  int threads = 1;
  double dollars_per_hour = 0;
  std::vector<std::pair<int, int>> resources;  // index into Capacity::resources, how many

  std::string table;  // runs of one table whose partitions may meet never run at once
  Partition partition = Partition::kTable;
  TimeZone partition_zone;  // whose years, months, days and hours they are

  int attempts = 4;
  Micros retry_after = std::chrono::seconds(30);
  Micros retry_most = std::chrono::minutes(30);
  Micros attempt_limit{};  // 0: none
  std::string engine = "native";
  bool again = false;  // a firing without a window runs although an earlier one committed
};

struct Resource {
  std::string name;
  int count = 0;
};

struct Capacity {
  int64_t memory_bytes = int64_t{8} << 30;
  int threads = 4;
  double dollars_per_hour = 0;  // 0: no limit
  std::vector<Resource> resources;
};

struct Timetable {
  std::string name;
  Calendar calendar = DefaultCalendar();
  Capacity capacity;
  std::vector<ScheduledJob> jobs;  // names are unique

  // -1: there is none.
  int Find(std::string_view job) const;
};

}  // namespace tidemill::scheduler
