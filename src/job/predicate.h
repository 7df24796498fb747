// Checks as Spark SQL: each row check becomes one BOOLEAN column of the output, FALSE for a bad row.
#pragma once

#include <string>
#include <vector>

#include "job/spec.h"

namespace tidemill::job {

// A piece of generated SQL, and the text of the user's it came from (null: all ours).
struct SqlPiece {
  std::string text;
  const SqlText* from = nullptr;
};

// The pieces, one below the other, make the predicate. The output is read under the alias `o`; a references check also
// needs its join (JoinFor). Not for checks of the whole table.
std::vector<SqlPiece> PredicateOf(const Check& check, size_t index);
// "LEFT JOIN (SELECT DISTINCT ...) r3 ON ...", or empty.
std::string JoinFor(const Check& check, size_t index);

}  // namespace tidemill::job
