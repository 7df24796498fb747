#include "cloud/aws/client.h"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <nlohmann/json.hpp>
#include <optional>

#include "cloud/aws/xml.h"

namespace tidemill::cloud::aws {
namespace {

constexpr int kMostQuota = 500, kRetryCost = 5, kTimeoutCost = 10;
constexpr Micros kSkewWorthMending = std::chrono::minutes(4);

// What to do about a code. Data, because services spell the same thing in many ways.
enum class Kind {
  kThrottle,
  kExpired,
  kSkew,
  kDenied,
  kQuota,
  kCapacity,
  kNotFound,
  kExists,
  kInUse,
  kRegion,
  kArchived
};
struct Code {
  std::string_view code;
  Kind kind;
};
constexpr Code kCodes[] = {
    {"Throttling", Kind::kThrottle},
    {"ThrottlingException", Kind::kThrottle},
    {"ThrottledException", Kind::kThrottle},
    {"RequestLimitExceeded", Kind::kThrottle},
    {"RequestThrottled", Kind::kThrottle},
    {"TooManyRequestsException", Kind::kThrottle},
    {"SlowDown", Kind::kThrottle},
    {"PriorRequestNotComplete", Kind::kThrottle},
    {"ExpiredToken", Kind::kExpired},
    {"ExpiredTokenException", Kind::kExpired},
    {"RequestExpired", Kind::kExpired},
    {"RequestTimeTooSkewed", Kind::kSkew},
    {"RequestInTheFuture", Kind::kSkew},
    {"SignatureDoesNotMatch", Kind::kSkew},
    {"InvalidSignatureException", Kind::kSkew},
    {"AccessDenied", Kind::kDenied},
    {"AccessDeniedException", Kind::kDenied},
    {"UnauthorizedOperation", Kind::kDenied},
    {"AuthFailure", Kind::kDenied},
    {"InvalidClientTokenId", Kind::kDenied},
    {"UnrecognizedClientException", Kind::kDenied},
    {"InvalidAccessKeyId", Kind::kDenied},
    {"LimitExceeded", Kind::kQuota},
    {"LimitExceededException", Kind::kQuota},
    {"VcpuLimitExceeded", Kind::kQuota},
    {"MaxSpotInstanceCountExceeded", Kind::kQuota},
    {"InstanceLimitExceeded", Kind::kQuota},
    {"ServiceQuotaExceededException", Kind::kQuota},
    {"InsufficientInstanceCapacity", Kind::kCapacity},
    {"EC2 Capacity Error", Kind::kCapacity},
    {"NoSuchEntity", Kind::kNotFound},
    {"NoSuchKey", Kind::kNotFound},
    {"NoSuchBucket", Kind::kNotFound},
    {"InvalidGroup.NotFound", Kind::kNotFound},
    {"EntityAlreadyExists", Kind::kExists},
    {"InvalidGroup.Duplicate", Kind::kExists},
    {"InvalidGroupId.NotFound", Kind::kNotFound},
    {"InvalidPermission.NotFound", Kind::kNotFound},
    {"ResourceNotFound", Kind::kNotFound},
    {"EntityAlreadyExistsException", Kind::kExists},
    {"DependencyViolation", Kind::kInUse},
    {"DeleteConflict", Kind::kInUse},
    {"InvalidObjectState", Kind::kArchived},
    {"PermanentRedirect", Kind::kRegion},
    {"AuthorizationHeaderMalformed", Kind::kRegion},
    {"IllegalLocationConstraintException", Kind::kRegion},
};

const Code* Find(const std::string& code) {
  const auto found = std::find_if(std::begin(kCodes), std::end(kCodes), [&](const Code& c) { return c.code == code; });
  return found == std::end(kCodes) ? nullptr : found;
}
bool Is(const ServiceError& error, Kind kind) {
  const Code* code = Find(error.code);
  return code != nullptr && code->kind == kind;
}

// "Tue, 15 Nov 1994 08:12:31 GMT".
std::optional<Timestamp> HttpDate(const std::string& text) {
  std::tm time{};
  if (strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &time) == nullptr) return std::nullopt;
  return Timestamp(std::chrono::seconds(timegm(&time)));
}

// Those of 2025. A host that is not found in another one is taken for a mistake in its name, not for a network that is
// away.
constexpr std::string_view kRegions[] = {
    "af-south-1",     "ap-east-1",      "ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1",
    "ap-south-2",     "ap-southeast-1", "ap-southeast-2", "ap-southeast-3", "ap-southeast-4", "ap-southeast-5",
    "ap-southeast-7", "ca-central-1",   "ca-west-1",      "cn-north-1",     "cn-northwest-1", "eu-central-1",
    "eu-central-2",   "eu-north-1",     "eu-south-1",     "eu-south-2",     "eu-west-1",      "eu-west-2",
    "eu-west-3",      "il-central-1",   "me-central-1",   "me-south-1",     "mx-central-1",   "sa-east-1",
    "us-east-1",      "us-east-2",      "us-gov-east-1",  "us-gov-west-1",  "us-west-1",      "us-west-2"};
bool IsKnown(const std::string& region) {
  return std::find(std::begin(kRegions), std::end(kRegions), region) != std::end(kRegions);
}

bool Throttled(const HttpResponse& response, const ServiceError& error) {
  return response.status == 429 || response.status == 503 || Is(error, Kind::kThrottle);
}

}  // namespace

ServiceError ServiceErrorOf(const HttpResponse& response) {
  ServiceError error{response.status, "", ""};
  const auto json = nlohmann::json::parse(response.body, nullptr, false);
  if (json.is_object()) {
    for (const char* key : {"__type", "code", "Code"}) {
      if (json.contains(key) && json[key].is_string()) error.code = json[key];
    }
    for (const char* key : {"message", "Message", "errorMessage"}) {
      if (json.contains(key) && json[key].is_string()) error.message = json[key];
    }
  } else {
    error.code = XmlText(response.body, "Code");
    error.message = XmlText(response.body, "Message");
  }
  if (const auto type = response.headers.find("x-amzn-errortype");
      error.code.empty() && type != response.headers.end()) {
    error.code = type->second;
  }
  if (const size_t hash = error.code.find('#'); hash != std::string::npos) error.code.erase(0, hash + 1);
  error.code = error.code.substr(0, error.code.find(':'));
  return error;
}

Error ErrorOf(const ServiceError& error, const Call& call) {
  const std::string said =
      error.code.empty() ? fmt::format("status {}", error.status) : fmt::format("{}: {}", error.code, error.message);
  const auto make = [&](ErrorKind kind, const std::string& what) {
    return Error{.kind = kind, .message = fmt::format("{}: {} ({})", call.action, what, said)};
  };
  const Code* code = Find(error.code);
  if (code == nullptr) {
    if (error.status == 429 || error.status >= 500) return make(ErrorKind::kUnavailable, "AWS could not do it now");
    if (error.status == 403) return make(ErrorKind::kPermissionDenied, "not allowed");
    if (error.status == 404) return make(ErrorKind::kNotFound, "not there");
    return make(ErrorKind::kInvalidArgument, "AWS refused the request");
  }
  switch (code->kind) {
    case Kind::kThrottle:
      return make(ErrorKind::kUnavailable, "AWS asks for fewer calls; try again later");
    case Kind::kExpired:
      return make(ErrorKind::kPermissionDenied, "the credentials have expired; sign in again");
    case Kind::kSkew:
      return make(ErrorKind::kPermissionDenied,
                  "the signature was refused; look at the secret key and this machine's clock");
    case Kind::kDenied:
      return make(ErrorKind::kPermissionDenied,
                  fmt::format("these credentials may not; allow {} in their policy", call.action));
    case Kind::kQuota:
      return make(ErrorKind::kResourceExhausted,
                  "the account's quota is used up; ask AWS for more, or for fewer nodes");
    case Kind::kCapacity:
      return make(ErrorKind::kUnavailable, "AWS has no such instances now; name more types or zones");
    case Kind::kNotFound:
      return make(ErrorKind::kNotFound, "not there");
    case Kind::kExists:
      return make(ErrorKind::kAlreadyExists, "there already");
    case Kind::kInUse:
      return make(ErrorKind::kFailedPrecondition, "something still uses it; try again when that is gone");
    case Kind::kArchived:
      return make(ErrorKind::kFailedPrecondition,
                  "it lies in an archive; restore it first (`aws s3api restore-object`, 3 to 5 hours)");
    case Kind::kRegion:
      return make(ErrorKind::kInvalidArgument, "that is in another region; set `region` to it");
  }
  return make(ErrorKind::kInternal, "unknown");
}

Client::Client(Http& http, CredentialSource& credentials, const Clock& clock, uint64_t seed,
               std::function<bool(Micros)> sleep, Patience patience)
    : http_(http),
      credentials_(credentials),
      clock_(clock),
      sleep_(std::move(sleep)),
      patience_(patience),
      random_(seed) {}

Result<HttpResponse> Client::Send(const Call& call) {
  ASSIGN_OR_RETURN(auto answer, SendForAnswer(call));
  if (answer.status / 100 == 2) return answer;
  return ErrorOf(ServiceErrorOf(answer), call);
}

Result<HttpResponse> Client::SendForAnswer(const Call& call) {
  bool mended = false;
  for (int tried = 1;; ++tried) {
    ASSIGN_OR_RETURN(const auto credentials, credentials_.Get());
    Micros skew{};
    {
      const std::lock_guard lock(mutex_);
      skew = skew_;
    }
    const auto request = Signed(call.request, credentials, {call.region, call.service}, clock_.Now() + skew);
    auto answer = http_.Send(request, patience_.limits);
    const Verdict verdict = Judge(answer, call, mended);
    if (verdict.mended) {
      mended = true;
      continue;
    }
    if (!verdict.again || tried >= patience_.tries || !TakeQuota(verdict.cost)) {
      if (answer.ok() && answer->status < 500 && !Throttled(*answer, ServiceErrorOf(*answer))) {
        if (answer->status / 100 == 2) TakeQuota(-1);
        return answer;
      }
      if (answer.ok()) return ErrorOf(ServiceErrorOf(*answer), call);
      if (answer.error().kind == ErrorKind::kNotFound && !IsKnown(call.region)) {
        return InvalidArgument(
            fmt::format("{}: {}; is '{}' a region of AWS?", call.action, answer.error().message, call.region));
      }
      auto error = answer.error();
      error.kind = ErrorKind::kUnavailable;
      error.message = fmt::format("{}: {}", call.action, error.message);
      return error;
    }
    if (!sleep_(Wait(tried))) return Error{.kind = ErrorKind::kCancelled, .message = "stopped while waiting for AWS"};
  }
}

Client::Verdict Client::Judge(const Result<HttpResponse>& answer, const Call& call, bool mended_before) {
  if (!answer.ok()) {
    const auto kind = answer.error().kind;
    const bool never_sent = kind == ErrorKind::kFailedPrecondition || kind == ErrorKind::kNotFound;
    return {.again = never_sent || call.repeatable, .cost = kTimeoutCost};
  }
  if (answer->status / 100 == 2) return {};
  const ServiceError error = ServiceErrorOf(*answer);
  if (Is(error, Kind::kExpired) && !mended_before) {
    credentials_.Renew();
    return {.mended = true};
  }
  if (Is(error, Kind::kSkew) && !mended_before) {
    const auto date = answer->headers.find("date");
    const auto theirs = date == answer->headers.end() ? std::nullopt : HttpDate(date->second);
    if (!theirs) return {};
    const Micros skew = *theirs - clock_.Now();
    const std::lock_guard lock(mutex_);
    const Micros off = skew - skew_;
    if (off < kSkewWorthMending && off > -kSkewWorthMending) return {};
    skew_ = skew;
    return {.mended = true};
  }
  // A service that throttles did nothing; one that failed may have.
  if (Throttled(*answer, error)) return {.again = true, .cost = kRetryCost};
  return {.again = answer->status >= 500 && call.repeatable, .cost = kRetryCost};
}

bool Client::TakeQuota(int tokens) {
  const std::lock_guard lock(mutex_);
  if (quota_ < tokens) return false;
  quota_ = std::min(quota_ - tokens, kMostQuota);
  return true;
}

Micros Client::Wait(int tried) {
  const std::lock_guard lock(mutex_);
  const Micros most = std::min(patience_.most, patience_.first * (int64_t{1} << std::min(tried - 1, 20)));
  return Micros(static_cast<int64_t>(random_() % static_cast<uint64_t>(most.count() + 1)));
}

}  // namespace tidemill::cloud::aws
