#include "advisor/prices.h"

#include <nlohmann/json.hpp>

namespace tidemill::advisor {

const std::string& BuiltInPrices() {
  static const auto* text = new std::string(R"({
  "date": "2025-06-01",
  "source": "AWS public on-demand list prices for Linux, EMR on EC2 fees, S3 storage; spot as a share of on-demand is a rule of thumb",
  "region": "us-east-1",
  "this_machine": "",
  "instances": {
    "m5.xlarge":  {"vcpus": 4,  "memory_gb": 16,  "hourly": 0.192, "emr_hourly": 0.048, "spot_share": 0.40},
    "m5.2xlarge": {"vcpus": 8,  "memory_gb": 32,  "hourly": 0.384, "emr_hourly": 0.096, "spot_share": 0.40},
    "r5.large":   {"vcpus": 2,  "memory_gb": 16,  "hourly": 0.126, "emr_hourly": 0.032, "spot_share": 0.35},
    "r5.xlarge":  {"vcpus": 4,  "memory_gb": 32,  "hourly": 0.252, "emr_hourly": 0.063, "spot_share": 0.35},
    "r5.2xlarge": {"vcpus": 8,  "memory_gb": 64,  "hourly": 0.504, "emr_hourly": 0.126, "spot_share": 0.35},
    "r5.4xlarge": {"vcpus": 16, "memory_gb": 128, "hourly": 1.008, "emr_hourly": 0.252, "spot_share": 0.35}
  },
  "storage_gb_month": {"STANDARD": 0.023, "STANDARD_IA": 0.0125, "GLACIER": 0.0036}
})");
  return *text;
}

Result<Prices> PricesFromJson(const std::string& text) {
  using Json = nlohmann::json;
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return InvalidArgument("the price list is not a JSON object");
  Prices prices;
  try {
    json.at("date").get_to(prices.date);
    json.at("source").get_to(prices.source);
    json.at("region").get_to(prices.region);
    prices.this_machine = json.value("this_machine", "");
    for (const auto& [name, instance] : json.at("instances").items()) {
      auto& price = prices.instances[name];
      instance.at("vcpus").get_to(price.vcpus);
      instance.at("memory_gb").get_to(price.memory_gb);
      instance.at("hourly").get_to(price.hourly);
      price.emr_hourly = instance.value("emr_hourly", 0.0);
      price.spot_share = instance.value("spot_share", 1.0);
    }
    json.at("storage_gb_month").get_to(prices.storage_gb_month);
  } catch (const Json::exception& error) {
    return InvalidArgument(std::string("the price list: ") + error.what());
  }
  if (prices.instances.empty()) return InvalidArgument("the price list names no instances");
  if (!prices.this_machine.empty() && !prices.instances.contains(prices.this_machine)) {
    return InvalidArgument("the price list has no instance '" + prices.this_machine + "', its this_machine");
  }
  return prices;
}

std::string SmallestInstance(const Prices& prices, int vcpus, double memory_gb) {
  std::string best, largest;
  for (const auto& [name, price] : prices.instances) {
    if (largest.empty() || price.memory_gb > prices.instances.at(largest).memory_gb) largest = name;
    if (price.vcpus < vcpus || price.memory_gb < memory_gb) continue;
    if (best.empty() || price.hourly < prices.instances.at(best).hourly) best = name;
  }
  return best.empty() ? largest : best;
}

}  // namespace tidemill::advisor
