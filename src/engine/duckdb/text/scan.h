// scan.h: text files as a DuckDB table function, tm_text_scan(n): the rows that fit the schema of the n-th source. Rows
// that do not fit end the query, or go to the collector. Many threads read one source.
#pragma once

#include <duckdb.h>

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "engine/duckdb/collector.h"
#include "engine/duckdb/filesystem.h"
#include "engine/duckdb/text/record_reader.h"
#include "engine/engine.h"
#include "storage/storage.h"

namespace tidemill::engine::duckdb::text {

// Spark's error class for a text row that does not fit its schema.
inline constexpr std::string_view kMalformedRecord = "MALFORMED_RECORD_IN_PARSING";

// How the source's files fall into records.
RecordEnds RecordEndsOf(const Source& source);

// The sources of one session. Everything it is given outlives it, and it outlives the database's queries.
class TextScans {
 public:
  TextScans(storage::Storage& storage, Traffic& traffic, Collector& collector);
  ~TextScans();
  Status Register(duckdb_connection connection);

  // A SELECT of the source's rows, columns c0, c1, ... The header of every file is compared with the schema first.
  // `file_index`: a last column of that name tells which of the source's files the row is from, BIGINT.
  Result<std::string> Add(const Source& source, const std::string& time_zone, bool file_index);
  // Where the ranges of the source added last begin: the first line of each. Known once the source was read whole.
  std::vector<int64_t> FirstLines() const;

 private:
  struct Table;
  struct Scan;
  struct Worker;
  static void Bind(duckdb_bind_info info);
  static void Init(duckdb_init_info info);
  static void InitWorker(duckdb_init_info info);
  static void Fill(duckdb_function_info info, duckdb_data_chunk output);

  storage::Storage& storage_;
  Traffic& traffic_;
  Collector& collector_;
  std::vector<std::unique_ptr<Table>> tables_;
};

}  // namespace tidemill::engine::duckdb::text
