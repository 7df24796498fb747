// One HTTP exchange. The real one is libcurl, which is loaded when first needed: a program that never talks to a cloud
// runs without it.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "base/result.h"
#include "cloud/aws/sigv4.h"

namespace tidemill::cloud::aws {

struct HttpResponse {
  int status = 0;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
};

struct HttpLimits {
  Micros connect = std::chrono::seconds(10);
  Micros total = std::chrono::seconds(60);
};

// Thread-safe.
class Http {
 public:
  virtual ~Http() = default;
  // Any status is an answer. kUnavailable: there was none, and the request may or may not have been carried out;
  // kFailedPrecondition: it was certainly not sent (no connection, no such host), and trying again is harmless.
  virtual Result<HttpResponse> Send(const HttpRequest& request, const HttpLimits& limits) = 0;
};

// kFailedPrecondition names the package that is missing.
Result<std::unique_ptr<Http>> MakeHttp();

}  // namespace tidemill::cloud::aws
