#include <fmt/format.h>

#include <cstdio>

#include "app/exit_code.h"
#include "app/pricing.h"
#include "app/program.h"
#include "cloud/tiering.h"
#include "delta/snapshot.h"

namespace tidemill::app {
namespace {

Status PlanTable(Program& program, const StorageFlags& flags, const std::string& path) {
  ASSIGN_OR_RETURN(const auto prices, PricesOf(program, flags.prices));
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
  const delta::Table table{program.storage.get(), program.checkpoints(), program.AbsolutePath(path)};
  ASSIGN_OR_RETURN(const auto snapshot, delta::LoadSnapshot(table));
  const auto plan = cloud::PlanTiers(*snapshot, policy, prices, program.clock.Now());
  const std::string text = flags.rules  ? cloud::LifecycleRules(plan, policy)
                           : flags.json ? cloud::TierPlanJson(plan)
                                        : cloud::TierPlanText(plan);
  std::fputs(text.c_str(), stdout);
  return Ok();
}

}  // namespace

int StorageTiers(Program& program, const StorageFlags& flags) {
  for (const auto& path : flags.tables) {
    if (const Status done = PlanTable(program, flags, path); !done.ok()) return Fail(done.error());
  }
  return kOk;
}

}  // namespace tidemill::app
