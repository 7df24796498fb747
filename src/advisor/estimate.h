// How much a run moves: rows and bytes of every source and step, memory, what it shuffles and writes. Sizes are of
// values in memory, unpacked; they are rules of thumb where nothing was measured, and earlier runs correct them.
#pragma once

#include <map>
#include <string>

#include "advisor/facts.h"

namespace tidemill::advisor {

// What one core of a machine does in a second: bytes of files for readers, rows for operations, unpacked bytes for the
// writer. `tidemill calibrate` measures them; the defaults are docs/bench.md's machine.
struct Rates {
  std::map<std::string, double> read_bytes = {
      {"csv", 180e6}, {"json", 60e6}, {"text", 250e6}, {"parquet", 120e6}, {"delta", 120e6}};
  double operation_rows = 8e6;
  double write_bytes = 150e6;
  double native_start = 0.2;    // seconds
  double file_seconds = 0.004;  // of one more file written: opened, closed, made durable
  double spark_start = 12;
  double spark_factor = 7;  // Spark's core seconds for one of the native engine's
};

std::string RatesJson(const Rates& rates);
// Undoes it; kInvalidArgument.
Result<Rates> RatesFromJson(const std::string& text);

struct Flow {
  double rows = 0;
  double bytes = 0;
};

struct Estimate {
  std::map<std::string, Flow> flows;  // by source and step
  Flow output;
  double bytes_read = 0;                     // of files
  double working_bytes = 0;                  // hash tables, sorts and kept steps of the native engine
  double memory_bytes = 0;                   // its peak
  double shuffle_bytes = 0;                  // what joins, groups, windows and sorts move between Spark's tasks
  std::map<std::string, double> join_bytes;  // of shuffle_bytes, by the join's side that has a name
  double core_seconds = 0;                   // of the native engine
  double bytes_written = 0;
  bool measured = false;  // memory and time come from earlier runs
};

// The side of a join that could be sent whole to every task: the right one, where it is a table or step by itself. Rows
// that were joined already are never sent.
const std::string& SideToSend(const Operation& join);

Estimate EstimateOf(const JobFacts& facts, const Rates& rates);

}  // namespace tidemill::advisor
