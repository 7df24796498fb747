// A table that was damaged or lost: which copies there are, what each would lose and how long it would take; and the
// table taken back from one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/units.h"
#include "delta/delta.h"
#include "job/ledger.h"
#include "job/recovery_store.h"
#include "job/run.h"

namespace tidemill::job {

// What a copy does not hold: the recovery point.
struct Loss {
  int64_t commits = -1;           // -1: not known, the log cannot be read
  int64_t rows = -1;              // that those commits wrote, where they all tell
  Timestamp since{};              // of the version that the copy holds
  std::vector<std::string> runs;  // their run keys; running them again writes their rows anew
};

// One way back: from a clone, or to an earlier version of the table itself.
struct WayBack {
  std::string copy;  // the clone's folder; empty: an earlier version
  int64_t version = -1;
  int64_t files = 0;
  int64_t bytes = 0;
  Loss loss;
  double seconds = -1;  // that it would take; -1: nothing like it was measured yet
  std::string basis;    // what the time is from, in words
  std::string problem;  // why it cannot be used; empty: it can
};

struct RecoveryPlan {
  int64_t version = -1;  // the newest that can be read; -1: none
  int64_t damages = -1;  // -1: no version can be read
  int64_t files = 0;
  int64_t bytes = 0;
  std::vector<WayBack> ways;  // the one that loses least first
};

// `clones`: folders to look at, besides those that the records name.
Result<RecoveryPlan> PlanRecovery(const delta::Table& table, const std::vector<std::string>& clones,
                                  const std::vector<RecoveryRecord>& records, const std::vector<LedgerRun>& runs,
                                  RunEnvironment& environment);

// How a table is taken back from a clone. Files that the clone has are copied back and compared; the log is used as far
// as it can be read, else set aside and begun anew from the clone's, with the runs it had.
struct TakeBack {
  std::vector<std::pair<std::string, std::string>> files;  // from the clone, to the table
  std::vector<std::string> set_aside;                      // of the log that cannot be read
  bool new_log = false;
  std::optional<int64_t>
      restore_to;  // files that came after the clone are lost, too: the table goes back to its version
  std::vector<std::string> words;
};

// `deep`: reads all rows to find what is damaged. kFailedPrecondition: the folder is no clone of the table.
Result<TakeBack> PlanTakeBack(const delta::Table& table, const delta::Table& clone, bool deep,
                              RunEnvironment& environment);
// The version committed; -1: none was needed, the files were enough. Stopped anywhere, it can be done again.
Result<int64_t> ApplyTakeBack(const delta::Table& table, const delta::Table& clone, const TakeBack& plan,
                              RunEnvironment& environment);

// The runs that a table's commits tell of, as the ledger had them.
Result<std::vector<LedgerRun>> RunsOfCommits(const delta::Table& table);

}  // namespace tidemill::job
