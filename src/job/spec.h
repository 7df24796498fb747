// Room job: a job file as values, one run of it from window to report, and the ledger of runs. It knows engines by
// their interface alone, and nothing of machines or clouds.
//
// spec.h: a job, checked in itself. Paths are kept as written; Resolve makes them absolute, from the job file's folder.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/units.h"
#include "document/diagnostic.h"
#include "engine/engine.h"
#include "plan/type.h"

namespace tidemill::job {

enum class JobClass { kCritical, kRegular, kDevelopment };
enum class SlaKind { kSimpleEtl, kComplexAnalytics, kMlTraining, kOther };

// What a run may take; 0: anything. Dollars and time are compared with its quote before it starts; time and disk (of
// spilled data) also end a native attempt that passes them.
struct Budget {
  double dollars = 0;
  Micros time{};
  int64_t disk_bytes = 0;
};

struct Sla {
  SlaKind kind = SlaKind::kOther;
  Micros limit{};
};

// SQL the user wrote, and where its first character lies (line 0: unknown beyond `at`).
struct SqlText {
  std::string text;
  document::Place at;
  int line = 0;
  int column = 0;
  // The place in the file of a position in the text.
  document::Place PlaceOf(Position position) const;
};

enum class SourceFormat { kCsv, kJson, kText, kParquet, kDelta };

struct SourceSpec {
  std::string name;
  SourceFormat format = SourceFormat::kCsv;
  std::vector<std::string> paths;
  std::string schema_text;  // DDL; empty: inferred, or the table's own
  engine::TextOptions text;
  double max_bad = 0.05;  // share of malformed rows, when they go to the quarantine
  std::optional<int64_t> version;
  std::optional<Timestamp> timestamp;
  document::Place at;
};

struct WindowSpec {
  std::string column;
  std::string source;  // empty: the only one that has the column
  Micros size{};
  document::Place at;
};

struct Step {
  std::string name;
  SqlText sql;
  bool cache = false;
  document::Place at;
};

enum class CheckKind { kExpression, kNotNull, kUnique, kAcceptedValues, kRange, kReferences, kRowCount, kFreshness };
enum class OnFail { kWarn, kQuarantine, kFail };

// Constants are Spark SQL literals: "1", "'a'", "NULL".
struct Check {
  std::string name;
  CheckKind kind = CheckKind::kExpression;
  SqlText expression;
  std::vector<std::string> columns;
  std::vector<std::string> values;
  std::optional<std::string> min;
  std::optional<std::string> max;
  std::string to;  // references: the source or step
  std::vector<std::string> to_columns;
  Micros max_age{};
  SqlText where;  // empty text: every row
  OnFail on_fail = OnFail::kQuarantine;
  double max_bad = 0.05;
  document::Place at;

  bool of_table() const { return kind == CheckKind::kRowCount || kind == CheckKind::kFreshness; }
};

enum class SinkFormat { kDelta, kParquet };
enum class SinkMode { kAppend, kOverwrite, kOverwritePartitions, kMerge };

// A column of the output, or a part of a time column that becomes an INT column of that name.
struct PartitionColumn {
  std::string name;
  std::string part;  // "", "year", "month", "day", "hour"
  std::string of;    // the time column
};

struct SortKey {
  std::string column;
  bool ascending = true;
};

struct Sink {
  std::string path;
  SinkFormat format = SinkFormat::kDelta;
  std::vector<PartitionColumn> partition_by;
  SinkMode mode = SinkMode::kAppend;
  std::vector<std::string> keys;
  int64_t target_file_bytes = int64_t{256} << 20;
  std::vector<SortKey> sort_by;
  engine::Compression compression = engine::Compression::kSnappy;
  bool merge_schema = false;
  std::string quarantine;  // never empty
  document::Place at;
};

// type: spark_app: a program for Spark of the user's own, in place of sources, steps and checks. What a run fills into
// its arguments is in app.h.
struct App {
  std::string file;  // .py or .jar
  std::string main_class;
  std::vector<std::string> args;
  std::vector<std::string> py_files;
  std::vector<std::string> jars;
  std::vector<std::string> files;  // beside it where it runs
  std::vector<std::string> reads;  // files, folders and globs whose sizes the quote is made from
  std::string digest;              // of the program's files that are on this machine: another program is another spec
  document::Place at;
};

// What becomes of firings that came while nobody watched: each of them is run, the newest one, or none.
enum class CatchUp { kAll, kLatest, kSkip };

// When runs of the job start and what they may take, as written; the scheduler gives it meaning.
struct Schedule {
  std::string cron;
  std::string time_zone;  // empty: the calendar's
  Micros every{};
  std::vector<std::string> on_data;  // sources
  std::vector<std::string> after;    // jobs
  std::optional<Timestamp> start;
  std::optional<Timestamp> end;
  Micros delay{};
  std::optional<CatchUp> catch_up;  // none: all windows; of a job without them the newest firing
  int at_once = 1;                  // windows side by side; 1: in order
  int backfill_at_once = 1;
  Micros expect{};
  int64_t memory_bytes = 0;  // 0: as the capacity says, like the next
  int threads = 0;
  double dollars_per_hour = 0;
  std::map<std::string, int> resources;
  std::string engine = "native";
  int attempts = 4;
  Micros retry_after = std::chrono::seconds(30);
  Micros retry_most = std::chrono::minutes(30);
  Micros attempt_limit{};
  std::map<std::string, document::Place> places;  // of the keys that are given
  document::Place at;
};

struct Job {
  std::string name;
  std::string file;    // for messages; empty: made by a command, not read from a file
  std::string folder;  // absolute: what relative paths start from
  std::string description;
  std::vector<std::string> tags;
  JobClass job_class = JobClass::kRegular;
  std::optional<Sla> sla;
  Budget budget;
  bool certify = false;  // --engine auto goes native only with a certificate
  std::string time_zone = "UTC";
  std::map<std::string, std::string> conf;
  std::vector<SourceSpec> sources;
  std::optional<WindowSpec> window;
  std::vector<Step> steps;
  std::vector<Check> checks;
  std::optional<App> app;
  bool view = false;  // type: view: the sink keeps the last step's rows (view.h)
  Sink sink;          // of an app: the table it commits to, path empty when it commits to none
  std::optional<Schedule> schedule;
  std::string effective_yaml;  // the file after profile, --set and variables, for the report

  // Absolute, without "." and ".."; a path with a scheme (s3://, hdfs://) stays as it is.
  std::string Resolve(const std::string& path) const;
  const SourceSpec* FindSource(std::string_view source) const;
  bool ansi() const;
};

// An absolute path without "." and ".." parts, read from `folder` when relative.
std::string ResolvePath(const std::string& folder, const std::string& path);

// Words as the job file writes them.
std::string_view Name(JobClass value);
std::string_view Name(SlaKind value);
std::string_view Name(SourceFormat value);
std::string_view Name(CheckKind value);
std::string_view Name(OnFail value);
std::string_view Name(SinkFormat value);
std::string_view Name(SinkMode value);
std::string_view Name(engine::Malformed value);
std::string_view Name(engine::Compression value);
std::string_view Name(CatchUp value);
template <typename Enum>
std::optional<Enum> FromName(std::string_view name) {
  for (int i = 0; i < 16; ++i) {
    const std::string_view candidate = Name(static_cast<Enum>(i));
    if (candidate.empty()) break;
    if (candidate == name) return static_cast<Enum>(i);
  }
  return std::nullopt;
}

// Spark SQL text of a name and of a string constant.
std::string QuoteName(std::string_view name);
std::string QuoteText(std::string_view text);

}  // namespace tidemill::job
