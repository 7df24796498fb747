// Which storage class each part of a Delta table should lie in, what that saves and what it makes slower. Pure.
//
// It understands the log: the log itself, checkpoints and deletion vectors stay where they are read at once; so do
// files that are no longer live but which a version within the table's retention still needs. A partition is as old as
// its newest live file. Objects below 128 KB cost more in the colder classes than they save.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "advisor/prices.h"
#include "base/units.h"
#include "delta/snapshot.h"

namespace tidemill::cloud {

enum class Tier { kStandard, kInfrequent, kArchive };
// "STANDARD", "STANDARD_IA", "GLACIER", as S3 and the price list call them.
std::string_view Name(Tier tier);

struct TierPolicy {
  Micros infrequent_after = std::chrono::hours(24 * 30);
  Micros archive_after = std::chrono::hours(24 * 90);
  int64_t least_bytes = int64_t{128} << 10;
};

// A partition's live files of one tier.
struct TierPart {
  std::string partition;  // "year=2024/month=1"; empty: the table is not partitioned
  Tier tier = Tier::kStandard;
  int64_t files = 0;
  int64_t bytes = 0;
  Micros age{};
  std::string why;
  std::vector<std::pair<std::string, int64_t>> paths{};  // below the table, not encoded; with their bytes
  bool retained_beside = false;                          // the folder also holds files that a retained version needs
};

struct TierPlan {
  std::string table;
  std::vector<TierPart> parts;  // in the order of partitions
  int64_t retained_files = 0;   // not live, needed by a version within the retention: they stay
  int64_t retained_bytes = 0;
  double monthly_now = 0;  // dollars, all in Standard
  double monthly_then = 0;
  double transition = 0;  // dollars, once
  // Reading what is not in Standard, all of it once.
  double retrieval = 0;  // dollars
  int64_t archived_bytes = 0;

  double saved() const { return monthly_now - monthly_then; }
};

TierPlan PlanTiers(const delta::Snapshot& snapshot, const TierPolicy& policy, const advisor::Prices& prices,
                   Timestamp now);

// The table's objects as they lie: bytes and files by class, and what they cost a month beside the plan.
struct TierReport {
  std::string table;
  std::map<std::string, std::pair<int64_t, int64_t>> by_class;  // live files: count, bytes
  std::vector<std::pair<std::string, Tier>> to_move;            // paths of live files that lie in a dearer class
  int64_t bytes_to_move = 0;
  double monthly_now = 0;   // dollars, of the live files as they lie
  double monthly_then = 0;  // when those are moved
};
// `classes`: by whole path.
TierReport CompareTiers(const TierPlan& plan, const std::map<std::string, std::string>& classes,
                        const advisor::Prices& prices);
std::string TierReportText(const TierReport& report);
std::string TierReportJson(const TierReport& report);

std::string TierPlanText(const TierPlan& plan);
std::string TierPlanJson(const TierPlan& plan);
// An S3 lifecycle configuration: a rule for each partition folder of the table (at s3://bucket/key) that may move as a
// whole, and none where a folder holds what must stay.
std::string LifecycleRules(const TierPlan& plan, const TierPolicy& policy);

}  // namespace tidemill::cloud
