#include <fmt/format.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "advisor/figures.h"
#include "advisor/quote.h"
#include "app/exit_code.h"
#include "app/print_json.h"
#include "app/program.h"
#include "app/text_table.h"
#include "job/costs.h"
#include "job/ledger.h"
#include "job/ledger_json.h"
#include "job/recover.h"
#include "job/recovery_store.h"

namespace tidemill::app {
namespace {

using Json = nlohmann::ordered_json;

int List(const job::Ledger& ledger, const RunsFlags& flags) {
  const auto runs = ledger.Runs(flags.job, flags.limit);
  if (!runs.ok()) return Fail(runs.error());
  Json list = Json::array();
  std::vector<std::vector<std::string>> rows;
  for (const auto& run : *runs) {
    list.push_back(job::JsonOf(run));
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
  Json json = job::JsonOf(*run);
  json["events"] = Json::array();
  for (const auto& line : *events) json["events"].push_back(Json::parse(line, nullptr, false));
  PrintJson(json);
  return kOk;
}

int ShowCost(const job::Ledger& ledger, const RunsFlags& flags) {
  const auto since = flags.since.empty() ? Result<Timestamp>(Timestamp{}) : ParseTimestamp(flags.since);
  if (!since.ok()) return Fail(since.error());
  const auto runs = ledger.Runs("", INT64_MAX);
  if (!runs.ok()) return Fail(runs.error());
  Json list = Json::array();
  std::vector<std::vector<std::string>> rows;
  for (const auto& cost : job::CostsBy(*runs, flags.by, *since)) {
    list.push_back(job::JsonOf(cost, flags.by));
    rows.push_back({cost.group, FormatCount(cost.runs), advisor::SecondsText(cost.seconds),
                    FormatBytes(cost.bytes_read), advisor::DollarsText(cost.dollars),
                    advisor::DollarsText(cost.dollars_per_gb()),
                    cost.median_quote_error ? advisor::ShareText(*cost.median_quote_error) : ""});
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

int BackUp(Program& program, const std::string& ledger, const RunsFlags& flags) {
  const auto store = job::RecoveryStore::Open(ledger);
  if (!store.ok()) return Fail(store.error());
  const std::string to = program.AbsolutePath(flags.file);
  if (const auto done = (*store)->BackUp(to); !done.ok()) return Fail(done.error());
  const auto file = program.storage->Stat(to);
  const int64_t bytes = file.ok() ? file->size_bytes : 0;
  if (flags.json) {
    PrintJson({{"file", to}, {"bytes", bytes}});
  } else {
    std::printf("%s, %s; it is a ledger: `--state %s` reads it, and copied to %s it is this one\n", flags.file.c_str(),
                FormatBytes(bytes).c_str(), flags.file.c_str(), ledger.c_str());
  }
  return kOk;
}

int Rebuild(Program& program, const std::string& ledger, const RunsFlags& flags) {
  const auto store = job::RecoveryStore::Open(ledger);
  if (!store.ok()) return Fail(store.error());
  int64_t found = 0, added = 0;
  for (const auto& folder : flags.tables) {
    const delta::Table table{program.storage.get(), program.checkpoints(), program.AbsolutePath(folder)};
    const auto runs = job::RunsOfCommits(table);
    if (!runs.ok()) return Fail(runs.error());
    const auto missing = (*store)->AddMissing(*runs);
    if (!missing.ok()) return Fail(missing.error());
    found += std::ssize(*runs);
    added += *missing;
  }
  if (flags.json) {
    PrintJson({{"commits", found}, {"added", added}});
  } else {
    std::printf("%s runs in the tables' commits, %s of them were missing in the ledger\n", FormatCount(found).c_str(),
                FormatCount(added).c_str());
  }
  return kOk;
}

}  // namespace

int Runs(Program& program, const RunsFlags& flags) {
  const std::string path = program.StatePath(flags.machine);
  if (flags.what == RunsFlags::What::kRebuild) return Rebuild(program, path, flags);
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
    case RunsFlags::What::kBackup:
      return BackUp(program, path, flags);
    case RunsFlags::What::kRebuild:
      break;  // done above: it makes a ledger
  }
  return kUsage;
}

}  // namespace tidemill::app
