// Two tables, row for row: every row of one has its equal in the other as often, doubles to their last bit.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "app/program.h"
#include "base/result.h"

namespace tidemill::app {

struct Difference {
  std::vector<std::string> schema;             // in words
  std::vector<std::string> columns;            // of the rows below
  std::vector<std::vector<std::string>> rows;  // the table it is in, how often more, then the values
  int64_t count = 0;                           // of the rows that one side has more often
  int64_t one_rows = 0;
  int64_t other_rows = 0;

  bool same() const { return schema.empty() && count == 0; }
};

// kInvalidArgument, kNotFound: a table, a version or a key is not there.
Result<Difference> CompareTables(Program& program, const DiffFlags& flags);
void PrintDifference(const Difference& found);

}  // namespace tidemill::app
