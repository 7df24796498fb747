// What happens in a run, as one stream of values. The text on the screen, `--json`, the HTML report and the ledger all
// read the same events, so they cannot disagree.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/units.h"

namespace tidemill::job {

// How a run ended. The words are those of the ledger and of `--json`.
enum class Outcome {
  kCommitted,
  kAlreadyCommitted,  // nothing to do, nothing written
  kChecksFailed,
  kConflict,  // others changed the table; trying again may help
  kUnknown,   // the commit may or may not be in the log; running again settles it
  kRefused,   // the job, its SQL or the request is wrong
  kFailed,
  kCancelled,
  kHandedOff,  // nothing was committed; another engine's attempt goes on with the run
};
std::string_view Name(Outcome outcome);

enum class CheckStatus { kPassed, kWarned, kFailed };
std::string_view Name(CheckStatus status);

namespace event {

struct RunStarted {
  std::string run_key;
  std::string job;
  std::string window;
  std::string engine;  // "native 1.5.5"
  std::string table;
  std::string mode;
  int64_t memory_bytes = 0;
  int threads = 0;
  std::string job_class;
  std::string tags;          // separated by commas
  std::string goes_on_from;  // the attempt that handed the run over; empty: none did
};
// What the run would take, from what is known once its sources are open.
struct Quoted {
  std::string place;
  double seconds = 0;
  double seconds_low = 0;
  double seconds_high = 0;
  double dollars = 0;
  double dollars_low = 0;
  double dollars_high = 0;
  int64_t memory_bytes = 0;
};
// What it did take, beside the quote.
struct Invoiced {
  std::string place;
  double seconds = 0;
  double dollars = 0;
  double quoted_seconds = 0;
  double quoted_dollars = 0;
  double run_seconds = 0;  // with the attempts that handed the run over
  double run_dollars = 0;
};
struct SourceRead {
  std::string source;
  std::string format;
  int64_t files = 0;
  int64_t bytes = 0;
  int64_t pruned_files = 0;
};
struct StepPlanned {
  std::string step;
  bool cached = false;
  int columns = 0;
};
struct StageStarted {
  std::string stage;
};
struct StageFinished {
  std::string stage;
  Micros duration{};
};
struct Progress {
  std::string stage;
  double fraction = 0;
  int64_t rows = 0;
  int64_t bytes = 0;
  int64_t memory_bytes = 0;
  int64_t spill_bytes = 0;
};
struct CheckResult {
  std::string check;
  std::string kind;
  std::string on_fail;
  CheckStatus status = CheckStatus::kPassed;
  int64_t bad = 0;
  int64_t rows = 0;
  double max_bad = 0;
  std::string message;  // what was found, in words
};
struct Quarantined {
  std::string table;
  int64_t version = -1;
  int64_t rows = 0;       // rows that failed checks
  int64_t malformed = 0;  // rows that did not fit their source's schema
};
struct Committed {
  std::string table;
  int64_t version = 0;
  int64_t files = 0;
  int64_t rows = 0;
  int64_t bytes = 0;
  int64_t removed_files = 0;
};
// What Spark's tasks took, from its event log.
struct SparkFigures {
  std::string application;  // Spark's id of it
  std::string event_log;    // its folder
  int64_t jobs = 0;
  int64_t stages = 0;
  int64_t tasks = 0;
  int64_t failed_tasks = 0;
  Micros run{};  // all tasks', as are the next two
  Micros cpu{};
  Micros gc{};
  int64_t rows_read = 0;
  int64_t bytes_read = 0;
  int64_t shuffle_read_bytes = 0;
  int64_t shuffle_write_bytes = 0;
  int64_t spill_memory_bytes = 0;
  int64_t spill_disk_bytes = 0;
  int64_t peak_memory_bytes = 0;  // the most a task used
};
struct Warning {
  std::string message;
};
struct RunFinished {
  Outcome outcome = Outcome::kFailed;
  std::string message;
  std::string error;  // the kind of error behind it, as ErrorKindName; empty: none
  int64_t version = -1;
  Micros duration{};
  int64_t rows_in = 0;
  int64_t rows_written = 0;
  int64_t rows_quarantined = 0;
  int64_t rows_malformed = 0;
  int64_t files_written = 0;
  int64_t bytes_read = 0;
  int64_t bytes_written = 0;
  int64_t peak_memory_bytes = 0;
  int64_t peak_spill_bytes = 0;
};

}  // namespace event

struct Event {
  Timestamp at{};
  Micros monotonic{};   // for durations and rates
  std::string attempt;  // a UUID: one attempt of one run
  std::variant<event::RunStarted, event::Quoted, event::Invoiced, event::SourceRead, event::StepPlanned,
               event::StageStarted, event::StageFinished, event::Progress, event::CheckResult, event::Quarantined,
               event::Committed, event::SparkFigures, event::Warning, event::RunFinished>
      body;
};

// "run_started", "progress", ...: the `type` of the JSON line.
std::string_view TypeName(const Event& event);
// One JSON object without a line break, as schema/tidemill-events.schema.json describes.
std::string ToJson(const Event& event);
// The body of such an object; nothing when it is none of ours. Members that are not there keep their defaults.
std::optional<decltype(Event::body)> BodyFromJson(std::string_view line);

using EventSink = std::function<void(const Event&)>;

// Hands each event to every sink, one at a time, in one order. Thread-safe.
class EventStream {
 public:
  explicit EventStream(std::vector<EventSink> sinks) : sinks_(std::move(sinks)) {}
  void Emit(const Event& event);

 private:
  std::mutex mutex_;
  std::vector<EventSink> sinks_;
};

// The stream as one attempt sees it: stamps time and attempt on each event.
class Teller {
 public:
  Teller(EventStream& stream, const Clock& clock, std::string attempt)
      : stream_(stream), clock_(clock), attempt_(std::move(attempt)) {}

  template <typename Body>
  void Tell(Body body) {
    stream_.Emit(Event{clock_.Now(), clock_.Monotonic(), attempt_, std::move(body)});
  }
  void Warn(std::string message) { Tell(event::Warning{std::move(message)}); }
  const std::string& attempt() const { return attempt_; }
  const Clock& clock() const { return clock_; }

 private:
  EventStream& stream_;
  const Clock& clock_;
  std::string attempt_;
};

// A stage from here to the end of the scope.
class Stage {
 public:
  Stage(Teller& teller, std::string name);
  ~Stage();
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;

 private:
  Teller& teller_;
  std::string name_;
  Micros start_;
};

}  // namespace tidemill::job
