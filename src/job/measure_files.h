// The rows of a table's files read, file by file: how many there are, and what each column's least and greatest are.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "delta/snapshot.h"
#include "delta/statistics.h"
#include "job/run.h"

namespace tidemill::job {

// What a file holds without the rows of its deletion vector (but num_records with them), or why it cannot be read.
using MeasuredFile = Result<delta::FileStatistics>;

// By the files' paths as the log has them. Every column is read, those without an order for being readable alone. An
// error: nothing can be said (stopped, out of memory).
Result<std::map<std::string, MeasuredFile>> MeasureFiles(const delta::Snapshot& snapshot,
                                                         const std::vector<const delta::Add*>& files,
                                                         RunEnvironment& environment);

}  // namespace tidemill::job
