// A comparison of policies as an HTML page: one file without anything from outside, in light and dark.
#pragma once

#include <string>

#include "cloud/policies.h"

namespace tidemill::app {

std::string SimulationPage(const cloud::Comparison& comparison, const std::string& version);

}  // namespace tidemill::app
