#include "app/spark_run.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "app/spark_application.h"
#include "app/spark_plan.h"
#include "base/clock.h"
#include "delta/history.h"
#include "engine/spark/event_log.h"
#include "engine/spark/log_store.h"
#include "engine/spark/process.h"
#include "job/bill.h"
#include "job/target.h"

namespace tidemill::app {
namespace {

using job::Outcome;

constexpr size_t kShownLines = 5;

std::string LastLines(const std::string& text, size_t most) {
  size_t start = text.size();
  for (size_t i = 0; i <= most && start != std::string::npos && start > 0; ++i) start = text.rfind('\n', start - 1);
  return start == std::string::npos ? text : text.substr(start);
}

class SparkRun {
 public:
  SparkRun(const SparkSetup& setup, const job::Job& job, const job::RunOptions& options,
           job::RunEnvironment& environment, job::Teller& teller)
      : setup_(setup),
        job_(job),
        options_(options),
        environment_(environment),
        teller_(teller),
        key_(job::KeyOf(job, options.window)),
        sink_(job.Resolve(job.sink.path)),
        folder_(setup.folder + "/" + teller.attempt()) {}

  const job::RunKey& key() const { return key_; }

  // The plan's, of Spark on this machine; null without a plan.
  const advisor::Quote* quote() const {
    if (!setup_.plan) return nullptr;
    const auto& quotes = setup_.plan->quotes;
    const auto here = std::find_if(quotes.begin(), quotes.end(), [](const auto& q) { return q.place == "spark here"; });
    return here == quotes.end() ? nullptr : &*here;
  }

  Result<Outcome> Go(job::RunResult& result) {
    result_ = &result;
    job::TellStart(job_, options_, environment_, "spark " + setup_.spark.version, teller_);
    ASSIGN_OR_RETURN(const auto standing, Settle());
    if (const auto* there = std::get_if<job::AlreadyThere>(&standing)) {
      result.finished.version = there->table_version;
      result.finished.message = fmt::format("already committed at version {}", there->table_version);
      return Outcome::kAlreadyCommitted;
    }
    txn_version_ = std::get<job::Proceed>(standing).txn_version;
    if (const auto* quote = this->quote())
      RETURN_IF_ERROR(job::TellQuote(*quote, job_.budget, options_.over_budget, teller_));
    RETURN_IF_ERROR(WriteApplication());
    ASSIGN_OR_RETURN(const int code, engine::spark::RunProcess(Submission(), *environment_.cancel,
                                                               [this](const auto& line) { Hear(line); }));
    std::error_code ignored;
    std::filesystem::remove_all(folder_ + "/tmp", ignored);
    TellFigures();
    if (heard_end_) return result.finished.outcome;
    return EndUnheard(code);
  }

 private:
  Result<job::Standing> Settle() {
    if (options_.replace) {
      return Unimplemented("Spark's commits do not say which files are whose, so --replace is for --engine native");
    }
    ASSIGN_OR_RETURN(const auto target, job::OpenTarget(sink_, environment_));
    return job::Settle(target, key_, job_.sink.mode, options_);
  }

  Status WriteApplication() {
    ASSIGN_OR_RETURN(auto application, SparkApplication(job_, options_.window, environment_.version));
    if (setup_.plan) {
      for (const auto& left_out : SaltJoins(*setup_.plan, application)) teller_.Warn(left_out);
    }
    std::error_code failed;
    std::filesystem::create_directories(folder_ + "/events", failed);
    std::filesystem::create_directories(folder_ + "/tmp", failed);
    if (failed) return Unavailable(fmt::format("{} cannot be made: {}", folder_, failed.message()));
    auto jars = setup_.spark.delta_jars;
    if (!setup_.log_store.empty()) jars.push_back(setup_.log_store);
    submit_ = engine::spark::SubmitArguments(application, setup_.spark.version, jars);
    return environment_.storage->Put(folder_ + "/app.py", engine::spark::PythonText(application));
  }

  engine::spark::Command Submission() const {
    const bool local = setup_.master.empty() || setup_.master.starts_with("local");
    std::vector<std::string> words = {
        setup_.spark.submit, "--master",
        setup_.master.empty() ? fmt::format("local[{}]", environment_.threads) : setup_.master};
    words.insert(words.end(), submit_.begin(), submit_.end());
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
    words.insert(words.end(), {folder_ + "/app.py", "--attempt", teller_.attempt()});
    if (options_.again) words.push_back("--again");
    engine::spark::Command command{std::move(words), setup_.spark.environment, folder_, folder_ + "/spark.log"};
    if (local) command.environment.emplace("SPARK_LOCAL_IP", "127.0.0.1");
    return command;
  }

  void Hear(const std::string& line) {
    auto body = job::BodyFromJson(line);
    if (!body) {  // the JVM says why it does not start on its standard output
      if (!line.starts_with('{')) said_ += "\n" + line;
      return;
    }
    if (auto* end = std::get_if<job::event::RunFinished>(&*body)) {
      heard_end_ = true;
      result_->finished = std::move(*end);
    } else {
      std::visit([this](auto& told) { teller_.Tell(std::move(told)); }, *body);
    }
  }

  // The log of the application, which lies in the attempt's folder under Spark's id of it.
  void TellFigures() {
    const auto logs = environment_.storage->List(folder_ + "/events");
    if (!logs.ok() || logs->empty()) return;
    const auto text = storage::ReadAll(*environment_.storage, logs->front().path);
    if (!text.ok()) return;
    engine::spark::LogFigures sum;
    for (size_t at = 0; at < text->size();) {
      const size_t end = std::min(text->find('\n', at), text->size());
      engine::spark::AddLogLine(std::string_view(*text).substr(at, end - at), sum);
      at = end + 1;
    }
    const std::string name = std::filesystem::path(logs->front().path).filename();
    const auto ms = [](int64_t value) { return Micros(value * 1000); };
    teller_.Tell(job::event::SparkFigures{name.substr(0, name.find(".inprogress")), folder_ + "/events", sum.jobs,
                                          sum.stages, sum.tasks, sum.failed_tasks, ms(sum.run_ms), ms(sum.cpu_ms),
                                          ms(sum.gc_ms), sum.rows_read, sum.bytes_read, sum.shuffle_read_bytes,
                                          sum.shuffle_write_bytes, sum.spill_memory_bytes, sum.spill_disk_bytes,
                                          sum.peak_memory_bytes});
    result_->finished.bytes_read = sum.bytes_read;
    result_->finished.peak_memory_bytes = sum.peak_memory_bytes;
    result_->finished.peak_spill_bytes = sum.spill_disk_bytes;
  }

  // The application ended without a word: it was stopped, or it died. Whether it committed, the table knows.
  Result<Outcome> EndUnheard(int code) {
    auto& finished = result_->finished;
    const auto target = job::OpenTarget(sink_, environment_);
    if (!target.ok()) {
      finished.message = fmt::format("whether the commit is in the table is not known: {}", target.error().ToString());
      return Outcome::kUnknown;
    }
    if (job::IsCommitted(target->snapshot.get(), key_.ToString(), txn_version_)) {
      const auto version = delta::FindTxnVersion(target->table, key_.ToString());
      finished.version = version.ok() ? version->value_or(-1) : -1;
      finished.message = fmt::format("committed version {}; Spark ended before it could say so", finished.version);
      return Outcome::kCommitted;
    }
    if (*environment_.cancel) return Error{ErrorKind::kCancelled, "cancelled"};
    const auto log = storage::ReadAll(*environment_.storage, folder_ + "/spark.log");
    const std::string said = LastLines(said_, kShownLines) + (log.ok() ? LastLines(*log, kShownLines) : "");
    return Unavailable(
        fmt::format("Spark ended with code {} and nothing was committed; {}/spark.log says:{}", code, folder_, said));
  }

  const SparkSetup& setup_;
  const job::Job& job_;
  const job::RunOptions& options_;
  job::RunEnvironment& environment_;
  job::Teller& teller_;
  const job::RunKey key_;
  const std::string sink_;
  const std::string folder_;
  job::RunResult* result_ = nullptr;
  std::vector<std::string> submit_;
  int64_t txn_version_ = 1;
  bool heard_end_ = false;
  std::string said_;  // lines that are no events
};

Outcome OutcomeOf(const Error& error) {
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

}  // namespace

job::RunResult NoSpark(const Error& error, const job::Job& job, const job::RunOptions& options,
                       job::RunEnvironment environment, job::EventStream& stream) {
  job::RunResult result;
  result.attempt = NewUuid(environment.random);
  result.run_key = job::KeyOf(job, options.window).ToString();
  job::Teller teller(stream, *environment.clock, result.attempt);
  job::TellStart(job, options, environment, "spark", teller);
  result.finished.message = "Spark can't go on with the run: " + error.ToString();
  result.error = error;
  teller.Tell(result.finished);
  return result;
}

job::RunResult RunOnSpark(const SparkSetup& setup, const job::Job& job, const job::RunOptions& options,
                          job::RunEnvironment environment, job::EventStream& stream) {
  job::RunResult result;
  result.attempt = NewUuid(environment.random);
  job::Teller teller(stream, *environment.clock, result.attempt);
  const Micros start = environment.clock->Monotonic();
  SparkRun run(setup, job, options, environment, teller);
  result.run_key = run.key().ToString();
  auto outcome = run.Go(result);
  if (outcome.ok()) {
    result.finished.outcome = *outcome;
  } else {
    const bool cancelled = outcome.error().kind == ErrorKind::kCancelled;
    result.finished.outcome = OutcomeOf(outcome.error());
    result.finished.message = cancelled ? "cancelled; nothing was committed" : outcome.error().ToString();
    result.error = std::move(outcome).error();
  }
  result.finished.duration = environment.clock->Monotonic() - start;
  if (const auto* quote = run.quote(); quote != nullptr && result.finished.outcome != Outcome::kAlreadyCommitted) {
    result.dollars = job::TellInvoice(*quote, result.finished.duration, options.goes_on_from, teller);
  }
  teller.Tell(result.finished);
  return result;
}

}  // namespace tidemill::app
