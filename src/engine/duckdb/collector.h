// collector.h: rows that leave a running query sideways. A check counts the rows that fail it; a diverted row and a
// malformed one are kept, in the same pass that lets the good rows through, so that no row is lost or seen twice.
#pragma once

#include <duckdb.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/result.h"
#include "engine/duckdb/connection.h"
#include "engine/engine.h"

namespace tidemill::engine::duckdb {

// A record of a text file that does not fit its schema.
struct MalformedRow {
  std::string source;
  std::string file;
  int64_t range = 0;  // the part of the file, whose first line the source knows once it was read whole
  int64_t line = 0;   // in the range, from 0
  std::string raw;
  std::string detail;
};

// Registers in DuckDB:
//   tm_check(ok BOOLEAN, ...) -> BOOLEAN: counts, for each argument, the rows where it is FALSE; gives FALSE where a
//     diverting one is.
//   tm_divert(reasons VARCHAR[], row VARCHAR) -> BOOLEAN: keeps the row and gives FALSE.
// The kept rows lie in DuckDB tables tm_diverted(reasons, row) and tm_malformed_rows (MalformedRow's members), whose
// memory is under the budget. The functions and KeepMalformed are called by many threads, everything else by one.
class Collector {
 public:
  static Result<std::unique_ptr<Collector>> Make(Connection& connection);
  ~Collector();
  Collector(const Collector&) = delete;
  Collector& operator=(const Collector&) = delete;

  // Starts counting anew for these checks and forgets the diverted rows.
  Status Begin(const std::vector<RowCheck>& checks);
  Status KeepMalformed(const MalformedRow& row);
  // Makes what was kept visible to queries.
  Status Flush();

  int64_t rows_in() const { return rows_in_; }
  int64_t diverted() const { return diverted_; }
  std::vector<CheckCount> counts() const;

 private:
  Collector() = default;
  static void Check(duckdb_function_info info, duckdb_data_chunk input, duckdb_vector output);
  static void Divert(duckdb_function_info info, duckdb_data_chunk input, duckdb_vector output);
  Status Register(Connection& connection);
  Status OpenAppenders();
  void CloseAppenders();

  duckdb_connection own_ = nullptr;  // the rows are appended beside the running statement
  duckdb_appender diverted_rows_ = nullptr;
  duckdb_appender malformed_rows_ = nullptr;
  std::mutex mutex_;

  std::vector<RowCheck> checks_;
  std::vector<std::unique_ptr<std::atomic<int64_t>>> failed_;
  std::atomic<int64_t> rows_in_{0};
  std::atomic<int64_t> diverted_{0};
};

}  // namespace tidemill::engine::duckdb
