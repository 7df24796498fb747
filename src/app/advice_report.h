// What `tidemill advise` says of one application: as text, JSON and a page.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "advisor/eventlog/finding.h"
#include "advisor/eventlog/log.h"
#include "advisor/eventlog/what_if.h"

namespace tidemill::app {

struct AdviceReport {
  std::string path;
  std::string cut;  // why the log ends early; empty: it does not
  advisor::eventlog::Log log;
  std::vector<advisor::eventlog::Finding> findings;
  advisor::eventlog::WhatIf what_if;
};

// Findings of a run that took `seconds`.
std::string FindingsText(const std::vector<advisor::eventlog::Finding>& findings, double seconds, bool color);
nlohmann::ordered_json FindingsJson(const std::vector<advisor::eventlog::Finding>& findings);

std::string AdviceText(const AdviceReport& report, bool color);
nlohmann::ordered_json AdviceJson(const AdviceReport& report);
std::string AdvicePage(const std::vector<AdviceReport>& reports, const std::string& version);

}  // namespace tidemill::app
