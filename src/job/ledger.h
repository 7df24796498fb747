// The ledger: every attempt of every run, with its checks and what it said, in one SQLite file. It is memory for people
// and for planning; whether data exists is decided by the table alone, and a ledger that fails fails no run.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "job/event.h"

struct sqlite3;

namespace tidemill::job {

struct LedgerRun {
  int64_t id = 0;
  std::string attempt;
  std::string run_key;
  std::string job;
  std::string window;
  std::string engine;
  std::string table;
  std::string started;  // as FormatTimestamp
  std::string finished;
  std::string outcome;  // "running" until it is finished; "killed": it never was
  std::string message;
  event::RunFinished figures;
  std::string job_class;
  std::string tags;            // separated by commas
  double quoted_seconds = -1;  // -1: there was no quote
  double dollars = -1;
  int64_t source_bytes = 0;  // size of the files it read, each once
  int64_t memory_bytes = 0;  // its budget
  int64_t threads = 0;       // it had
  std::string progress;      // the JSON line of the newest that was kept, at most one a second; empty: there is none
};

// Which runs; what is empty or 0 leaves out none.
struct RunFilter {
  std::string job;
  std::string job_class;
  std::string outcome;
  int64_t before = 0;  // their id
  int64_t limit = 20;
};

struct LedgerCheck {
  std::string check;
  std::string kind;
  std::string on_fail;
  std::string status;
  int64_t bad = 0;
  int64_t rows = 0;
  std::string message;
};

// What the runs of a job that ended one way add up to.
struct RunTotals {
  std::string job;
  std::string job_class;
  std::string outcome;
  int64_t runs = 0;
  double seconds = 0;
  double dollars = 0;  // where there was an invoice
  int64_t rows_in = 0;
  int64_t rows_written = 0;
  int64_t rows_bad = 0;
  int64_t bytes_read = 0;
  int64_t bytes_written = 0;
  int64_t peak_memory_bytes = 0;  // of the one with the most
};

// Of what ended well or badly; what was stopped, refused or wrong in its data says nothing of the program. Not a
// number: nothing did.
double SuccessRatio(const std::vector<RunTotals>& totals);
// Rows that were set aside or did not fit, of all that came in. Not a number: none came.
double BadRowRatio(const std::vector<RunTotals>& totals);

// For one spec of a job both engines were seen to give the same rows, quarantined ones too (`tidemill verify`).
struct Certificate {
  std::string job;
  std::string window;  // as WindowText
  std::string spec_hash;
  std::string native;  // the engine's version
  std::string spark;
  std::string tidemill;
  std::string inputs;  // what the sources held, as InputsOf
  std::string at;      // as FormatTimestamp
  int64_t rows = 0;
  int64_t quarantined = 0;
  double sample = 1;  // the share of the largest source that was run
};

// A part of a cluster that this program made, or is about to make. The row is written before the call that makes it, so
// that nothing can be there that the ledger does not know.
struct ClusterResource {
  std::string cluster;
  std::string address;     // "emr.fleet.core"
  std::string id;          // as the cloud gave it; empty: asked for, no answer yet
  std::string token;       // with which it was asked for; asking again with it makes no second one
  std::string state;       // "making", "there", "going"
  std::string attributes;  // a JSON object of texts
  std::string at;          // as FormatTimestamp
};

// Advice that was taken: a change of the job's file by a rule, and what it promised. Shares are of the run's time.
struct TakenAdvice {
  std::string job;
  std::string rule;
  std::string change;  // "spark.sql.shuffle.partitions=8, ..."
  std::string at;      // as FormatTimestamp
  double low = 0;
  double mid = 0;
  double high = 0;
  double before_seconds = 0;  // of the run it was made from
  int64_t before_rows = 0;    // that went into that run; 0: not known
};

// Thread-safe. Several processes may use one file.
class Ledger {
 public:
  // Makes the file and its folder when they are not there. kFailedPrecondition for a file of a newer program.
  static Result<std::unique_ptr<Ledger>> Open(const std::string& path);
  ~Ledger();

  // An event sink. The first failure is kept for `failure`; later events are tried all the same.
  void Record(const Event& event);
  std::optional<Error> failure() const;

  // Newest first.
  Result<std::vector<LedgerRun>> Runs(const RunFilter& filter) const;
  // Of one job; an empty name: of all.
  Result<std::vector<LedgerRun>> Runs(const std::string& job, int64_t limit) const {
    return Runs({.job = job, .limit = limit});
  }
  // The number of the newest event; 0: there is none.
  Result<int64_t> NewestEvent() const;
  // Those that told their end after that event, in the order of their ends; and the newest event there is now. Asked
  // again with it, no end is told twice and none is missed.
  Result<std::pair<std::vector<LedgerRun>, int64_t>> EndedAfter(int64_t event) const;
  // Of the runs begun since then; those that still run are left out.
  Result<std::vector<RunTotals>> Totals(Timestamp since) const;
  // By id, or the newest attempt of a run key; kNotFound.
  Result<LedgerRun> Find(const std::string& id_or_key) const;
  // The newest attempt of a run key that committed; none when none did.
  Result<std::optional<LedgerRun>> FindCommitted(const std::string& run_key) const;
  Result<std::vector<LedgerCheck>> Checks(int64_t run) const;
  // The JSON lines of its events, in order, without progress: `progress` of the run is the newest.
  Result<std::vector<std::string>> Events(int64_t run) const;

  Status Add(const Certificate& certificate);
  // Newest first. An empty job: all.
  Result<std::vector<Certificate>> Certificates(const std::string& job) const;

  // Adds it, or replaces the one of the same cluster and address.
  Status Put(const ClusterResource& resource);
  Status Remove(const std::string& cluster, const std::string& address);
  // In the order in which they were first put. An empty cluster: of all.
  Result<std::vector<ClusterResource>> ClusterResources(const std::string& cluster) const;

  Status Add(const TakenAdvice& advice);
  // Oldest first.
  Result<std::vector<TakenAdvice>> Advice() const;

 private:
  explicit Ledger(sqlite3* database) : database_(database) {}
  Status Migrate();
  Status Write(const Event& event);
  Status WriteProgress(const Event& event);
  Result<int64_t> RunOf(const std::string& attempt);

  mutable std::mutex mutex_;
  sqlite3* database_;
  std::map<std::string, int64_t> ids_;      // of the attempts this process writes
  std::map<std::string, Micros> progress_;  // when theirs was last written
  std::optional<Error> failure_;
};

}  // namespace tidemill::job
