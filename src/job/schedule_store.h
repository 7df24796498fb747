// What schedulers keep in the ledger: who of them leads, the state of every job, what users ask for, what was told.
//
// A state is stored before it is acted upon, and only by the leader: a process that was thought dead and is not can
// store nothing any more. Times of leading are the machine's, whatever clock the schedule goes by.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/units.h"

struct sqlite3;

namespace tidemill::job {

struct ScheduleNotice {
  std::string at;  // as FormatTimestamp
  std::string job;
  std::string window;
  std::string notice;
  std::string message;
  std::string began;  // the attempt that it is about; empty: none
  int64_t id = 0;     // in the order in which they were told; 0: not stored yet
};

struct ScheduleCommand {
  int64_t id = 0;
  std::string text;
};

// A clock that runs faster than the machine's, for demonstrations: `shown` at the instant `real`.
struct ScheduleClock {
  Timestamp real{};
  Timestamp shown{};
  double speed = 1;
};

// Of one thread. Several processes may use one file.
class ScheduleStore {
 public:
  // The file of the ledger, which is made when it is not there.
  static Result<std::unique_ptr<ScheduleStore>> Open(const std::string& path);
  ~ScheduleStore();

  // Stays or becomes the leader, when nobody else was seen to lead within `patience`. The epoch of leading; 0: another
  // one leads.
  Result<int64_t> Lead(const std::string& owner, Timestamp machine_now, Micros patience);
  // Lets the next one lead at once.
  Status StepDown(int64_t epoch);
  // Who leads and when it was last seen; an empty name: nobody ever did.
  Result<std::pair<std::string, Timestamp>> Leader();

  // By job.
  Result<std::map<std::string, std::string>> States();
  Result<std::vector<ScheduleCommand>> Commands();
  // Newest first.
  Result<std::vector<ScheduleNotice>> Notices(int64_t limit);
  // Oldest first.
  Result<std::vector<ScheduleNotice>> NoticesAfter(int64_t id);
  Status Send(const std::string& command);

  struct Changes {
    std::vector<std::pair<std::string, std::string>> states;
    std::vector<int64_t> handled_commands;
    std::vector<ScheduleNotice> notices;
    bool empty() const { return states.empty() && handled_commands.empty() && notices.empty(); }
  };
  // All or nothing. kAborted: `epoch` no longer leads, and nothing was stored.
  Status Store(int64_t epoch, const Changes& changes);

  // What is remembered of alerts; an empty text: nothing was kept yet. kAborted as Store.
  Result<std::string> Alerts();
  Status KeepAlerts(int64_t epoch, const std::string& state);

  // The clock that was first asked for.
  Result<ScheduleClock> KeepClock(const ScheduleClock& asked);

 private:
  explicit ScheduleStore(sqlite3* database) : database_(database) {}
  sqlite3* database_;
};

}  // namespace tidemill::job
