#include "cloud/aws/api.h"

#include <fmt/format.h>

#include "cloud/aws/operations.h"

namespace tidemill::cloud::aws {
namespace {

// IAM is one for the whole world and signed as if it were there.
constexpr std::string_view kIamRegion = "us-east-1";

// The name in the signature, where it is not the policies' one.
std::string SigningName(std::string_view service) {
  return service == "cloudwatch" ? "monitoring" : std::string(service);
}

void SetEndpoint(std::string_view url, HttpRequest& request) {
  if (const size_t scheme = url.find("://"); scheme != std::string_view::npos) {
    request.scheme = url.substr(0, scheme);
    url.remove_prefix(scheme + 3);
  }
  while (url.ends_with('/')) url.remove_suffix(1);
  request.host = url;
}

std::string Text(const nlohmann::json& body) {
  return body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace

Call Api::CallOf(std::string_view service_name, std::string_view operation_name) const {
  const Service& service = ServiceOf(service_name);
  const Operation& operation = OperationOf(service_name, operation_name);
  Call call{.service = SigningName(service.name),
            .action = fmt::format("{}:{}", service.name, operation.name),
            .region = service.name == "iam" ? std::string(kIamRegion) : region_,
            .repeatable = operation.repeatable};
  call.request.method = "POST";
  call.request.host = fmt::format(fmt::runtime(service.host), region_);
  for (const std::string_view name : {service.variable, std::string_view("AWS_ENDPOINT_URL")}) {
    const auto url = environment_.find(std::string(name));
    if (url == environment_.end() || url->second.empty()) continue;
    SetEndpoint(url->second, call.request);
    break;
  }
  return call;
}

Result<nlohmann::json> Api::Json(std::string_view service, std::string_view operation, const nlohmann::json& body) {
  Call call = CallOf(service, operation);
  call.request.headers = {{"Content-Type", "application/x-amz-json-1.1"},
                          {"X-Amz-Target", fmt::format("{}.{}", ServiceOf(service).version, operation)}};
  call.request.body = Text(body);
  return ObjectOf(call);
}

Result<nlohmann::json> Api::Rest(std::string_view service, std::string_view operation, std::string_view method,
                                 std::string path, Parameters query, const nlohmann::json& body) {
  Call call = CallOf(service, operation);
  call.request.method = method;
  call.request.path = std::move(path);
  call.request.query = std::move(query);
  if (body.is_object()) {
    call.request.headers = {{"Content-Type", "application/json"}};
    call.request.body = Text(body);
  }
  return ObjectOf(call);
}

Result<nlohmann::json> Api::ObjectOf(const Call& call) {
  ASSIGN_OR_RETURN(const auto answer, client_.Send(call));
  if (answer.body.empty()) return nlohmann::json::object();
  auto json = nlohmann::json::parse(answer.body, nullptr, false);
  if (!json.is_object()) return DataLoss(fmt::format("{}: the answer is no JSON object", call.action));
  return json;
}

Result<std::string> Api::Query(std::string_view service, std::string_view operation, Parameters parameters) {
  Call call = CallOf(service, operation);
  parameters.emplace_back("Action", operation);
  parameters.emplace_back("Version", ServiceOf(service).version);
  for (const auto& [name, value] : parameters) {
    call.request.body += fmt::format("{}{}={}", call.request.body.empty() ? "" : "&", wire::PercentEncoded(name, false),
                                     wire::PercentEncoded(value, false));
  }
  call.request.headers = {{"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"}};
  ASSIGN_OR_RETURN(auto answer, client_.Send(call));
  return std::move(answer.body);
}

}  // namespace tidemill::cloud::aws
