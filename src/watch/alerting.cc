#include "watch/alerting.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "watch/deliver.h"

namespace tidemill::watch {
namespace {

constexpr auto kTurn = std::chrono::milliseconds(500);
constexpr int64_t kRunsCompared = 50;
constexpr Micros kSumsLast = std::chrono::minutes(1);

}  // namespace

Result<std::unique_ptr<Alerting>> Alerting::Start(AlertingParts parts) {
  std::unique_ptr<Alerting> made(new Alerting(std::move(parts)));
  ASSIGN_OR_RETURN(made->http_, wire::MakeHttp());
  ASSIGN_OR_RETURN(made->ledger_, job::Ledger::Open(made->parts_.ledger));
  ASSIGN_OR_RETURN(made->store_, job::ScheduleStore::Open(made->parts_.ledger));
  ASSIGN_OR_RETURN(const auto notices, made->store_->Notices(1));
  made->history_.seen_notice = notices.empty() ? 0 : notices.front().id;
  ASSIGN_OR_RETURN(made->history_.seen_event, made->ledger_->NewestEvent());
  made->thread_ = std::thread([alerting = made.get()] { alerting->Work(); });
  return made;
}

Alerting::~Alerting() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  stopped_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Alerting::Work() {
  for (bool stop = false; !stop;) {
    const int64_t epoch = parts_.epoch();
    if (epoch == 0) {
      state_.reset();
    } else if (const auto turned = Turn(epoch); !turned.ok()) {
      if (turned.error().kind == ErrorKind::kAborted) state_.reset();
      Tell(turned.error().message);
    }
    std::unique_lock lock(mutex_);
    stop = stopped_.wait_for(lock, kTurn, [&] { return stop_; });
  }
}

Status Alerting::Turn(int64_t epoch) {
  if (!state_) {
    ASSIGN_OR_RETURN(kept_, store_->Alerts());
    auto state = kept_.empty() ? Result<AlertState>(history_) : AlertStateFromJson(kept_);
    if (!state.ok()) Tell(state.error().message);
    state_ = state.ok() ? *std::move(state) : history_;
  }
  ASSIGN_OR_RETURN(const Noticed noticed, Look());
  Step(parts_.spec, *state_, noticed, parts_.clock->Now());
  RETURN_IF_ERROR(Keep(epoch));
  return SendSome(epoch);
}

Result<Noticed> Alerting::Look() {
  Noticed noticed;
  noticed.classes = parts_.classes;
  ASSIGN_OR_RETURN(noticed.notices, store_->NoticesAfter(state_->seen_notice));
  ASSIGN_OR_RETURN(auto ended, ledger_->EndedAfter(state_->seen_event));
  noticed.newest_event = ended.second;
  for (auto& run : ended.first) {
    EndedRun with{std::move(run), {}};
    ASSIGN_OR_RETURN(auto runs, ledger_->Runs(with.run.job, kRunsCompared));
    std::copy_if(runs.begin(), runs.end(), std::back_inserter(with.before), [&](const job::LedgerRun& other) {
      return other.id < with.run.id && other.outcome == job::Name(job::Outcome::kCommitted);
    });
    noticed.runs.push_back(std::move(with));
  }
  RETURN_IF_ERROR(SumUp(noticed));
  return noticed;
}

Status Alerting::SumUp(Noticed& noticed) {
  const Micros monotonic = parts_.clock->Monotonic();
  if (!summed_ || !noticed.runs.empty() || monotonic - *summed_ >= kSumsLast) {
    const Timestamp now = parts_.clock->Now();
    summed_.reset();
    ASSIGN_OR_RETURN(sums_.last_30_days, ledger_->Totals(now - std::chrono::days(30)));
    ASSIGN_OR_RETURN(const auto last_day, ledger_->Totals(now - std::chrono::days(1)));
    sums_.dollars_last_day = 0;
    for (const auto& totals : last_day) sums_.dollars_last_day += totals.dollars;
    summed_ = monotonic;
  }
  noticed.last_30_days = sums_.last_30_days;
  noticed.dollars_last_day = sums_.dollars_last_day;
  return Ok();
}

Status Alerting::Keep(int64_t epoch) {
  std::string text = ToJson(*state_);
  if (text == kept_) return Ok();
  RETURN_IF_ERROR(store_->KeepAlerts(epoch, text));
  kept_ = std::move(text);
  return Ok();
}

// One message a target and turn, so that one who answers slowly does not hold up the others for long.
Status Alerting::SendSome(int64_t epoch) {
  std::set<std::string> targets;
  const auto outbox = state_->outbox;
  for (const Message& message : outbox) {
    if (message.not_before > parts_.clock->Now() || !targets.insert(message.target).second) continue;
    const auto target = std::find_if(parts_.spec.targets.begin(), parts_.spec.targets.end(),
                                     [&](const AlertTarget& t) { return t.name == message.target; });
    if (target == parts_.spec.targets.end()) {  // it was taken out of the schedule
      Sent(*state_, message.id);
      continue;
    }
    const auto sent = Deliver(message, *target, *http_, parts_.clock->Now());
    if (sent.ok()) {
      Sent(*state_, message.id);
    } else {
      const bool given_up = NotSent(*state_, message.id, parts_.clock->Now());
      Tell(fmt::format("alerts to {}: {}{}", target->name, sent.error().message, given_up ? "; given up" : ""));
    }
    RETURN_IF_ERROR(Keep(epoch));
  }
  return Keep(epoch);
}

void Alerting::Tell(const std::string& trouble) {
  if (trouble != told_) parts_.trouble(trouble);
  told_ = trouble;
}

}  // namespace tidemill::watch
