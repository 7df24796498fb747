// Room engine/spark: a job as one PySpark application, and real Spark running it. The application is text that a user
// can read, keep and send anywhere: everything Tidemill does with the job is in it, and nothing of Tidemill is needed
// to run it.
//
// application.h: the application as values and as text. Pure: no files, no clock, no randomness.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "engine/engine.h"

namespace tidemill::engine::spark {

struct AppSource {
  std::string name;
  std::string format;              // Spark's own word: csv, json, text, parquet, delta
  std::vector<std::string> paths;  // absolute, globs as Spark expands them
  std::string schema_ddl;          // empty: inferred, or the table's own
  TextOptions text;                // csv and json
  double max_bad = 0;              // share of malformed rows, when they go to the quarantine
  std::optional<int64_t> version;  // delta
  std::optional<Timestamp> timestamp;
};

struct AppStep {
  std::string name;
  std::string sql;
  bool cached = false;
};

// Of rows: `predicate` is a BOOLEAN over the output under the alias `o` (FALSE: a bad row), `join` what it needs
// beside. Of the whole output: row_count has the bounds, freshness the column and the age.
struct AppCheck {
  std::string name;
  std::string kind;
  std::string on_fail;  // warn, quarantine, fail
  double max_bad = 0;
  std::string predicate;
  std::string join;
  std::optional<std::string> min;
  std::optional<std::string> max;
  std::string column;
  Micros max_age{};
};

struct AppColumn {
  std::string name;
  std::string sql;  // over the output under the alias `o`
};

struct AppSink {
  std::string table;       // absolute
  std::string quarantine;  // absolute
  std::string mode;        // append, overwrite, overwrite_partitions, merge
  std::vector<std::string> keys;
  std::vector<std::string> partition_by;
  std::vector<AppColumn> time_parts;                  // partition columns made of times
  std::vector<std::pair<std::string, bool>> sort_by;  // column, ascending
  Compression compression = Compression::kSnappy;
  int64_t target_file_bytes = int64_t{256} << 20;
  bool merge_schema = false;
};

struct Application {
  std::string job;
  std::string tidemill_version;
  std::string run_key;       // the application id of every commit
  std::string slice_prefix;  // what the run keys over the same data begin with
  std::string job_prefix;    // what all run keys of the job begin with
  std::optional<TimeRange> window;
  std::string window_source;  // empty: the only one that has the column
  std::string time_zone = "UTC";
  bool ansi = true;
  std::map<std::string, std::string> conf;
  std::vector<AppSource> sources;
  std::vector<AppStep> steps;
  std::string last;  // the source or step whose rows go to the sink
  std::vector<AppCheck> checks;
  AppSink sink;
};

// The whole Python file. The same application gives the same text.
std::string PythonText(const Application& application);

// How `spark-submit` is told to run a job's application, before the file's name: one word an item. `delta_jars`: empty:
// fetched by --packages for this version of Spark ("4.1.4"). `jars`: others on the class path.
std::vector<std::string> SubmitArguments(const std::string& job, const std::string& spark_version,
                                         const std::vector<std::string>& delta_jars,
                                         const std::vector<std::string>& jars);
// The Maven name of the Delta that goes with a Spark. kUnimplemented for a Spark we know none for.
Result<std::string> DeltaPackage(const std::string& spark_version);

// A shell script of the spark-submit line, for the folder that holds app.py.
std::string SubmitScript(const Application& application);

// Where Spark looks for Delta: settings that every application needs which reads or writes Delta tables.
const std::map<std::string, std::string>& DeltaSettings();

// A program of the user's own (type: spark_app), one run of it.
struct Program {
  std::string job;
  std::string file;
  std::string main_class;
  std::vector<std::string> args;
  std::vector<std::string> py_files;
  std::vector<std::string> jars;
  std::vector<std::string> files;
  std::map<std::string, std::string> conf;
  std::vector<std::pair<std::string, std::string>> environment;
};
// What follows SubmitArguments: settings, the file, its arguments.
std::vector<std::string> ProgramWords(const Program& program);
std::string SubmitScript(const Program& program);

}  // namespace tidemill::engine::spark
