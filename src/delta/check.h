// The newest version of a table against the files that are there.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "delta/delta.h"

namespace tidemill::delta {

// One thing found by Check.
struct Finding {
  enum class Kind {
    kMissingFile,    // a live file is not there
    kTruncated,      // a live file is shorter than the log says
    kWrongSize,      // a live file is longer than the log says
    kBadPath,        // a live file's path leads out of the table
    kMissingVector,  // a deletion vector's file is not there
    kBrokenVector,   // a deletion vector is not what the log says, or deletes rows that its file has not
    kBrokenLog,      // a gap, a torn commit, an unreadable checkpoint
    kTouched,        // a live file was written after the log's time of it, while most others were not
    kOrphan,         // a file below the root that no version in the log names
    kTemporary,      // left behind by a writer that was killed
  };
  Kind kind{};
  std::string path;
  std::string message;
  int64_t size_bytes = 0;
  std::string logged{};  // a live file's path as the log has it
  // They cost space, or may mean something; everything else is damage.
  bool harmless() const { return kind == Kind::kTouched || kind == Kind::kOrphan || kind == Kind::kTemporary; }
};
std::string_view FindingName(Finding::Kind kind);

struct CheckReport {
  int64_t version = -1;  // -1: no snapshot could be made
  int64_t files_checked = 0;
  int64_t bytes_checked = 0;
  std::vector<Finding> findings;
};
Result<CheckReport> Check(const Table& table);

}  // namespace tidemill::delta
