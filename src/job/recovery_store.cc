#include "job/recovery_store.h"

#include <filesystem>

#include "job/statement.h"

namespace tidemill::job {
namespace {

constexpr int kBusyTimeoutMs = 10'000;

}  // namespace

Result<std::unique_ptr<RecoveryStore>> RecoveryStore::Open(const std::string& path) {
  ASSIGN_OR_RETURN(const auto ledger, Ledger::Open(path));  // makes the tables
  sqlite3* database = nullptr;
  const int opened = sqlite3_open_v2(path.c_str(), &database, SQLITE_OPEN_READWRITE | SQLITE_OPEN_FULLMUTEX, nullptr);
  std::unique_ptr<RecoveryStore> store(new RecoveryStore(database));
  if (opened != SQLITE_OK) return FailedPrecondition(fmt::format("the ledger {} can't be opened", path));
  sqlite3_busy_timeout(database, kBusyTimeoutMs);
  return store;
}

RecoveryStore::~RecoveryStore() { sqlite3_close_v2(database_); }

Status RecoveryStore::Add(const RecoveryRecord& r) {
  Statement insert(database_,
                   "INSERT INTO recoveries (kind, table_path, copy_path, version, at, seconds, files, bytes, outcome, "
                   "report) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  insert.Bind(r.kind).Bind(r.table).Bind(r.copy).Bind(r.version).Bind(r.at).Bind(r.seconds).Bind(r.files);
  return insert.Bind(r.bytes).Bind(r.outcome).Bind(r.report).Run();
}

Result<std::vector<RecoveryRecord>> RecoveryStore::List(const std::string& table) const {
  Statement select(database_,
                   "SELECT kind, table_path, copy_path, version, at, seconds, files, bytes, outcome, report FROM "
                   "recoveries WHERE ? IN ('', table_path) ORDER BY id DESC");
  select.Bind(table);
  std::vector<RecoveryRecord> records;
  for (;;) {
    ASSIGN_OR_RETURN(const bool row, select.Step());
    if (!row) return records;
    records.push_back({select.Text(0), select.Text(1), select.Text(2), select.Number(3), select.Text(4), select.Real(5),
                       select.Number(6), select.Number(7), select.Text(8), select.Text(9)});
  }
}

Status RecoveryStore::BackUp(const std::string& to) const {
  if (std::filesystem::exists(to)) {
    return Error{ErrorKind::kAlreadyExists, fmt::format("{} is there already; name another file", to)};
  }
  // One transaction's view of the ledger, written whole under another name first.
  const std::string part = to + ".part";
  std::error_code code;
  std::filesystem::create_directories(std::filesystem::path(to).parent_path(), code);
  std::filesystem::remove(part, code);
  Statement copy(database_, "VACUUM INTO ?");
  RETURN_IF_ERROR(copy.Bind(part).Run());
  std::filesystem::rename(part, to, code);
  if (code) return FailedPrecondition(fmt::format("{} can't be written: {}", to, code.message()));
  return Ok();
}

Result<int64_t> RecoveryStore::AddMissing(const std::vector<LedgerRun>& runs) {
  int64_t added = 0;
  for (const auto& run : runs) {
    Statement insert(
        database_,
        "INSERT OR IGNORE INTO runs (attempt, run_key, job, window, engine, table_path, mode, memory_bytes, threads, "
        "started, finished, outcome, message, version, duration_us, rows_in, rows_written, rows_quarantined, "
        "rows_malformed, files_written, bytes_read, bytes_written, peak_memory_bytes, peak_spill_bytes) SELECT ?, ?, "
        "?, ?, ?, ?, '', 0, 0, ?, ?, ?, ?, ?, 0, ?, ?, ?, ?, ?, 0, ?, 0, 0 WHERE NOT EXISTS (SELECT 1 FROM runs WHERE "
        "run_key = ? AND table_path = ? AND version = ?)");
    const auto& f = run.figures;
    insert.Bind(run.attempt).Bind(run.run_key).Bind(run.job).Bind(run.window).Bind(run.engine).Bind(run.table);
    insert.Bind(run.started).Bind(run.finished).Bind(run.outcome).Bind(run.message).Bind(f.version).Bind(f.rows_in);
    insert.Bind(f.rows_written).Bind(f.rows_quarantined).Bind(f.rows_malformed).Bind(f.files_written);
    RETURN_IF_ERROR(insert.Bind(f.bytes_written).Bind(run.run_key).Bind(run.table).Bind(f.version).Run());
    added += sqlite3_changes(database_);
  }
  return added;
}

}  // namespace tidemill::job
