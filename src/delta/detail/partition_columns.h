// A table's partition columns, and their values in a file's actions.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "delta/actions.h"
#include "delta/snapshot.h"
#include "plan/type.h"
#include "plan/value.h"

namespace tidemill::delta {

struct PartitionColumn {
  const plan::Field* field;  // of the snapshot's schema
  std::string physical_name;
};

// In the table's order.
Result<std::vector<PartitionColumn>> PartitionColumnsOf(const Snapshot& snapshot);

// One value a column. kDataLoss naming the file when it lacks one.
Result<std::vector<plan::Value>> PartitionValuesOf(const std::string& file, const PartitionValues& texts,
                                                   const std::vector<PartitionColumn>& columns);

}  // namespace tidemill::delta
