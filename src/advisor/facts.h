// Room advisor: pure decisions with reasons. It reads facts and gives a plan; it opens no file, has no clock and no
// randomness, so the same facts give the same plan to the byte.
//
// facts.h: what is known about one run before it starts. Job gathers it (job/facts.h); tests write it as JSON.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace tidemill::advisor {

// A value that has many of a column's rows: `share` of them, 0 to 1.
struct HotKey {
  std::string value;
  double share = 0;
};

// The files a source reads in this run: after its window, partitions and statistics took others out.
struct SourceFacts {
  std::string name;
  std::string format;  // csv, json, text, parquet, delta
  std::string codec;   // of text files: "", gzip, bzip2, zstd, snappy
  int64_t files = 0;
  int64_t bytes = 0;
  int64_t rows = -1;  // -1: not known without reading
  int64_t largest_file = 0;
  int64_t small_files = 0;  // below kSmallFile
  int64_t pruned_files = 0;
  int columns = 0;
  int columns_read = 0;
  int64_t sampled_rows = 0;                             // what hot_keys was seen on
  std::map<std::string, std::vector<HotKey>> hot_keys;  // by column; those with more than 1 % of the sample
};
inline constexpr int64_t kSmallFile = int64_t{16} << 20;

// What a step does to many rows at once. `left` and `right` are sources or steps; empty where several are joined
// already.
struct Operation {
  std::string kind;  // join, aggregate, window, sort, distinct
  std::string type;  // join: inner, left, right, full, semi, anti, cross
  std::string left;
  std::string right;
  std::vector<std::string> keys;
};

struct StepFacts {
  std::string name;
  bool cache = false;
  std::vector<std::string> reads;  // each source or step as often as it is named
  std::vector<Operation> operations;
  std::string refused;  // what of it the native engine refuses, in its own words; empty: nothing
};

struct SinkFacts {
  std::string format = "delta";
  std::string mode = "append";
  std::vector<std::string> partition_by;
  int64_t partitions = -1;  // that this run writes; -1: not known
  int64_t target_file_bytes = int64_t{256} << 20;
  std::string compression = "snappy";
  bool sorted = false;
};

struct WindowFacts {
  double hours = 0;            // of this run
  double bytes_per_hour = -1;  // of the windowed source; -1: not known
};

// An earlier run of the job that committed, newest first.
struct RunFacts {
  std::string engine;  // native, spark, emr
  int64_t bytes_read = 0;
  int64_t rows_in = 0;
  int64_t bytes_written = 0;
  double seconds = 0;
  int64_t peak_memory_bytes = 0;
  int64_t spill_bytes = 0;
  double gc_share = -1;             // Spark: of the tasks' time; -1: not known
  double idle_executor_share = -1;  // Spark: of the executors' time
  double quoted_seconds = -1;       // what the quote said
  int64_t memory_bytes = 0;         // its budget; 0: not known
  std::string handed_over;          // native: why Spark went on with it; empty: it committed
};

struct MachineFacts {
  int64_t memory_bytes = 0;  // the budget
  int threads = 0;
  int64_t disk_free_bytes = 0;  // where spilled data goes
};

// How one codec did on a sample of the data. Ratio: written bytes of one byte of text or plain Parquet.
struct CodecFacts {
  double ratio = 1;
  double seconds_per_gb = 0;
};

// What the user or the job's file decided already; empty or 0: nothing.
struct Choices {
  std::string engine;  // native, spark
  bool certify = false;
  int shuffle_partitions = 0;
  double budget_dollars = 0;
  double budget_seconds = 0;
  std::map<std::string, std::string> conf;  // Spark settings of the job's file
};

struct JobFacts {
  std::string job;
  std::string job_class = "regular";  // critical, regular, development
  std::string sla = "simple_etl";     // simple_etl, complex_analytics, ml_training, other
  double sla_seconds = 30 * 60;
  std::optional<WindowFacts> window;
  std::vector<SourceFacts> sources;
  std::vector<StepFacts> steps;
  SinkFacts sink;
  MachineFacts machine;
  std::vector<RunFacts> runs;
  std::map<std::string, CodecFacts> codecs;
  double certified = 0;  // the share of the data that a certificate in the ledger is for, of this spec; 1: all of it
  std::string program;   // a program for Spark in place of steps: its file; empty: none
  Choices choices;
};

// As tests/plans writes them; keys that are not there keep their defaults. kInvalidArgument names an unknown key.
Result<JobFacts> FactsFromJson(const std::string& text);

}  // namespace tidemill::advisor
