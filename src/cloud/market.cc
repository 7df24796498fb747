#include "cloud/market.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "cloud/draws.h"

namespace tidemill::cloud {
namespace {

using Json = nlohmann::json;

// A market is calm, tight or empty for spells of hours. Each hour it moves with these chances, and has these figures.
struct Mood {
  double to_calm;
  double to_tight;
  double to_empty;
  double price;          // times the usual one
  double interruptions;  // within an hour
  bool available;
};
constexpr Mood kMoods[] = {
    {0.975, 0.022, 0.003, 1.0, 0.01, true},
    {0.25, 0.70, 0.05, 1.6, 0.08, true},
    {0.20, 0.30, 0.50, 2.4, 0.25, false},
};
constexpr double kHourlyNoise = 0.03, kPull = 0.1;  // of the price around the usual one

Result<MarketStep> StepOf(const Json& line, const MarketStep& before) {
  if (!line.is_object() || !line.contains("type") || !line["type"].is_string() || !line.contains("at") ||
      !line["at"].is_number()) {
    return InvalidArgument("is not an object with a type and the seconds `at`");
  }
  MarketStep step = before;
  step.taken = 0;
  step.at = Micros(std::llround(line["at"].get<double>() * 1e6));
  const auto number = [&](const char* key, double otherwise) {
    return line.contains(key) && line[key].is_number() ? line[key].get<double>() : otherwise;
  };
  step.price_share = number("price_share", step.price_share);
  step.interruptions = number("interruptions", step.interruptions);
  step.taken = static_cast<int>(number("taken", 0));
  if (line.contains("available") && line["available"].is_boolean()) step.available = line["available"];
  if (step.at < Micros(0) || !(step.price_share >= 0) || step.price_share > 100 || !(step.interruptions >= 0) ||
      step.interruptions > 1 || step.taken < 0) {
    return InvalidArgument("a figure is out of its range");
  }
  return step;
}

MarketStep FirstStep(const std::string& type, const advisor::Prices& prices) {
  const auto price = prices.instances.find(type);
  MarketStep step;
  if (price != prices.instances.end()) step.price_share = price->second.spot_share;
  return step;
}

}  // namespace

Result<MarketHistory> MarketFromJsonLines(std::string_view text, const std::vector<std::string>& types,
                                          const advisor::Prices& prices) {
  MarketHistory history;
  for (const auto& type : types) history[type].push_back(FirstStep(type, prices));
  for (int number = 1; !text.empty(); ++number) {
    const size_t end = std::min(text.find('\n'), text.size());
    const Json line = Json::parse(text.substr(0, end), nullptr, false);
    const bool blank = text.substr(0, end).find_first_not_of(" \t\r") == std::string_view::npos;
    text.remove_prefix(std::min(end + 1, text.size()));
    if (blank) continue;
    const bool named = line.is_object() && line.contains("type") && line["type"].is_string();
    const std::string type = named ? line["type"].get<std::string>() : "";
    auto& steps = history[type];
    if (steps.empty()) steps.push_back(FirstStep(type, prices));
    auto step = StepOf(line, steps.back());
    if (!step.ok()) return InvalidArgument(fmt::format("line {} of the market: {}", number, step.error().message));
    if (step->at < steps.back().at) {
      return InvalidArgument(fmt::format("line {} of the market: is before the line above it of {}", number, type));
    }
    if (step->at == steps.back().at) {
      steps.back() = *step;
    } else {
      steps.push_back(*step);
    }
  }
  return history;
}

MarketHistory ModelMarket(const std::vector<std::string>& types, const advisor::Prices& prices, double days,
                          uint64_t seed) {
  MarketHistory history;
  const auto hours = static_cast<int64_t>(std::ceil(days * 24)) + 24;
  uint64_t salt = 0;
  for (const auto& type : types) {
    Draws draws(seed * 1'000'003 + ++salt);
    const double usual = FirstStep(type, prices).price_share;
    double drift = 0;
    size_t mood = 0;
    auto& steps = history[type];
    for (int64_t hour = 0; hour < hours; ++hour) {
      const Mood& now = kMoods[mood];
      mood = draws.Pick(std::initializer_list<double>{now.to_calm, now.to_tight, now.to_empty});
      drift += kHourlyNoise * draws.Normal() - kPull * drift;
      MarketStep step;
      step.at = std::chrono::hours(hour);
      step.price_share = std::clamp(usual * kMoods[mood].price * std::exp(drift), 0.05, 1.0);
      step.interruptions = kMoods[mood].interruptions;
      step.available = kMoods[mood].available;
      steps.push_back(step);
    }
  }
  return history;
}

}  // namespace tidemill::cloud
