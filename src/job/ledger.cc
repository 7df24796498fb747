#include "job/ledger.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <limits>

#include "base/units.h"
#include "job/statement.h"

namespace tidemill::job {
namespace {

constexpr int kBusyTimeoutMs = 10'000;
constexpr Micros kProgressStep = std::chrono::seconds(1);

// What each version of the schema adds to the one before. A released one never changes.
constexpr const char* kSchemas[] = {R"(
CREATE TABLE runs (
  id INTEGER PRIMARY KEY, attempt TEXT NOT NULL UNIQUE, run_key TEXT NOT NULL, job TEXT NOT NULL, window TEXT NOT NULL,
  engine TEXT NOT NULL, table_path TEXT NOT NULL, mode TEXT NOT NULL, memory_bytes INTEGER NOT NULL,
  threads INTEGER NOT NULL, started TEXT NOT NULL, finished TEXT, outcome TEXT NOT NULL DEFAULT 'running', message TEXT,
  version INTEGER, duration_us INTEGER, rows_in INTEGER, rows_written INTEGER, rows_quarantined INTEGER,
  rows_malformed INTEGER, files_written INTEGER, bytes_read INTEGER, bytes_written INTEGER, peak_memory_bytes INTEGER,
  peak_spill_bytes INTEGER);
CREATE INDEX runs_by_key ON runs (run_key);
CREATE INDEX runs_by_job ON runs (job, id);
CREATE TABLE checks (
  run INTEGER NOT NULL REFERENCES runs (id), name TEXT NOT NULL, kind TEXT NOT NULL, on_fail TEXT NOT NULL,
  status TEXT NOT NULL, bad INTEGER NOT NULL, row_count INTEGER NOT NULL, max_bad REAL NOT NULL, message TEXT NOT NULL);
CREATE INDEX checks_by_run ON checks (run);
CREATE TABLE events (
  id INTEGER PRIMARY KEY, run INTEGER NOT NULL REFERENCES runs (id), at TEXT NOT NULL, type TEXT NOT NULL,
  json TEXT NOT NULL);
CREATE INDEX events_by_run ON events (run, id);
)",
                                    R"(
ALTER TABLE runs ADD COLUMN class TEXT NOT NULL DEFAULT '';
ALTER TABLE runs ADD COLUMN tags TEXT NOT NULL DEFAULT '';
ALTER TABLE runs ADD COLUMN quoted_seconds REAL NOT NULL DEFAULT -1;
ALTER TABLE runs ADD COLUMN dollars REAL NOT NULL DEFAULT -1;
ALTER TABLE runs ADD COLUMN source_bytes INTEGER NOT NULL DEFAULT 0;
)",
                                    R"(
CREATE TABLE certificates (
  id INTEGER PRIMARY KEY, job TEXT NOT NULL, window TEXT NOT NULL, spec_hash TEXT NOT NULL, native TEXT NOT NULL,
  spark TEXT NOT NULL, tidemill TEXT NOT NULL, inputs TEXT NOT NULL, row_count INTEGER NOT NULL,
  quarantined INTEGER NOT NULL, sample REAL NOT NULL, at TEXT NOT NULL);
CREATE INDEX certificates_by_job ON certificates (job, spec_hash);
)",
                                    R"(
CREATE TABLE cluster_resources (
  id INTEGER PRIMARY KEY, cluster TEXT NOT NULL, address TEXT NOT NULL, cloud_id TEXT NOT NULL, token TEXT NOT NULL,
  state TEXT NOT NULL, attributes TEXT NOT NULL, at TEXT NOT NULL, UNIQUE (cluster, address));
)",
                                    R"(
CREATE TABLE schedule_jobs (job TEXT PRIMARY KEY, state TEXT NOT NULL);
CREATE TABLE schedule_leader (
  one INTEGER PRIMARY KEY CHECK (one = 1), owner TEXT NOT NULL, epoch INTEGER NOT NULL, beat_us INTEGER NOT NULL);
CREATE TABLE schedule_commands (id INTEGER PRIMARY KEY, command TEXT NOT NULL);
CREATE TABLE schedule_notices (
  id INTEGER PRIMARY KEY, at TEXT NOT NULL, job TEXT NOT NULL, window TEXT NOT NULL, notice TEXT NOT NULL,
  message TEXT NOT NULL, began TEXT NOT NULL);
CREATE TABLE schedule_clock (
  one INTEGER PRIMARY KEY CHECK (one = 1), real_us INTEGER NOT NULL, shown_us INTEGER NOT NULL, speed REAL NOT NULL);
)",
                                    R"(
CREATE TABLE advice (
  id INTEGER PRIMARY KEY, job TEXT NOT NULL, rule TEXT NOT NULL, change TEXT NOT NULL, at TEXT NOT NULL,
  low REAL NOT NULL, mid REAL NOT NULL, high REAL NOT NULL, before_seconds REAL NOT NULL,
  before_rows INTEGER NOT NULL);
)",
                                    R"(
CREATE TABLE alerts (one INTEGER PRIMARY KEY CHECK (one = 1), state TEXT NOT NULL);
ALTER TABLE runs ADD COLUMN progress TEXT NOT NULL DEFAULT '';
CREATE TABLE recoveries (
  id INTEGER PRIMARY KEY, kind TEXT NOT NULL, table_path TEXT NOT NULL, copy_path TEXT NOT NULL,
  version INTEGER NOT NULL, at TEXT NOT NULL, seconds REAL NOT NULL, files INTEGER NOT NULL, bytes INTEGER NOT NULL,
  outcome TEXT NOT NULL, report TEXT NOT NULL);
CREATE INDEX recoveries_by_table ON recoveries (table_path, id);
)"};
constexpr int kSchemaVersion = std::size(kSchemas);

constexpr const char* kRunColumns =
    "id, attempt, run_key, job, window, engine, table_path, started, finished, outcome, message, version, duration_us, "
    "rows_in, rows_written, rows_quarantined, rows_malformed, files_written, bytes_read, bytes_written, "
    "peak_memory_bytes, peak_spill_bytes, class, tags, quoted_seconds, dollars, source_bytes, memory_bytes, "
    "threads, progress";

LedgerRun ReadRun(const Statement& row) {
  LedgerRun run;
  run.id = row.Number(0);
  std::string* texts[] = {&run.attempt, &run.run_key, &run.job,      &run.window,  &run.engine,
                          &run.table,   &run.started, &run.finished, &run.outcome, &run.message};
  for (int i = 0; i < 10; ++i) *texts[i] = row.Text(i + 1);
  auto& figures = run.figures;
  figures.message = run.message;
  figures.version = row.Number(11);
  figures.duration = Micros(row.Number(12));
  int64_t* numbers[] = {&figures.rows_in,        &figures.rows_written,      &figures.rows_quarantined,
                        &figures.rows_malformed, &figures.files_written,     &figures.bytes_read,
                        &figures.bytes_written,  &figures.peak_memory_bytes, &figures.peak_spill_bytes};
  for (int i = 0; i < 9; ++i) *numbers[i] = row.Number(13 + i);
  run.job_class = row.Text(22);
  run.tags = row.Text(23);
  run.quoted_seconds = row.Real(24);
  run.dollars = row.Real(25);
  run.source_bytes = row.Number(26);
  run.memory_bytes = row.Number(27);
  run.threads = row.Number(28);
  run.progress = row.Text(29);
  return run;
}

Result<std::vector<LedgerRun>> ReadRuns(Statement& select) {
  std::vector<LedgerRun> runs;
  while (true) {
    ASSIGN_OR_RETURN(const bool row, select.Step());
    if (!row) return runs;
    runs.push_back(ReadRun(select));
  }
}

}  // namespace

double SuccessRatio(const std::vector<RunTotals>& totals) {
  double good = 0, bad = 0;
  for (const auto& t : totals) {
    if (t.outcome == "committed" || t.outcome == "already_committed") good += static_cast<double>(t.runs);
    if (t.outcome == "failed" || t.outcome == "unknown" || t.outcome == "killed") bad += static_cast<double>(t.runs);
  }
  return good + bad > 0 ? good / (good + bad) : std::numeric_limits<double>::quiet_NaN();
}

double BadRowRatio(const std::vector<RunTotals>& totals) {
  double rows = 0, bad = 0;
  for (const auto& t : totals) {
    rows += static_cast<double>(t.rows_in);
    bad += static_cast<double>(t.rows_bad);
  }
  return rows > 0 ? bad / rows : std::numeric_limits<double>::quiet_NaN();
}

Result<std::unique_ptr<Ledger>> Ledger::Open(const std::string& path) {
  std::error_code code;
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), code);
  sqlite3* database = nullptr;
  const int opened = sqlite3_open_v2(path.c_str(), &database,
                                     SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_FULLMUTEX, nullptr);
  std::unique_ptr<Ledger> ledger(new Ledger(database));
  if (opened != SQLITE_OK) {
    return FailedPrecondition(fmt::format("the ledger {} can't be opened ({}); choose another place with --state", path,
                                          sqlite3_errmsg(database)));
  }
  sqlite3_busy_timeout(database, kBusyTimeoutMs);
  if (const auto ready = ledger->Migrate(); !ready.ok()) {
    return FailedPrecondition(fmt::format("the ledger {}: {}", path, ready.error().message));
  }
  return ledger;
}

Ledger::~Ledger() { sqlite3_close_v2(database_); }

Status Ledger::Migrate() {
  RETURN_IF_ERROR(
      Execute(database_, "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON"));
  RETURN_IF_ERROR(Execute(database_, "BEGIN IMMEDIATE"));
  int64_t version = 0;
  {
    Statement read(database_, "PRAGMA user_version");
    ASSIGN_OR_RETURN(const bool row, read.Step());
    if (row) version = read.Number(0);
  }
  if (version > kSchemaVersion) {
    (void)Execute(database_, "ROLLBACK");
    return FailedPrecondition("a newer version of this program wrote it; use that one, or another file with --state");
  }
  for (; version < kSchemaVersion; ++version) RETURN_IF_ERROR(Execute(database_, kSchemas[version]));
  RETURN_IF_ERROR(Execute(database_, fmt::format("PRAGMA user_version = {}", kSchemaVersion).c_str()));
  return Execute(database_, "COMMIT");
}

void Ledger::Record(const Event& event) {
  const std::lock_guard lock(mutex_);
  const auto written = Write(event);
  if (!written.ok() && !failure_) failure_ = written.error();
}

std::optional<Error> Ledger::failure() const {
  const std::lock_guard lock(mutex_);
  return failure_;
}

Status Ledger::Write(const Event& event) {
  if (std::holds_alternative<event::Progress>(event.body)) return WriteProgress(event);
  if (const auto* started = std::get_if<event::RunStarted>(&event.body)) {
    // An attempt that never told its end was killed; should it be alive after all, its own end has the last word.
    Statement killed(
        database_,
        "UPDATE runs SET outcome = 'killed', message = 'a later attempt began', finished = ? WHERE run_key = ? "
        "AND outcome = 'running'");
    RETURN_IF_ERROR(killed.Bind(FormatTimestamp(event.at)).Bind(started->run_key).Run());
    Statement insert(database_,
                     "INSERT INTO runs (attempt, run_key, job, window, engine, table_path, mode, memory_bytes, "
                     "threads, class, tags, "
                     "started) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
                     "ON CONFLICT (attempt) DO UPDATE SET outcome = 'running', message = NULL, finished = NULL");
    insert.Bind(event.attempt).Bind(started->run_key).Bind(started->job).Bind(started->window).Bind(started->engine);
    insert.Bind(started->table).Bind(started->mode).Bind(started->memory_bytes).Bind(int64_t{started->threads});
    RETURN_IF_ERROR(insert.Bind(started->job_class).Bind(started->tags).Bind(FormatTimestamp(event.at)).Run());
    // An attempt that runs elsewhere may have been taken up by a later start of this program: then its row is there.
    Statement select(database_, "SELECT id FROM runs WHERE attempt = ?");
    select.Bind(event.attempt);
    ASSIGN_OR_RETURN(const bool row, select.Step());
    if (!row) return Internal("an attempt that was just written is not there");
    ids_[event.attempt] = select.Number(0);
  }
  ASSIGN_OR_RETURN(const int64_t run, RunOf(event.attempt));
  if (const auto* check = std::get_if<event::CheckResult>(&event.body)) {
    Statement insert(database_, "INSERT INTO checks VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)");
    insert.Bind(run).Bind(check->check).Bind(check->kind).Bind(check->on_fail).Bind(Name(check->status));
    RETURN_IF_ERROR(insert.Bind(check->bad).Bind(check->rows).Bind(check->max_bad).Bind(check->message).Run());
  }
  if (const auto* source = std::get_if<event::SourceRead>(&event.body)) {
    Statement update(database_, "UPDATE runs SET source_bytes = source_bytes + ? WHERE id = ?");
    RETURN_IF_ERROR(update.Bind(source->bytes).Bind(run).Run());
  }
  if (const auto* invoice = std::get_if<event::Invoiced>(&event.body)) {
    Statement update(database_, "UPDATE runs SET quoted_seconds = ?, dollars = ? WHERE id = ?");
    RETURN_IF_ERROR(update.Bind(invoice->quoted_seconds).Bind(invoice->dollars).Bind(run).Run());
  }
  if (const auto* end = std::get_if<event::RunFinished>(&event.body)) {
    Statement update(
        database_,
        "UPDATE runs SET finished = ?, outcome = ?, message = ?, version = ?, duration_us = ?, rows_in = ?, "
        "rows_written = ?, rows_quarantined = ?, rows_malformed = ?, files_written = ?, bytes_read = ?, "
        "bytes_written = ?, peak_memory_bytes = ?, peak_spill_bytes = ? WHERE id = ?");
    update.Bind(FormatTimestamp(event.at)).Bind(Name(end->outcome)).Bind(end->message).Bind(end->version);
    update.Bind(int64_t{end->duration.count()}).Bind(end->rows_in).Bind(end->rows_written).Bind(end->rows_quarantined);
    update.Bind(end->rows_malformed).Bind(end->files_written).Bind(end->bytes_read).Bind(end->bytes_written);
    RETURN_IF_ERROR(update.Bind(end->peak_memory_bytes).Bind(end->peak_spill_bytes).Bind(run).Run());
  }
  Statement insert(database_, "INSERT INTO events (run, at, type, json) VALUES (?, ?, ?, ?)");
  return insert.Bind(run).Bind(FormatTimestamp(event.at)).Bind(TypeName(event)).Bind(ToJson(event)).Run();
}

Status Ledger::WriteProgress(const Event& event) {
  auto& written = progress_[event.attempt];
  if (event.monotonic - written < kProgressStep) return Ok();
  written = event.monotonic;
  ASSIGN_OR_RETURN(const int64_t run, RunOf(event.attempt));
  Statement update(database_, "UPDATE runs SET progress = ? WHERE id = ?");
  return update.Bind(ToJson(event)).Bind(run).Run();
}

Result<int64_t> Ledger::RunOf(const std::string& attempt) {
  const auto found = ids_.find(attempt);
  if (found == ids_.end()) return Internal("an event of an attempt that never started");
  return found->second;
}

Result<std::vector<LedgerRun>> Ledger::Runs(const RunFilter& filter) const {
  const std::lock_guard lock(mutex_);
  Statement select(database_,
                   fmt::format("SELECT {} FROM runs WHERE (?1 = '' OR job = ?1) AND (?2 = '' OR class = ?2) "
                               "AND (?3 = '' OR outcome = ?3) AND (?4 = 0 OR id < ?4) ORDER BY id DESC LIMIT ?5",
                               kRunColumns));
  select.Bind(filter.job).Bind(filter.job_class).Bind(filter.outcome).Bind(filter.before).Bind(filter.limit);
  return ReadRuns(select);
}

Result<int64_t> Ledger::NewestEvent() const {
  const std::lock_guard lock(mutex_);
  Statement newest(database_, "SELECT coalesce(max(id), 0) FROM events");
  ASSIGN_OR_RETURN(const bool row, newest.Step());
  return row ? newest.Number(0) : 0;
}

Result<std::pair<std::vector<LedgerRun>, int64_t>> Ledger::EndedAfter(int64_t event) const {
  std::pair<std::vector<LedgerRun>, int64_t> ended;
  ASSIGN_OR_RETURN(ended.second, NewestEvent());
  const std::lock_guard lock(mutex_);
  Statement select(database_,
                   fmt::format("SELECT {} FROM runs WHERE id IN (SELECT run FROM events WHERE id > ?1 AND id "
                               "<= ?2 AND type = 'run_finished') ORDER BY finished, id",
                               kRunColumns));
  ASSIGN_OR_RETURN(ended.first, ReadRuns(select.Bind(event).Bind(ended.second)));
  return ended;
}

Result<std::vector<RunTotals>> Ledger::Totals(Timestamp since) const {
  const std::lock_guard lock(mutex_);
  Statement select(database_,
                   "SELECT job, class, outcome, count(*), total(duration_us) / 1e6, total(max(dollars, 0)), "
                   "sum(rows_in), sum(rows_written), sum(rows_quarantined + rows_malformed), sum(bytes_read), "
                   "sum(bytes_written), max(peak_memory_bytes) FROM runs WHERE started >= ? AND outcome <> 'running' "
                   "GROUP BY job, class, outcome ORDER BY job, class, outcome");
  select.Bind(FormatTimestamp(since));
  std::vector<RunTotals> totals;
  while (true) {
    ASSIGN_OR_RETURN(const bool row, select.Step());
    if (!row) return totals;
    auto& t = totals.emplace_back();
    t.job = select.Text(0);
    t.job_class = select.Text(1);
    t.outcome = select.Text(2);
    t.runs = select.Number(3);
    t.seconds = select.Real(4);
    t.dollars = select.Real(5);
    int64_t* numbers[] = {&t.rows_in,    &t.rows_written,  &t.rows_bad,
                          &t.bytes_read, &t.bytes_written, &t.peak_memory_bytes};
    for (int i = 0; i < 6; ++i) *numbers[i] = select.Number(6 + i);
  }
}

Result<LedgerRun> Ledger::Find(const std::string& id_or_key) const {
  const std::lock_guard lock(mutex_);
  const bool number = !id_or_key.empty() &&
                      std::all_of(id_or_key.begin(), id_or_key.end(), [](unsigned char c) { return std::isdigit(c); });
  Statement select(database_, fmt::format("SELECT {} FROM runs WHERE {} = ? ORDER BY id DESC LIMIT 1", kRunColumns,
                                          number ? "CAST(id AS TEXT)" : "run_key"));
  select.Bind(id_or_key);
  ASSIGN_OR_RETURN(const bool row, select.Step());
  if (!row) return NotFound(fmt::format("the ledger has no run {}; `tidemill runs ls` lists them", id_or_key));
  return ReadRun(select);
}

Result<std::optional<LedgerRun>> Ledger::FindCommitted(const std::string& run_key) const {
  const std::lock_guard lock(mutex_);
  Statement select(
      database_, fmt::format("SELECT {} FROM runs WHERE run_key = ? AND outcome = 'committed' ORDER BY id DESC LIMIT 1",
                             kRunColumns));
  select.Bind(run_key);
  ASSIGN_OR_RETURN(const bool row, select.Step());
  if (!row) return std::optional<LedgerRun>();
  return std::optional(ReadRun(select));
}

Result<std::vector<LedgerCheck>> Ledger::Checks(int64_t run) const {
  const std::lock_guard lock(mutex_);
  Statement select(
      database_,
      "SELECT name, kind, on_fail, status, bad, row_count, message FROM checks WHERE run = ? ORDER BY rowid");
  select.Bind(run);
  std::vector<LedgerCheck> checks;
  while (true) {
    ASSIGN_OR_RETURN(const bool row, select.Step());
    if (!row) return checks;
    checks.push_back({select.Text(0), select.Text(1), select.Text(2), select.Text(3), select.Number(4),
                      select.Number(5), select.Text(6)});
  }
}

Result<std::vector<std::string>> Ledger::Events(int64_t run) const {
  const std::lock_guard lock(mutex_);
  Statement select(database_, "SELECT json FROM events WHERE run = ? ORDER BY id");
  select.Bind(run);
  std::vector<std::string> lines;
  while (true) {
    ASSIGN_OR_RETURN(const bool row, select.Step());
    if (!row) return lines;
    lines.push_back(select.Text(0));
  }
}

Status Ledger::Add(const Certificate& c) {
  const std::lock_guard lock(mutex_);
  Statement insert(database_,
                   "INSERT INTO certificates (job, window, spec_hash, native, spark, tidemill, inputs, row_count, "
                   "quarantined, sample, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  insert.Bind(c.job).Bind(c.window).Bind(c.spec_hash).Bind(c.native).Bind(c.spark).Bind(c.tidemill).Bind(c.inputs);
  return insert.Bind(c.rows).Bind(c.quarantined).Bind(c.sample).Bind(c.at).Run();
}

Result<std::vector<Certificate>> Ledger::Certificates(const std::string& job) const {
  const std::lock_guard lock(mutex_);
  Statement select(database_,
                   "SELECT job, window, spec_hash, native, spark, tidemill, inputs, at, row_count, quarantined, sample "
                   "FROM certificates WHERE ?1 = '' OR job = ?1 ORDER BY id DESC");
  select.Bind(job);
  std::vector<Certificate> found;
  while (true) {
    ASSIGN_OR_RETURN(const bool row, select.Step());
    if (!row) return found;
    auto& c = found.emplace_back();
    std::string* texts[] = {&c.job, &c.window, &c.spec_hash, &c.native, &c.spark, &c.tidemill, &c.inputs, &c.at};
    for (int i = 0; i < 8; ++i) *texts[i] = select.Text(i);
    c.rows = select.Number(8);
    c.quarantined = select.Number(9);
    c.sample = select.Real(10);
  }
}

Status Ledger::Put(const ClusterResource& r) {
  const std::lock_guard lock(mutex_);
  Statement insert(database_,
                   "INSERT INTO cluster_resources (cluster, address, cloud_id, token, state, attributes, at) "
                   "VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (cluster, address) DO UPDATE SET cloud_id = "
                   "excluded.cloud_id, token = excluded.token, state = excluded.state, attributes = "
                   "excluded.attributes, at = excluded.at");
  insert.Bind(r.cluster).Bind(r.address).Bind(r.id).Bind(r.token).Bind(r.state).Bind(r.attributes);
  return insert.Bind(r.at).Run();
}

Status Ledger::Remove(const std::string& cluster, const std::string& address) {
  const std::lock_guard lock(mutex_);
  Statement remove(database_, "DELETE FROM cluster_resources WHERE cluster = ? AND address = ?");
  return remove.Bind(cluster).Bind(address).Run();
}

Result<std::vector<ClusterResource>> Ledger::ClusterResources(const std::string& cluster) const {
  const std::lock_guard lock(mutex_);
  Statement select(database_,
                   "SELECT cluster, address, cloud_id, token, state, attributes, at FROM cluster_resources "
                   "WHERE ?1 = '' OR cluster = ?1 ORDER BY id");
  select.Bind(cluster);
  std::vector<ClusterResource> found;
  while (true) {
    ASSIGN_OR_RETURN(const bool row, select.Step());
    if (!row) return found;
    auto& r = found.emplace_back();
    std::string* texts[] = {&r.cluster, &r.address, &r.id, &r.token, &r.state, &r.attributes, &r.at};
    for (int i = 0; i < 7; ++i) *texts[i] = select.Text(i);
  }
}

Status Ledger::Add(const TakenAdvice& a) {
  const std::lock_guard lock(mutex_);
  Statement insert(database_,
                   "INSERT INTO advice (job, rule, change, at, low, mid, high, before_seconds, before_rows) "
                   "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)");
  insert.Bind(a.job).Bind(a.rule).Bind(a.change).Bind(a.at).Bind(a.low).Bind(a.mid).Bind(a.high);
  return insert.Bind(a.before_seconds).Bind(a.before_rows).Run();
}

Result<std::vector<TakenAdvice>> Ledger::Advice() const {
  const std::lock_guard lock(mutex_);
  Statement select(database_,
                   "SELECT job, rule, change, at, low, mid, high, before_seconds, before_rows FROM advice ORDER BY id");
  std::vector<TakenAdvice> found;
  while (true) {
    ASSIGN_OR_RETURN(const bool row, select.Step());
    if (!row) return found;
    found.push_back({select.Text(0), select.Text(1), select.Text(2), select.Text(3), select.Real(4), select.Real(5),
                     select.Real(6), select.Real(7), select.Number(8)});
  }
}

}  // namespace tidemill::job
