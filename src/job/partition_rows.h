// What a run wrote, by partition: for the report.
#pragma once

#include <string_view>
#include <vector>

#include "engine/engine.h"
#include "job/run.h"
#include "plan/type.h"

namespace tidemill::job {

// In the order of their labels; an unpartitioned table is one partition without a label.
std::vector<PartitionRows> PartitionsOf(const std::vector<engine::WrittenFile>& files, const plan::Schema& table,
                                        const std::vector<int>& partition_columns);

// "2013/9" before "2013/10": runs of digits compare as numbers.
bool InNumberOrder(std::string_view a, std::string_view b);

}  // namespace tidemill::job
