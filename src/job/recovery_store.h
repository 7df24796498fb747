// What was copied, drilled and taken back, kept in the ledger; and the ledger itself copied, and made again.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "job/ledger.h"

namespace tidemill::job {

struct RecoveryRecord {
  std::string kind;      // "clone", "drill", "run"
  std::string table;     // absolute
  std::string copy;      // the clone's folder; empty: an earlier version of the table itself
  int64_t version = -1;  // of the table that the copy holds
  std::string at;        // as FormatTimestamp
  double seconds = 0;    // that bytes took from copy to place
  int64_t files = 0;
  int64_t bytes = 0;
  std::string outcome;  // "done", "same", "different"
  std::string report;   // a JSON object
};

class RecoveryStore {
 public:
  // As Ledger::Open.
  static Result<std::unique_ptr<RecoveryStore>> Open(const std::string& path);
  ~RecoveryStore();

  Status Add(const RecoveryRecord& record);
  // Newest first. An empty table: of all.
  Result<std::vector<RecoveryRecord>> List(const std::string& table) const;

  // The whole ledger as one file at `to`, while others may write to it. kAlreadyExists: there is one.
  Status BackUp(const std::string& to) const;
  // Puts runs into the ledger that it does not know, by their attempt, or by run key, table and version; how many.
  Result<int64_t> AddMissing(const std::vector<LedgerRun>& runs);

 private:
  explicit RecoveryStore(sqlite3* database) : database_(database) {}
  sqlite3* database_;
};

}  // namespace tidemill::job
