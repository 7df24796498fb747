// Room watch: what is told of runs to people and programs elsewhere: alerts, lineage, traces. Decides nothing about
// runs, and whatever becomes of what it sends, no run fails or waits for it.
//
// alerts.h: what was noticed -> which alerts stand, and what is to be sent about them. A pure step: no clock, no files,
// no threads here.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/units.h"
#include "job/ledger.h"
#include "job/schedule_store.h"
#include "watch/alert_spec.h"

namespace tidemill::watch {

// One thing that is wrong. Of the same kind, job and window there is one at a time.
struct Alert {
  AlertKind kind = AlertKind::kFailed;
  std::string job;        // empty: of all of them
  std::string window;     // empty: of no window
  std::string job_class;  // empty: not of a job
  std::string summary;    // one line
  Timestamp since{};
  Timestamp until{};  // when it was seen to be over; the epoch: it stands

  bool over() const { return until != Timestamp(); }
  // The same for the same kind, job and window.
  std::string Key() const;
};

// One message for one target.
struct Message {
  int64_t id = 0;  // the same message sent twice bears it twice
  std::string target;
  std::vector<Alert> alerts;  // new ones, ended ones, and on a repeat those that stand
  int tries = 0;
  Timestamp made{};
  Timestamp not_before{};
};

struct Standing {
  Alert alert;
  Timestamp told{};  // when it was last put into messages; the epoch: never
};

// What is remembered from one step to the next; one JSON text in the ledger.
struct AlertState {
  std::map<std::string, Standing> alerts;  // by Alert::Key; those that stand, and ended ones that are not told yet
  std::deque<Message> outbox;              // not sent yet, oldest first
  int64_t next_message = 1;
  int64_t seen_notice = -1;  // -1: nothing was looked at yet, and what is there is history
  int64_t seen_event = 0;    // the ledger's newest that was looked at
};

std::string ToJson(const AlertState& state);
// kDataLoss when it is no such text.
Result<AlertState> AlertStateFromJson(const std::string& text);

// A run that ended, and the committed ones of its job before it, newest first.
struct EndedRun {
  job::LedgerRun run;
  std::vector<job::LedgerRun> before;
};

struct Noticed {
  std::vector<job::ScheduleNotice> notices;    // oldest first
  std::vector<EndedRun> runs;                  // in the order in which they ended
  std::vector<job::RunTotals> last_30_days;    // for the success rate
  int64_t newest_event = 0;                    // of the ledger, when `runs` was read
  double dollars_last_day = 0;                 // of all runs
  std::map<std::string, std::string> classes;  // of jobs, by name
};

// Changes the alerts by what was noticed; when the group's time is over, what is to be told becomes messages in the
// outbox. `now` is the machine's time.
void Step(const AlertSpec& spec, AlertState& state, const Noticed& noticed, Timestamp now);

// The message was sent; or it was not: it is tried again later, and given up after a day. True: it was given up.
void Sent(AlertState& state, int64_t message);
bool NotSent(AlertState& state, int64_t message, Timestamp now);

// Why a run took too long, against the runs of its job before it: more than twice their median for its size, and more
// than their scatter explains (six times the median deviation). Empty: it did not, or too few are known (five).
std::string SlowerThanBefore(const EndedRun& run);

}  // namespace tidemill::watch
