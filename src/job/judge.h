// What the checks found, and whether the run may commit.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "job/event.h"
#include "job/spec.h"

namespace tidemill::job {

struct Findings {
  int64_t rows = 0;       // rows the checks saw
  int64_t good_rows = 0;  // those that go to the sink
  int64_t malformed = 0;
  std::vector<engine::CheckCount> counts;                  // by check name
  std::map<std::string, std::optional<Timestamp>> newest;  // freshness checks, by check name
  Timestamp now{};
};

struct Verdict {
  std::vector<event::CheckResult> results;
  bool may_commit = true;
  std::string reason;  // of the first check that says no
};

// `row_checks` are those of Output::checks; the checks of the whole table are taken from the job.
Verdict Judge(const Job& job, const std::vector<Check>& row_checks, const Findings& findings);

}  // namespace tidemill::job
