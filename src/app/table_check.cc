#include "app/table_check.h"

#include <fmt/format.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "app/ask.h"
#include "app/exit_code.h"
#include "app/print_json.h"
#include "app/run_job.h"
#include "job/table_check.h"
#include "job/table_repair.h"

namespace tidemill::app {
namespace {

using Json = nlohmann::ordered_json;

Json FindingJson(const job::TableFinding& finding) {
  return {{"kind", finding.kind},       {"version", finding.version},  {"path", finding.path},
          {"message", finding.message}, {"bytes", finding.size_bytes}, {"harmless", finding.harmless},
          {"cure", finding.cure}};
}

Json CheckJson(const job::TableCheck& check) {
  Json findings = Json::array();
  for (const auto& finding : check.findings) findings.push_back(FindingJson(finding));
  return {{"version", check.version},
          {"files_checked", check.files_checked},
          {"bytes_checked", check.bytes_checked},
          {"rows_checked", check.rows_checked},
          {"damages", check.damages()},
          {"findings", findings}};
}

void PrintCheck(const job::TableCheck& check) {
  for (const auto& finding : check.findings) {
    std::printf("%s %s %s%s: %s\n       cure: %s\n", finding.harmless ? "note  " : "DAMAGE", finding.kind.c_str(),
                finding.path.c_str(), finding.version < 0 ? "" : fmt::format(" of version {}", finding.version).c_str(),
                finding.message.c_str(), finding.cure.c_str());
  }
  const int64_t damages = check.damages();
  std::printf(
      "version %lld: %s files, %s%s checked: %s\n", static_cast<long long>(check.version),
      FormatCount(check.files_checked).c_str(), FormatBytes(check.bytes_checked).c_str(),
      check.rows_checked < 0 ? "" : fmt::format(", {} rows", FormatCount(check.rows_checked)).c_str(),
      damages == 0 ? "the table is whole" : fmt::format("{} damage{}", damages, damages == 1 ? "" : "s").c_str());
}

void PrintRepair(const job::Repair& repair) {
  for (const auto& words : repair.words) std::printf("  %s\n", words.c_str());
  for (const auto& words : repair.left) std::printf("  not done: %s\n", words.c_str());
}

}  // namespace

int CheckTable(Program& program, const delta::Table& table, const TableFlags& flags) {
  auto environment = EnvironmentFor(program, flags.machine);
  if (!environment.ok()) return Fail(environment.error());
  const job::TableCheckOptions options{.deep = flags.deep, .history = flags.history};
  auto check = job::CheckTable(table, options, *environment);
  if (!check.ok()) return Fail(check.error());
  if (!flags.repair) {
    flags.json ? PrintJson(CheckJson(*check)) : PrintCheck(*check);
    return check->damages() == 0 ? kOk : kFailed;
  }
  const auto repair = job::PlanRepair(table, *check, flags.drop_damaged, *environment);
  if (!repair.ok()) return Fail(repair.error());
  if (!flags.json) {
    PrintCheck(*check);
    std::printf("%s\n", repair->empty() ? "there is nothing that --repair could safely do"
                        : flags.dry_run ? "--repair would"
                                        : "--repair is about to");
    PrintRepair(*repair);
  }
  Json json = CheckJson(*check);
  json["repair"] = {{"steps", repair->words}, {"left", repair->left}, {"done", false}, {"version", nullptr}};
  int code = check->damages() == 0 ? kOk : kFailed;
  if (!repair->empty() && !flags.dry_run) {
    const auto yes = Ask("Do this?", flags.yes, flags.json);
    if (!yes.ok()) return Fail(yes.error());
    if (!*yes) return code;
    const auto version = job::ApplyRepair(table, *repair, *environment);
    if (!version.ok()) return Fail(version.error());
    check = job::CheckTable(table, options, *environment);
    if (!check.ok()) return Fail(check.error());
    code = check->damages() == 0 ? kOk : kFailed;
    json["repair"]["done"] = true;
    if (*version >= 0) json["repair"]["version"] = *version;
    json["after"] = CheckJson(*check);
    if (!flags.json) {
      std::printf("done%s\n", *version < 0 ? "" : fmt::format(", committed version {}", *version).c_str());
      PrintCheck(*check);
    }
  }
  if (flags.json) PrintJson(json);
  return code;
}

}  // namespace tidemill::app
