#include "cloud/aws/json.h"

namespace tidemill::cloud::aws {

using nlohmann::json;

const json& PartOf(const json& from, const char* key) {
  static const json* const nothing = new json();
  return from.is_object() && from.contains(key) ? from[key] : *nothing;
}

std::string TextOf(const json& from, const char* key) {
  const json& part = PartOf(from, key);
  return part.is_string() ? part.get<std::string>() : "";
}

int64_t NumberOf(const json& from, const char* key) {
  const json& part = PartOf(from, key);
  return part.is_number() ? part.get<int64_t>() : 0;
}

double RealOf(const json& from, const char* key) {
  const json& part = PartOf(from, key);
  return part.is_number() ? part.get<double>() : 0;
}

Result<std::vector<json>> AllPages(Api& api, std::string_view service, std::string_view operation, json body,
                                   const char* list) {
  std::vector<json> items;
  while (true) {
    ASSIGN_OR_RETURN(const json answer, api.Json(service, operation, body));
    for (const auto& item : PartOf(answer, list)) items.push_back(item);
    const std::string marker = TextOf(answer, "Marker");
    if (marker.empty()) return items;
    body["Marker"] = marker;
  }
}

}  // namespace tidemill::cloud::aws
