#include "app/spark_run.h"

#include <fmt/format.h>

#include "app/spark_application.h"
#include "app/spark_plan.h"
#include "base/clock.h"
#include "delta/history.h"
#include "engine/spark/advice.h"
#include "engine/spark/process.h"
#include "job/bill.h"
#include "job/target.h"

namespace tidemill::app {
namespace {

using job::Outcome;

class SparkRun {
 public:
  SparkRun(const SparkSetup& setup, const job::Job& job, const job::RunOptions& options,
           job::RunEnvironment& environment, job::Teller& teller)
      : setup_(setup),
        attempt_(setup, job, environment, teller.attempt()),
        job_(job),
        options_(options),
        environment_(environment),
        teller_(teller),
        key_(job::KeyOf(job, options.window)) {}

  const job::RunKey& key() const { return key_; }

  const advisor::Quote* quote() const { return attempt_.quote(); }

  Result<Outcome> Go(job::RunResult& result) {
    result_ = &result;
    job::TellStart(job_, options_, environment_, "spark " + setup_.spark.version, teller_);
    ASSIGN_OR_RETURN(const auto standing, Settle());
    if (const auto* there = std::get_if<job::AlreadyThere>(&standing)) {
      result.finished.version = there->table_version;
      result.finished.message = fmt::format("already committed at version {}", there->table_version);
      attempt_.RemoveLeftovers(teller_);
      return Outcome::kAlreadyCommitted;
    }
    txn_version_ = std::get<job::Proceed>(standing).txn_version;
    if (const auto* quote = this->quote())
      RETURN_IF_ERROR(job::TellQuote(*quote, job_.budget, options_.over_budget, teller_));
    RETURN_IF_ERROR(WriteApplication());
    ASSIGN_OR_RETURN(const int code,
                     attempt_.Run([this](int keep_open) { return Submit(keep_open); }, teller_, result));
    if (heard_end_) return result.finished.outcome;
    return EndUnheard(code);
  }

 private:
  Result<job::Standing> Settle() {
    if (options_.replace) {
      return Unimplemented("Spark's commits do not say which files are whose, so --replace is for --engine native");
    }
    ASSIGN_OR_RETURN(const auto target, job::OpenTarget(attempt_.sink(), environment_));
    return job::Settle(target, key_, job_.sink.mode, options_);
  }

  Status WriteApplication() {
    ASSIGN_OR_RETURN(auto application, SparkApplication(job_, options_.window, environment_.version));
    if (setup_.plan) {
      for (const auto& left_out : SaltJoins(*setup_.plan, application)) teller_.Warn(left_out);
    }
    RETURN_IF_ERROR(attempt_.MakeFolders());
    return environment_.storage->Put(attempt_.folder() + "/app.py", engine::spark::PythonText(application));
  }

  Result<int> Submit(int keep_open) {
    std::vector<std::string> words = {attempt_.folder() + "/app.py", "--attempt", teller_.attempt()};
    if (options_.again) words.push_back("--again");
    auto command = attempt_.Command({}, words);
    command.keep_open = keep_open;
    return engine::spark::RunProcess(command, *environment_.cancel, [this](const auto& line) { Hear(line); });
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
      auto& message = result_->finished.message;
      const bool failed = result_->finished.outcome == Outcome::kFailed;
      if (const auto advice = failed ? engine::spark::Advice(1, message) : ""; !advice.empty())
        message += "\n" + advice;
    } else {
      std::visit([this](auto& told) { teller_.Tell(std::move(told)); }, *body);
    }
  }

  // The application ended without a word: it was stopped, or it died. Whether it committed, the table knows.
  Result<Outcome> EndUnheard(int code) {
    auto& finished = result_->finished;
    const auto target = job::OpenTarget(attempt_.sink(), environment_);
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
    const std::string words = attempt_.LastWords(said_), advice = engine::spark::Advice(code, words);
    return Unavailable(fmt::format("Spark ended with code {} and nothing was committed{}; {}/spark.log says:{}", code,
                                   advice.empty() ? "" : ": " + advice, attempt_.folder(), words));
  }

  const SparkSetup& setup_;
  SparkAttempt attempt_;
  const job::Job& job_;
  const job::RunOptions& options_;
  job::RunEnvironment& environment_;
  job::Teller& teller_;
  const job::RunKey key_;
  job::RunResult* result_ = nullptr;
  int64_t txn_version_ = 1;
  bool heard_end_ = false;
  std::string said_;  // lines that are no events
};

}  // namespace

job::RunResult NoSpark(const Error& error, const job::Job& job, const job::RunOptions& options,
                       job::RunEnvironment environment, job::EventStream& stream) {
  job::RunResult result;
  result.attempt = NewUuid(environment.random);
  result.run_key = job::KeyOf(job, options.window).ToString();
  job::Teller teller(stream, *environment.clock, result.attempt);
  job::TellStart(job, options, environment, "spark", teller);
  result.finished.message = "Spark can't go on with the run: " + error.ToString();
  result.finished.error = ErrorKindName(error.kind);
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
  Conclude(std::move(outcome), run.quote(), start, options, environment, teller, result);
  return result;
}

}  // namespace tidemill::app
