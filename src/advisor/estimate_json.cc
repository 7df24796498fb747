#include <nlohmann/json.hpp>

#include "advisor/estimate.h"

namespace tidemill::advisor {

using Json = nlohmann::ordered_json;

std::string RatesJson(const Rates& rates) {
  const Json json = {{"v", 1},
                     {"read_bytes", rates.read_bytes},
                     {"operation_rows", rates.operation_rows},
                     {"write_bytes", rates.write_bytes},
                     {"file_seconds", rates.file_seconds},
                     {"native_start", rates.native_start},
                     {"spark_start", rates.spark_start},
                     {"spark_factor", rates.spark_factor}};
  return json.dump(2) + "\n";
}

Result<Rates> RatesFromJson(const std::string& text) {
  const Json json = Json::parse(text, nullptr, false);
  Rates rates;
  try {
    if (json.at("v") != 1) return InvalidArgument("the rates are of another version of this program; calibrate again");
    json.at("read_bytes").get_to(rates.read_bytes);
    json.at("operation_rows").get_to(rates.operation_rows);
    json.at("write_bytes").get_to(rates.write_bytes);
    json.at("file_seconds").get_to(rates.file_seconds);
    json.at("native_start").get_to(rates.native_start);
    json.at("spark_start").get_to(rates.spark_start);
    json.at("spark_factor").get_to(rates.spark_factor);
  } catch (const Json::exception& error) {
    return InvalidArgument(std::string("the rates: ") + error.what());
  }
  return rates;
}

}  // namespace tidemill::advisor
