#include "job/judge.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

namespace tidemill::job {
namespace {

// Shares are shown with as many digits as tell them apart from zero and from the limit.
std::string Percent(double share) { return fmt::format("{:.3g} %", share * 100); }

double Share(int64_t bad, int64_t rows) { return rows > 0 ? static_cast<double>(bad) / static_cast<double>(rows) : 0; }

std::string Found(int64_t bad, int64_t rows, double max_bad) {
  if (bad == 0) return fmt::format("all {} rows pass", FormatCount(rows));
  return fmt::format("{} of {} rows are bad ({}; {} allowed)", FormatCount(bad), FormatCount(rows),
                     Percent(Share(bad, rows)), Percent(max_bad));
}

event::CheckResult Blank(const Check& check) {
  event::CheckResult result;
  result.check = check.name;
  result.kind = Name(check.kind);
  result.on_fail = Name(check.on_fail);
  result.max_bad = check.max_bad;
  return result;
}

CheckStatus StatusOf(OnFail on_fail, bool over, int64_t bad) {
  if (over) return on_fail == OnFail::kWarn ? CheckStatus::kWarned : CheckStatus::kFailed;
  return bad > 0 && on_fail == OnFail::kQuarantine ? CheckStatus::kWarned : CheckStatus::kPassed;
}

event::CheckResult JudgeRows(const Check& check, const Findings& findings) {
  event::CheckResult result = Blank(check);
  const auto count =
      std::find_if(findings.counts.begin(), findings.counts.end(), [&](const auto& c) { return c.name == check.name; });
  result.bad = count == findings.counts.end() ? 0 : count->failed;
  result.rows = findings.rows;
  result.status = StatusOf(check.on_fail, Share(result.bad, result.rows) > check.max_bad, result.bad);
  result.message = Found(result.bad, result.rows, check.max_bad);
  return result;
}

event::CheckResult JudgeRowCount(const Check& check, const Findings& findings) {
  event::CheckResult result = Blank(check);
  result.rows = findings.good_rows;
  const auto bound = [](const std::optional<std::string>& text) { return std::strtoll(text->c_str(), nullptr, 10); };
  const bool few = check.min && findings.good_rows < bound(check.min);
  const bool many = check.max && findings.good_rows > bound(check.max);
  result.status = StatusOf(check.on_fail, few || many, 0);
  result.message = fmt::format("{} rows", FormatCount(findings.good_rows));
  if (few) result.message += fmt::format(", at least {} are wanted", FormatCount(bound(check.min)));
  if (many) result.message += fmt::format(", at most {} are wanted", FormatCount(bound(check.max)));
  return result;
}

event::CheckResult JudgeFreshness(const Check& check, const Findings& findings) {
  event::CheckResult result = Blank(check);
  result.rows = findings.good_rows;
  const auto found = findings.newest.find(check.name);
  if (found == findings.newest.end() || !found->second) {
    result.status = StatusOf(check.on_fail, true, 0);
    result.message = fmt::format("no row has a value of {}", check.columns[0]);
    return result;
  }
  const Micros age = findings.now - *found->second;
  result.status = StatusOf(check.on_fail, age > check.max_age, 0);
  result.message =
      fmt::format("the newest {} is {}, {} old; {} is allowed", check.columns[0], FormatTimestamp(*found->second),
                  age.count() > 0 ? FormatDuration(age) : "not yet", FormatDuration(check.max_age));
  return result;
}

// Rows that did not fit their source's schema are a check of their own as soon as there is one.
std::optional<event::CheckResult> JudgeMalformed(const Job& job, const Findings& findings) {
  double max_bad = 1;
  bool quarantine = false;
  for (const auto& source : job.sources) {
    if (source.text.malformed != engine::Malformed::kQuarantine) continue;
    quarantine = true;
    max_bad = std::min(max_bad, source.max_bad);
  }
  if (findings.malformed == 0) return std::nullopt;
  event::CheckResult result;
  result.check = result.kind = "malformed";
  result.on_fail = quarantine ? "quarantine" : "warn";
  result.bad = findings.malformed;
  result.rows = findings.rows + findings.malformed;
  result.max_bad = max_bad;
  const bool over = quarantine && Share(result.bad, result.rows) > max_bad;
  result.status = over ? CheckStatus::kFailed : CheckStatus::kWarned;
  result.message = fmt::format("{} rows do not fit their source's schema ({}; {} allowed)", FormatCount(result.bad),
                               Percent(Share(result.bad, result.rows)), Percent(max_bad));
  return result;
}

}  // namespace

Verdict Judge(const Job& job, const std::vector<Check>& row_checks, const Findings& findings) {
  Verdict verdict;
  if (auto malformed = JudgeMalformed(job, findings)) verdict.results.push_back(std::move(*malformed));
  for (const auto& check : row_checks) verdict.results.push_back(JudgeRows(check, findings));
  for (const auto& check : job.checks) {
    if (check.kind == CheckKind::kRowCount) verdict.results.push_back(JudgeRowCount(check, findings));
    if (check.kind == CheckKind::kFreshness) verdict.results.push_back(JudgeFreshness(check, findings));
  }
  for (const auto& result : verdict.results) {
    if (result.status != CheckStatus::kFailed || !verdict.may_commit) continue;
    verdict.may_commit = false;
    verdict.reason = fmt::format("check '{}': {}", result.check, result.message);
  }
  return verdict;
}

}  // namespace tidemill::job
