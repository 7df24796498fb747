#include "cloud/tiering.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "advisor/figures.h"
#include "delta/path.h"
#include "delta/vacuum.h"

namespace tidemill::cloud {
namespace {

using Json = nlohmann::ordered_json;

constexpr double kGb = 1 << 30;

// What a class costs beside its rent: AWS's list prices of us-east-1, 2025.
struct TierCost {
  std::string_view name;
  double move_per_thousand;  // dollars, for the transition's requests
  double read_per_gb;        // retrieval
  double overhead_bytes;     // billed on top of each object
  std::string_view read_wait;
};
constexpr TierCost kCosts[] = {
    {"STANDARD", 0, 0, 0, "at once"},
    {"STANDARD_IA", 0.01, 0.01, 0, "at once"},
    {"GLACIER", 0.03, 0.01, 40 << 10, "3 to 5 hours, after a restore"},
};
const TierCost& CostOf(Tier tier) { return kCosts[static_cast<size_t>(tier)]; }

double RentOf(const advisor::Prices& prices, Tier tier) {
  const auto found = prices.storage_gb_month.find(std::string(Name(tier)));
  return found == prices.storage_gb_month.end() ? 0 : found->second;
}

std::string FolderOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? "" : path.substr(0, slash);
}

struct Partition {
  int64_t newest_ms = 0;
  std::vector<const delta::Add*> files;
  bool retained = false;  // holds files that a retained version needs
};

Tier TierOf(Micros age, const TierPolicy& policy) {
  return age >= policy.archive_after      ? Tier::kArchive
         : age >= policy.infrequent_after ? Tier::kInfrequent
                                          : Tier::kStandard;
}

std::string Days(Micros age) { return fmt::format("{} days", age / std::chrono::hours(24)); }

}  // namespace

std::string_view Name(Tier tier) { return CostOf(tier).name; }

TierPlan PlanTiers(const delta::Snapshot& snapshot, const TierPolicy& policy, const advisor::Prices& prices,
                   Timestamp now) {
  TierPlan plan;
  plan.table = snapshot.table().root;
  std::map<std::string, Partition> partitions;
  for (const auto& file : snapshot.files()) {
    auto& partition = partitions[FolderOf(file.path)];
    partition.newest_ms = std::max(partition.newest_ms, file.modification_time_ms);
    partition.files.push_back(&file);
  }
  const auto now_ms = std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count();
  const auto retention_ms = delta::RetentionOf(snapshot).count() / 1000;
  for (const auto& removed : snapshot.tombstones()) {
    if (now_ms - removed.deletion_timestamp_ms.value_or(0) >= retention_ms) continue;  // vacuum's, not ours
    ++plan.retained_files;
    plan.retained_bytes += removed.size_bytes.value_or(0);
    if (const auto at = partitions.find(FolderOf(removed.path)); at != partitions.end()) at->second.retained = true;
  }
  for (const auto& [folder, partition] : partitions) {
    const Micros age = std::max(Micros(0), Micros((now_ms - partition.newest_ms) * 1000));
    const Tier wanted = TierOf(age, policy);
    TierPart moves{folder,
                   wanted,
                   0,
                   0,
                   age,
                   fmt::format("the newest file is {} old{}", Days(age),
                               partition.retained ? "; files that a retained version needs stay beside it" : ""),
                   {},
                   partition.retained};
    TierPart stays{folder, Tier::kStandard, 0, 0, age, "below 128 KB: a colder class would cost more"};
    for (const auto* file : partition.files) {
      auto& part = wanted != Tier::kStandard && file->size_bytes < policy.least_bytes ? stays : moves;
      ++part.files;
      part.bytes += file->size_bytes;
      const auto path = delta::DecodePath(file->path);
      part.paths.emplace_back(path.ok() ? *path : file->path, file->size_bytes);
    }
    for (auto& part : {moves, stays}) {
      if (part.files == 0) continue;
      const double gb = static_cast<double>(part.bytes) / kGb;
      const double extra = static_cast<double>(part.files) * CostOf(part.tier).overhead_bytes / kGb;
      plan.monthly_now += gb * RentOf(prices, Tier::kStandard);
      plan.monthly_then += (gb + extra) * RentOf(prices, part.tier);
      plan.transition += static_cast<double>(part.files) / 1000 * CostOf(part.tier).move_per_thousand;
      plan.retrieval += gb * CostOf(part.tier).read_per_gb;
      if (part.tier == Tier::kArchive) plan.archived_bytes += part.bytes;
      plan.parts.push_back(part);
    }
  }
  const double retained = static_cast<double>(plan.retained_bytes) / kGb * RentOf(prices, Tier::kStandard);
  plan.monthly_now += retained;
  plan.monthly_then += retained;
  return plan;
}

TierReport CompareTiers(const TierPlan& plan, const std::map<std::string, std::string>& classes,
                        const advisor::Prices& prices) {
  TierReport report{.table = plan.table};
  const auto rank = [](std::string_view name) {
    const auto found = std::ranges::find(kCosts, name, &TierCost::name);
    return found == std::end(kCosts) ? std::ssize(kCosts) : found - std::begin(kCosts);  // others: colder than ours
  };
  const auto rent = [&](const std::string& name) {
    const auto found = prices.storage_gb_month.find(name);
    return found == prices.storage_gb_month.end() ? 0.0 : found->second;
  };
  for (const auto& part : plan.parts) {
    for (const auto& [relative, bytes] : part.paths) {
      const std::string path = plan.table + "/" + relative;
      const auto there = classes.find(path);
      if (there == classes.end()) continue;
      const std::string name = there->second.empty() ? "STANDARD" : there->second;
      auto& [files, sum] = report.by_class[name];
      ++files;
      sum += bytes;
      const bool moves = rank(name) < static_cast<std::ptrdiff_t>(part.tier);
      report.monthly_now += static_cast<double>(bytes) / kGb * rent(name);
      report.monthly_then += static_cast<double>(bytes) / kGb * (moves ? RentOf(prices, part.tier) : rent(name));
      if (!moves) continue;
      report.to_move.emplace_back(path, part.tier);
      report.bytes_to_move += bytes;
    }
  }
  return report;
}

std::string TierReportText(const TierReport& report) {
  std::string text = report.table + "\n";
  for (const auto& [name, sum] : report.by_class) {
    text += fmt::format("  {:<12} {} files, {}\n", name, FormatCount(sum.first), FormatBytes(sum.second));
  }
  text += fmt::format("  {} a month as its files lie", advisor::DollarsText(report.monthly_now));
  if (report.to_move.empty()) return text + "; all lie where the plan has them\n";
  return text + fmt::format("; {} once {} files, {}, are moved: `tidemill storage apply {}`\n",
                            advisor::DollarsText(report.monthly_then), FormatCount(std::ssize(report.to_move)),
                            FormatBytes(report.bytes_to_move), report.table);
}

std::string TierReportJson(const TierReport& report) {
  Json classes = Json::object();
  for (const auto& [name, sum] : report.by_class) classes[name] = {{"files", sum.first}, {"bytes", sum.second}};
  const Json json = {{"table", report.table},
                     {"classes", std::move(classes)},
                     {"monthly_now", report.monthly_now},
                     {"monthly_then", report.monthly_then},
                     {"files_to_move", report.to_move.size()},
                     {"bytes_to_move", report.bytes_to_move}};
  return json.dump(2) + "\n";
}

std::string TierPlanText(const TierPlan& plan) {
  struct Sum {
    int64_t parts = 0, files = 0, bytes = 0;
  };
  std::map<Tier, Sum> sums;
  std::string text;
  for (const auto& part : plan.parts) {
    auto& sum = sums[part.tier];
    ++sum.parts;
    sum.files += part.files;
    sum.bytes += part.bytes;
    if (part.tier == Tier::kStandard) continue;
    text += fmt::format("  {:<12} {} ({} files, {}): {}\n", Name(part.tier),
                        part.partition.empty() ? "the table" : part.partition, part.files, FormatBytes(part.bytes),
                        part.why);
  }
  std::string head = plan.table + "\n";
  for (const auto& [tier, sum] : sums) {
    head += fmt::format("  {:<12} {} files, {}; read {}\n", Name(tier), FormatCount(sum.files), FormatBytes(sum.bytes),
                        CostOf(tier).read_wait);
  }
  if (plan.retained_files > 0) {
    head += fmt::format("  {} files, {}, stay because a version within the retention needs them\n", plan.retained_files,
                        FormatBytes(plan.retained_bytes));
  }
  const double share = plan.monthly_now > 0 ? plan.saved() / plan.monthly_now : 0;
  head += fmt::format("  {} a month in place of {} ({:.1f} % less; the target is 40 %); moving costs {} once\n",
                      advisor::DollarsText(plan.monthly_then), advisor::DollarsText(plan.monthly_now), share * 100,
                      advisor::DollarsText(plan.transition));
  if (plan.archived_bytes > 0) {
    head += fmt::format(
        "  reading the {} in GLACIER needs a restore first ({}); reading all that is not STANDARD costs {}\n",
        FormatBytes(plan.archived_bytes), CostOf(Tier::kArchive).read_wait, advisor::DollarsText(plan.retrieval));
  }
  return head + (text.empty() ? "" : "\n" + text);
}

std::string TierPlanJson(const TierPlan& plan) {
  Json parts = Json::array();
  for (const auto& part : plan.parts) {
    parts.push_back({{"partition", part.partition},
                     {"class", Name(part.tier)},
                     {"files", part.files},
                     {"bytes", part.bytes},
                     {"age_days", part.age / std::chrono::hours(24)},
                     {"why", part.why}});
  }
  const Json json = {{"table", plan.table},
                     {"parts", std::move(parts)},
                     {"retained_files", plan.retained_files},
                     {"retained_bytes", plan.retained_bytes},
                     {"monthly_now", plan.monthly_now},
                     {"monthly_then", plan.monthly_then},
                     {"saved_monthly", plan.saved()},
                     {"transition", plan.transition},
                     {"retrieval_of_all", plan.retrieval},
                     {"archived_bytes", plan.archived_bytes}};
  return json.dump(2) + "\n";
}

std::string LifecycleRules(const TierPlan& plan, const TierPolicy& policy) {
  constexpr std::string_view kScheme = "s3://";
  std::string key = plan.table;
  if (key.starts_with(kScheme)) key = key.substr(std::min(key.find('/', kScheme.size()) + 1, key.size()));
  while (key.starts_with('/')) key.erase(0, 1);
  Json rules = Json::array();
  for (const auto& part : plan.parts) {
    // Without a folder of its own the data lies beside the log, which must stay.
    if (part.partition.empty() || part.tier == Tier::kStandard || part.retained_beside) continue;
    Json transitions =
        Json::array({{{"Days", policy.infrequent_after / std::chrono::hours(24)}, {"StorageClass", "STANDARD_IA"}}});
    if (part.tier == Tier::kArchive) {
      transitions.push_back({{"Days", policy.archive_after / std::chrono::hours(24)}, {"StorageClass", "GLACIER"}});
    }
    rules.push_back({{"ID", fmt::format("tidemill {}", rules.size() + 1)},
                     {"Status", "Enabled"},
                     {"Filter",
                      {{"And",
                        {{"Prefix", fmt::format("{}/{}/", key, part.partition)},
                         {"ObjectSizeGreaterThan", policy.least_bytes - 1}}}}},
                     {"Transitions", std::move(transitions)}});
  }
  const Json json = {{"Rules", std::move(rules)}};
  return json.dump(2) + "\n";
}

}  // namespace tidemill::cloud
