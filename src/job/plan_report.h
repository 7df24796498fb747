// A plan as an HTML page: quotes, and every decision with its reasons.
#pragma once

#include <string>

#include "advisor/plan.h"

namespace tidemill::job {

// `window` as WindowText gives it. Decisions that `before` (may be null) had otherwise are marked.
std::string HtmlPlan(const advisor::Plan& plan, const advisor::Plan* before, const std::string& window,
                     const std::string& version);

}  // namespace tidemill::job
