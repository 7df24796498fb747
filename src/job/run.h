// One run: a job over one window, from its sources to one commit.
//
// The order is what makes it safe. Data files first; then the quarantine table's commit; then the table's own, which
// carries the run key. A crash at any point leaves the table as it was or as it will be, and the next attempt of the
// same run key sees which (settle.h). Files of an attempt are removed only when it certainly did not commit.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "advisor/quote.h"
#include "base/clock.h"
#include "delta/delta.h"
#include "engine/engine.h"
#include "job/event.h"
#include "job/run_key.h"
#include "job/spec.h"
#include "storage/storage.h"

namespace tidemill::job {

class SchemaMemo;  // sources.h

// What a run is given to work with. Everything outlives the run.
struct RunEnvironment {
  storage::Storage* storage = nullptr;
  engine::Engine* engine = nullptr;
  delta::CheckpointIo* checkpoints = nullptr;
  const Clock* clock = nullptr;
  const engine::Cancel* cancel = nullptr;
  std::mt19937_64 random;
  int64_t memory_bytes = int64_t{4} << 30;
  int threads = 2;
  std::string temp_folder;              // spilled data
  std::string attempts_folder;          // markers of attempts under way (leftovers.h); empty: none are kept
  std::string version;                  // of this program, for the table's history
  std::shared_ptr<SchemaMemo> schemas;  // inferred ones, shared by all runs of a process; null: none are kept
};

// What quotes are made from.
struct Pricing {
  advisor::Prices prices;
  advisor::Rates rates;
  std::vector<advisor::RunFacts> runs;  // earlier ones of the job, newest first
  int64_t partitions_before = -1;       // that the newest of them wrote
  // Spec hashes of the job with a certificate of these versions, each with the greatest share that it is for.
  std::map<std::string, double> certified;
};

// An attempt of another engine that handed the run over.
struct HandedOver {
  std::string attempt;
  std::string why;
  double seconds = 0;
  double dollars = 0;
};

struct RunOptions {
  std::optional<Window> window;      // none: all data
  const Pricing* pricing = nullptr;  // null: no quote and no invoice
  bool over_budget = false;          // run although the quote is above the job's budget
  bool replace = false;              // take the rows of earlier runs of this window out, in the same commit
  bool again = false;                // run although this run is committed already
  bool may_hand_off = false;         // end as kHandedOff where memory, disk or the budget's time runs out
  std::optional<HandedOver> goes_on_from;
};

struct PartitionRows {
  std::string label;  // "2013/1/31"
  int64_t rows = 0;
  int64_t bytes = 0;
  int64_t files = 0;
};

struct QuarantinedRow {
  std::string reasons;
  std::string text;    // the row as JSON, or the malformed line
  std::string detail;  // malformed: file and reason
};

struct RunResult {
  std::string run_key;
  std::string attempt;
  event::RunFinished finished;
  std::optional<Error> error;  // why it did not commit
  double dollars = 0;          // by its invoice
  std::vector<PartitionRows> partitions;
  std::vector<int64_t> file_sizes;
  std::vector<QuarantinedRow> sample;
};

// The first events of an attempt, of whatever engine.
void TellStart(const Job& job, const RunOptions& options, const RunEnvironment& environment, const std::string& engine,
               Teller& teller);

// Always gives a result; the last event it emits is RunFinished.
RunResult Run(const Job& job, const RunOptions& options, RunEnvironment environment, EventStream& stream);

// Opens the sources and resolves all SQL without running anything: what `tidemill validate` does. The diagnostics are
// those of the job's file.
document::Diagnostics Validate(const Job& job, RunEnvironment environment);

}  // namespace tidemill::job
