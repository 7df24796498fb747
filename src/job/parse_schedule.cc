#include "job/parse_schedule.h"

#include <fmt/format.h>

#include <algorithm>

namespace tidemill::job {
namespace {

constexpr std::string_view kTriggers[] = {"cron", "every", "on_data"};

void ReadResources(const document::Reader& in, Schedule& schedule, document::Diagnostics& out) {
  const document::Node* resources = in.Get("resources");
  if (resources == nullptr) return;
  const document::Reader counts(*resources, in.Path("resources"));
  for (const document::Entry& entry : resources->entries) {
    const auto count = counts.Number(entry.key);
    if (count && *count > 0 && *count < 1'000'000) {
      schedule.resources[entry.key] = static_cast<int>(*count);
    } else {
      out.Error(entry.value.at, counts.Path(entry.key), fmt::format("'{}' is not a number of it", entry.value.text),
                "write how many a run takes, like 1");
    }
  }
}

}  // namespace

Schedule ReadSchedule(const document::Reader& in, document::Diagnostics& out) {
  Schedule schedule;
  schedule.at = in.node().at;
  for (const document::Entry& entry : in.node().entries) schedule.places[entry.key] = entry.value.at;
  schedule.cron = in.Text("cron");
  schedule.time_zone = in.Text("time_zone");
  schedule.every = in.Duration("every").value_or(Micros());
  schedule.on_data = in.Texts("on_data");
  schedule.after = in.Texts("after");
  schedule.start = in.Time("start");
  schedule.end = in.Time("end");
  schedule.delay = in.Duration("delay").value_or(Micros());
  schedule.catch_up = FromName<CatchUp>(in.Text("catch_up"));
  schedule.at_once = static_cast<int>(std::clamp<int64_t>(in.Number("at_once").value_or(1), 0, 1000));
  schedule.backfill_at_once = static_cast<int>(std::clamp<int64_t>(in.Number("backfill_at_once").value_or(1), 0, 1000));
  schedule.expect = in.Duration("expect").value_or(Micros());
  schedule.memory_bytes = in.Bytes("memory").value_or(0);
  schedule.threads = static_cast<int>(std::clamp<int64_t>(in.Number("threads").value_or(0), 0, 1024));
  schedule.dollars_per_hour = in.Decimal("dollars_per_hour").value_or(0);
  schedule.engine = in.Text("engine", schedule.engine);
  schedule.attempts = static_cast<int>(std::clamp<int64_t>(in.Number("attempts").value_or(4), 0, 100));
  schedule.retry_after = in.Duration("retry_after").value_or(schedule.retry_after);
  schedule.retry_most = in.Duration("retry_most").value_or(std::max(schedule.retry_most, schedule.retry_after));
  schedule.attempt_limit = in.Duration("attempt_limit").value_or(Micros());
  ReadResources(in, schedule, out);

  for (const auto key : {"at_once", "backfill_at_once", "attempts", "threads"}) {
    if (in.Has(key) && in.Number(key) == 0) out.Error(in.At(key), in.Path(key), "must be at least 1");
  }
  const auto triggers =
      std::count_if(std::begin(kTriggers), std::end(kTriggers), [&](auto key) { return in.Has(key); });
  if (triggers > 1) {
    out.Error(schedule.at, in.path(), "has more than one of `cron`, `every` and `on_data`", "write one of them");
  }
  if (triggers == 0 && !in.Has("after")) {
    out.Error(schedule.at, in.path(), "never starts a run", "write one of `cron`, `every`, `on_data` and `after`");
  }
  if (in.Has("dollars_per_hour") && schedule.dollars_per_hour <= 0) {
    out.Error(in.At("dollars_per_hour"), in.Path("dollars_per_hour"),
              fmt::format("'{}' is not a number of dollars like 0.50", in.Text("dollars_per_hour")));
  }
  if (schedule.start && schedule.end && *schedule.end <= *schedule.start) {
    out.Error(in.At("end"), in.Path("end"), "is not after `start`");
  }
  if (schedule.retry_most < schedule.retry_after) {
    out.Error(in.At("retry_most"), in.Path("retry_most"), "is shorter than `retry_after`");
  }
  return schedule;
}

}  // namespace tidemill::job
