#include <fmt/format.h>

#include <cstdio>

#include "advisor/figures.h"
#include "app/exit_code.h"
#include "app/pricing.h"
#include "app/program.h"
#include "app/stores.h"
#include "cloud/tiering.h"
#include "delta/snapshot.h"

namespace tidemill::app {
namespace {

Result<cloud::TierPolicy> PolicyOf(const StorageFlags& flags) {
  cloud::TierPolicy policy;
  if (!flags.infrequent_after.empty()) {
    ASSIGN_OR_RETURN(policy.infrequent_after, ParseDuration(flags.infrequent_after));
  }
  if (!flags.archive_after.empty()) {
    ASSIGN_OR_RETURN(policy.archive_after, ParseDuration(flags.archive_after));
  }
  if (policy.archive_after <= policy.infrequent_after) {
    return InvalidArgument("--archive-after must be longer than --infrequent-after");
  }
  return policy;
}

Result<delta::SnapshotPtr> Open(Program& program, const std::string& path) {
  return delta::LoadSnapshot({program.storage.get(), program.checkpoints(), program.AbsolutePath(path)});
}

Status PlanTable(Program& program, const StorageFlags& flags, const advisor::Prices& prices, const std::string& path) {
  ASSIGN_OR_RETURN(const auto policy, PolicyOf(flags));
  ASSIGN_OR_RETURN(const auto snapshot, Open(program, path));
  const auto plan = cloud::PlanTiers(*snapshot, policy, prices, program.clock.Now());
  const std::string text = flags.rules  ? cloud::LifecycleRules(plan, policy)
                           : flags.json ? cloud::TierPlanJson(plan)
                                        : cloud::TierPlanText(plan);
  std::fputs(text.c_str(), stdout);
  return Ok();
}

struct Lying {
  std::shared_ptr<cloud::StorageClasses> classes;
  cloud::TierReport report;
};

// How the table's live files lie on S3, beside the plan.
Result<Lying> LookAt(Program& program, const StorageFlags& flags, const advisor::Prices& prices,
                     const std::string& path) {
  if (!path.starts_with("s3://"))
    return InvalidArgument(path + " is not on s3://: a disk has no storage classes; `tidemill storage plan` plans it");
  ASSIGN_OR_RETURN(const auto policy, PolicyOf(flags));
  ASSIGN_OR_RETURN(const auto snapshot, Open(program, path));
  const auto plan = cloud::PlanTiers(*snapshot, policy, prices, program.clock.Now());
  Lying lying;
  ASSIGN_OR_RETURN(lying.classes, MakeClasses(program));
  ASSIGN_OR_RETURN(const auto classes, lying.classes->Below(plan.table));
  lying.report = cloud::CompareTiers(plan, classes, prices);
  return lying;
}

Status ReportTable(Program& program, const StorageFlags& flags, const advisor::Prices& prices,
                   const std::string& path) {
  ASSIGN_OR_RETURN(const auto lying, LookAt(program, flags, prices, path));
  const auto& report = lying.report;
  std::fputs((flags.json ? cloud::TierReportJson(report) : cloud::TierReportText(report)).c_str(), stdout);
  return Ok();
}

// Each move stands alone: stopped, it goes on from what lies there the next time.
Status ApplyTable(Program& program, const StorageFlags& flags, const advisor::Prices& prices, const std::string& path) {
  ASSIGN_OR_RETURN(const auto lying, LookAt(program, flags, prices, path));
  const auto& moves = lying.report.to_move;
  int64_t moved = 0;
  for (const auto& [file, tier] : moves) {
    if (flags.dry_run) break;
    if (*program.cancel)
      return Error{.kind = ErrorKind::kCancelled, .message = fmt::format("stopped after {} files", moved)};
    const Status done = lying.classes->Change(file, std::string(cloud::Name(tier)));
    if (!done.ok() && done.error().kind == ErrorKind::kNotFound) continue;  // vacuumed meanwhile
    RETURN_IF_ERROR(done);
    ++moved;
  }
  if (flags.json) {
    std::printf("{\"table\": \"%s\", \"to_move\": %zu, \"moved\": %lld, \"saved_monthly\": %.6f}\n",
                lying.report.table.c_str(), moves.size(), static_cast<long long>(moved),
                lying.report.monthly_now - lying.report.monthly_then);
  } else {
    std::printf("%s: %lld of %zu files moved, %s; %s a month in place of %s\n", lying.report.table.c_str(),
                static_cast<long long>(moved), moves.size(), FormatBytes(lying.report.bytes_to_move).c_str(),
                advisor::DollarsText(lying.report.monthly_then).c_str(),
                advisor::DollarsText(lying.report.monthly_now).c_str());
  }
  return Ok();
}

}  // namespace

int StorageTiers(Program& program, const StorageFlags& flags) {
  const auto prices = PricesOf(program, flags.prices);
  if (!prices.ok()) return Fail(prices.error());
  constexpr decltype(&PlanTable) kCommands[] = {PlanTable, ApplyTable, ReportTable};  // in the order of What
  for (const auto& path : flags.tables) {
    const Status done = kCommands[static_cast<size_t>(flags.what)](program, flags, *prices, path);
    if (!done.ok()) return Fail(done.error());
  }
  return kOk;
}

}  // namespace tidemill::app
