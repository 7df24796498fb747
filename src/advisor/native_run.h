// native_run.h: what could be better about a run of the native engine, from what the ledger keeps of it.
#pragma once

#include <cstdint>
#include <vector>

#include "advisor/eventlog/finding.h"

namespace tidemill::advisor {

struct NativeRun {
  double seconds = 0;
  double quoted_seconds = -1;  // -1: there was no quote
  int64_t memory_bytes = 0;    // its budget; 0: not known
  int64_t peak_memory_bytes = 0;
  int64_t peak_spill_bytes = 0;
  int64_t bytes_written = 0;
  int64_t files_written = 0;
};

// Those that gain most first.
std::vector<eventlog::Finding> FindInNativeRun(const NativeRun& run);

}  // namespace tidemill::advisor
