// A Delta table examined: its log, its files and, where asked for, its rows. Every finding says what cures it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "delta/delta.h"
#include "job/run.h"

namespace tidemill::job {

// What `tidemill table check --repair` does about a finding.
enum class Mend {
  kNone,        // nothing is safe
  kTakeOut,     // the file leaves the table in a commit: it is not there
  kDrop,        // the same, only where that is asked for: the file is there, and cannot be read right
  kStatistics,  // the log gets the statistics that the rows have
  kCheckpoint,  // the checkpoint is set aside, and a new one written
  kHint,        // a new checkpoint is written, and with it what points to it
  kLastCommit,  // the newest commit, which cannot be read, is set aside
  kSetAside,    // the file of the log is set aside
};

struct TableFinding {
  std::string kind;  // "missing-file"
  bool harmless = false;
  Mend mend = Mend::kNone;
  int64_t version = -1;  // of the log; -1: of none in particular
  std::string path;
  std::string logged;  // a live file's path as the log has it
  std::string message;
  int64_t size_bytes = 0;
  std::string cure;
};

struct TableCheckOptions {
  bool deep = false;     // reads all rows: footers, counts, bounds, NULLs
  bool history = false;  // also whether each commit may follow the ones before it
};

struct TableCheck {
  int64_t version = -1;  // -1: no version can be read
  int64_t files_checked = 0;
  int64_t bytes_checked = 0;
  int64_t rows_checked = -1;  // -1: none were read
  std::vector<TableFinding> findings;
  std::map<std::string, std::string> statistics;  // that files should have, by `logged`

  int64_t damages() const;
};

// kNotFound where there is no table.
Result<TableCheck> CheckTable(const delta::Table& table, const TableCheckOptions& options, RunEnvironment& environment);

}  // namespace tidemill::job
