#include "job/schedule_store.h"

#include "job/ledger.h"
#include "job/statement.h"

namespace tidemill::job {
namespace {

constexpr int kBusyTimeoutMs = 3'000;
constexpr int64_t kKeptNotices = 10'000;

int64_t Us(Timestamp t) { return t.time_since_epoch().count(); }

// Ends without COMMIT: everything since is taken back.
class Transaction {
 public:
  explicit Transaction(sqlite3* database) : database_(database), begun_(Execute(database, "BEGIN IMMEDIATE")) {}
  ~Transaction() {
    if (begun_.ok() && !committed_) (void)Execute(database_, "ROLLBACK");
  }
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  const Status& begun() const { return begun_; }
  Status Commit() {
    const auto done = Execute(database_, "COMMIT");
    committed_ = done.ok();
    return done;
  }

 private:
  sqlite3* database_;
  Status begun_;
  bool committed_ = false;
};

Status CheckLeads(sqlite3* database, int64_t epoch) {
  Statement select(database, "SELECT epoch FROM schedule_leader");
  ASSIGN_OR_RETURN(const bool row, select.Step());
  if (row && select.Number(0) == epoch) return Ok();
  return Error{.kind = ErrorKind::kAborted, .message = "another scheduler leads now"};
}

const std::string kSelectNotices = "SELECT at, job, window, notice, message, began, id FROM schedule_notices ";

Result<std::vector<ScheduleNotice>> ReadNotices(Statement& select) {
  std::vector<ScheduleNotice> notices;
  while (true) {
    ASSIGN_OR_RETURN(const bool row, select.Step());
    if (!row) return notices;
    notices.push_back({select.Text(0), select.Text(1), select.Text(2), select.Text(3), select.Text(4), select.Text(5),
                       select.Number(6)});
  }
}

}  // namespace

Result<std::unique_ptr<ScheduleStore>> ScheduleStore::Open(const std::string& path) {
  ASSIGN_OR_RETURN(const auto ledger, Ledger::Open(path));  // makes the tables
  sqlite3* database = nullptr;
  const int opened = sqlite3_open_v2(path.c_str(), &database, SQLITE_OPEN_READWRITE | SQLITE_OPEN_FULLMUTEX, nullptr);
  std::unique_ptr<ScheduleStore> store(new ScheduleStore(database));
  if (opened != SQLITE_OK) return FailedPrecondition(fmt::format("the ledger {} can't be opened", path));
  sqlite3_busy_timeout(database, kBusyTimeoutMs);
  // What is stored outlives a crash of the machine too.
  RETURN_IF_ERROR(Execute(database, "PRAGMA synchronous = FULL"));
  return store;
}

ScheduleStore::~ScheduleStore() { sqlite3_close_v2(database_); }

Result<int64_t> ScheduleStore::Lead(const std::string& owner, Timestamp now, Micros patience) {
  Transaction transaction(database_);
  RETURN_IF_ERROR(transaction.begun());
  std::string leader;
  int64_t epoch = 0, beat = 0;
  {
    Statement select(database_, "SELECT owner, epoch, beat_us FROM schedule_leader");
    ASSIGN_OR_RETURN(const bool row, select.Step());
    if (row) {
      leader = select.Text(0);
      epoch = select.Number(1);
      beat = select.Number(2);
    }
  }
  // A beat from the future was written before the machine's clock was put back.
  const bool fresh = Us(now) - beat < patience.count() && beat - Us(now) < patience.count();
  if (leader != owner && !leader.empty() && fresh) return int64_t{0};
  // Its own beats missed for so long, somebody may have led meanwhile and stepped down: it begins anew.
  if (leader != owner || !fresh) ++epoch;
  Statement put(database_, "INSERT OR REPLACE INTO schedule_leader VALUES (1, ?, ?, ?)");
  RETURN_IF_ERROR(put.Bind(owner).Bind(epoch).Bind(Us(now)).Run());
  RETURN_IF_ERROR(transaction.Commit());
  return epoch;
}

Status ScheduleStore::StepDown(int64_t epoch) {
  Statement update(database_, "UPDATE schedule_leader SET owner = '', beat_us = 0 WHERE epoch = ?");
  return update.Bind(epoch).Run();
}

Result<std::pair<std::string, Timestamp>> ScheduleStore::Leader() {
  Statement select(database_, "SELECT owner, beat_us FROM schedule_leader");
  ASSIGN_OR_RETURN(const bool row, select.Step());
  if (!row) return std::pair(std::string(), Timestamp());
  return std::pair(select.Text(0), Timestamp(Micros(select.Number(1))));
}

Result<std::map<std::string, std::string>> ScheduleStore::States() {
  Statement select(database_, "SELECT job, state FROM schedule_jobs");
  std::map<std::string, std::string> states;
  while (true) {
    ASSIGN_OR_RETURN(const bool row, select.Step());
    if (!row) return states;
    states[select.Text(0)] = select.Text(1);
  }
}

Result<std::vector<ScheduleCommand>> ScheduleStore::Commands() {
  Statement select(database_, "SELECT id, command FROM schedule_commands ORDER BY id");
  std::vector<ScheduleCommand> commands;
  while (true) {
    ASSIGN_OR_RETURN(const bool row, select.Step());
    if (!row) return commands;
    commands.push_back({select.Number(0), select.Text(1)});
  }
}

Result<std::vector<ScheduleNotice>> ScheduleStore::Notices(int64_t limit) {
  Statement select(database_, kSelectNotices + "ORDER BY id DESC LIMIT ?");
  return ReadNotices(select.Bind(limit));
}

Result<std::vector<ScheduleNotice>> ScheduleStore::NoticesAfter(int64_t id) {
  Statement select(database_, kSelectNotices + "WHERE id > ? ORDER BY id");
  return ReadNotices(select.Bind(id));
}

Result<std::string> ScheduleStore::Alerts() {
  Statement select(database_, "SELECT state FROM alerts");
  ASSIGN_OR_RETURN(const bool row, select.Step());
  return row ? select.Text(0) : "";
}

Status ScheduleStore::KeepAlerts(int64_t epoch, const std::string& state) {
  Transaction transaction(database_);
  RETURN_IF_ERROR(transaction.begun());
  RETURN_IF_ERROR(CheckLeads(database_, epoch));
  Statement put(database_, "INSERT OR REPLACE INTO alerts VALUES (1, ?)");
  RETURN_IF_ERROR(put.Bind(state).Run());
  return transaction.Commit();
}

Status ScheduleStore::Send(const std::string& command) {
  Statement insert(database_, "INSERT INTO schedule_commands (command) VALUES (?)");
  return insert.Bind(command).Run();
}

Status ScheduleStore::Store(int64_t epoch, const Changes& changes) {
  Transaction transaction(database_);
  RETURN_IF_ERROR(transaction.begun());
  RETURN_IF_ERROR(CheckLeads(database_, epoch));
  for (const auto& [job, state] : changes.states) {
    Statement put(database_, "INSERT OR REPLACE INTO schedule_jobs VALUES (?, ?)");
    RETURN_IF_ERROR(put.Bind(job).Bind(state).Run());
  }
  for (const int64_t id : changes.handled_commands) {
    Statement remove(database_, "DELETE FROM schedule_commands WHERE id = ?");
    RETURN_IF_ERROR(remove.Bind(id).Run());
  }
  for (const auto& notice : changes.notices) {
    Statement insert(
        database_, "INSERT INTO schedule_notices (at, job, window, notice, message, began) VALUES (?, ?, ?, ?, ?, ?)");
    insert.Bind(notice.at).Bind(notice.job).Bind(notice.window).Bind(notice.notice).Bind(notice.message);
    insert.Bind(notice.began);
    RETURN_IF_ERROR(insert.Run());
  }
  if (!changes.notices.empty()) {
    Statement old(database_, "DELETE FROM schedule_notices WHERE id <= (SELECT max(id) FROM schedule_notices) - ?");
    RETURN_IF_ERROR(old.Bind(kKeptNotices).Run());
  }
  return transaction.Commit();
}

Result<ScheduleClock> ScheduleStore::KeepClock(const ScheduleClock& asked) {
  Statement insert(database_, "INSERT OR IGNORE INTO schedule_clock VALUES (1, ?, ?, ?)");
  RETURN_IF_ERROR(insert.Bind(Us(asked.real)).Bind(Us(asked.shown)).Bind(asked.speed).Run());
  Statement select(database_, "SELECT real_us, shown_us, speed FROM schedule_clock");
  ASSIGN_OR_RETURN(const bool row, select.Step());
  if (!row) return asked;
  return ScheduleClock{Timestamp(Micros(select.Number(0))), Timestamp(Micros(select.Number(1))), select.Real(2)};
}

}  // namespace tidemill::job
