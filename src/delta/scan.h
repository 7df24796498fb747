// Which files a query has to read.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "delta/predicate.h"
#include "delta/snapshot.h"
#include "plan/value.h"

namespace tidemill::delta {

struct ScanFile {
  const Add* add = nullptr;                   // lives as long as the snapshot
  std::string path;                           // absolute, decoded
  std::vector<plan::Value> partition_values;  // parallel to snapshot.partition_columns()
};

struct Scan {
  std::vector<ScanFile> files;  // those that may hold a matching row
  int64_t pruned_files = 0;
  int64_t pruned_bytes = 0;
};

// Leaves out the files of which partition values or statistics prove that no row can match.
Result<Scan> Prune(const Snapshot& snapshot, const Predicate& predicate = {});

}  // namespace tidemill::delta
