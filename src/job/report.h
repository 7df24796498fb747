// The HTML report of runs: one file without anything from outside, in light and dark.
#pragma once

#include <string>
#include <vector>

#include "job/event.h"
#include "job/run.h"
#include "job/spec.h"

namespace tidemill::job {

struct ReportedRun {
  const RunResult* result = nullptr;
  const std::vector<Event>* events = nullptr;
};

// Several runs (windows) get a table of all and the details of one: the first that did not commit, else the last.
std::string HtmlReport(const Job& job, const std::vector<ReportedRun>& runs, const std::string& version);

}  // namespace tidemill::job
