// One partition of a table in the catalog, as a PARTITION clause names it.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "plan/statement.h"
#include "session/state.h"

namespace tidemill::session {

struct Partition {
  std::vector<std::pair<std::string, std::string>> values;  // column, text; in the table's order
  std::string folder;                                       // below the table's: "a=1/b=x"

  std::string ToString() const;  // [a=1, b=x]
};

// The partition of all of the table's partition columns; an error where the clause says less, or there is none.
// `operation` names the statement in errors.
Result<Partition> FindPartition(State& state, const Table& table, const plan::PartitionSpec& spec,
                                const std::string& operation);

}  // namespace tidemill::session
