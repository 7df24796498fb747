// A plan as text and as JSON.
#pragma once

#include <string>
#include <vector>

#include "advisor/plan.h"
#include "base/result.h"

namespace tidemill::advisor {

struct TextStyle {
  bool color = false;   // ANSI escapes
  bool reasons = true;  // false: one line a decision
};

// Each decision: what, then why, the figures, what would change it, how to override. Decisions that `before` had
// otherwise are shown as a change, those it had alike without their reasons when `style.reasons` is false.
std::string DecisionsText(const Plan& plan, const Plan* before, const TextStyle& style);
std::string QuotesText(const Plan& plan, const TextStyle& style);

std::string PlanJson(const Plan& plan);
// Undoes PlanJson; kInvalidArgument.
Result<Plan> PlanFromJson(const std::string& text);

}  // namespace tidemill::advisor
