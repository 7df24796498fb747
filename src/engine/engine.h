// Room engine: the interface behind which typed plans run. Each engine is a room of its own (engine/duckdb, later
// engine/spark); nothing above sees more than this.
//
// An engine gives Spark's answer or refuses: a construct it can't do exactly is kUnimplemented, naming the construct.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/units.h"
#include "plan/type.h"
#include "plan/typed.h"
#include "plan/value.h"

namespace tidemill::engine {

// ---- What is read ----

enum class Format { kCsv, kJson, kText, kParquet, kAvro, kOrc };

// What happens to a text row that does not fit its schema. Spark's modes: FAILFAST, DROPMALFORMED, and quarantine,
// which drops the row from the source and hands it on with file, line and reason.
enum class Malformed { kFail, kDrop, kQuarantine };

struct TextOptions {
  bool header = false;
  std::string delimiter = ",";
  std::string quote = "\"";
  std::string escape = "\\";
  std::string comment;      // empty: none
  std::string null_text;    // Spark's nullValue; the empty field is always NULL
  std::string date_format;  // empty: Spark's default (yyyy-MM-dd)
  std::string timestamp_format;
  bool multi_line = false;  // quoted fields may hold line breaks; a JSON record may span lines
  Malformed malformed = Malformed::kFail;
  bool operator==(const TextOptions&) const = default;
};

struct File {
  std::string path;
  int64_t size_bytes = 0;
  // Values of the partition columns (columns of the schema that are not in the file), by column name.
  std::map<std::string, plan::Value> partition_values;
  // Rows that are gone although they are in the file: row indexes, sorted (a Delta deletion vector).
  std::shared_ptr<const std::vector<int64_t>> deleted_rows;
  int64_t rows = -1;  // when known
};

// Rows of [from, to) by the event time in `column`; DATE, TIMESTAMP or TIMESTAMP_NTZ (then read as UTC).
struct TimeRange {
  std::string column;
  Timestamp from{};
  Timestamp to{};
};

struct Source {
  std::string name;  // the catalog key in typed::Scan::table
  Format format = Format::kParquet;
  std::vector<File> files;
  plan::Schema schema;
  TextOptions text;
  std::optional<TimeRange> window;
  // `schema` under the files' own names, where the table maps columns: field for field the same, inside structs too.
  std::optional<plan::Schema> file_schema;
  // Adds two last columns, `_file` STRING (the path as in File) and `_row` BIGINT (the row's index in that file).
  bool file_columns = false;
};

// ---- What is written ----

enum class Compression { kSnappy, kZstd, kGzip, kNone };

// What a failed check does to its row.
enum class CheckEffect { kCount, kDivert };

// The relation's column at `column` is a BOOLEAN; FALSE is a failure, NULL and TRUE pass.
struct RowCheck {
  std::string name;
  int column = 0;
  CheckEffect effect = CheckEffect::kCount;
};

struct SortColumn {
  int column = 0;
  bool ascending = true;
};

struct Quarantine {
  std::string folder;  // where the quarantine table's data files go
  std::string run_key;
  std::string job;
  std::optional<TimeRange> window;
  Timestamp now{};
};

struct WriteSpec {
  std::string folder;                  // the table's root: files are made at folder/[p=v/]part-<n>-<id>.parquet
  std::string file_id;                 // unique to the attempt, part of every file name
  int data_columns = 0;                // the first columns of the relation are the table's; the rest are checks
  std::vector<int> partition_columns;  // indexes into the table's columns; not stored in the files
  std::vector<SortColumn> sort;
  Compression compression = Compression::kSnappy;
  int64_t target_file_bytes = int64_t{256} << 20;
  // The table's columns under the files' own names, where the table maps columns: field for field the same, inside
  // structs too. Parquet field ids are taken from the fields' metadata (delta::FieldId).
  std::optional<plan::Schema> file_schema;
  std::vector<RowCheck> checks;
  // Set: text files with this extension instead of Parquet. The one column that is no partition column is a STRING,
  // each value a line of a file. No statistics, no target size.
  std::string lines_extension;
  std::optional<Quarantine> quarantine;  // where diverted and malformed rows go; none: they may not occur
};

struct ColumnStats {
  // A missing bound is unknown. Strings may be truncated bounds (min: prefix; max: a prefix raised).
  std::optional<plan::Value> min;
  std::optional<plan::Value> max;
  int64_t null_count = -1;  // -1: unknown
};

struct WrittenFile {
  std::string path;
  int64_t size_bytes = 0;
  int64_t rows = 0;
  std::vector<std::pair<std::string, plan::Value>> partition_values;  // in the order of the partition columns
  std::map<std::string, ColumnStats> stats;                           // by (physical) column name, top level leaves
};

struct CheckCount {
  std::string name;
  int64_t failed = 0;
};

struct WriteResult {
  std::vector<WrittenFile> files;
  std::vector<WrittenFile> quarantine_files;
  int64_t rows_in = 0;  // rows the relation gave: written plus diverted
  int64_t rows_written = 0;
  int64_t rows_diverted = 0;
  int64_t rows_malformed = 0;  // dropped or quarantined at the sources
  std::vector<CheckCount> checks;
};

// The quarantine table's columns, the same for every job.
plan::Schema QuarantineSchema();

// ---- How it runs ----

struct Progress {
  double fraction = 0;  // of the current statement, 0..1; never goes back within one
  int64_t rows = 0;     // read so far, when known
  int64_t bytes = 0;
  int64_t memory_bytes = 0;
  int64_t spill_bytes = 0;
};

struct SessionOptions {
  int64_t memory_bytes = int64_t{4} << 30;
  int threads = 2;
  std::string temp_folder;       // spilled data; emptied at the end and, after a crash, by the next session
  int64_t most_spill_bytes = 0;  // more is kResourceExhausted; 0: what the disk has
  std::string time_zone = "UTC";
  bool ansi = true;
  int64_t now_micros = 0;
  std::vector<std::string> allowed_folders;  // the only places a query can touch
  std::map<std::string, std::string> conf;
};

using Cancel = std::atomic<bool>;
using OnProgress = std::function<void(const Progress&)>;

struct Rows {
  plan::Schema schema;
  std::vector<std::vector<plan::Value>> rows;
};

struct Figures {
  int64_t peak_memory_bytes = 0;
  int64_t peak_spill_bytes = 0;
  int64_t rows_read = 0;
  int64_t bytes_read = 0;
};

// One run's workspace: sources and steps by name, then queries and writes over them. One thread at a time; Cancel may
// be set from any thread and ends a running call with kCancelled.
class Session {
 public:
  virtual ~Session() = default;
  // The schema of a source whose `schema` is empty, as Spark infers it (text: types from the values).
  virtual Result<plan::Schema> InferSchema(const Source& source) = 0;
  virtual Status AddSource(const Source& source) = 0;
  // Makes `relation` readable as a Scan of `name`; cached: computed once, now.
  virtual Status AddStep(const std::string& name, const plan::typed::RelationPtr& relation, bool cached) = 0;
  virtual Status Drop(const std::string& name) = 0;
  virtual Result<Rows> Query(const plan::typed::RelationPtr& relation, int64_t most_rows = -1) = 0;
  virtual Result<WriteResult> Write(const plan::typed::RelationPtr& relation, const WriteSpec& spec) = 0;
  // What the engine makes of the relation, for people: its SQL and plan.
  virtual Result<std::string> Explain(const plan::typed::RelationPtr& relation) = 0;
  virtual Figures figures() const = 0;
};

class Engine {
 public:
  virtual ~Engine() = default;
  virtual std::string name() const = 0;  // "native", "spark"
  virtual std::string version() const = 0;
  virtual Result<std::unique_ptr<Session>> Open(const SessionOptions& options, const Cancel& cancel,
                                                OnProgress on_progress) = 0;
};

}  // namespace tidemill::engine
