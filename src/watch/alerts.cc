#include "watch/alerts.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

namespace tidemill::watch {
namespace {

constexpr size_t kEnoughRuns = 5;        // before a time can be called slow
constexpr int64_t kEnoughAttempts = 20;  // before a success rate means something
constexpr double kLeastSlowSeconds = 5;  // more than the runs before it
constexpr size_t kLargestOutbox = 1000;
constexpr auto kGivenUpAfter = std::chrono::hours(24);
constexpr auto kFirstPause = std::chrono::seconds(10);
constexpr auto kLongestPause = std::chrono::minutes(30);

double Median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

double SecondsOf(const job::LedgerRun& run) { return static_cast<double>(run.figures.duration.count()) / 1e6; }

void Raise(AlertState& state, Alert alert, Timestamp now) {
  alert.since = now;
  const auto [found, made] = state.alerts.try_emplace(alert.Key(), Standing{alert});
  if (made) return;
  auto& standing = found->second;
  // Over and back before anybody was told of its end: it never ended.
  standing.alert.until = Timestamp();
  standing.alert.summary = alert.summary;
}

void End(AlertState& state, const Alert& alert, Timestamp now) {
  const auto found = state.alerts.find(alert.Key());
  if (found == state.alerts.end() || found->second.alert.over()) return;
  if (found->second.told == Timestamp()) {
    state.alerts.erase(found);  // nobody knew
  } else {
    found->second.alert.until = now;
  }
}

void SetOrEnd(AlertState& state, Alert alert, Timestamp now) {
  if (alert.summary.empty()) {
    End(state, alert, now);
  } else {
    Raise(state, std::move(alert), now);
  }
}

void Look(const job::ScheduleNotice& notice, const std::map<std::string, std::string>& classes, AlertState& state,
          Timestamp now) {
  const auto of_job = classes.find(notice.job);
  const auto alert = [&](AlertKind kind) {
    return Alert{kind, notice.job, notice.window, of_job == classes.end() ? "" : of_job->second, notice.message};
  };
  if (notice.notice == "parked") Raise(state, alert(AlertKind::kFailed), now);
  if (notice.notice == "late") Raise(state, alert(AlertKind::kLate), now);
  if (notice.notice == "done" || notice.notice == "skipped") {
    End(state, alert(AlertKind::kFailed), now);
    End(state, alert(AlertKind::kLate), now);
  }
  state.seen_notice = std::max(state.seen_notice, notice.id);
}

// Empty: nothing is wrong with the rows.
std::string QualityOf(const AlertSpec& spec, const job::LedgerRun& run) {
  if (run.outcome == job::Name(job::Outcome::kChecksFailed)) return fmt::format("{}: {}", run.window, run.message);
  const auto& figures = run.figures;
  const int64_t bad = figures.rows_quarantined + figures.rows_malformed;
  const double share = figures.rows_in > 0 ? static_cast<double>(bad) / static_cast<double>(figures.rows_in) : 0;
  if (share <= spec.data_error_rate) return "";
  return fmt::format("{}: {} of {} rows ({:.1f} %) were set aside, more than {:.1f} %", run.window, FormatCount(bad),
                     FormatCount(figures.rows_in), share * 100, spec.data_error_rate * 100);
}

void Look(const AlertSpec& spec, const EndedRun& ended, AlertState& state, Timestamp now) {
  const auto& run = ended.run;
  const bool committed = run.outcome == job::Name(job::Outcome::kCommitted);
  const auto alert = [&](AlertKind kind, std::string summary) {
    return Alert{kind, run.job, "", run.job_class, std::move(summary)};
  };
  if (committed || run.outcome == job::Name(job::Outcome::kChecksFailed)) {
    SetOrEnd(state, alert(AlertKind::kQuality, QualityOf(spec, run)), now);
  }
  if (committed) SetOrEnd(state, alert(AlertKind::kSlow, SlowerThanBefore(ended)), now);
}

void LookAtTotals(const AlertSpec& spec, const Noticed& noticed, AlertState& state, Timestamp now) {
  int64_t attempts = 0;
  for (const auto& totals : noticed.last_30_days) attempts += totals.runs;
  const double rate = job::SuccessRatio(noticed.last_30_days);
  Alert success{AlertKind::kSuccessRate};
  if (attempts >= kEnoughAttempts && rate < spec.success_rate) {
    success.summary = fmt::format("{:.2f} % of the attempts of 30 days succeeded; the target is {:.2f} %", rate * 100,
                                  spec.success_rate * 100);
  }
  SetOrEnd(state, std::move(success), now);
  Alert cost{AlertKind::kCost};
  if (spec.dollars_per_day > 0 && noticed.dollars_last_day > spec.dollars_per_day) {
    cost.summary = fmt::format("runs of the last day cost ${:.2f}, more than ${:.2f}", noticed.dollars_last_day,
                               spec.dollars_per_day);
  }
  SetOrEnd(state, std::move(cost), now);
}

bool Wants(const AlertTarget& target, const Alert& alert) {
  const auto among = [](const auto& list, const auto& value) {
    return list.empty() || std::find(list.begin(), list.end(), value) != list.end();
  };
  return among(target.kinds, alert.kind) && (alert.job_class.empty() || among(target.classes, alert.job_class));
}

// The first moment at which there was something to tell that was not told; none: there is nothing.
std::optional<Timestamp> UntoldSince(const AlertSpec& spec, const AlertState& state) {
  std::optional<Timestamp> earliest;
  for (const auto& [key, standing] : state.alerts) {
    const Timestamp at = standing.alert.over()          ? standing.alert.until
                         : standing.told == Timestamp() ? standing.alert.since
                                                        : standing.told + spec.repeat;
    earliest = std::min(earliest.value_or(at), at);
  }
  return earliest;
}

void TellAll(const AlertSpec& spec, AlertState& state, Timestamp now) {
  std::vector<Alert> told;
  for (auto& [key, standing] : state.alerts) {
    const bool due = standing.alert.over() || standing.told == Timestamp() || standing.told + spec.repeat <= now;
    if (due) told.push_back(standing.alert);
    if (due) standing.told = now;
  }
  std::erase_if(state.alerts, [](const auto& entry) { return entry.second.alert.over(); });
  for (const AlertTarget& target : spec.targets) {
    Message message{state.next_message, target.name, {}, 0, now, now};
    std::copy_if(told.begin(), told.end(), std::back_inserter(message.alerts),
                 [&](const Alert& alert) { return Wants(target, alert); });
    if (message.alerts.empty()) continue;
    ++state.next_message;
    state.outbox.push_back(std::move(message));
  }
  while (state.outbox.size() > kLargestOutbox) state.outbox.pop_front();
}

}  // namespace

std::string Alert::Key() const { return fmt::format("{}|{}|{}", Name(kind), job, window); }

std::string SlowerThanBefore(const EndedRun& ended) {
  const auto& before = ended.before;
  if (before.size() < kEnoughRuns) return "";
  std::vector<double> sizes, seconds, distances;
  for (const auto& run : before) sizes.push_back(static_cast<double>(run.source_bytes));
  const double usual = std::max(Median(sizes), 1.0);
  // Larger inputs may take longer in proportion; smaller ones have no less time, for what every run has to do.
  const auto scale = [&](const job::LedgerRun& run) {
    return std::max(1.0, static_cast<double>(run.source_bytes) / usual);
  };
  for (const auto& run : before) seconds.push_back(SecondsOf(run) / scale(run));
  const double median = Median(seconds);
  for (const double s : seconds) distances.push_back(std::abs(s - median));
  const double took = SecondsOf(ended.run), expected = median * scale(ended.run);
  const double most =
      std::max({expected * 2, (median + 6 * Median(distances)) * scale(ended.run), expected + kLeastSlowSeconds});
  if (took <= most) return "";
  return fmt::format("{}: took {:.0f} s; the {} runs before it took {:.0f} s for as much data", ended.run.window, took,
                     before.size(), expected);
}

void Step(const AlertSpec& spec, AlertState& state, const Noticed& noticed, Timestamp now) {
  for (const auto& notice : noticed.notices) Look(notice, noticed.classes, state, now);
  for (const auto& run : noticed.runs) Look(spec, run, state, now);
  state.seen_event = std::max(state.seen_event, noticed.newest_event);
  LookAtTotals(spec, noticed, state, now);
  const auto since = UntoldSince(spec, state);
  if (since && now - *since >= spec.group) TellAll(spec, state, now);
}

void Sent(AlertState& state, int64_t message) {
  std::erase_if(state.outbox, [&](const Message& m) { return m.id == message; });
}

bool NotSent(AlertState& state, int64_t id, Timestamp now) {
  const auto message =
      std::find_if(state.outbox.begin(), state.outbox.end(), [&](const Message& m) { return m.id == id; });
  if (message == state.outbox.end()) return false;
  if (now - message->made >= kGivenUpAfter) {
    state.outbox.erase(message);
    return true;
  }
  const Micros pause = kFirstPause * (int64_t{1} << std::min(message->tries, 10));
  ++message->tries;
  message->not_before = now + std::min<Micros>(pause, kLongestPause);
  return false;
}

}  // namespace tidemill::watch
