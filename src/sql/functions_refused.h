// Spark's functions that are known by name and refused, with the number of arguments Spark takes.
#pragma once

#include <string_view>

namespace tidemill::sql {

struct RefusedFunction {
  std::string_view name;
  int least_args;
  int most_args;  // -1: no limit
};

// Ignoring case; null when there is none.
const RefusedFunction* FindRefusedFunction(std::string_view name);

}  // namespace tidemill::sql
