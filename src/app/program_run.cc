#include "app/program_run.h"

#include <fmt/format.h>

#include <condition_variable>
#include <fstream>
#include <mutex>
#include <thread>

#include "base/clock.h"
#include "delta/history.h"
#include "engine/spark/advice.h"
#include "job/app.h"
#include "job/bill.h"
#include "job/target.h"

namespace tidemill::app {
namespace {

using job::Outcome;

constexpr const char* kStage = "run";
constexpr auto kBetweenLooks = std::chrono::milliseconds(500);
constexpr size_t kKeptBytes = 4096;  // of what the program says, for the message when it fails

// How far Spark's jobs are, told from a thread of its own until the end of the scope. A program tells nothing itself.
class Watch {
 public:
  Watch(const SparkAttempt& attempt, job::Teller& teller)
      : thread_([this, &attempt, &teller] {
          size_t read = 0;
          engine::spark::LogProgress progress;
          std::unique_lock lock(mutex_);
          while (!done_.wait_for(lock, kBetweenLooks, [this] { return over_; })) {
            attempt.FollowLog(read, progress);
            if (progress.tasks() > 0) teller.Tell(job::event::Progress{kStage, progress.fraction()});
          }
        }) {}
  ~Watch() {
    {
      const std::lock_guard lock(mutex_);
      over_ = true;
    }
    done_.notify_all();
    thread_.join();
  }
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

 private:
  std::mutex mutex_;
  std::condition_variable done_;
  bool over_ = false;
  std::thread thread_;  // the last member: it uses the others
};

class ProgramRun {
 public:
  ProgramRun(const SparkSetup& setup, const job::Ledger* ledger, const job::Job& job, const job::RunOptions& options,
             job::RunEnvironment& environment, job::Teller& teller)
      : setup_(setup),
        attempt_(setup, job, environment, teller.attempt()),
        ledger_(ledger),
        job_(job),
        options_(options),
        environment_(environment),
        teller_(teller),
        key_(job::KeyOf(job, options.window)) {}

  const job::RunKey& key() const { return key_; }
  const advisor::Quote* quote() const { return attempt_.quote(); }

  Result<Outcome> Go(job::RunResult& result) {
    finished_ = &result.finished;
    job::TellStart(job_, options_, environment_, "spark " + setup_.spark.version, teller_);
    ASSIGN_OR_RETURN(const bool there, has_sink() ? StandsInTable() : StandsInLedger());
    if (there) return Outcome::kAlreadyCommitted;
    ASSIGN_OR_RETURN(const auto reads, job::AppReads(job_, environment_));
    for (const auto& read : reads) teller_.Tell(read);
    if (const auto* quote = this->quote())
      RETURN_IF_ERROR(job::TellQuote(*quote, job_.budget, options_.over_budget, teller_));
    RETURN_IF_ERROR(attempt_.MakeFolders());
    ASSIGN_OR_RETURN(const int code,
                     attempt_.Run([this](int keep_open) { return Submit(keep_open); }, teller_, result));
    return has_sink() ? EndByTable(code) : EndByCode(code);
  }

 private:
  bool has_sink() const { return !attempt_.sink().empty(); }
  std::string output() const { return attempt_.folder() + "/output.log"; }

  Result<bool> StandsInTable() {
    if (options_.replace) return Unimplemented("what a program wrote is its own affair; --again runs it anew");
    ASSIGN_OR_RETURN(const auto target, job::OpenTarget(attempt_.sink(), environment_));
    ASSIGN_OR_RETURN(const auto standing, job::Settle(target, key_, job_.sink.mode, options_));
    if (const auto* proceed = std::get_if<job::Proceed>(&standing)) {
      txn_version_ = proceed->txn_version;
      return false;
    }
    finished_->version = std::get<job::AlreadyThere>(standing).table_version;
    finished_->message = fmt::format("already committed at version {}", finished_->version);
    return true;
  }

  Result<bool> StandsInLedger() {
    if (options_.replace) return Unimplemented("what a program wrote is its own affair; --again runs it anew");
    if (options_.again || ledger_ == nullptr) return false;
    ASSIGN_OR_RETURN(const auto before, ledger_->FindCommitted(key_.ToString()));
    if (!before) return false;
    finished_->message = fmt::format("already done by run {}, as the ledger has it; --again runs it anew", before->id);
    return true;
  }

  Result<int> Submit(int keep_open) {
    const auto program = SparkProgram(job_, key_, teller_.attempt(), txn_version_);
    auto command = attempt_.Command(program.jars, engine::spark::ProgramWords(program));
    for (const auto& [name, value] : program.environment) command.environment[name] = value;
    command.keep_open = keep_open;
    command.folder = job_.folder;  // relative paths of a program are the job file's
    std::ofstream file(output());
    const job::Stage stage(teller_, kStage);
    const Watch watch(attempt_, teller_);
    return engine::spark::RunProcess(command, *environment_.cancel, [&](const std::string& line) {
      file << line << std::endl;
      said_ += "\n" + line;
      if (said_.size() > 2 * kKeptBytes) said_.erase(0, said_.size() - kKeptBytes);
    });
  }

  Error Failed(int code) const {
    if (*environment_.cancel) return Error{ErrorKind::kCancelled, "cancelled"};
    const std::string words = attempt_.LastWords(said_);
    const std::string advice = engine::spark::Advice(code, words);
    return Unavailable(fmt::format("{} ended with code {}{}; its output is in {}, Spark's in {}/spark.log:{}",
                                   job_.app->file, code, advice.empty() ? "" : ": " + advice, output(),
                                   attempt_.folder(), words));
  }

  Result<Outcome> EndByCode(int code) {
    if (code != 0) finished_->message = "cancelled; what the program did before is its own affair";
    if (code != 0) return Failed(code);
    finished_->message = fmt::format("{} ended well; its output is in {}", job_.app->file, output());
    return Outcome::kCommitted;
  }

  // Whatever the program said: a commit with the run key is there, or it is not.
  Result<Outcome> EndByTable(int code) {
    const auto target = job::OpenTarget(attempt_.sink(), environment_);
    if (!target.ok()) {
      finished_->message =
          fmt::format("whether the commit is in the table is not known: {}", target.error().ToString());
      return Outcome::kUnknown;
    }
    if (!job::IsCommitted(target->snapshot.get(), key_.ToString(), txn_version_)) {
      if (code != 0) return Failed(code);
      return Unavailable(fmt::format(
          "{} ended well, but no commit of {} carries the run key; write it with the options txnAppId = "
          "{{run_key}} and txnVersion = {{txn_version}}, or remove `sink`: then the ledger says what is done",
          job_.app->file, job_.sink.path));
    }
    const auto version = delta::FindTxnVersion(target->table, key_.ToString());
    finished_->version = version.ok() ? version->value_or(-1) : -1;
    finished_->message = fmt::format("committed version {}", finished_->version);
    if (code != 0) teller_.Warn(fmt::format("{} ended with code {} after its commit", job_.app->file, code));
    for (const auto& add : target->snapshot->files()) {
      if (add.path.find(teller_.attempt()) == std::string::npos) continue;
      ++finished_->files_written;
      finished_->bytes_written += add.size_bytes;
    }
    teller_.Tell(job::event::Committed{target->table.root, finished_->version, finished_->files_written, 0,
                                       finished_->bytes_written});
    return Outcome::kCommitted;
  }

  const SparkSetup& setup_;
  SparkAttempt attempt_;
  const job::Ledger* ledger_;
  const job::Job& job_;
  const job::RunOptions& options_;
  job::RunEnvironment& environment_;
  job::Teller& teller_;
  const job::RunKey key_;
  job::event::RunFinished* finished_ = nullptr;
  int64_t txn_version_ = 1;
  std::string said_;
};

}  // namespace

engine::spark::Program SparkProgram(const job::Job& job, const job::RunKey& key, const std::string& attempt,
                                    int64_t txn_version) {
  const job::App& app = *job.app;
  const auto values = job::AppValues(job, key, attempt, txn_version);
  const auto resolved = [&](const std::vector<std::string>& paths) {
    std::vector<std::string> all;
    for (const auto& path : paths) all.push_back(job.Resolve(path));
    return all;
  };
  engine::spark::Program program{job.name, job.Resolve(app.file), app.main_class};
  for (const auto& argument : app.args) program.args.push_back(job::FillIn(argument, values));
  program.py_files = resolved(app.py_files);
  program.jars = resolved(app.jars);
  program.files = resolved(app.files);
  program.conf = engine::spark::DeltaSettings();
  // Files of an attempt are known by their names, as are those of jobs.
  program.conf["spark.databricks.delta.testOnly.dataFileNamePrefix"] = attempt + "-";
  for (const auto& [name, value] : job.conf) program.conf[name] = value;
  for (const auto& [name, value] : values) program.conf["spark.tidemill." + name] = value;
  program.environment = job::AppEnvironment(values);
  return program;
}

job::RunResult RunProgram(const SparkSetup& setup, const job::Ledger* ledger, const job::Job& job,
                          const job::RunOptions& options, job::RunEnvironment environment, job::EventStream& stream) {
  job::RunResult result;
  result.attempt = NewUuid(environment.random);
  job::Teller teller(stream, *environment.clock, result.attempt);
  const Micros start = environment.clock->Monotonic();
  ProgramRun run(setup, ledger, job, options, environment, teller);
  result.run_key = run.key().ToString();
  auto outcome = run.Go(result);
  Conclude(std::move(outcome), run.quote(), start, options, environment, teller, result);
  return result;
}

}  // namespace tidemill::app
