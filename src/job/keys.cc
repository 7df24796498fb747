#include "job/keys.h"

#include <algorithm>
#include <vector>

namespace tidemill::job {
namespace {

using document::Key;
using document::KeyType;
using document::Section;
using Words = std::string_view;

constexpr Words kTypes[] = {"etl", "view", "spark_app"};
constexpr Words kAppModes[] = {"append", "overwrite"};
constexpr Words kClasses[] = {"critical", "regular", "development"};
constexpr Words kCertify[] = {"required", "no"};
constexpr Words kSourceFormats[] = {"csv", "json", "text", "parquet", "delta"};
constexpr Words kMalformed[] = {"fail", "drop", "quarantine"};
constexpr Words kCheckKinds[] = {"expression", "not_null",   "unique",    "accepted_values",
                                 "range",      "references", "row_count", "freshness"};
constexpr Words kOnFail[] = {"warn", "quarantine", "fail"};
constexpr Words kSinkFormats[] = {"delta", "parquet"};
constexpr Words kModes[] = {"append", "overwrite", "overwrite_partitions", "merge"};
constexpr Words kCompressions[] = {"snappy", "zstd", "gzip", "none"};
constexpr Words kEvolutions[] = {"false", "merge"};
constexpr Words kCatchUps[] = {"all", "latest", "skip"};
constexpr Words kEngines[] = {"native", "spark", "auto"};

constexpr Key kSourceKeys[] = {
    {"format", KeyType::kChoice, true, "", "How the files are written. json means one object a line.", kSourceFormats},
    {"path", KeyType::kTexts, true, "",
     "A file, a folder or a glob (in/*.csv.gz), or a list of them; relative to the job file's folder. Compression "
     "(gzip, "
     "bzip2, zstd, snappy) is known by the file's extension."},
    {"schema", KeyType::kText, false, "",
     "The columns as Spark DDL: `id BIGINT, day DATE, name STRING`. Without it csv and json are inferred from all "
     "rows."},
    {"header", KeyType::kBoolean, false, "false", "csv: the first line of each file names the columns."},
    {"delimiter", KeyType::kText, false, ",", "csv: what separates two fields; \\t is a tab."},
    {"quote", KeyType::kAnyText, false, "\"", "csv: the character around a field that holds the delimiter."},
    {"escape", KeyType::kAnyText, false, "\\", "csv: the character before a quote inside a quoted field."},
    {"comment", KeyType::kText, false, "", "csv: lines beginning with this character are skipped."},
    {"null_text", KeyType::kAnyText, false, "", "csv: a field of this text is NULL; an empty field always is."},
    {"date_format", KeyType::kText, false, "yyyy-MM-dd", "csv, json: how dates are written, as Spark's pattern."},
    {"timestamp_format", KeyType::kText, false, "", "csv, json: how timestamps are written, as Spark's pattern."},
    {"multi_line", KeyType::kBoolean, false, "false", "csv, json: one record may span lines."},
    {"malformed", KeyType::kChoice, false, "fail",
     "What happens to a row that does not fit the schema: fail the run, drop it (counted), or quarantine it.",
     kMalformed},
    {"max_bad", KeyType::kShare, false, "5%",
     "malformed: quarantine: over this share of malformed rows nothing is committed."},
    {"version", KeyType::kInteger, false, "", "delta: read this version of the table."},
    {"timestamp", KeyType::kTime, false, "", "delta: read the newest version not after this time."},
    {"description", KeyType::kText, false, "", "For people; does not change the run."},
};
constexpr Section kSource{"source", "Where rows come from.", kSourceKeys};

constexpr Key kWindowKeys[] = {
    {"column", KeyType::kText, true, "", "The event-time column (DATE, TIMESTAMP or TIMESTAMP_NTZ) of the source."},
    {"source", KeyType::kName, false, "", "The source that has it; needed when several sources have that column."},
    {"size", KeyType::kDuration, true, "",
     "How much event time one run takes, like 1h. Windows are [start, end), counted from 1970-01-01T00:00:00Z."},
};
constexpr Section kWindow{"window", "Makes a run one slice of event time.", kWindowKeys};

constexpr Key kStepKeys[] = {
    {"name", KeyType::kName, true, "", "By this name later steps and checks read the step."},
    {"sql", KeyType::kText, false, "", "One Spark SQL query over sources and earlier steps."},
    {"file", KeyType::kText, false, "", "A file with the query instead of `sql`; relative to the job file's folder."},
    {"cache", KeyType::kBoolean, false, "false", "Compute the step once and keep it, because several others read it."},
    {"description", KeyType::kText, false, "", "For people; does not change the run."},
};
constexpr Section kStep{"step", "A named query. The last step's rows go to the sink.", kStepKeys};

constexpr Key kCheckKeys[] = {
    {"name", KeyType::kJobName, false, "",
     "Names the check in reports and in the quarantine; made from the kind if absent."},
    {"kind", KeyType::kChoice, false, "expression", "What is tested.", kCheckKinds},
    {"expression", KeyType::kText, false, "",
     "expression: a Spark SQL predicate over the output's columns; FALSE is a bad row, NULL passes."},
    {"column", KeyType::kText, false, "",
     "not_null, accepted_values, range, freshness, unique, references: the column it is about."},
    {"columns", KeyType::kTexts, false, "", "not_null, unique, references: several columns."},
    {"values", KeyType::kValues, false, "", "accepted_values: the values a row may have; NULL passes."},
    {"min", KeyType::kValue, false, "", "range: the least value. row_count: the least number of rows."},
    {"max", KeyType::kValue, false, "", "range: the greatest value. row_count: the greatest number of rows."},
    {"to", KeyType::kText, false, "",
     "references: the source or step and its columns that must hold the value: `planes(tailnum)`. NULL passes."},
    {"max_age", KeyType::kDuration, false, "", "freshness: how long ago the newest value of the column may be."},
    {"where", KeyType::kText, false, "", "Only rows for which this Spark SQL predicate is TRUE are tested."},
    {"on_fail", KeyType::kChoice, false, "",
     "warn: say so, keep the row. quarantine: the bad row goes to the quarantine table. fail: nothing is committed. "
     "Default: quarantine for checks of rows, fail for row_count and freshness.",
     kOnFail},
    {"max_bad", KeyType::kShare, false, "",
     "Over this share of bad rows nothing is committed (with warn: a warning is given). Default: 5% for quarantine, 0 "
     "for "
     "fail and warn."},
    {"description", KeyType::kText, false, "", "For people; does not change the run."},
};
constexpr Section kCheck{"check", "A test of the output.", kCheckKeys};

constexpr Key kSinkKeys[] = {
    {"path", KeyType::kText, true, "", "The table's folder; relative to the job file's folder."},
    {"format", KeyType::kChoice, false, "delta", "A Delta table, or plain Parquet files.", kSinkFormats},
    {"partition_by", KeyType::kTexts, false, "",
     "Columns, or parts of a time column: [region, year/month/day(time)] adds the INT columns year, month and day."},
    {"mode", KeyType::kChoice, false, "append",
     "append: add rows. overwrite: replace the table. overwrite_partitions: replace the partitions that get rows. "
     "merge: "
     "replace the rows that have the same keys, add the others.",
     kModes},
    {"keys", KeyType::kTexts, false, "", "merge: the columns that identify a row."},
    {"target_file_size", KeyType::kBytes, false, "256MB", "How large data files should be, 128MB to 1GB."},
    {"sort_by", KeyType::kTexts, false, "", "Order of the rows inside files: columns, each with an optional `desc`."},
    {"compression", KeyType::kChoice, false, "snappy", "Of the Parquet files.", kCompressions},
    {"schema_evolution", KeyType::kChoice, false, "false",
     "false: columns that the table lacks are an error. merge: they are added to the table.", kEvolutions},
    {"quarantine", KeyType::kText, false, "",
     "The quarantine table's folder. Default: the sink's path with `_quarantine` at its end."},
};
constexpr Section kSink{"sink", "Where the rows go.", kSinkKeys};

constexpr Key kBudgetKeys[] = {
    {"dollars", KeyType::kText, false, "", "A run quoted above this many dollars is refused without --over-budget."},
    {"time", KeyType::kDuration, false, "",
     "A run quoted to take longer is refused without --over-budget. With --engine auto a native run that does take "
     "longer hands over to Spark."},
    {"disk", KeyType::kBytes, false, "",
     "How much data a native run may spill to disk. Over it the run fails, or, with --engine auto, hands over to "
     "Spark."},
};
constexpr Section kBudget{"budget", "What a run may take.", kBudgetKeys};

constexpr Key kScheduleKeys[] = {
    {"cron", KeyType::kText, false, "",
     "When runs are due: minute, hour, day of month, month, day of week, like `30 2 * * mon-fri`. A time that clocks "
     "skip is "
     "when they go on; one that comes twice is the first; with `*` as hour it is every hour that passes."},
    {"every", KeyType::kDuration, false, "", "Runs are due each time this much has passed, counted from 1970."},
    {"on_data", KeyType::kTexts, false, "", "Runs are due when files or versions come to these sources."},
    {"after", KeyType::kTexts, false, "",
     "Jobs that must be done with the same window (or, without windows, anew) before. Alone it makes runs due too."},
    {"time_zone", KeyType::kText, false, "", "Of `cron`. Default: the calendar's."},
    {"start", KeyType::kTime, false, "", "The first window, or the first firing. Default: from when the job is seen."},
    {"end", KeyType::kTime, false, "", "No window ends, and nothing fires, after it."},
    {"delay", KeyType::kDuration, false, "", "How long after a window's end its last data may come."},
    {"catch_up", KeyType::kChoice, false, "",
     "What becomes of what was missed while the scheduler did not run: all of it is run, the latest, or none. Default: "
     "all windows; of a job without a window the latest firing.",
     kCatchUps},
    {"at_once", KeyType::kInteger, false, "1", "Windows that may run side by side; 1: one after the other, in order."},
    {"backfill_at_once", KeyType::kInteger, false, "1", "The same for backfills."},
    {"expect", KeyType::kDuration, false, "", "How long a run takes, until earlier ones say better."},
    {"memory", KeyType::kBytes, false, "", "What a run is given. Default: a quarter of the capacity."},
    {"threads", KeyType::kInteger, false, "", "What a run is given. Default: half of the capacity."},
    {"dollars_per_hour", KeyType::kText, false, "", "What a run costs while it lasts."},
    {"resources", KeyType::kTextMap, false, "", "How many of the capacity's named resources a run holds."},
    {"engine", KeyType::kChoice, false, "native", "What runs it; auto: as `tidemill plan` decides.", kEngines},
    {"attempts", KeyType::kInteger, false, "4", "So many failures that trying again may help end in a parked window."},
    {"retry_after", KeyType::kDuration, false, "30s",
     "Attempts wait a random time up to this, doubled after each failure ..."},
    {"retry_most", KeyType::kDuration, false, "30m", "... and at most up to this."},
    {"attempt_limit", KeyType::kDuration, false, "", "An attempt that takes longer is stopped and counts as failed."},
};
constexpr Section kSchedule{"schedule", "When the scheduler starts runs, and what they may take.", kScheduleKeys};

constexpr Key kJobKeys[] = {
    {"job", KeyType::kJobName, true, "", "The job's name: part of the run key, so a new name is a new job."},
    {"type", KeyType::kChoice, false, "etl",
     "etl: sources, Spark SQL steps, checks and a sink. view: the steps' rows over Delta tables, kept in the sink and "
     "brought up to date by what has changed. spark_app: a program for Spark of your own, run as jobs are.",
     kTypes},
    {"kind", KeyType::kChoice, false, "", "Another word for `type`.", kTypes},
    {"description", KeyType::kText, false, "", "For people; does not change the run."},
    {"tags", KeyType::kTexts, false, "", "For people; does not change the run."},
    {"class", KeyType::kChoice, false, "regular", "How important the job is.", kClasses},
    {"certify", KeyType::kChoice, false, "",
     "required: --engine auto runs the job natively only when `tidemill verify` has seen both engines give the same "
     "rows "
     "for this spec. Default: required for class critical, else no.",
     kCertify},
    {"sla", KeyType::kText, false, "",
     "How long a run may take: simple_etl (30 min), complex_analytics (2 h), ml_training (4 h) or a duration like "
     "45m."},
    {"budget", KeyType::kSection, false, "", "What a run may take.", {}, &kBudget},
    {"time_zone", KeyType::kText, false, "UTC", "The session time zone of the SQL, like Europe/Berlin."},
    {"conf", KeyType::kTextMap, false, "", "Spark SQL settings, like spark.sql.ansi.enabled: false."},
    {"sources", KeyType::kNamed, true, "", "Where rows come from, by name.", {}, &kSource},
    {"window", KeyType::kSection, false, "", "Makes a run one slice of event time.", {}, &kWindow},
    {"steps",
     KeyType::kSections,
     false,
     "",
     "Spark SQL queries in order; the last one's rows go to the sink. Without steps the only source does.",
     {},
     &kStep},
    {"checks", KeyType::kSections, false, "", "Tests of the output, made inside the write.", {}, &kCheck},
    {"sink", KeyType::kSection, true, "", "Where the rows go.", {}, &kSink},
    {"schedule",
     KeyType::kSection,
     false,
     "",
     "When `tidemill serve` starts runs of the job; `tidemill run` does not look at it.",
     {},
     &kSchedule},
    {"profiles", KeyType::kOverlay, false, "",
     "By name, parts of the job that replace the ones above when the run says --profile NAME."},
};
constexpr Section kJob{"job", "A Tidemill job: sources, Spark SQL steps, checks and a sink.", kJobKeys};

constexpr Key kAppWindowKeys[] = {
    {"size", KeyType::kDuration, true, "",
     "How much time one run is for, like 1d. Windows are [start, end), counted from 1970-01-01T00:00:00Z."},
};
constexpr Section kAppWindow{"app_window", "Makes a run one slice of time, which the arguments name.", kAppWindowKeys};

constexpr Key kAppSinkKeys[] = {
    {"path", KeyType::kText, true, "", "The Delta table's folder; relative to the job file's folder."},
    {"mode", KeyType::kChoice, false, "append",
     "append: the program adds rows, so a changed job does not run again over a window that is there. overwrite: it "
     "replaces what it wrote.",
     kAppModes},
};
constexpr Section kAppSink{"app_sink",
                           "The table that the program commits to, once a run, with txnAppId {run_key} and txnVersion "
                           "{txn_version}: then the table alone says whether a run is done.",
                           kAppSinkKeys};

// What only a program has; its other keys are those of every job.
constexpr Key kAppKeys[] = {
    {"app", KeyType::kText, true, "", "The program, a .py or .jar file; relative to the job file's folder."},
    {"main_class", KeyType::kText, false, "", "Of a .jar: the class that has main."},
    {"args", KeyType::kTexts, false, "",
     "The program's arguments. {window.start}, {window.end}, {run_key}, {attempt}, {txn_version}, {table} and {job} "
     "are filled in for each run; the environment has them too, as TIDEMILL_WINDOW_START and so on."},
    {"py_files", KeyType::kTexts, false, "", "Python files and .zip files that the program imports."},
    {"jars", KeyType::kTexts, false, "", "Jars beside Delta's on the class path."},
    {"files", KeyType::kTexts, false, "", "Files that lie beside the program where it runs."},
    {"reads", KeyType::kTexts, false, "",
     "Files, folders or globs that the program reads: the quote is made from their sizes."},
    {"window", KeyType::kSection, false, "", "Makes a run one slice of time.", {}, &kAppWindow},
    {"sink", KeyType::kSection, false, "", "The table that the program commits to.", {}, &kAppSink},
};
// Of sources and steps; a program has its own of some.
constexpr Words kOnlyEtl[] = {"certify", "time_zone", "sources", "window", "steps", "checks", "sink"};

std::vector<Key> AppKeys() {
  std::vector<Key> keys;
  for (const Key& key : kJobKeys) {
    if (std::find(std::begin(kOnlyEtl), std::end(kOnlyEtl), key.name) == std::end(kOnlyEtl)) keys.push_back(key);
  }
  keys.insert(keys.begin() + 2, std::begin(kAppKeys), std::end(kAppKeys));
  return keys;
}

}  // namespace

const Section& JobSection(std::string_view type) {
  static const auto* app_keys = new std::vector<Key>(AppKeys());
  static const Section app{"spark_app", "A Tidemill job of type spark_app: a program for Spark, with its arguments.",
                           *app_keys};
  return type == "spark_app" ? app : kJob;
}

}  // namespace tidemill::job
