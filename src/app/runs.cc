#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "advisor/figures.h"
#include "advisor/quote.h"
#include "app/exit_code.h"
#include "app/program.h"
#include "app/text_table.h"
#include "job/ledger.h"

namespace tidemill::app {
namespace {

using Json = nlohmann::ordered_json;

Json RunJson(const job::LedgerRun& run) {
  const auto& f = run.figures;
  return {{"id", run.id},
          {"run_key", run.run_key},
          {"attempt", run.attempt},
          {"job", run.job},
          {"window", run.window},
          {"engine", run.engine},
          {"table", run.table},
          {"started", run.started},
          {"finished", run.finished.empty() ? Json(nullptr) : Json(run.finished)},
          {"outcome", run.outcome},
          {"message", run.message},
          {"version", f.version},
          {"duration_ms", static_cast<double>(f.duration.count()) / 1000},
          {"rows_in", f.rows_in},
          {"rows_written", f.rows_written},
          {"rows_quarantined", f.rows_quarantined},
          {"rows_malformed", f.rows_malformed},
          {"files_written", f.files_written},
          {"bytes_read", f.bytes_read},
          {"bytes_written", f.bytes_written},
          {"peak_memory_bytes", f.peak_memory_bytes},
          {"peak_spill_bytes", f.peak_spill_bytes},
          {"class", run.job_class},
          {"tags", run.tags},
          {"quoted_seconds", run.quoted_seconds < 0 ? Json(nullptr) : Json(run.quoted_seconds)},
          {"dollars", run.dollars < 0 ? Json(nullptr) : Json(run.dollars)}};
}

void PrintJson(const Json& json) {
  std::printf("%s\n", json.dump(2, ' ', false, Json::error_handler_t::replace).c_str());
}

int List(const job::Ledger& ledger, const RunsFlags& flags) {
  const auto runs = ledger.Runs(flags.job, flags.limit);
  if (!runs.ok()) return Fail(runs.error());
  Json list = Json::array();
  std::vector<std::vector<std::string>> rows;
  for (const auto& run : *runs) {
    list.push_back(RunJson(run));
    const auto& f = run.figures;
    const bool done = !run.finished.empty();
    rows.push_back({std::to_string(run.id), run.started.substr(0, 19), run.job, run.window, run.outcome,
                    done && f.version >= 0 ? std::to_string(f.version) : "", done ? FormatCount(f.rows_written) : "",
                    done ? FormatCount(f.rows_quarantined + f.rows_malformed) : "",
                    done ? FormatDuration(f.duration) : ""});
  }
  if (flags.json) {
    PrintJson(list);
  } else if (rows.empty()) {
    std::printf("no runs yet\n");
  } else {
    std::printf("%s", TextTable({{"run", true},
                                 {"started"},
                                 {"job"},
                                 {"window"},
                                 {"outcome"},
                                 {"version", true},
                                 {"rows", true},
                                 {"quarantined", true},
                                 {"duration", true}},
                                rows)
                          .c_str());
  }
  return kOk;
}

void PrintRun(const job::LedgerRun& run, const std::vector<job::LedgerCheck>& checks) {
  const auto& f = run.figures;
  const std::pair<const char*, std::string> lines[] = {
      {"run", std::to_string(run.id)},
      {"job", run.job},
      {"window", run.window},
      {"outcome", run.outcome},
      {"message", run.message},
      {"table", run.table},
      {"run key", run.run_key},
      {"engine", run.engine},
      {"started", run.started},
      {"finished", run.finished},
      {"duration", FormatDuration(f.duration)},
      {"rows in", FormatCount(f.rows_in)},
      {"rows written", FormatCount(f.rows_written)},
      {"quarantined", FormatCount(f.rows_quarantined)},
      {"malformed", FormatCount(f.rows_malformed)},
      {"files written", FormatCount(f.files_written)},
      {"read", FormatBytes(f.bytes_read)},
      {"written", FormatBytes(f.bytes_written)},
      {"peak memory", FormatBytes(f.peak_memory_bytes)},
      {"spilled", FormatBytes(f.peak_spill_bytes)},
      {"quoted", run.quoted_seconds < 0 ? "" : advisor::SecondsText(run.quoted_seconds)},
      {"cost", run.dollars < 0 ? "" : advisor::DollarsText(run.dollars)},
  };
  for (const auto& [name, value] : lines) std::printf("%-14s %s\n", name, value.c_str());
  if (checks.empty()) return;
  std::vector<std::vector<std::string>> rows;
  for (const auto& check : checks)
    rows.push_back({check.check, check.kind, check.on_fail, check.status, check.message});
  std::printf("\n%s", TextTable({{"check"}, {"kind"}, {"on fail"}, {"result"}, {"finding"}}, rows).c_str());
}

int Show(const job::Ledger& ledger, const RunsFlags& flags) {
  const auto run = ledger.Find(flags.run);
  if (!run.ok()) return Fail(run.error());
  const auto checks = ledger.Checks(run->id);
  const auto events = ledger.Events(run->id);
  if (!checks.ok()) return Fail(checks.error());
  if (!events.ok()) return Fail(events.error());
  if (!flags.json) {
    PrintRun(*run, *checks);
    return kOk;
  }
  Json json = RunJson(*run);
  json["events"] = Json::array();
  for (const auto& line : *events) json["events"].push_back(Json::parse(line, nullptr, false));
  PrintJson(json);
  return kOk;
}

struct Cost {
  int64_t runs = 0;
  int64_t bytes_read = 0;
  double seconds = 0;
  double dollars = 0;
  std::vector<double> quote_errors;  // |took / quoted - 1|
};

// What a run counts under; a run of several tags under each.
std::vector<std::string> Groups(const job::LedgerRun& run, const std::string& by) {
  if (by == "class") return {run.job_class};
  if (by == "day") return {run.started.substr(0, 10)};
  if (by != "tag") return {run.job};
  std::vector<std::string> tags;
  std::stringstream text(run.tags);
  for (std::string tag; std::getline(text, tag, ',');) tags.push_back(tag);
  return tags.empty() ? std::vector<std::string>{"(none)"} : tags;
}

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

int ShowCost(const job::Ledger& ledger, const RunsFlags& flags) {
  const auto since = flags.since.empty() ? Result<Timestamp>(Timestamp{}) : ParseTimestamp(flags.since);
  if (!since.ok()) return Fail(since.error());
  const auto runs = ledger.Runs("", INT64_MAX);
  if (!runs.ok()) return Fail(runs.error());
  std::map<std::string, Cost> costs;
  for (const auto& run : *runs) {
    const auto started = ParseTimestamp(run.started);
    if (run.dollars < 0 || (started.ok() && *started < *since)) continue;
    const double seconds = static_cast<double>(run.figures.duration.count()) / 1e6;
    for (const auto& group : Groups(run, flags.by)) {
      Cost& cost = costs[group];
      ++cost.runs;
      cost.bytes_read += run.figures.bytes_read;
      cost.seconds += seconds;
      cost.dollars += run.dollars;
      const bool done = run.outcome == job::Name(job::Outcome::kCommitted);
      if (done && run.quoted_seconds > 0) cost.quote_errors.push_back(std::abs(seconds / run.quoted_seconds - 1));
    }
  }
  Json list = Json::array();
  std::vector<std::vector<std::string>> rows;
  for (const auto& [group, cost] : costs) {
    const double gb = static_cast<double>(cost.bytes_read) / 1e9;
    const double per_gb = gb > 0 ? cost.dollars / gb : 0;
    const bool known = !cost.quote_errors.empty();
    list.push_back({{flags.by, group},
                    {"runs", cost.runs},
                    {"seconds", cost.seconds},
                    {"bytes_read", cost.bytes_read},
                    {"dollars", cost.dollars},
                    {"dollars_per_gb", per_gb},
                    {"median_quote_error", known ? Json(Median(cost.quote_errors)) : Json(nullptr)}});
    rows.push_back({group, FormatCount(cost.runs), advisor::SecondsText(cost.seconds), FormatBytes(cost.bytes_read),
                    advisor::DollarsText(cost.dollars), advisor::DollarsText(per_gb),
                    known ? advisor::ShareText(Median(cost.quote_errors)) : ""});
  }
  if (flags.json) {
    PrintJson(list);
    return kOk;
  }
  if (rows.empty()) {
    std::printf("no run has an invoice yet\n");
    return kOk;
  }
  const std::string table = TextTable({{flags.by},
                                       {"runs", true},
                                       {"time", true},
                                       {"read", true},
                                       {"cost", true},
                                       {"a GB", true},
                                       {"quote error", true}},
                                      rows);
  std::printf("%s\nlimit: %s a GB processed; the quote error is the median of committed runs\n", table.c_str(),
              advisor::DollarsText(advisor::kProcessingPerGb).c_str());
  return kOk;
}

int ListCertificates(const job::Ledger& ledger, const RunsFlags& flags) {
  const auto certificates = ledger.Certificates(flags.job);
  if (!certificates.ok()) return Fail(certificates.error());
  Json list = Json::array();
  std::vector<std::vector<std::string>> rows;
  for (const auto& c : *certificates) {
    list.push_back({{"job", c.job},
                    {"window", c.window},
                    {"spec_hash", c.spec_hash},
                    {"native", c.native},
                    {"spark", c.spark},
                    {"tidemill", c.tidemill},
                    {"inputs", c.inputs},
                    {"rows", c.rows},
                    {"quarantined", c.quarantined},
                    {"sample", c.sample},
                    {"at", c.at}});
    rows.push_back({c.at.substr(0, 19), c.job, c.window, c.spec_hash, c.native, c.spark, c.inputs, FormatCount(c.rows),
                    FormatCount(c.quarantined), advisor::ShareText(c.sample)});
  }
  if (flags.json) {
    PrintJson(list);
  } else if (rows.empty()) {
    std::printf("no certificates yet; `tidemill verify JOB` writes one\n");
  } else {
    std::printf("%s", TextTable({{"at"},
                                 {"job"},
                                 {"window"},
                                 {"spec"},
                                 {"native"},
                                 {"spark"},
                                 {"sources"},
                                 {"rows", true},
                                 {"quarantined", true},
                                 {"sample", true}},
                                rows)
                          .c_str());
  }
  return kOk;
}

}  // namespace

int Runs(Program& program, const RunsFlags& flags) {
  const std::string path = program.StatePath(flags.machine);
  if (!program.storage->Stat(path).ok()) {
    return Fail(NotFound(fmt::format("there is no ledger at {}; run a job first, or name another with --state", path)));
  }
  const auto ledger = job::Ledger::Open(path);
  if (!ledger.ok()) return Fail(ledger.error());
  switch (flags.what) {
    case RunsFlags::What::kLs:
      return List(**ledger, flags);
    case RunsFlags::What::kShow:
      return Show(**ledger, flags);
    case RunsFlags::What::kCost:
      return ShowCost(**ledger, flags);
    case RunsFlags::What::kCertificates:
      return ListCertificates(**ledger, flags);
  }
  return kUsage;
}

}  // namespace tidemill::app
