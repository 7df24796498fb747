#include "app/spark_attempt.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <system_error>

#include "app/event_log.h"
#include "app/spark_plan.h"
#include "engine/spark/application.h"
#include "engine/spark/log_store.h"
#include "job/bill.h"
#include "job/leftovers.h"

namespace tidemill::app {
namespace {

using job::Outcome;

constexpr size_t kShownLines = 5;

std::string LastLines(const std::string& text, size_t most) {
  size_t start = text.size();
  for (size_t i = 0; i <= most && start != std::string::npos && start > 0; ++i) start = text.rfind('\n', start - 1);
  return start == std::string::npos ? text : text.substr(start);
}

}  // namespace

SparkAttempt::SparkAttempt(const SparkSetup& setup, const job::Job& job, job::RunEnvironment& environment,
                           const std::string& attempt)
    : setup_(setup),
      job_(job),
      environment_(environment),
      attempt_(attempt),
      folder_(setup.folder + "/" + attempt),
      sink_(job.sink.path.empty() ? "" : job.Resolve(job.sink.path)),
      quarantine_(job.Resolve(job.sink.quarantine)) {}

const advisor::Quote* SparkAttempt::quote() const {
  if (!setup_.plan) return nullptr;
  const auto& quotes = setup_.plan->quotes;
  const auto here = std::find_if(quotes.begin(), quotes.end(), [](const auto& q) { return q.place == "spark here"; });
  return here == quotes.end() ? nullptr : &*here;
}

Status SparkAttempt::MakeFolders() const {
  std::error_code failed;
  std::filesystem::create_directories(folder_ + "/events", failed);
  std::filesystem::create_directories(folder_ + "/tmp", failed);
  if (failed) return Unavailable(fmt::format("{} cannot be made: {}", folder_, failed.message()));
  return Ok();
}

engine::spark::Command SparkAttempt::Command(std::vector<std::string> jars,
                                             const std::vector<std::string>& words_after) const {
  const bool local = setup_.master.empty() || setup_.master.starts_with("local");
  if (!setup_.log_store.empty()) jars.push_back(setup_.log_store);
  std::vector<std::string> words = {
      setup_.spark.submit, "--master",
      setup_.master.empty() ? fmt::format("local[{}]", environment_.threads) : setup_.master};
  const auto submit = engine::spark::SubmitArguments(job_.name, setup_.spark.version, setup_.spark.delta_jars, jars);
  words.insert(words.end(), submit.begin(), submit.end());
  const auto conf = [&](const std::string& setting) { words.insert(words.end(), {"--conf", setting}); };
  conf("spark.eventLog.enabled=true");
  conf("spark.eventLog.rolling.enabled=false");
  conf("spark.eventLog.compress=false");
  conf("spark.eventLog.dir=file:" + folder_ + "/events");
  conf("spark.ui.showConsoleProgress=false");
  if (local) {
    if (!setup_.plan) {
      words.insert(words.end(), {"--driver-memory", fmt::format("{}m", environment_.memory_bytes >> 20)});
    }
    conf("spark.local.dir=" + folder_ + "/tmp");
    conf("spark.ui.enabled=false");
    conf("spark.driver.host=127.0.0.1");
    conf("spark.driver.bindAddress=127.0.0.1");
  }
  if (!setup_.log_store.empty())
    conf(std::string("spark.delta.logStore.file.impl=") + engine::spark::kLinkLogStoreClass);
  if (setup_.plan) {
    for (const auto& setting : SubmitSettings(*setup_.plan)) conf(setting);
  }
  for (const auto& setting : setup_.conf) conf(setting);
  words.insert(words.end(), words_after.begin(), words_after.end());
  engine::spark::Command command{std::move(words), setup_.spark.environment, folder_, folder_ + "/spark.log"};
  if (local) command.environment.emplace("SPARK_LOCAL_IP", "127.0.0.1");
  return command;
}

void SparkAttempt::RemoveTemporary() const {
  std::error_code ignored;
  std::filesystem::remove_all(folder_ + "/tmp", ignored);
}

// It lies in the attempt's folder under Spark's id of the application.
std::optional<std::string> SparkAttempt::LogFile() const {
  const auto logs = environment_.storage->List(folder_ + "/events");
  if (!logs.ok() || logs->empty()) return std::nullopt;
  return logs->front().path;
}

std::optional<job::event::SparkFigures> FiguresOf(storage::Storage& storage, const std::string& folder,
                                                  job::RunResult& result) {
  const auto logs = FindEventLogs(storage, folder);
  if (!logs.ok() || logs->empty()) return std::nullopt;
  const auto read = ReadEventLog(storage, logs->front());
  if (!read.ok()) return std::nullopt;
  const auto& log = read->log;
  const auto& sum = log.sums;
  const std::string name = std::filesystem::path(logs->front().path).filename();
  const auto time = [](double seconds) { return Micros(static_cast<int64_t>(seconds * 1e6)); };
  result.finished.bytes_read = sum.input_bytes;
  result.finished.peak_memory_bytes = sum.peak_memory_bytes;
  result.finished.peak_spill_bytes = sum.spill_disk_bytes;
  return job::event::SparkFigures{
      name.substr(0, name.find(".inprogress")),
      folder,
      std::ssize(log.jobs),
      std::ranges::count_if(log.stages, [](const auto& stage) { return stage.completed >= 0; }),
      sum.tasks,
      sum.failed,
      time(sum.run),
      time(sum.cpu),
      time(sum.gc),
      sum.input_rows,
      sum.input_bytes,
      sum.shuffle_read_bytes,
      sum.shuffle_write_bytes,
      sum.spill_memory_bytes,
      sum.spill_disk_bytes,
      sum.peak_memory_bytes};
}

void SparkAttempt::FollowLog(size_t& read, engine::spark::LogProgress& progress) const {
  const auto path = LogFile();
  if (!path) return;
  std::ifstream file(*path);
  file.seekg(static_cast<std::streamoff>(read));
  for (std::string line; std::getline(file, line) && !file.eof();) {  // a line without its end is read again later
    read += line.size() + 1;
    engine::spark::AddLogLine(line, progress);
  }
}

std::string SparkAttempt::LastWords(const std::string& said) const {
  const auto log = storage::ReadAll(*environment_.storage, folder_ + "/spark.log");
  return LastLines(said, kShownLines) + (log.ok() ? LastLines(*log, kShownLines) : "");
}

Result<int> SparkAttempt::Run(const Submit& submit, job::Teller& teller, job::RunResult& result) {
  job::AttemptMarker marker;  // Spark holds it too: files are somebody's as long as one of the two lives
  if (!sink_.empty()) {
    RemoveLeftovers(teller);
    ASSIGN_OR_RETURN(marker,
                     job::AttemptMarker::Make(environment_.attempts_folder, attempt_, sink_, quarantine_, attempt_));
  }
  ASSIGN_OR_RETURN(const int code, submit(marker.descriptor()));
  RemoveTemporary();
  if (const auto figures = FiguresOf(*environment_.storage, folder_ + "/events", result)) teller.Tell(*figures);
  marker = {};
  // Its own now too: what it wrote is in the table's log, or in nobody's way any more. (A file without rows is not.)
  if (!sink_.empty()) (void)job::RemoveLeftovers(sink_, quarantine_, environment_);
  return code;
}

void SparkAttempt::RemoveLeftovers(job::Teller& teller) {
  const auto removed = job::RemoveLeftovers(sink_, quarantine_, environment_);
  if (removed.ok() && *removed > 0) {
    teller.Warn(fmt::format("{} file{} of attempts that were killed {} removed", *removed, *removed == 1 ? "" : "s",
                            *removed == 1 ? "is" : "are"));
  }
}

Outcome SparkOutcomeOf(const Error& error) {
  switch (error.kind) {
    case ErrorKind::kCancelled:
      return Outcome::kCancelled;
    case ErrorKind::kInvalidArgument:
    case ErrorKind::kUnimplemented:
    case ErrorKind::kFailedPrecondition:
      return Outcome::kRefused;
    default:
      return Outcome::kFailed;
  }
}

void Conclude(Result<Outcome> outcome, const advisor::Quote* quote, Micros start, const job::RunOptions& options,
              const job::RunEnvironment& environment, job::Teller& teller, job::RunResult& result) {
  auto& finished = result.finished;
  if (outcome.ok()) {
    finished.outcome = *outcome;
  } else {
    const bool cancelled = outcome.error().kind == ErrorKind::kCancelled;
    finished.outcome = SparkOutcomeOf(outcome.error());
    if (!cancelled) finished.message = outcome.error().ToString();
    if (finished.message.empty()) finished.message = "cancelled; nothing was committed";
    finished.error = ErrorKindName(outcome.error().kind);
    result.error = std::move(outcome).error();
  }
  finished.duration = environment.clock->Monotonic() - start;
  if (quote != nullptr && finished.outcome != Outcome::kAlreadyCommitted) {
    result.dollars = job::TellInvoice(*quote, finished.duration, options.goes_on_from, teller);
  }
  teller.Tell(finished);
}

}  // namespace tidemill::app
