// AWS Signature Version 4: what makes a request ours. Pure; tested with AWS's published examples.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/units.h"

namespace tidemill::cloud::aws {

// Never printed, logged or put into an error.
struct Credentials {
  std::string access_key;
  std::string secret_key;
  std::string session_token;  // empty: long-lived
  Timestamp expires = Timestamp::max();
};

struct HttpRequest {
  std::string method = "GET";
  std::string scheme = "https";
  std::string host;                                            // with its port where that is not the scheme's
  std::string path = "/";                                      // not encoded
  std::vector<std::pair<std::string, std::string>> query{};    // not encoded
  std::vector<std::pair<std::string, std::string>> headers{};  // without host, date and authorization
  std::string body{};

  // As it goes over the wire.
  std::string Url() const;
};

struct Scope {
  std::string region;
  std::string service;  // as in the signature: "elasticmapreduce", "s3"
};

// Percent-encoding of RFC 3986: all but letters, digits and -._~ (and '/' where it is kept).
std::string PercentEncoded(std::string_view text, bool keep_slash);
// 32 bytes.
std::string HmacSha256(std::string_view key, std::string_view message);

// The request with X-Amz-Date, the security token and Authorization added; for s3 also x-amz-content-sha256. All its
// headers are signed.
HttpRequest Signed(HttpRequest request, const Credentials& credentials, const Scope& scope, Timestamp now);

}  // namespace tidemill::cloud::aws
