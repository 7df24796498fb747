// salt.h: a step's text with one of its joins salted: the same rows, but those of a hot key go to many of Spark's
// tasks.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace tidemill::sql {

struct SaltSpec {
  std::string table;  // the side with the hot keys, as the step names it
  std::string other;
  std::string column;               // of `table`, that the join compares
  std::vector<std::string> values;  // the hot keys as text
  int count = 0;                    // how many ways
};

struct Salted {
  std::string sql;                                         // the step, reading the views below
  std::vector<std::pair<std::string, std::string>> views;  // name and query of what has to be there before
};

// A row of `table` with a hot key gets a salt of 0 to count - 1 by its place, every other row salt 0; `other` has its
// row once for each salt its key may meet; the join compares salts too. kUnimplemented, with the reason, for a query of
// another shape than SELECT without `*` FROM tables joined ON conditions, in which each of the two stands once and one
// plain equality compares the column.
Result<Salted> SaltJoin(std::string_view sql, const SaltSpec& spec);

}  // namespace tidemill::sql
