// What is needed of AWS's JSON answers: members by name, with a default where they are missing or of another kind.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "cloud/aws/api.h"

namespace tidemill::cloud::aws {

std::string TextOf(const nlohmann::json& json, const char* key);
int64_t NumberOf(const nlohmann::json& json, const char* key);
double RealOf(const nlohmann::json& json, const char* key);
// Null when it is missing.
const nlohmann::json& PartOf(const nlohmann::json& json, const char* key);

// The items of `list` of every page of an EMR operation.
Result<std::vector<nlohmann::json>> AllPages(Api& api, std::string_view service, std::string_view operation,
                                             nlohmann::json body, const char* list);

}  // namespace tidemill::cloud::aws
