// Room wire: what is sent to other machines by HTTP and mail; knows no service. libcurl is loaded when first needed: a
// program that never sends anything runs without it.
//
// http.h: one HTTP exchange.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/units.h"

namespace tidemill::wire {

struct HttpRequest {
  std::string method = "GET";
  std::string scheme = "https";
  std::string host;                                            // with its port where that is not the scheme's
  std::string path = "/";                                      // not encoded
  std::vector<std::pair<std::string, std::string>> query{};    // not encoded
  std::vector<std::pair<std::string, std::string>> headers{};  // as far as the sender knows them
  std::string body{};

  // As it goes over the wire, its query in order.
  std::string Url() const;
  std::string EncodedQuery() const;
};

// "https://host:port/path?a=b" as a GET. kInvalidArgument, without the URL in its words, for what is none of http or
// https: paths and queries of such URLs may be secrets.
Result<HttpRequest> RequestTo(std::string_view url);

// Percent-encoding of RFC 3986: all but letters, digits and -._~ (and '/' where it is kept).
std::string PercentEncoded(std::string_view text, bool keep_slash);
// Leaves what is no two hexadecimal digits after a '%' as it is.
std::string PercentDecoded(std::string_view text);

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
  // kFailedPrecondition: it was certainly not sent (no connection), and trying again is harmless; kNotFound: the same,
  // because there is no such host. Errors name the host alone.
  virtual Result<HttpResponse> Send(const HttpRequest& request, const HttpLimits& limits) = 0;
};

// kFailedPrecondition names the package that is missing.
Result<std::unique_ptr<Http>> MakeHttp();

}  // namespace tidemill::wire
