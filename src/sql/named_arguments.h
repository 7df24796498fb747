// named_arguments.h: f(b => 2, a => 1) -> f(1, 2), for Spark's few built-in functions whose parameters have names.
#pragma once

#include "base/result.h"
#include "plan/expr.h"

namespace tidemill::sql {

// The call with its arguments in the parameters' order and defaults where an argument between is left out; the call
// itself when no argument is named. Errors are Spark's.
Result<plan::Call> WithPositionalArguments(const plan::Call& call, Position at);

}  // namespace tidemill::sql
