// Partition folders of sources that are no tables: "year=2013/month=1/part-0.csv" below the path that is read. Their
// names are columns of the rows in them, as Spark's partition discovery has it.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "engine/engine.h"
#include "plan/type.h"

namespace tidemill::job {

// Gives the files below `root` the values of their partition folders, and `schema` the columns, as its last. The
// columns it has there already keep their types; others are INT, BIGINT, DOUBLE, DATE or STRING, by their values.
// kUnimplemented for values whose type Spark would find otherwise (timestamps, decimals) and for columns of the files
// themselves; kInvalidArgument where files differ in their partition columns.
Status AddPartitionFolders(const std::string& root, std::vector<engine::File>& files, plan::Schema& schema);

}  // namespace tidemill::job
