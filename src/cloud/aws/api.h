// Calls by name with parameters as data, in the three ways AWS's services speak.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cloud/aws/client.h"

namespace tidemill::cloud::aws {

using Parameters = std::vector<std::pair<std::string, std::string>>;

class Api {
 public:
  // `environment` may name endpoints: AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_EMR and so on.
  Api(Client& client, std::string region, std::map<std::string, std::string> environment)
      : client_(client), region_(std::move(region)), environment_(std::move(environment)) {}

  // A JSON service; the answer is an object.
  Result<nlohmann::json> Json(std::string_view service, std::string_view operation, const nlohmann::json& body);
  // A query service; the answer is XML.
  Result<std::string> Query(std::string_view service, std::string_view operation, Parameters parameters);

  // A REST service: `method` on a path, with a JSON body where that is an object; the answer is an object.
  Result<nlohmann::json> Rest(std::string_view service, std::string_view operation, std::string_view method,
                              std::string path, Parameters query, const nlohmann::json& body);

  const std::string& region() const { return region_; }

 private:
  Call CallOf(std::string_view service, std::string_view operation) const;
  Result<nlohmann::json> ObjectOf(const Call& call);

  Client& client_;
  const std::string region_;
  const std::map<std::string, std::string> environment_;
};

}  // namespace tidemill::cloud::aws
