// `tidemill recover`: what a damaged or lost table would lose, how long it would take, the rehearsal, and the real
// thing.
#include "job/recover.h"

#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "app/ask.h"
#include "app/diff.h"
#include "app/exit_code.h"
#include "app/print_json.h"
#include "app/program.h"
#include "app/run_job.h"
#include "app/table_change.h"
#include "app/text_table.h"
#include "delta/snapshot.h"
#include "job/clone.h"
#include "job/ledger.h"
#include "job/recovery_store.h"
#include "job/table_check.h"

namespace tidemill::app {
namespace {

using Json = nlohmann::ordered_json;
using Clock = std::chrono::steady_clock;

constexpr size_t kMostShown = 20;

double SecondsSince(Clock::time_point start) {
  return std::chrono::duration_cast<std::chrono::duration<double>>(Clock::now() - start).count();
}

std::string SecondsText(double seconds) {
  return seconds < 0 ? "not measured" : FormatDuration(Micros(static_cast<int64_t>(seconds * 1e6)));
}

Json LossJson(const job::Loss& loss) {
  return {{"commits", loss.commits < 0 ? Json(nullptr) : Json(loss.commits)},
          {"rows", loss.rows < 0 ? Json(nullptr) : Json(loss.rows)},
          {"since", FormatTimestamp(loss.since)},
          {"runs", loss.runs}};
}

std::string LossText(const job::Loss& loss) {
  if (loss.commits == 0) return "nothing";
  const std::string commits = loss.commits < 0
                                  ? "the log cannot be read"
                                  : fmt::format("{} commit{}", FormatCount(loss.commits), loss.commits == 1 ? "" : "s");
  const std::string rows = loss.rows < 0 ? "" : fmt::format(", {} rows written", FormatCount(loss.rows));
  return fmt::format("{}{}, since {}", commits, rows, FormatTimestamp(loss.since).substr(0, 19));
}

// The command at work on one table: its environment, and what the ledger knows of it.
class Recovery {
 public:
  Recovery(Program& program, const RecoverFlags& flags, job::RunEnvironment environment)
      : program_(program),
        flags_(flags),
        environment_(std::move(environment)),
        table_(PlaceAt(program.AbsolutePath(flags.table))) {}

  int Run() {
    const auto ready = ReadLedger();
    if (!ready.ok()) return Fail(ready.error());
    std::vector<std::string> clones;
    if (!flags_.clone.empty()) clones.push_back(program_.AbsolutePath(flags_.clone));
    auto plan = job::PlanRecovery(table_, clones, records_, runs_, environment_);
    if (!plan.ok()) return Fail(plan.error());
    plan_ = *std::move(plan);
    switch (flags_.what) {
      case RecoverFlags::What::kPlan:
        return Plan();
      case RecoverFlags::What::kDrill:
        return Drill();
      case RecoverFlags::What::kRun:
        return TakeBack();
    }
    return kUsage;
  }

 private:
  delta::Table PlaceAt(const std::string& root) { return {program_.storage.get(), program_.checkpoints(), root}; }

  Status ReadLedger() {
    const std::string path = program_.StatePath(flags_.machine);
    ASSIGN_OR_RETURN(const auto ledger, job::Ledger::Open(path));
    ASSIGN_OR_RETURN(runs_, ledger->Runs("", INT64_MAX));
    std::erase_if(runs_, [](const auto& run) { return run.outcome != job::Name(job::Outcome::kCommitted); });
    for (auto& run : runs_) run.table = program_.AbsolutePath(run.table);
    ASSIGN_OR_RETURN(store_, job::RecoveryStore::Open(path));
    ASSIGN_OR_RETURN(records_, store_->List(""));
    return Ok();
  }

  // The best clone that can be used; null: there is none.
  const job::WayBack* Clone() const {
    for (const auto& way : plan_.ways) {
      const bool asked = flags_.clone.empty() || way.copy == program_.AbsolutePath(flags_.clone);
      if (!way.copy.empty() && way.problem.empty() && asked) return &way;
    }
    return nullptr;
  }

  Error NoClone() const {
    for (const auto& way : plan_.ways) {
      if (!way.copy.empty() && !way.problem.empty())
        return FailedPrecondition(fmt::format("{}: {}", way.copy, way.problem));
    }
    return FailedPrecondition(
        fmt::format("no clone of {} is known; `tidemill table clone {} FOLDER` makes one, and --clone "
                    "names one that this ledger does not know",
                    flags_.table, flags_.table));
  }

  int Plan() {
    if (flags_.json) {
      Json ways = Json::array();
      for (const auto& way : plan_.ways) {
        ways.push_back({{"copy", way.copy.empty() ? Json(nullptr) : Json(way.copy)},
                        {"version", way.version},
                        {"files", way.files},
                        {"bytes", way.bytes},
                        {"lost", LossJson(way.loss)},
                        {"seconds", way.seconds < 0 ? Json(nullptr) : Json(way.seconds)},
                        {"basis", way.basis},
                        {"problem", way.problem.empty() ? Json(nullptr) : Json(way.problem)}});
      }
      PrintJson({{"table", table_.root},
                 {"version", plan_.version < 0 ? Json(nullptr) : Json(plan_.version)},
                 {"damages", plan_.damages < 0 ? Json(nullptr) : Json(plan_.damages)},
                 {"files", plan_.files},
                 {"bytes", plan_.bytes},
                 {"ways", ways}});
      return plan_.ways.empty() ? kFailed : kOk;
    }
    if (plan_.version < 0) {
      std::printf("%s: no version can be read\n", flags_.table.c_str());
    } else {
      std::printf(
          "%s: version %lld, %s files, %s; %s\n", flags_.table.c_str(), static_cast<long long>(plan_.version),
          FormatCount(plan_.files).c_str(), FormatBytes(plan_.bytes).c_str(),
          plan_.damages == 0 ? "whole" : fmt::format("{} damages (`tidemill table check`)", plan_.damages).c_str());
    }
    if (plan_.ways.empty()) {
      std::printf("no copy is known: what is lost now is lost. `tidemill table clone %s FOLDER` makes one\n",
                  flags_.table.c_str());
      return kFailed;
    }
    std::vector<std::vector<std::string>> rows;
    for (const auto& way : plan_.ways) {
      const std::string place = way.copy.empty() ? "the table itself" : way.copy;
      if (!way.problem.empty()) {
        rows.push_back({place, "", "", "", way.problem});
        continue;
      }
      rows.push_back({place, std::to_string(way.version), LossText(way.loss), SecondsText(way.seconds), way.basis});
    }
    std::printf("%s",
                TextTable({{"from"}, {"version", true}, {"would be lost"}, {"would take"}, {"by"}}, rows, 200).c_str());
    const auto& runs = plan_.ways[0].loss.runs;
    for (size_t i = 0; i < runs.size() && i < kMostShown; ++i) std::printf("to be run again: %s\n", runs[i].c_str());
    if (runs.size() > kMostShown) std::printf("... and %zu more\n", runs.size() - kMostShown);
    return kOk;
  }

  // What was made is taken away again, also when the drill failed.
  void Clean(const std::string& scratch) {
    if (flags_.keep) return;
    const auto files = program_.storage->ListRecursive(scratch);
    if (!files.ok()) return;
    for (const auto& file : *files) (void)program_.storage->Remove(file.path);
    std::error_code ignored;  // folders, where the store has any
    std::filesystem::remove_all(scratch, ignored);
  }

  Result<Json> DrillInto(const job::WayBack& way, const std::string& scratch) {
    const auto begun = Clock::now();
    const delta::Table clone = PlaceAt(way.copy);
    ASSIGN_OR_RETURN(const auto copy, delta::LoadSnapshot(clone));
    const double open = SecondsSince(begun);
    const auto copying = Clock::now();
    ASSIGN_OR_RETURN(const auto done, job::CloneTable(clone, PlaceAt(scratch), {}, environment_));
    const double copied = SecondsSince(copying);
    const auto comparing = Clock::now();
    DiffFlags diff;
    diff.machine = flags_.machine;
    diff.other = scratch;
    // What vacuum took from the version that the clone is of, the clone alone still has.
    diff.one = fmt::format("{}@{}", table_.root, way.version);
    std::string against = "the table at that version";
    auto difference = plan_.version < 0 ? Result<Difference>(NotFound("")) : CompareTables(program_, diff);
    if (!difference.ok()) {
      diff.one = way.copy;
      against = "the clone, because the table cannot be read at that version";
      difference = CompareTables(program_, diff);
    }
    if (!difference.ok()) return difference.error();
    const double compared = SecondsSince(comparing);
    const double restored = open + copied;
    return Json{{"table", table_.root},
                {"copy", way.copy},
                {"version", way.version},
                {"at", FormatTimestamp(program_.clock.Now())},
                {"files", done.files_copied},
                {"bytes", done.bytes_copied},
                {"rows", difference->other_rows},
                {"seconds", {{"open", open}, {"copy", copied}, {"compare", compared}}},
                {"recovery_time_seconds", restored},
                {"mb_per_second", restored <= 0 ? 0 : static_cast<double>(done.bytes_copied) / 1e6 / restored},
                {"recovery_point", LossJson(way.loss)},
                {"compared_with", against},
                {"same", difference->same()},
                {"scratch", flags_.keep ? Json(scratch) : Json(nullptr)}};
  }

  int Drill() {
    const auto* way = Clone();
    if (way == nullptr) return Fail(NoClone());
    const std::string scratch = flags_.into.empty() ? fmt::format("{}.drill-{}", table_.root, NewUuid(program_.random))
                                                    : program_.AbsolutePath(flags_.into);
    const auto there = program_.storage->ListRecursive(scratch);
    if (!there.ok()) return Fail(there.error());
    if (!there->empty()) return Fail(FailedPrecondition(fmt::format("{} is there already", scratch)));
    const auto report = DrillInto(*way, scratch);
    Clean(scratch);
    if (!report.ok()) return Fail(report.error());
    const Json& json = *report;
    const bool same = json["same"];
    const auto kept = store_->Add({.kind = "drill",
                                   .table = table_.root,
                                   .copy = way->copy,
                                   .version = way->version,
                                   .at = json["at"],
                                   .seconds = json["recovery_time_seconds"],
                                   .files = json["files"],
                                   .bytes = json["bytes"],
                                   .outcome = same ? "same" : "different",
                                   .report = json.dump()});
    if (!kept.ok()) std::fprintf(stderr, "tidemill: the report is not kept: %s\n", kept.error().message.c_str());
    if (flags_.json) {
      PrintJson(json);
    } else {
      std::printf("drill: version %lld of %s restored from %s\n", static_cast<long long>(way->version),
                  flags_.table.c_str(), way->copy.c_str());
      std::printf("rows            %s, %s as %s\n", FormatCount(json["rows"]).c_str(),
                  same ? "the same" : "NOT THE SAME", json["compared_with"].get<std::string>().c_str());
      std::printf("recovery time   %s for %s files, %s (%.0f MB/s, every file read back)\n",
                  SecondsText(json["recovery_time_seconds"]).c_str(), FormatCount(json["files"]).c_str(),
                  FormatBytes(json["bytes"]).c_str(), json["mb_per_second"].get<double>());
      std::printf("recovery point  would be lost: %s\n", LossText(way->loss).c_str());
      std::printf("compared in     %s\n", SecondsText(json["seconds"]["compare"]).c_str());
    }
    return same ? kOk : kFailed;
  }

  int TakeBack() {
    if (flags_.version) {
      TableFlags restore;
      restore.version = flags_.version;
      restore.dry_run = flags_.dry_run || !flags_.yes;
      restore.json = flags_.json;
      return RestoreTable(program_, table_, restore);
    }
    const auto* way = Clone();
    if (way == nullptr) return Fail(NoClone());
    const delta::Table clone = PlaceAt(way->copy);
    const auto plan = job::PlanTakeBack(table_, clone, flags_.deep, environment_);
    if (!plan.ok()) return Fail(plan.error());
    if (!flags_.json) {
      std::printf("from %s, a clone of version %lld\n", way->copy.c_str(), static_cast<long long>(way->version));
      if (plan->words.empty()) std::printf("nothing is damaged that the clone could mend\n");
      for (const auto& words : plan->words) std::printf("  %s\n", words.c_str());
      const bool loses = plan->new_log || plan->restore_to.has_value();
      if (!plan->words.empty()) std::printf("would be lost: %s\n", loses ? LossText(way->loss).c_str() : "nothing");
    }
    Json json{{"table", table_.root},
              {"copy", way->copy},
              {"version_of_copy", way->version},
              {"steps", plan->words},
              {"lost", LossJson(plan->new_log || plan->restore_to ? way->loss : job::Loss{.commits = 0, .rows = 0})},
              {"done", false}};
    if (plan->words.empty() || flags_.dry_run) {
      if (flags_.json) PrintJson(json);
      return kOk;
    }
    const auto yes = Ask("Do this?", flags_.yes, flags_.json);
    if (!yes.ok()) return Fail(yes.error());
    if (!*yes) return kFailed;
    const auto begun = Clock::now();
    const auto version = job::ApplyTakeBack(table_, clone, *plan, environment_);
    if (!version.ok()) return Fail(version.error());
    const double seconds = SecondsSince(begun);
    const auto check = job::CheckTable(table_, {.deep = flags_.deep}, environment_);
    if (!check.ok()) return Fail(check.error());
    json["done"] = true;
    json["version"] = *version < 0 ? Json(nullptr) : Json(*version);
    json["seconds"] = seconds;
    json["damages"] = check->damages();
    const auto kept = store_->Add({.kind = "run",
                                   .table = table_.root,
                                   .copy = way->copy,
                                   .version = way->version,
                                   .at = FormatTimestamp(program_.clock.Now()),
                                   .seconds = seconds,
                                   .files = std::ssize(plan->files),
                                   .outcome = "done",
                                   .report = json.dump()});
    if (!kept.ok()) std::fprintf(stderr, "tidemill: the report is not kept: %s\n", kept.error().message.c_str());
    if (flags_.json) {
      PrintJson(json);
    } else {
      std::printf(
          "done in %s%s; %s\n", SecondsText(seconds).c_str(),
          *version < 0 ? "" : fmt::format(", committed version {}", *version).c_str(),
          check->damages() == 0 ? "the table is whole" : fmt::format("{} damages are left", check->damages()).c_str());
      if (plan->new_log) std::printf("note: the table has a new log; clone it into a new folder next time\n");
      for (size_t i = 0; (plan->new_log || plan->restore_to) && i < way->loss.runs.size() && i < kMostShown; ++i) {
        std::printf("to be run again%s: %s\n", plan->restore_to ? ", with --again" : "", way->loss.runs[i].c_str());
      }
    }
    return check->damages() == 0 ? kOk : kFailed;
  }

  Program& program_;
  const RecoverFlags& flags_;
  job::RunEnvironment environment_;
  const delta::Table table_;
  std::unique_ptr<job::RecoveryStore> store_;
  std::vector<job::RecoveryRecord> records_;
  std::vector<job::LedgerRun> runs_;
  job::RecoveryPlan plan_;
};

}  // namespace

int Recover(Program& program, const RecoverFlags& flags) {
  auto environment = EnvironmentFor(program, flags.machine);
  if (!environment.ok()) return Fail(environment.error());
  return Recovery(program, flags, std::move(environment).value()).Run();
}

}  // namespace tidemill::app
