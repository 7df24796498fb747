// interval_literal.h: INTERVAL literals -> year-month or day-time constants. Months and days do not mix.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "plan/expr.h"

namespace tidemill::sql {

// One `5 weeks` or `'-3' day` of a literal; the value may carry signs and blanks, the unit is in lower case.
struct IntervalTerm {
  std::string value;
  std::string unit;
};

bool IsIntervalUnit(std::string_view lower_case_word);  // year, years, ..., week, millisecond, microsecond

// INTERVAL 1 day 2 hours: the type spans from the largest to the smallest unit written.
Result<plan::Literal> IntervalFromTerms(const std::vector<IntervalTerm>& terms);
// INTERVAL '1 day 2 hours'.
Result<plan::Literal> IntervalFromString(std::string_view text);
// INTERVAL '1-2' YEAR TO MONTH, '1 02:03:04.5' DAY TO SECOND and the like; the units in lower case.
Result<plan::Literal> IntervalFromRange(std::string_view text, std::string_view from, std::string_view to);

}  // namespace tidemill::sql
