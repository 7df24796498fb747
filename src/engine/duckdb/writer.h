// writer.h: a relation into Parquet files, checked and diverted on the way, with the statistics a table's log wants.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "engine/duckdb/collector.h"
#include "engine/duckdb/connection.h"
#include "engine/engine.h"
#include "plan/type.h"

namespace tidemill::engine::duckdb {

// The COPY statement that writes `select` (columns c0, c1, ... of `schema`) as `spec` says.
std::string CopySql(const std::string& select, const plan::Schema& schema, const WriteSpec& spec);

// What COPY ... RETURN_STATS reported, as written files of the table's columns in `schema`.
Result<std::vector<WrittenFile>> ReadCopyResult(Answer& answer, const plan::Schema& schema,
                                                const std::vector<int>& partition_columns);

// A SELECT of the quarantine table's rows: what the collector kept and the text rows that could not be split.
struct RejectTable {
  std::string source;
  std::string rejects;
  std::string scan;
};
std::string QuarantineSql(const Quarantine& quarantine, const std::vector<RejectTable>& rejects);

}  // namespace tidemill::engine::duckdb
