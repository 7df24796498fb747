// A run's change of its Delta table as a transaction that is ready to be committed: what the mode adds and takes out,
// what the change depends on, and what the commit says of itself.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "delta/transaction.h"
#include "engine/engine.h"
#include "job/output.h"
#include "job/run.h"
#include "job/target.h"

namespace tidemill::job {

// What a run has found and made by the time it commits.
struct Written {
  const Job& job;
  const RunOptions& options;
  const RunKey& key;
  const std::string& attempt;
  const Target& target;
  const Proceed& proceed;
  const Output& output;
  const engine::WriteResult& files;
  const std::vector<delta::Add>& rewritten;  // merge: the files whose rows were written anew
};

struct Change {
  delta::Transaction transaction;
  int64_t removed_files = 0;
};

// Reads the clock and the listing of the sources; writes nothing.
Result<Change> MakeChange(const Written& written, RunEnvironment& environment);

// Whether a commit with this transaction's id holds rows that this append would double: another run over the same
// input, or over a window that shares time with the key's.
bool IsRival(const RunKey& key, const delta::Txn& txn);

}  // namespace tidemill::job
