// Signed calls that are tried again where that is safe: full jitter between tries, a quota that keeps a broken service
// from being hammered, credentials renewed when they end, the clock corrected when AWS says it is off.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <random>
#include <string>

#include "base/clock.h"
#include "cloud/aws/credentials.h"
#include "wire/http.h"

namespace tidemill::cloud::aws {

using wire::Http;
using wire::HttpLimits;
using wire::HttpResponse;

struct Call {
  std::string service;  // as in the signature
  std::string action;   // as in a policy: "elasticmapreduce:RunJobFlow"; errors name it
  std::string region;
  HttpRequest request;
  bool repeatable = true;  // carrying it out twice is as good as once: it reads, or has a token
};

// What the service said no with.
struct ServiceError {
  int status = 0;
  std::string code;  // "ThrottlingException"
  std::string message;
};
// From a JSON or XML body. Empty code: the body says nothing.
ServiceError ServiceErrorOf(const HttpResponse& response);
// As the house tells it: what failed, and what to do. `action` is what a policy must allow.
Error ErrorOf(const ServiceError& error, const Call& call);

struct Patience {
  int tries = 5;
  Micros first = std::chrono::milliseconds(200);  // a wait is random below this, doubled each time
  Micros most = std::chrono::seconds(20);
  HttpLimits limits;
};

// Thread-safe.
class Client {
 public:
  // `sleep` waits, and gives false when the user asked to stop.
  Client(Http& http, CredentialSource& credentials, const Clock& clock, uint64_t seed,
         std::function<bool(Micros)> sleep, Patience patience = {});

  // A status of 2xx; any other answer is an error by ErrorOf. kUnavailable of a call that is not repeatable means that
  // it may have been carried out.
  Result<HttpResponse> Send(const Call& call);
  // The same, but 3xx and 4xx (less throttling and what can be mended) are answers too: S3's 404, 409, 412.
  Result<HttpResponse> SendForAnswer(const Call& call);

 private:
  struct Verdict {
    bool again = false;
    bool mended = false;  // credentials or clock: at once, and once only
    int cost = 0;         // of the quota
  };
  Verdict Judge(const Result<HttpResponse>& answer, const Call& call, bool mended_before);
  bool TakeQuota(int tokens);
  Micros Wait(int tried);

  Http& http_;
  CredentialSource& credentials_;
  const Clock& clock_;
  std::function<bool(Micros)> sleep_;
  const Patience patience_;
  std::mutex mutex_;
  std::mt19937_64 random_;
  int quota_ = 500;
  Micros skew_{};  // AWS's clock less ours
};

}  // namespace tidemill::cloud::aws
