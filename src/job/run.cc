#include "job/run.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <atomic>

#include "base/sha256.h"
#include "delta/history.h"
#include "job/bill.h"
#include "job/change.h"
#include "job/commit.h"
#include "job/facts.h"
#include "job/inputs.h"
#include "job/judge.h"
#include "job/leftovers.h"
#include "job/malformed.h"
#include "job/merge.h"
#include "job/output.h"
#include "job/parquet_sink.h"
#include "job/parse.h"
#include "job/partition_rows.h"
#include "job/prepare.h"
#include "job/quarantine.h"
#include "job/target.h"
#include "job/view.h"

namespace tidemill::job {
using document::AsError;
using document::Diagnostics;
namespace {

constexpr int kMostRedos = 5;  // of a merge, which computes again; other modes only commit again
constexpr int kSampleRows = 20;
constexpr const char* kCommitStage = "commit";  // from here on a run is let through, whatever time it took

Error Cancelled() { return Error{ErrorKind::kCancelled, "cancelled"}; }

std::string SampleText(const plan::Value& value) {
  const auto* text = std::get_if<std::string>(&value.data);
  return text == nullptr ? "" : *text;
}

// One attempt of a run. The phases are in the order in which they are called; each stops the run by an Error.
class Runner {
 public:
  Runner(const Job& job, const RunOptions& options, RunEnvironment& environment, Teller& teller)
      : job_(job),
        options_(options),
        environment_(environment),
        teller_(teller),
        now_(environment.clock->Now()),
        key_(KeyOf(job, options.window)),
        sink_(job.Resolve(job.sink.path)),
        quarantine_(job.Resolve(job.sink.quarantine)),
        file_id_(Sha256Hex(key_.ToString()).substr(0, 8) + "-" + teller.attempt()) {}

  const RunKey& key() const { return key_; }
  // The request does not fit what the table has: the user chooses between the ways out.
  const std::optional<advisor::Quote>& quote() const { return quote_; }
  bool refused() const { return refused_; }
  // The request is understood: from here on it is the data, or the world, that fails.
  bool computing() const { return computing_; }

  Result<Outcome> Go(RunResult& result) {
    result_ = &result;
    TellStart(job_, options_, environment_, environment_.engine->name() + " " + environment_.engine->version(),
              teller_);
    if (job_.view) return GoView();
    ASSIGN_OR_RETURN(const bool there, Stand());
    if (there) return Outcome::kAlreadyCommitted;
    RETURN_IF_ERROR(OpenSession());
    ASSIGN_OR_RETURN(
        marker_, AttemptMarker::Make(environment_.attempts_folder, teller_.attempt(), sink_, quarantine_, file_id_));
    start_ = environment_.clock->Monotonic();
    auto outcome = PrepareAndCommit();
    TakeFigures();
    if (const std::string why = outcome.ok() ? "" : WhyHandOff(outcome.error()); !why.empty()) {
      result_->finished.message = "handed over: " + why + "; nothing was committed";
      outcome = Outcome::kHandedOff;
    }
    if (outcome.ok() && *outcome == Outcome::kUnknown) return outcome;  // the marker stays
    const bool committed = outcome.ok() && *outcome == Outcome::kCommitted;
    if (const Status clean = committed ? Ok() : RemoveFiles(); clean.ok()) {
      marker_.Settled();
    } else {
      teller_.Warn("files of this attempt could not be removed, the next run will: " + clean.error().ToString());
    }
    if (outcome.ok()) ReportLeftovers();
    return outcome;
  }

 private:
  bool is_delta() const { return job_.sink.format == SinkFormat::kDelta; }

  // Where the run stands in the sink. True: it is committed already.
  Result<bool> Stand() {
    Result<Standing> standing = Standing(Proceed{});
    if (is_delta()) {
      ASSIGN_OR_RETURN(target_, OpenTarget(sink_, environment_));
      standing = Settle(target_, key_, job_.sink.mode, options_);
    } else {
      standing = SettleParquet(sink_, key_, job_.sink.mode, options_, *environment_.storage);
    }
    if (!standing.ok()) {
      refused_ = standing.error().kind == ErrorKind::kFailedPrecondition;
      return std::move(standing).error();
    }
    if (const auto* there = std::get_if<AlreadyThere>(&*standing)) {
      result_->finished.version = there->table_version;
      result_->finished.message = there->table_version >= 0
                                      ? fmt::format("already committed at version {}", there->table_version)
                                      : "already committed, at a version that the log no longer shows";
      if (is_delta() && key_.by_input) WarnOfNewInput(there->table_version);
      ReportLeftovers();
      return true;
    }
    proceed_ = std::get<Proceed>(std::move(standing).value());
    return false;
  }

  // A run is known by its paths. What has come into a folder since is not in the table, and nothing else would say so.
  void WarnOfNewInput(int64_t version) {
    const auto then = ReadInputs(target_.table, version);
    const auto now = InputsOf(job_, environment_);
    if (!then.ok() || then->empty() || !now.ok() || *then == *now) return;
    teller_.Warn(
        fmt::format("the sources have changed since version {}: they had {} and have {}; --replace takes them in "
                    "anew, --again adds them beside what is there",
                    version, *then, *now));
  }

  Status OpenSession() {
    ASSIGN_OR_RETURN(session_, environment_.engine->Open(SessionOptionsFor(job_, environment_, now_), stop_,
                                                         [this](const engine::Progress& p) { TellProgress(p); }));
    return Ok();
  }

  // Ten times a second while the engine works, from a thread of its own.
  void TellProgress(const engine::Progress& progress) {
    const char* stage = stage_.load();
    if (*environment_.cancel) stop_ = true;
    if (stage == nullptr) return;
    const bool may_stop = options_.may_hand_off && job_.budget.time > Micros(0) && stage != kCommitStage;
    if (may_stop && environment_.clock->Monotonic() - start_ > job_.budget.time) out_of_time_ = stop_ = true;
    teller_.Tell(event::Progress{stage, progress.fraction, progress.rows, progress.bytes, progress.memory_bytes,
                                 progress.spill_bytes});
  }

  // Why another engine should go on with the run, which certainly did not commit; empty: it should not.
  std::string WhyHandOff(const Error& error) const {
    if (!options_.may_hand_off || *environment_.cancel || !computing_) return "";
    if (error.kind == ErrorKind::kCancelled && out_of_time_) {
      return fmt::format("its time, {}, is used up", FormatDuration(job_.budget.time));
    }
    return error.kind == ErrorKind::kResourceExhausted ? error.message : "";
  }

  // Runs `work` as a stage of that name.
  template <typename Work>
  auto InStage(const char* name, Work work) {
    stage_ = name;
    const Stage stage(teller_, name);
    auto done = work();
    stage_ = nullptr;
    return done;
  }

  Result<Outcome> PrepareAndCommit() {
    RETURN_IF_ERROR(InStage("prepare", [this] { return PrepareQueries(); }));
    RETURN_IF_ERROR(TellQuote());
    computing_ = true;
    RETURN_IF_ERROR(InStage("read", [this] { return Register(prepared_, *session_); }));
    for (int redo = 0;; ++redo) {
      RETURN_IF_ERROR(InStage("write", [this] { return Write(); }));
      ASSIGN_OR_RETURN(const bool may_commit, JudgeChecks());
      if (!may_commit) return Outcome::kChecksFailed;
      if (*environment_.cancel) return Cancelled();
      ASSIGN_OR_RETURN(const auto outcome, InStage(kCommitStage, [this] { return CommitAll(); }));
      if (outcome) return *outcome;
      if (redo == kMostRedos) return Conflicted("others changed the table every time");
      RETURN_IF_ERROR(RemoveFiles());
      teller_.Warn("the table changed under the run; the rows are computed again");
    }
  }

  // A view has no run that is done once and for all: what there is to do, its table and its sources say.
  Result<Outcome> GoView() {
    RETURN_IF_ERROR(OpenSession());
    start_ = environment_.clock->Monotonic();
    auto outcome = Refresh();
    TakeFigures();
    return outcome;
  }

  Result<Outcome> Refresh() {
    RETURN_IF_ERROR(InStage("prepare", [this] { return PrepareQueries(); }));
    RETURN_IF_ERROR(TellQuote());
    computing_ = true;
    RETURN_IF_ERROR(InStage("read", [this] { return Register(prepared_, *session_); }));
    ViewOptions view;
    view.full = options_.again;
    view.run = key_.ToString();
    view.attempt = teller_.attempt();
    for (const auto& column : job_.sink.partition_by) view.partition_by.push_back(column.name);
    view.target_file_bytes = job_.sink.target_file_bytes;
    view.compression = job_.sink.compression;
    view.on_stage = [this](const char* stage) { stage_ = stage; };
    ASSIGN_OR_RETURN(const auto refresh, InStage("refresh", [&] {
                       return RefreshView(ViewQueryOf(job_, prepared_), sink_, view, *session_, environment_);
                     }));
    for (const auto& warning : refresh.warnings) teller_.Warn(warning);
    if (!refresh.unknown.empty()) return *Unsure(refresh.unknown);
    auto& finished = result_->finished;
    finished.version = refresh.version;
    finished.message = fmt::format("{} refresh: {}", Name(refresh.kind), refresh.how);
    if (refresh.kind == ViewRefresh::Kind::kNothing) {
      finished.message = fmt::format("nothing to refresh: {}, the view is at version {}", refresh.how, refresh.version);
      return Outcome::kAlreadyCommitted;
    }
    finished.message += fmt::format("; {} rows came, {} went; committed version {}", FormatCount(refresh.rows_came),
                                    FormatCount(refresh.rows_went), refresh.version);
    finished.rows_in = finished.rows_written = refresh.rows_written;
    finished.files_written = refresh.files_written;
    finished.bytes_written = refresh.bytes_written;
    teller_.Tell(event::Committed{sink_, refresh.version, refresh.files_written, refresh.rows_written,
                                  refresh.bytes_written, refresh.files_removed});
    return Outcome::kCommitted;
  }

  Status PrepareQueries() {
    Diagnostics diagnostics;
    prepared_ = Prepare(job_, options_.window, environment_, now_, *session_, teller_, diagnostics);
    if (*environment_.cancel) return Cancelled();
    if (!diagnostics.has_errors() && !job_.view) {
      output_ = ComposeOutput(job_, prepared_, target_.snapshot.get(), diagnostics);
    }
    if (diagnostics.has_errors()) return AsError(diagnostics);
    return Ok();
  }

  // Of this engine on this machine. Over the job's budget nothing is computed.
  Status TellQuote() {
    if (options_.pricing == nullptr) return Ok();
    const auto& pricing = *options_.pricing;
    const auto facts = FactsOf(job_, options_.window, prepared_, environment_, pricing);
    const auto estimate = advisor::EstimateOf(facts, pricing.rates);
    quote_ = advisor::QuoteHere(facts, estimate, pricing.rates, pricing.prices);
    auto told = job::TellQuote(*quote_, job_.budget, options_.over_budget, teller_);
    refused_ = !told.ok();
    return told;
  }

  // The table may have another schema after a conflict.
  Status ComposeAgain() {
    Diagnostics diagnostics;
    output_ = ComposeOutput(job_, prepared_, target_.snapshot.get(), diagnostics);
    if (diagnostics.has_errors()) return AsError(diagnostics);
    return Ok();
  }

  engine::WriteSpec SpecOfWrite() const {
    engine::WriteSpec spec;
    spec.folder = sink_;
    spec.file_id = file_id_;
    spec.data_columns = output_.data_columns;
    spec.partition_columns = output_.partition_columns;
    spec.compression = job_.sink.compression;
    spec.target_file_bytes = job_.sink.target_file_bytes;
    for (const auto& key : job_.sink.sort_by) spec.sort.push_back({output_.table.IndexOf(key.column), key.ascending});
    spec.file_schema = delta::FileSchema(output_.table, mapping());
    bool diverts = false;
    for (size_t i = 0; i < output_.checks.size(); ++i) {
      const bool divert = output_.checks[i].on_fail == OnFail::kQuarantine;
      diverts |= divert;
      spec.checks.push_back({output_.checks[i].name, output_.data_columns + static_cast<int>(i),
                             divert ? engine::CheckEffect::kDivert : engine::CheckEffect::kCount});
    }
    for (const auto& source : job_.sources) diverts |= source.text.malformed == engine::Malformed::kQuarantine;
    if (diverts) spec.quarantine = QuarantineOfWrite();
    return spec;
  }

  engine::Quarantine QuarantineOfWrite() const {
    engine::Quarantine quarantine{quarantine_, key_.ToString(), job_.name, std::nullopt, now_};
    if (key_.window) {
      quarantine.window = engine::TimeRange{job_.window->column, key_.window->start, key_.window->end};
    }
    return quarantine;
  }

  delta::ColumnMapping mapping() const {
    return target_.snapshot ? target_.snapshot->column_mapping() : delta::ColumnMapping::kNone;
  }

  Status Write() {
    auto relation = output_.relation;
    new_rows_ = -1;
    if (job_.sink.mode == SinkMode::kMerge) {
      ASSIGN_OR_RETURN(auto plan, PlanMerge(job_, output_, target_, prepared_, *session_));
      relation = plan.relation;
      rewritten_ = std::move(plan.rewritten);
      new_rows_ = plan.new_rows;
    }
    auto written = session_->Write(relation, SpecOfWrite());
    if (!written.ok()) return NameFiles(std::move(written).error(), SourcesOfRows());
    written_ = std::move(written).value();
    return Ok();
  }

  std::vector<const engine::Source*> SourcesOfRows() const {
    std::vector<const engine::Source*> sources;
    for (const auto& opened : prepared_.sources) sources.push_back(&opened.source);
    return sources;
  }

  Result<bool> JudgeChecks() {
    Findings findings;
    findings.rows = new_rows_ >= 0 ? new_rows_ : written_.rows_in;
    findings.good_rows = findings.rows - written_.rows_diverted;
    findings.malformed = written_.rows_malformed;
    findings.counts = written_.checks;
    findings.now = now_;
    for (const auto& check : job_.checks) {
      if (check.kind != CheckKind::kFreshness) continue;
      ASSIGN_OR_RETURN(findings.newest[check.name], Newest(check.columns[0]));
    }
    const Verdict verdict = Judge(job_, output_.checks, findings);
    for (const auto& result : verdict.results) teller_.Tell(result);
    result_->finished.rows_in = findings.rows;
    result_->finished.rows_quarantined = written_.rows_diverted;
    result_->finished.rows_malformed = written_.rows_malformed;
    if (!verdict.may_commit) result_->finished.message = verdict.reason + "; nothing was committed";
    return verdict.may_commit;
  }

  // The greatest value of a time column, from the written files' partitions and statistics.
  Result<std::optional<Timestamp>> Newest(const std::string& column) {
    const int index = output_.table.IndexOf(column);
    const auto& field = output_.table.fields[static_cast<size_t>(index)];
    if (!field.type.is_datetime()) {
      return InvalidArgument(
          fmt::format("freshness: '{}' is {}, not a date or a timestamp", column, field.type.ToSql()));
    }
    const int64_t unit = field.type.is(plan::TypeId::kDate) ? 86'400'000'000 : 1;
    std::optional<Timestamp> newest;
    for (const auto& file : written_.files) {
      const auto stats = file.stats.find(delta::PhysicalName(field, mapping()));
      const int64_t* max =
          stats == file.stats.end() || !stats->second.max ? nullptr : std::get_if<int64_t>(&stats->second.max->data);
      if (max != nullptr) newest = std::max(newest.value_or(Timestamp::min()), Timestamp(Micros(*max * unit)));
    }
    return newest;
  }

  // Nothing: the table changed and the rows must be computed again.
  Result<std::optional<Outcome>> CommitAll() {
    ASSIGN_OR_RETURN(const auto quarantined, CommitBadRows());
    if (quarantined) return quarantined;
    for (int attempt = 0;; ++attempt) {
      ASSIGN_OR_RETURN(const auto outcome, is_delta() ? CommitDelta() : CommitFiles());
      if (const auto* committed = std::get_if<delta::Committed>(&outcome)) return TellCommitted(*committed);
      if (const auto* unknown = std::get_if<delta::Unknown>(&outcome)) return Unsure(unknown->message);
      const auto& conflict = std::get<delta::Conflict>(outcome);
      if (conflict.kind == delta::ConflictKind::kTooManyRetries || attempt == kMostRedos) {
        return std::optional(Conflicted(conflict.message));
      }
      const auto before = target_.snapshot;
      ASSIGN_OR_RETURN(const bool there, Stand());
      if (there) return std::optional(Outcome::kAlreadyCommitted);
      if (MustRedo(before)) {
        RETURN_IF_ERROR(ComposeAgain());
        return std::optional<Outcome>();
      }
    }
  }

  // Written files stay good for a new snapshot unless their rows came from the table or its shape changed.
  bool MustRedo(const delta::SnapshotPtr& before) const {
    if (job_.sink.mode == SinkMode::kMerge || !before || !target_.snapshot) return true;
    for (const auto& opened : prepared_.sources) {
      if (opened.snapshot && opened.snapshot->table().root == sink_) return true;
    }
    return !(before->metadata() == target_.snapshot->metadata());
  }

  QuarantineCommit BadRows() const {
    QuarantineCommit commit{quarantine_, key_, proceed_.txn_version, Replaces::kNothing, written_.quarantine_files};
    if (job_.sink.mode == SinkMode::kOverwrite) {
      commit.replaces = Replaces::kJob;
    } else if (options_.replace || job_.sink.mode != SinkMode::kAppend) {
      commit.replaces = Replaces::kWindow;
    }
    return commit;
  }

  // The quarantine table first. An outcome: the run ends here.
  Result<std::optional<Outcome>> CommitBadRows() {
    ASSIGN_OR_RETURN(const Target before, OpenTarget(quarantine_, environment_));
    RETURN_IF_ERROR(DropKnownMalformed(BadRows(), before, target_.snapshot.get(), file_id_, prepared_, *session_,
                                       *environment_.storage, written_));
    SampleQuarantine();
    ASSIGN_OR_RETURN(const auto outcome, CommitQuarantine(BadRows(), target_.snapshot.get(), environment_));
    if (const auto* unknown = std::get_if<delta::Unknown>(&outcome)) return Unsure(unknown->message);
    if (const auto* conflict = std::get_if<delta::Conflict>(&outcome))
      return std::optional(Conflicted(conflict->message));
    const auto& committed = std::get<delta::Committed>(outcome);
    for (const auto& warning : committed.warnings) teller_.Warn(warning);
    quarantine_committed_ = committed.version >= 0;
    if (!written_.quarantine_files.empty()) {
      teller_.Tell(event::Quarantined{quarantine_, committed.version, written_.rows_diverted, written_.rows_malformed});
    }
    return std::optional<Outcome>();
  }

  // A few of the bad rows, for the report. That they can't be shown is no reason to fail.
  void SampleQuarantine() {
    if (written_.quarantine_files.empty() || !result_->sample.empty()) return;
    engine::Source source;
    source.name = "quarantined sample";
    source.schema = engine::QuarantineSchema();
    for (const auto& file : written_.quarantine_files) source.files.push_back({file.path, file.size_bytes});
    if (!session_->AddSource(source).ok()) return;
    prepared_.catalog.Add(source.name, source.schema);
    const auto relation = ResolveText(
        "SELECT reasons, coalesce(row, raw), concat_ws(' ', file, line, detail) FROM `quarantined "
        "sample`",
        prepared_);
    if (!relation.ok()) return;
    const auto rows = session_->Query(*relation, kSampleRows);
    if (!rows.ok()) return;
    for (const auto& row : rows->rows) {
      std::string reasons;
      const auto* list = std::get_if<plan::Value::Children>(&row[0].data);
      for (size_t i = 0; list != nullptr && i < (*list)->size(); ++i) {
        reasons += (i == 0 ? "" : ", ") + SampleText((**list)[i]);
      }
      result_->sample.push_back({std::move(reasons), SampleText(row[1]), SampleText(row[2])});
    }
  }

  Result<delta::CommitOutcome> CommitFiles() {
    return CommitParquet(sink_, key_, job_.sink.mode, proceed_.txn_version, written_.files, *environment_.storage);
  }

  Result<delta::CommitOutcome> CommitDelta() {
    ASSIGN_OR_RETURN(auto change, MakeChange({job_, options_, key_, teller_.attempt(), target_, proceed_, output_,
                                              written_, rewritten_},
                                             environment_));
    removed_files_ = change.removed_files;
    delta::CommitOptions options;
    options.rows_conform = output_.rows_conform;
    return change.transaction.Commit(*environment_.clock, environment_.random, options);
  }

  std::optional<Outcome> TellCommitted(const delta::Committed& committed) {
    for (const auto& warning : committed.warnings) teller_.Warn(warning);
    auto& finished = result_->finished;
    finished.version = committed.version;
    finished.rows_written = written_.rows_written;
    finished.files_written = static_cast<int64_t>(written_.files.size());
    finished.bytes_written = TotalBytes(written_.files);
    finished.message = fmt::format("committed version {}", committed.version);
    teller_.Tell(event::Committed{sink_, committed.version, finished.files_written, finished.rows_written,
                                  finished.bytes_written, removed_files_});
    result_->partitions = PartitionsOf(written_.files, output_.table, output_.partition_columns);
    for (const auto& file : written_.files) result_->file_sizes.push_back(file.size_bytes);
    return Outcome::kCommitted;
  }

  Outcome Conflicted(const std::string& message) {
    result_->finished.message = fmt::format("the table changed under the run: {}; run it again", message);
    return Outcome::kConflict;
  }

  std::optional<Outcome> Unsure(const std::string& message) {
    result_->finished.message = fmt::format(
        "whether the commit is in the table is not known: {}; run the same job again, it finds out by the run key",
        message);
    return Outcome::kUnknown;
  }

  // The attempt certainly did not commit. What the quarantine table has of it goes with the next commit there.
  Status RemoveFiles() {
    RETURN_IF_ERROR(Discard(RemoveAttemptFiles(*environment_.storage, sink_, file_id_)));
    if (quarantine_committed_) return Ok();
    return Discard(RemoveAttemptFiles(*environment_.storage, quarantine_, file_id_));
  }

  static Status Discard(const Result<int64_t>& removed) { return removed.ok() ? Ok() : Status(removed.error()); }

  void ReportLeftovers() {
    const auto removed = RemoveLeftovers(sink_, quarantine_, environment_);
    if (removed.ok() && *removed > 0) {
      teller_.Warn(fmt::format("{} files of attempts that were killed are removed", *removed));
    }
  }

  void TakeFigures() {
    const engine::Figures figures = session_->figures();
    int64_t sources = 0;
    for (const auto& opened : prepared_.sources) sources += opened.bytes();
    auto& finished = result_->finished;
    finished.bytes_read = figures.bytes_read > 0 ? figures.bytes_read : sources;
    finished.peak_memory_bytes = figures.peak_memory_bytes;
    finished.peak_spill_bytes = figures.peak_spill_bytes;
  }

  const Job& job_;
  const RunOptions& options_;
  RunEnvironment& environment_;
  Teller& teller_;
  const Timestamp now_;
  const RunKey key_;
  const std::string sink_;
  const std::string quarantine_;
  const std::string file_id_;
  RunResult* result_ = nullptr;
  std::atomic<const char*> stage_ = nullptr;
  Micros start_{};
  engine::Cancel stop_ = false;  // what the session looks at: the user's cancel, or no time left
  std::atomic<bool> out_of_time_ = false;
  Target target_;
  Proceed proceed_;
  AttemptMarker marker_;
  std::unique_ptr<engine::Session> session_;
  Prepared prepared_;
  Output output_;
  engine::WriteResult written_;
  std::vector<delta::Add> rewritten_;
  int64_t new_rows_ = -1;  // merge: before the rows kept from the table came in
  int64_t removed_files_ = 0;
  bool quarantine_committed_ = false;
  bool refused_ = false;
  bool computing_ = false;
  std::optional<advisor::Quote> quote_;
};

Outcome OutcomeOf(const Error& error, bool computing) {
  switch (error.kind) {
    case ErrorKind::kCancelled:
      return Outcome::kCancelled;
    case ErrorKind::kInvalidArgument:
    case ErrorKind::kUnimplemented:
      return computing && error.kind == ErrorKind::kInvalidArgument ? Outcome::kFailed : Outcome::kRefused;
    case ErrorKind::kAborted:
      return Outcome::kConflict;
    default:
      return Outcome::kFailed;
  }
}

}  // namespace

void TellStart(const Job& job, const RunOptions& options, const RunEnvironment& environment, const std::string& engine,
               Teller& teller) {
  const auto& before = options.goes_on_from;
  teller.Tell(event::RunStarted{KeyOf(job, options.window).ToString(), job.name, WindowText(options.window), engine,
                                job.sink.path.empty() ? "" : job.Resolve(job.sink.path),
                                std::string(Name(job.sink.mode)), environment.memory_bytes, environment.threads,
                                std::string(Name(job.job_class)), fmt::format("{}", fmt::join(job.tags, ",")),
                                before ? before->attempt : ""});
  if (before) teller.Warn(fmt::format("goes on for attempt {}, which {}", before->attempt, before->why));
}

RunResult Run(const Job& job, const RunOptions& options, RunEnvironment environment, EventStream& stream) {
  RunResult result;
  result.attempt = NewUuid(environment.random);
  Teller teller(stream, *environment.clock, result.attempt);
  const Micros start = environment.clock->Monotonic();
  Runner runner(job, options, environment, teller);
  result.run_key = runner.key().ToString();
  auto outcome = runner.Go(result);
  if (outcome.ok()) {
    result.finished.outcome = *outcome;
  } else {
    result.finished.outcome = runner.refused() ? Outcome::kRefused : OutcomeOf(outcome.error(), runner.computing());
    const bool cancelled = outcome.error().kind == ErrorKind::kCancelled;
    result.finished.message = cancelled ? "cancelled; nothing was committed" : outcome.error().ToString();
    result.finished.error = ErrorKindName(outcome.error().kind);
    result.error = std::move(outcome).error();
  }
  result.finished.duration = environment.clock->Monotonic() - start;
  if (const auto& quote = runner.quote())
    result.dollars = TellInvoice(*quote, result.finished.duration, options.goes_on_from, teller);
  teller.Tell(result.finished);
  return result;
}

Diagnostics Validate(const Job& job, RunEnvironment environment) {
  Diagnostics diagnostics;
  EventStream silent({});
  Teller teller(silent, *environment.clock, "");
  const Timestamp now = environment.clock->Now();
  const auto fail = [&](const Error& error) { diagnostics.Error({job.file}, "", error.ToString()); };
  auto session = environment.engine->Open(SessionOptionsFor(job, environment, now), *environment.cancel, nullptr);
  if (!session.ok()) return fail(session.error()), diagnostics;
  Prepared prepared = Prepare(job, std::nullopt, environment, now, **session, teller, diagnostics);
  if (diagnostics.has_errors() || job.view) return diagnostics;
  Target target;
  if (job.sink.format == SinkFormat::kDelta) {
    auto opened = OpenTarget(job.Resolve(job.sink.path), environment);
    if (!opened.ok()) return fail(opened.error()), diagnostics;
    target = std::move(opened).value();
  }
  ComposeOutput(job, prepared, target.snapshot.get(), diagnostics);
  return diagnostics;
}

}  // namespace tidemill::job
