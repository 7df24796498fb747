// The small predicate form that file pruning and conflict checks understand: a conjunction of tests on one column each.
// What does not fit is simply left out by the caller: pruning then keeps more files, never fewer.
#pragma once

#include <string>
#include <vector>

#include "plan/value.h"

namespace tidemill::delta {

struct Test {
  enum class Op { kEqual, kNotEqual, kLess, kLessOrEqual, kGreater, kGreaterOrEqual, kIn, kIsNull, kIsNotNull };
  std::string column;  // a top-level column's logical name, ignoring case
  Op op = Op::kEqual;
  std::vector<plan::Value> values{};  // of the column's type: one; any number for kIn; none for null tests
};

// All tests must hold; no test: every row.
struct Predicate {
  std::vector<Test> tests;
};

}  // namespace tidemill::delta
