// writer.h: a relation into Parquet files, checked and diverted on the way, with the statistics a table's log wants.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "engine/duckdb/collector.h"
#include "engine/duckdb/connection.h"
#include "engine/duckdb/partitioner.h"
#include "engine/engine.h"
#include "plan/type.h"

namespace tidemill::engine::duckdb {

// The COPY statement that writes `select` (columns c0, c1, ... of `schema`) as `spec` says, in no order.
std::string CopySql(const std::string& select, const plan::Schema& schema, const WriteSpec& spec);

// The same into text files, the relation's one column besides the partitions' as lines.
std::string CopyLinesSql(const std::string& select, const plan::Schema& schema, const WriteSpec& spec);

// The COPY statement keeps no order beyond a row group where it partitions or splits files by size. So sorted rows are
// staged, in order, in a temporary table (which spills), and copied from there file by file.
std::string StageSql(const std::string& select, const plan::Schema& schema, const WriteSpec& spec);
// (partition number, first row, row after the last) of each partition of the staged rows.
std::string StagedPartitionsSql();
// The file of the staged rows [from, to).
std::string CopyStagedSql(const plan::Schema& schema, const WriteSpec& spec, int64_t number, int64_t from, int64_t to);

// What COPY ... RETURN_STATS reported, as written files of the table's columns in `schema`. `partitioner`: null when
// the table is not partitioned.
Result<std::vector<WrittenFile>> ReadCopyResult(Answer& answer, const plan::Schema& schema,
                                                const Partitioner* partitioner);

// The same of a COPY of lines. All rows are counted with the first file: only their sum is known.
Result<std::vector<WrittenFile>> ReadLinesResult(Answer& answer, const Partitioner* partitioner);

// A SELECT of the quarantine table's rows from what the collector kept: rows put aside, and the malformed records of
// these sources.
std::string QuarantineSql(const Quarantine& quarantine, const std::vector<std::string>& sources);

}  // namespace tidemill::engine::duckdb
