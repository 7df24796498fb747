// writer.h: a relation into Parquet files, checked and diverted on the way, with the statistics a table's log wants.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "engine/duckdb/collector.h"
#include "engine/duckdb/connection.h"
#include "engine/duckdb/partitioner.h"
#include "engine/engine.h"
#include "plan/type.h"

namespace tidemill::engine::duckdb {

// The COPY statement that writes `select` (columns c0, c1, ... of `schema`) as `spec` says.
std::string CopySql(const std::string& select, const plan::Schema& schema, const WriteSpec& spec);

// What COPY ... RETURN_STATS reported, as written files of the table's columns in `schema`. `partitioner`: null when
// the table is not partitioned.
Result<std::vector<WrittenFile>> ReadCopyResult(Answer& answer, const plan::Schema& schema,
                                                const Partitioner* partitioner);

// A source that was read once because its rows may be malformed.
struct ReadOnce {
  std::string source;
  std::string rejects;  // DuckDB's tables of lines it could not split; empty when there are none
  std::string scan;
  bool quarantined = false;  // else its malformed rows are dropped
};
// A SELECT of the quarantine table's rows: what the collector kept and the text lines that could not be split.
std::string QuarantineSql(const Quarantine& quarantine, const std::vector<ReadOnce>& sources);

}  // namespace tidemill::engine::duckdb
