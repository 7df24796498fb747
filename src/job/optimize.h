// A table's small files written together, and files with many deleted rows written without them. No row changes.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "job/run.h"
#include "job/target.h"

namespace tidemill::job {

// How rows of several columns are laid out in one order.
enum class Curve { kZOrder, kHilbert };

struct OptimizeOptions {
  int64_t target_file_bytes = int64_t{256} << 20;
  // Only these columns' values of partitions, as the log writes them ("day" -> "2024-01-01"); empty: all.
  std::vector<std::pair<std::string, std::string>> partition{};
  // Only these partitions, where set; and the condition that chose them, for the table's history.
  std::optional<std::set<delta::PartitionValues>> partitions{};
  std::string where{};
  // Rows are ordered along a curve through these columns; empty: as they lie. Files that were ordered so before are
  // left alone until their partition gets others.
  std::vector<std::string> order{};
  Curve curve = Curve::kZOrder;
};

struct OptimizeResult {
  int64_t version = -1;  // -1: there was nothing to do
  int64_t files_before = 0;
  int64_t bytes_before = 0;
  int64_t files_after = 0;
  int64_t bytes_after = 0;
  int64_t rows = 0;
};

// What would be rewritten; nothing is.
Result<OptimizeResult> PlanOptimize(const Target& target, const OptimizeOptions& options);

// Does it in one commit with dataChange=false. Writers that only add files go on beside it; kAborted when another
// commit took out a file that it read: run it again.
Result<OptimizeResult> Optimize(const Target& target, const OptimizeOptions& options, RunEnvironment environment);

}  // namespace tidemill::job
