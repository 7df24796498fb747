// The members of every event by name, with a word of description: from here come the JSON lines and their schema.
#pragma once

#include <string_view>

#include "job/event.h"

namespace tidemill::job {

struct FieldInfo {
  std::string_view name;
  std::string_view description;
};

struct EventName {
  std::string_view name;
  std::string_view description;
};

// In the order of Event::body's alternatives.
inline constexpr EventName kEventNames[] = {
    {"run_started", "An attempt of a run begins."},
    {"quoted", "What the run would take, before it begins to compute."},
    {"invoiced", "What the run took, beside its quote."},
    {"source_read", "A source was found and opened."},
    {"step_planned", "A step's SQL was resolved."},
    {"stage_started", "A stage of the run begins."},
    {"stage_finished", "A stage of the run is over."},
    {"progress", "How far the current stage is."},
    {"check_result", "What a check found."},
    {"quarantined", "Bad rows were committed to the quarantine table."},
    {"committed", "The run's rows are in the table."},
    {"spark_figures", "What Spark's tasks took."},
    {"warning", "Something the user should know."},
    {"run_finished", "The attempt is over; always the last event."},
};

template <typename Visit>
void VisitFields(const event::RunStarted& e, Visit visit) {
  visit(FieldInfo{"run_key", "Job, window and spec: the same for every attempt."}, e.run_key);
  visit(FieldInfo{"job", "The job's name."}, e.job);
  visit(FieldInfo{"window", "START/END of event time, or all."}, e.window);
  visit(FieldInfo{"engine", "What runs the queries."}, e.engine);
  visit(FieldInfo{"table", "The sink's folder."}, e.table);
  visit(FieldInfo{"mode", "append, overwrite, overwrite_partitions or merge."}, e.mode);
  visit(FieldInfo{"memory_bytes", "The memory budget."}, e.memory_bytes);
  visit(FieldInfo{"threads", "The threads used."}, e.threads);
  visit(FieldInfo{"class", "critical, regular or development."}, e.job_class);
  visit(FieldInfo{"tags", "The job's tags, separated by commas."}, e.tags);
  visit(FieldInfo{"goes_on_from", "The attempt of another engine that handed the run over, or nothing."},
        e.goes_on_from);
}

template <typename Visit>
void VisitFields(const event::Quoted& e, Visit visit) {
  visit(FieldInfo{"place", "Where it runs."}, e.place);
  visit(FieldInfo{"seconds", "How long it should take."}, e.seconds);
  visit(FieldInfo{"seconds_low", "Four runs of five take at least this."}, e.seconds_low);
  visit(FieldInfo{"seconds_high", "Four runs of five take at most this."}, e.seconds_high);
  visit(FieldInfo{"dollars", "What it should cost."}, e.dollars);
  visit(FieldInfo{"dollars_low", "The price of seconds_low."}, e.dollars_low);
  visit(FieldInfo{"dollars_high", "The price of seconds_high."}, e.dollars_high);
  visit(FieldInfo{"memory_bytes", "The memory it should need."}, e.memory_bytes);
}

template <typename Visit>
void VisitFields(const event::Invoiced& e, Visit visit) {
  visit(FieldInfo{"place", "Where it ran."}, e.place);
  visit(FieldInfo{"seconds", "How long it took."}, e.seconds);
  visit(FieldInfo{"dollars", "What it cost, by the price list."}, e.dollars);
  visit(FieldInfo{"quoted_seconds", "What the quote said."}, e.quoted_seconds);
  visit(FieldInfo{"quoted_dollars", "What the quote said."}, e.quoted_dollars);
  visit(FieldInfo{"run_seconds", "All attempts of the run, where one handed over to the next."}, e.run_seconds);
  visit(FieldInfo{"run_dollars", "What they cost together."}, e.run_dollars);
}

template <typename Visit>
void VisitFields(const event::SourceRead& e, Visit visit) {
  visit(FieldInfo{"source", "The source's name."}, e.source);
  visit(FieldInfo{"format", "csv, json, text, parquet or delta."}, e.format);
  visit(FieldInfo{"files", "Files that will be read."}, e.files);
  visit(FieldInfo{"bytes", "Their size."}, e.bytes);
  visit(FieldInfo{"pruned_files", "Files left out because they cannot hold a row of the window."}, e.pruned_files);
}

template <typename Visit>
void VisitFields(const event::StepPlanned& e, Visit visit) {
  visit(FieldInfo{"step", "The step's name."}, e.step);
  visit(FieldInfo{"cached", "Whether its rows are computed once and kept."}, e.cached);
  visit(FieldInfo{"columns", "How many columns it has."}, e.columns);
}

template <typename Visit>
void VisitFields(const event::StageStarted& e, Visit visit) {
  visit(FieldInfo{"stage", "The stage's name."}, e.stage);
}

template <typename Visit>
void VisitFields(const event::StageFinished& e, Visit visit) {
  visit(FieldInfo{"stage", "The stage's name."}, e.stage);
  visit(FieldInfo{"duration_ms", "How long it took."}, e.duration);
}

template <typename Visit>
void VisitFields(const event::Progress& e, Visit visit) {
  visit(FieldInfo{"stage", "The stage's name."}, e.stage);
  visit(FieldInfo{"fraction", "0 to 1."}, e.fraction);
  visit(FieldInfo{"rows", "Rows read so far, when known."}, e.rows);
  visit(FieldInfo{"bytes", "Bytes read so far."}, e.bytes);
  visit(FieldInfo{"memory_bytes", "Memory in use."}, e.memory_bytes);
  visit(FieldInfo{"spill_bytes", "Temporary files in use."}, e.spill_bytes);
}

template <typename Visit>
void VisitFields(const event::CheckResult& e, Visit visit) {
  visit(FieldInfo{"check", "The check's name."}, e.check);
  visit(FieldInfo{"kind", "What it tests."}, e.kind);
  visit(FieldInfo{"on_fail", "warn, quarantine or fail."}, e.on_fail);
  visit(FieldInfo{"status", "passed, warned or failed; failed means that nothing is committed."}, e.status);
  visit(FieldInfo{"bad", "Rows that failed it."}, e.bad);
  visit(FieldInfo{"rows", "Rows tested."}, e.rows);
  visit(FieldInfo{"max_bad", "The share of bad rows that is allowed."}, e.max_bad);
  visit(FieldInfo{"message", "The finding in words."}, e.message);
}

template <typename Visit>
void VisitFields(const event::Quarantined& e, Visit visit) {
  visit(FieldInfo{"table", "The quarantine table's folder."}, e.table);
  visit(FieldInfo{"version", "Its version that holds the rows."}, e.version);
  visit(FieldInfo{"rows", "Rows that failed checks."}, e.rows);
  visit(FieldInfo{"malformed", "Rows that did not fit their source's schema."}, e.malformed);
}

template <typename Visit>
void VisitFields(const event::Committed& e, Visit visit) {
  visit(FieldInfo{"table", "The table's folder."}, e.table);
  visit(FieldInfo{"version", "Its version that holds the rows."}, e.version);
  visit(FieldInfo{"files", "Files added."}, e.files);
  visit(FieldInfo{"rows", "Rows in them."}, e.rows);
  visit(FieldInfo{"bytes", "Their size."}, e.bytes);
  visit(FieldInfo{"removed_files", "Files taken out."}, e.removed_files);
}

template <typename Visit>
void VisitFields(const event::SparkFigures& e, Visit visit) {
  visit(FieldInfo{"application", "Spark's id of the application."}, e.application);
  visit(FieldInfo{"event_log", "The folder of its event log."}, e.event_log);
  visit(FieldInfo{"jobs", "Spark jobs."}, e.jobs);
  visit(FieldInfo{"stages", "Their stages."}, e.stages);
  visit(FieldInfo{"tasks", "Their tasks."}, e.tasks);
  visit(FieldInfo{"failed_tasks", "Tasks that failed."}, e.failed_tasks);
  visit(FieldInfo{"run_ms", "Time of all tasks."}, e.run);
  visit(FieldInfo{"cpu_ms", "Processor time of all tasks."}, e.cpu);
  visit(FieldInfo{"gc_ms", "Garbage collection in all tasks."}, e.gc);
  visit(FieldInfo{"rows_read", "Rows read by all tasks, kept ones again each time."}, e.rows_read);
  visit(FieldInfo{"bytes_read", "Bytes read by all tasks, kept ones again each time."}, e.bytes_read);
  visit(FieldInfo{"shuffle_read_bytes", "Read from shuffles."}, e.shuffle_read_bytes);
  visit(FieldInfo{"shuffle_write_bytes", "Written to shuffles."}, e.shuffle_write_bytes);
  visit(FieldInfo{"spill_memory_bytes", "Spilled, as it was in memory."}, e.spill_memory_bytes);
  visit(FieldInfo{"spill_disk_bytes", "Spilled, as it was on disk."}, e.spill_disk_bytes);
  visit(FieldInfo{"peak_memory_bytes", "The most execution memory of a task."}, e.peak_memory_bytes);
}

template <typename Visit>
void VisitFields(const event::Warning& e, Visit visit) {
  visit(FieldInfo{"message", "What to know."}, e.message);
}

template <typename Visit>
void VisitFields(const event::RunFinished& e, Visit visit) {
  visit(
      FieldInfo{
          "outcome",
          "committed, already_committed, checks_failed, conflict, unknown, refused, failed, cancelled or handed_off."},
      e.outcome);
  visit(FieldInfo{"message", "What happened, in words."}, e.message);
  visit(FieldInfo{"error", "The kind of error behind it, or nothing: unavailable, resource exhausted, ..."}, e.error);
  visit(FieldInfo{"version", "The table's version that holds the run, or -1."}, e.version);
  visit(FieldInfo{"duration_ms", "From start to end."}, e.duration);
  visit(FieldInfo{"rows_in", "Rows the last step gave."}, e.rows_in);
  visit(FieldInfo{"rows_written", "Rows written to the table."}, e.rows_written);
  visit(FieldInfo{"rows_quarantined", "Rows that failed a check and went to the quarantine."}, e.rows_quarantined);
  visit(FieldInfo{"rows_malformed", "Rows that did not fit their source's schema."}, e.rows_malformed);
  visit(FieldInfo{"files_written", "Data files written."}, e.files_written);
  visit(FieldInfo{"bytes_read", "Size of the files read."}, e.bytes_read);
  visit(FieldInfo{"bytes_written", "Size of the files written."}, e.bytes_written);
  visit(FieldInfo{"peak_memory_bytes", "The most memory used."}, e.peak_memory_bytes);
  visit(FieldInfo{"peak_spill_bytes", "The most temporary space used."}, e.peak_spill_bytes);
}

}  // namespace tidemill::job
