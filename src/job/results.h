// The results of checks as files that other programs read: JUnit XML for build servers, JSON for everything else.
#pragma once

#include <string>
#include <vector>

#include "job/event.h"
#include "job/run.h"

namespace tidemill::job {

// One run with the checks it reported.
struct CheckedRun {
  const RunResult* result = nullptr;
  std::string window;
  std::vector<event::CheckResult> checks;
};

// A suite a run, a case a check; a run that did not commit for another reason is an error of its suite.
std::string JUnitXml(const std::string& job, const std::vector<CheckedRun>& runs);
std::string ResultsJson(const std::string& job, const std::vector<CheckedRun>& runs);

}  // namespace tidemill::job
