#include "cloud/scorecard.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "advisor/figures.h"
#include "advisor/quote.h"

namespace tidemill::cloud {
namespace {

// A GB's life: 30 days Standard, 60 Infrequent Access, the rest of a year Glacier.
constexpr double kStandardMonths = 1, kInfrequentMonths = 2, kArchiveMonths = 9;
constexpr double kComputeTarget = 0.60, kStorageTarget = 0.40, kTotalTarget = 0.25, kPaybackMonths = 6;

double Rent(const advisor::Prices& prices, const char* tier) {
  const auto found = prices.storage_gb_month.find(tier);
  return found == prices.storage_gb_month.end() ? 0 : found->second;
}

Score Below(std::string what, double limit, std::optional<double> value, std::string from) {
  Score score{std::move(what), "< " + advisor::DollarsText(limit), value, "", false, std::move(from)};
  if (!value) return score;
  score.value_text = advisor::DollarsText(*value);
  score.met = *value < limit;
  return score;
}

Score Reduction(std::string what, double target, std::optional<double> value, std::string from) {
  Score score{std::move(what), fmt::format(">= {:.0f} % less", target * 100), value, "", false, std::move(from)};
  if (!value) return score;
  score.value_text = fmt::format("{:.1f} % less", *value * 100);
  score.met = *value >= target;
  return score;
}

}  // namespace

std::vector<Score> Scorecard(const CostFacts& facts, const advisor::Prices& prices) {
  std::optional<double> per_gb, rent, rent_tiered, life, compute, storage, total, saved;
  if (facts.run_dollars && facts.run_gb > 0) per_gb = *facts.run_dollars / facts.run_gb;
  if (facts.storage_monthly && facts.storage_gb > 0) {
    rent = *facts.storage_monthly / facts.storage_gb;
    rent_tiered = facts.storage_monthly_tiered / facts.storage_gb;
    if (*facts.storage_monthly > 0) storage = 1 - facts.storage_monthly_tiered / *facts.storage_monthly;
  }
  if (per_gb) {
    life = *per_gb + Rent(prices, "STANDARD") * kStandardMonths + Rent(prices, "STANDARD_IA") * kInfrequentMonths +
           Rent(prices, "GLACIER") * kArchiveMonths;
  }
  if (facts.compute_baseline && *facts.compute_baseline > 0)
    compute = 1 - facts.compute_policy / *facts.compute_baseline;
  if (facts.compute_baseline && facts.storage_monthly) {
    const double month = 30 / facts.compute_days;
    const double before = *facts.compute_baseline * month + *facts.storage_monthly;
    const double after = facts.compute_policy * month + facts.storage_monthly_tiered;
    if (before > 0) total = 1 - after / before;
    saved = before - after;
  }
  std::vector<Score> scores = {
      Below("processing a GB", advisor::kProcessingPerGb, per_gb,
            per_gb ? "measured: the ledger's runs" : "no run has an invoice"),
      Below("keeping a GB for a month, as it lies", advisor::kStoragePerGbMonth, rent,
            rent ? "the tables' sizes, at list prices" : "name tables with --table"),
      Below("keeping a GB for a month, tiered", advisor::kStoragePerGbMonth, rent_tiered,
            rent ? "the storage plan, at list prices" : "name tables with --table"),
      Below("a GB's whole life of a year", advisor::kLifecyclePerGb, life,
            life ? "measured processing, storage at list prices" : "no run has an invoice"),
      Reduction("compute cost by spot and scaling", kComputeTarget, compute,
                compute ? "simulated, seed 1" : "--simulate says it"),
      Reduction("storage cost by lifecycle", kStorageTarget, storage,
                storage ? "the storage plan, at list prices" : "name tables with --table"),
      Reduction("compute and storage together", kTotalTarget, total,
                total ? "simulated compute, planned storage" : "--simulate and --table say it"),
  };
  Score payback{"paid back", fmt::format("within {:.0f} months", kPaybackMonths), std::nullopt, "",
                false,       "--investment, --simulate and --table say it"};
  if (facts.investment && saved && *saved > 0) {
    payback.value = *facts.investment / *saved;
    payback.value_text = fmt::format("{:.1f} months", *payback.value);
    payback.met = *payback.value <= kPaybackMonths;
    payback.from = "simulated compute, planned storage";
  }
  scores.push_back(std::move(payback));
  return scores;
}

std::string ScorecardText(const std::vector<Score>& scores) {
  std::string text;
  for (const auto& score : scores) {
    text += fmt::format("{:<38} {:>14}   target {:<16} {:<8} {}\n", score.what,
                        score.value ? score.value_text : "not known", score.target,
                        !score.value ? ""
                        : score.met  ? "met"
                                     : "not met",
                        score.from);
  }
  return text;
}

std::string ScorecardJson(const std::vector<Score>& scores) {
  using Json = nlohmann::ordered_json;
  Json list = Json::array();
  for (const auto& score : scores) {
    list.push_back({{"what", score.what},
                    {"value", score.value ? Json(*score.value) : Json(nullptr)},
                    {"target", score.target},
                    {"met", score.value ? Json(score.met) : Json(nullptr)},
                    {"from", score.from}});
  }
  return list.dump(2) + "\n";
}

}  // namespace tidemill::cloud
