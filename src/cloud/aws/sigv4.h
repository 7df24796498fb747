// AWS Signature Version 4: what makes a request ours. Pure; tested with AWS's published examples.
#pragma once

#include <string>
#include <string_view>

#include "base/units.h"
#include "wire/http.h"

namespace tidemill::cloud::aws {

using wire::HttpRequest;

// Never printed, logged or put into an error.
struct Credentials {
  std::string access_key;
  std::string secret_key;
  std::string session_token;  // empty: long-lived
  Timestamp expires = Timestamp::max();
};

struct Scope {
  std::string region;
  std::string service;  // as in the signature: "elasticmapreduce", "s3"
};

// 32 bytes.
std::string HmacSha256(std::string_view key, std::string_view message);

// The request, which has no host, date and authorization among its headers, with X-Amz-Date, the security token and
// Authorization added; for s3 also x-amz-content-sha256. All its headers are signed.
HttpRequest Signed(HttpRequest request, const Credentials& credentials, const Scope& scope, Timestamp now);

}  // namespace tidemill::cloud::aws
