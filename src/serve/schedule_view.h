// schedule_view.h: the schedule as it stands, as metrics and as JSON for pages and programs. Pure.
#pragma once

#include <string>
#include <vector>

#include "job/ledger.h"
#include "scheduler/step.h"
#include "serve/metrics.h"

namespace tidemill::serve {

struct ScheduleView {
  const scheduler::Timetable* timetable = nullptr;
  scheduler::State state;
  Timestamp now{};  // by the schedule's clock
  bool leads = false;
  int64_t epoch = 0;
  std::string version;
};

// `ever` and `lately` (30 days): what the ledger's runs add up to.
std::vector<Metric> MetricsOf(const ScheduleView& view, const std::vector<job::RunTotals>& ever,
                              const std::vector<job::RunTotals>& lately);

// {"now", "period", "capacity", "used", "jobs": [{"job", "class", "state", "open": [...]}]}
std::string ScheduleJson(const ScheduleView& view);

}  // namespace tidemill::serve
