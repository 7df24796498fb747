#include "app/emr_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <thread>

#include "app/emr_place.h"
#include "app/spark_application.h"
#include "app/spark_attempt.h"
#include "app/spark_plan.h"
#include "base/clock.h"
#include "base/sha256.h"
#include "delta/history.h"
#include "job/bill.h"
#include "job/leftovers.h"
#include "job/target.h"
#include "storage/codec.h"

namespace tidemill::app {
namespace {

using cloud::Submission;
using cloud::SubmissionState;
using job::Outcome;

// Where EMR 7 has them on every node.
constexpr const char* kDeltaJars =
    "/usr/share/aws/delta/lib/delta-spark.jar,/usr/share/aws/delta/lib/delta-storage.jar";
constexpr size_t kMostNameBytes = 256;  // of a step
constexpr int kMostMisses = 20;         // looks in a row that AWS did not answer
constexpr size_t kShownBytes = 2000;    // of what Spark said last
constexpr Micros kMostStopping = std::chrono::minutes(10);

// By its name a submission is found again: the run, the attempt, and the version of the transaction it will commit.
struct SentName {
  std::string run;
  std::string attempt;
  int64_t txn_version = 1;

  std::string ToString() const { return fmt::format("{} {} {}", run, attempt, txn_version); }
};

std::string RunName(const job::RunKey& key) {
  constexpr size_t kRest = 64;  // attempt and version
  const std::string name = key.ToString();
  return name.size() + kRest <= kMostNameBytes ? name : "tidemill:" + Sha256Hex(name);
}

// Undoes ToString, for a submission of this run.
std::optional<SentName> SentOf(const std::string& run, const std::string& name) {
  if (!name.starts_with(run + " ")) return std::nullopt;
  const std::string rest = name.substr(run.size() + 1);
  const size_t space = rest.find(' ');
  if (space == std::string::npos) return std::nullopt;
  SentName sent{run, rest.substr(0, space), 1};
  std::from_chars(rest.data() + space + 1, rest.data() + rest.size(), sent.txn_version);
  return sent;
}

struct Found {
  Submission submission;
  SentName sent;
};

// The first of this run's that have not ended, by name, so that all who look see the same.
Result<std::optional<Found>> FindActive(cloud::SparkPlace& spark, const std::string& run) {
  ASSIGN_OR_RETURN(const auto recent, spark.Recent());
  std::optional<Found> first;
  for (const auto& submission : recent) {
    const auto sent = SentOf(run, submission.name);
    if (!sent || submission.ended()) continue;
    if (!first || submission.name < first->submission.name) first = Found{submission, *sent};
  }
  return first;
}

// A cluster has no way to this machine's disk.
Status RefuseLocal(const job::Job& job) {
  std::vector<std::string> paths = {job.Resolve(job.sink.path)};
  for (const auto& source : job.sources) {
    for (const auto& path : source.paths) paths.push_back(job.Resolve(path));
  }
  for (const auto& path : paths) {
    if (!path.starts_with("s3://"))
      return InvalidArgument(fmt::format("a cluster can't reach {}; --engine emr needs every path on s3://", path));
  }
  return Ok();
}

class EmrRun {
 public:
  EmrRun(const EmrSetup& setup, EmrPlace& place, std::optional<Found> taken_up, const job::Job& job,
         const job::RunOptions& options, job::RunEnvironment& environment, job::Teller& teller)
      : setup_(setup),
        place_(place),
        taken_up_(std::move(taken_up)),
        job_(job),
        options_(options),
        environment_(environment),
        teller_(teller),
        key_(job::KeyOf(job, options.window)),
        sink_(job.Resolve(job.sink.path)),
        quarantine_(job.Resolve(job.sink.quarantine)),
        folder_(fmt::format("{}{}", place.staging(), teller.attempt())),
        start_(environment.clock->Monotonic()) {}

  const advisor::Quote* quote() const {
    if (!setup_.plan) return nullptr;
    const auto& quotes = setup_.plan->quotes;
    const auto found =
        std::ranges::find_if(quotes, [&](const auto& quote) { return quote.place == setup_.plan->place; });
    return found == quotes.end() ? nullptr : &*found;
  }

  Result<Outcome> Go(job::RunResult& result) {
    result_ = &result;
    if (taken_up_) {
      sent_ = taken_up_->sent;
      id_ = taken_up_->submission.id;
      teller_.Warn(
          fmt::format("takes up {}, which an earlier start of this run sent to {}", id_, place_.spark()->Describe()));
    } else {
      ASSIGN_OR_RETURN(const auto standing, Settle());
      if (const auto* there = std::get_if<job::AlreadyThere>(&standing)) {
        result.finished.version = there->table_version;
        result.finished.message = fmt::format("already committed at version {}", there->table_version);
        return Outcome::kAlreadyCommitted;
      }
      sent_ = {RunName(key_), teller_.attempt(), std::get<job::Proceed>(standing).txn_version};
      if (const auto* quote = this->quote())
        RETURN_IF_ERROR(job::TellQuote(*quote, job_.budget, options_.over_budget, teller_));
      ASSIGN_OR_RETURN(const auto ended, Send());
      if (ended) return *ended;
    }
    const auto ended = Follow();
    if (!ended.ok()) {
      result.finished.message = fmt::format("{} may still run on {}: {}; run the same job again, it takes it up", id_,
                                            place_.spark()->Describe(), ended.error().ToString());
      return Outcome::kUnknown;
    }
    return Conclude(*ended);
  }

 private:
  Result<job::Standing> Settle() {
    if (options_.replace) {
      return Unimplemented("Spark's commits do not say which files are whose, so --replace is for --engine native");
    }
    ASSIGN_OR_RETURN(const auto target, job::OpenTarget(sink_, environment_));
    return job::Settle(target, key_, job_.sink.mode, options_);
  }

  // How the run ends when its submission is not followed; an error: it was certainly not sent.
  Result<std::optional<Outcome>> Send() {
    {
      const job::Stage stage(teller_, "cluster");
      RETURN_IF_ERROR(place_.Make());
    }
    const job::Stage stage(teller_, "send");
    ASSIGN_OR_RETURN(auto application, SparkApplication(job_, options_.window, environment_.version));
    if (setup_.plan) {
      for (const auto& left_out : SaltJoins(*setup_.plan, application)) teller_.Warn(left_out);
    }
    auto& store = *environment_.storage;
    RETURN_IF_ERROR(store.Put(folder_ + "/app.py", engine::spark::PythonText(application)));
    RETURN_IF_ERROR(store.Put(folder_ + "/events/_begun", ""));  // Spark wants the folder to be there
    // Whether it was sent must be known before Ctrl-C is heard.
    place_.world().BePatient(true);
    const auto sent = cloud::SubmitOnce(*place_.spark(), sent_.ToString(), Words(),
                                        [this](Micros time) { return place_.world().Sleep(time); });
    place_.world().BePatient(false);
    if (!sent.ok()) {
      const std::string trouble = place_.Trouble();
      return trouble.empty() ? sent.error() : Unavailable(trouble + "; nothing was committed");
    }
    if (sent->id.empty()) {
      result_->finished.message =
          fmt::format("whether it was sent to {} is not known: {}; run the same job again, it looks for it",
                      place_.spark()->Describe(), sent->doubt->message);
      return std::optional(Outcome::kUnknown);
    }
    id_ = sent->id;
    return YieldToRival();
  }

  // Of two starts at the same time the first by name goes on.
  std::optional<Outcome> YieldToRival() {
    const auto first = FindActive(*place_.spark(), sent_.run);
    if (!first.ok() || !*first || (*first)->submission.name == sent_.ToString()) return std::nullopt;
    auto& message = result_->finished.message;
    message = fmt::format("another start of this run sent {} at the same time, and that one goes on",
                          (*first)->submission.id);
    const Status cancelled = place_.spark()->Cancel(id_);
    if (cancelled.ok()) return Outcome::kConflict;
    message += fmt::format("; {} could not be taken back: {}", id_, cancelled.error().message);
    return Outcome::kUnknown;
  }

  cloud::SparkWords Words() const {
    cloud::SparkWords words{folder_ + "/app.py", {"--name", "tidemill " + job_.name, "--jars", kDeltaJars}, {}, {}};
    std::vector<std::string> settings = {"spark.eventLog.enabled=true", "spark.eventLog.rolling.enabled=false",
                                         "spark.eventLog.compress=false", "spark.eventLog.dir=" + folder_ + "/events"};
    for (const auto& [name, value] : engine::spark::DeltaSettings()) settings.push_back(name + "=" + value);
    if (setup_.plan) {
      const auto planned = SubmitSettings(*setup_.plan);
      settings.insert(settings.end(), planned.begin(), planned.end());
    }
    settings.insert(settings.end(), setup_.conf.begin(), setup_.conf.end());
    for (auto& setting : settings) words.options.insert(words.options.end(), {"--conf", std::move(setting)});
    words.arguments = {"--attempt", teller_.attempt(), "--told", ToldFile()};
    if (options_.again) words.arguments.push_back("--again");
    words.timeout = job_.budget.time;
    return words;
  }

  std::string ToldFile() const { return folder_ + "/told.jsonl"; }

  bool OutOfTime() const {
    return job_.budget.time > Micros(0) && environment_.clock->Monotonic() - start_ > job_.budget.time;
  }

  // To its end; asked to stop, or out of time, it is cancelled first. An error: AWS did not say how it is.
  Result<Submission> Follow() {
    const Micros poll = PollOf();
    std::optional<Micros> stopping;
    SubmissionState shown = SubmissionState::kWaiting;
    std::optional<job::Stage> stage(std::in_place, teller_, "wait");
    for (int misses = 0;;) {
      const auto seen = place_.spark()->Look(id_);
      if (seen.ok() && seen->ended()) return seen;
      misses = seen.ok() ? 0 : misses + 1;
      if (!seen.ok() && (misses > kMostMisses || seen.error().kind == ErrorKind::kPermissionDenied))
        return seen.error();
      if (seen.ok() && seen->state == SubmissionState::kRunning && shown != seen->state) {
        shown = seen->state;
        stage.reset();
        stage.emplace(teller_, "run");
      }
      const Micros now = environment_.clock->Monotonic();
      const bool stop = environment_.cancel->load() || OutOfTime();
      if (stop && !stopping) {
        stopping = now;
        out_of_time_ = !environment_.cancel->load();
        place_.world().BePatient(true);
      }
      // Asked for again as long as it is not heard.
      if (stopping && (!seen.ok() || seen->state != SubmissionState::kStopping)) (void)place_.spark()->Cancel(id_);
      if (stopping && now - *stopping > kMostStopping) return Unavailable("it does not stop");
      (void)place_.world().Sleep(poll);
    }
  }

  Micros PollOf() const {
    const auto poll = ParseDuration(setup_.flags.poll);
    return poll.ok() ? *poll : std::chrono::seconds(10);
  }

  Result<Outcome> Conclude(const Submission& ended) {
    HearTold();
    if (const auto figures = FiguresOf(*environment_.storage, folder_ + "/events", *result_)) teller_.Tell(*figures);
    auto& finished = result_->finished;
    const auto target = job::OpenTarget(sink_, environment_);
    if (!target.ok()) {
      finished.message = fmt::format("whether the commit is in the table is not known: {}", target.error().ToString());
      return Outcome::kUnknown;
    }
    RemoveLeftovers();
    if (job::IsCommitted(target->snapshot.get(), key_.ToString(), sent_.txn_version)) {
      if (heard_end_ && finished.outcome == Outcome::kCommitted) return Outcome::kCommitted;
      const auto version = delta::FindTxnVersion(target->table, key_.ToString());
      finished.version = version.ok() ? version->value_or(-1) : -1;
      finished.message = fmt::format("committed version {}; {} ended as {}", finished.version, id_, Name(ended.state));
      return Outcome::kCommitted;
    }
    // It says that it committed, and it did not: what it says can't be trusted.
    if (heard_end_ && finished.outcome != Outcome::kCommitted) return finished.outcome;
    if (*environment_.cancel) return Error{ErrorKind::kCancelled, "cancelled"};
    if (out_of_time_)
      return Unavailable(fmt::format("cancelled after {}, the job's budget of time; nothing was committed",
                                     FormatDuration(job_.budget.time)));
    return Unavailable(Why(ended));
  }

  // What the application left, in place of a pipe.
  void HearTold() {
    const auto told = storage::ReadAll(*environment_.storage, ToldFile());
    if (!told.ok()) return;
    for (size_t from = 0; from < told->size();) {
      const size_t end = std::min(told->find('\n', from), told->size());
      auto body = job::BodyFromJson(std::string_view(*told).substr(from, end - from));
      from = end + 1;
      if (!body) continue;
      if (auto* finished = std::get_if<job::event::RunFinished>(&*body)) {
        heard_end_ = true;
        result_->finished = std::move(*finished);
      } else {
        std::visit([this](auto& event) { teller_.Tell(std::move(event)); }, *body);
      }
    }
  }

  // It has ended, so its files are in the table's log or in nobody's way. While it ran there was no marker, and so
  // nobody who would have removed them.
  void RemoveLeftovers() {
    auto marker =
        job::AttemptMarker::Make(environment_.attempts_folder, sent_.attempt, sink_, quarantine_, sent_.attempt);
    if (!marker.ok()) return;
    *marker = {};  // the mark of a dead attempt
    (void)job::RemoveLeftovers(sink_, quarantine_, environment_);
  }

  std::string Why(const Submission& ended) {
    std::string why = fmt::format("{} on {} ended as {} and nothing was committed", id_, place_.spark()->Describe(),
                                  Name(ended.state));
    if (!ended.reason.empty()) why += ": " + ended.reason;
    if (const std::string trouble = place_.Trouble(); !trouble.empty()) why += "; " + trouble;
    const std::string file = place_.spark()->ErrorFile(id_);
    if (file.empty()) return why + "; the cluster keeps no log: give it a log_uri";
    const std::string said = LastWords(file);
    return why + (said.empty() ? fmt::format("; its log comes to {} within minutes", file)
                               : fmt::format("; {} says:\n{}", file, said));
  }

  std::string LastWords(const std::string& file) const {
    auto packed = environment_.storage->OpenRead(file);
    if (!packed.ok()) return "";
    const auto reader = storage::Decode(std::move(*packed), file);
    std::string text, piece(64 << 10, '\0');
    while (reader.ok()) {
      const auto count = (*reader)->ReadAt(std::ssize(text), piece);
      if (!count.ok() || *count == 0) break;
      text.append(piece, 0, static_cast<size_t>(*count));
    }
    return text.size() <= kShownBytes ? text : text.substr(text.size() - kShownBytes);
  }

  const EmrSetup& setup_;
  EmrPlace& place_;
  const std::optional<Found> taken_up_;
  const job::Job& job_;
  const job::RunOptions& options_;
  job::RunEnvironment& environment_;
  job::Teller& teller_;
  const job::RunKey key_;
  const std::string sink_;
  const std::string quarantine_;
  const std::string folder_;  // of the attempt, on S3
  const Micros start_;
  job::RunResult* result_ = nullptr;
  SentName sent_;
  std::string id_;
  bool heard_end_ = false;
  bool out_of_time_ = false;
};

}  // namespace

job::RunResult RunOnEmr(const EmrSetup& setup, const job::Job& job, const job::RunOptions& options,
                        job::RunEnvironment environment, job::EventStream& stream) {
  job::RunResult result;
  const job::RunKey key = job::KeyOf(job, options.window);
  result.attempt = NewUuid(environment.random);
  result.run_key = key.ToString();
  const Micros start = environment.clock->Monotonic();
  // Who the attempt is shows only where runs are: what is under way is taken up under its own name.
  std::optional<Found> taken_up;
  const auto look = [&]() -> Result<std::unique_ptr<EmrPlace>> {
    RETURN_IF_ERROR(RefuseLocal(job));
    ASSIGN_OR_RETURN(auto place, EmrPlace::Open(*setup.program, setup.flags, setup.state, setup.prices, job, key));
    if (place->spark() != nullptr) {
      ASSIGN_OR_RETURN(taken_up, FindActive(*place->spark(), RunName(key)));
    }
    return place;
  };
  auto place = look();
  if (taken_up) result.attempt = taken_up->sent.attempt;
  job::Teller teller(stream, *environment.clock, result.attempt);
  job::TellStart(job, options, environment, "spark on EMR", teller);
  if (!place.ok()) {
    Conclude(place.error(), nullptr, start, options, environment, teller, result);
    return result;
  }
  EmrRun run(setup, **place, std::move(taken_up), job, options, environment, teller);
  auto outcome = run.Go(result);
  const bool may_run = outcome.ok() && *outcome == Outcome::kUnknown;  // then its cluster is still needed
  if (const Status ended = may_run ? Ok() : (*place)->End(); !ended.ok()) {
    teller.Warn(fmt::format("the run's cluster is not ended: {}; run the job again, or `tidemill cluster terminate` it",
                            ended.error().ToString()));
  }
  Conclude(std::move(outcome), run.quote(), start, options, environment, teller, result);
  return result;
}

}  // namespace tidemill::app
