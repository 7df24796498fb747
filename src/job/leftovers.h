// Data files of attempts that died. A marker file says which attempt writes where, and a lock on it that the attempt is
// alive: the system lets go of the lock when the process ends, however it ends.
//
// Files are removed only when their attempt is dead and no live file or tombstone of the table is one of them. (An
// attempt that committed has some too: Spark leaves a file without rows out of the commit.)
#pragma once

#include <set>
#include <string>

#include "base/result.h"
#include "job/run.h"

namespace tidemill::job {

class AttemptMarker {
 public:
  // Makes `folder`/<attempt>.json and locks it. An empty folder: no marker is kept.
  static Result<AttemptMarker> Make(const std::string& folder, const std::string& attempt, const std::string& sink,
                                    const std::string& quarantine, const std::string& file_id);
  AttemptMarker() = default;
  AttemptMarker(AttemptMarker&& other) noexcept;
  AttemptMarker& operator=(AttemptMarker&& other) noexcept;
  ~AttemptMarker();  // unlocks and leaves the file: what became of the attempt is not known

  // The attempt is settled: its files are in the table, or gone.
  void Settled();

  // What the lock is on, for another process that writes for the attempt: it must hold the lock too. -1: no marker.
  int descriptor() const { return descriptor_; }

 private:
  std::string path_;
  int descriptor_ = -1;
};

// Removes what dead attempts left in the folders of this sink. Returns the number of files.
Result<int64_t> RemoveLeftovers(const std::string& sink, const std::string& quarantine, RunEnvironment& environment);

// Every file below `folder` whose name has the attempt's id in it, but those of these names. Returns their number.
Result<int64_t> RemoveAttemptFiles(storage::Storage& storage, const std::string& folder, const std::string& file_id,
                                   const std::set<std::string>& kept = {});

}  // namespace tidemill::job
