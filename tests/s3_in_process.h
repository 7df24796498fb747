// S3 in this process, for tests that make commits by the thousand: one map, conditional PUTs, ranges, lists, and faults
// by a plan. It speaks what an HTTP client is given, so that all above it is the real store. Signatures are not checked
// here; tests/cloud/s3_double.py does that.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "wire/http.h"

namespace tidemill {

enum class S3Fault {
  kNone,
  kDrop,      // carried out, then no answer
  kLost,      // not carried out, no answer
  kLate,      // no answer, and carried out some requests later
  kFails,     // not carried out, 500
  kAfter,     // carried out, then 500
  kSlow,      // not carried out, 503
  kDenied,    // not carried out, 403
  kUnderWay,  // another's conditional PUT is under way: 409
  kTruncated  // the body ends early
};

class S3InProcess final : public wire::Http {
 public:
  using Request = wire::HttpRequest;
  using Response = wire::HttpResponse;
  // Asked before every request; may change `objects` as a rival would.
  std::function<S3Fault(const Request&)> plan = [](const Request&) { return S3Fault::kNone; };
  std::map<std::string, std::string> objects;  // by "bucket/key"
  int64_t requests = 0;

  Result<Response> Send(const Request& request, const wire::HttpLimits&) override {
    ++requests;
    while (!late_.empty() && late_.front().first <= requests) LandOne();
    const S3Fault fault = plan(request);
    switch (fault) {
      case S3Fault::kLost:
        return Unavailable("the connection broke");
      case S3Fault::kLate:
        late_.emplace_back(requests + kDelay, request);
        return Unavailable("the connection broke");
      case S3Fault::kFails:
        return Refusal(500, "InternalError");
      case S3Fault::kSlow:
        return Refusal(503, "SlowDown");
      case S3Fault::kDenied:
        return Refusal(403, "AccessDenied");
      case S3Fault::kUnderWay:
        return Refusal(409, "ConditionalRequestConflict");
      default:
        break;
    }
    Response answer = Carry(request);
    if (fault == S3Fault::kDrop) return Unavailable("the connection broke");
    if (fault == S3Fault::kAfter) return Refusal(500, "InternalError");
    if (fault == S3Fault::kTruncated) answer.body.resize(answer.body.size() / 2);
    return answer;
  }

  // What is still on its way arrives.
  void Land() {
    while (!late_.empty()) LandOne();
  }

 private:
  static constexpr int64_t kDelay = 5;  // requests; PUTs are tried again meanwhile

  void LandOne() {
    const Request request = late_.front().second;
    late_.pop_front();
    (void)Carry(request);
  }

  static Response Refusal(int status, const std::string& code) {
    return {status, {}, "<Error><Code>" + code + "</Code><Message>of the double</Message></Error>"};
  }

  static std::string Value(const std::vector<std::pair<std::string, std::string>>& of, const std::string& name) {
    for (const auto& [key, value] : of) {
      if (key == name) return value;
    }
    return "";
  }

  // The bytes' own, near enough.
  static std::string Etag(const std::string& bytes) {
    return '"' + std::to_string(std::hash<std::string>()(bytes)) + '"';
  }

  Response Carry(const Request& request) {
    const std::string key = request.path.substr(1);
    const auto found = objects.find(key);
    if (request.method == "GET" && !Value(request.query, "list-type").empty()) return Listed(key, request);
    if (request.method == "PUT") {
      if (Value(request.headers, "If-None-Match") == "*" && found != objects.end())
        return Refusal(412, "PreconditionFailed");
      objects[key] = request.body;
      return {200, {{"etag", Etag(request.body)}}, ""};
    }
    if (request.method == "DELETE") {
      objects.erase(key);
      return {204, {}, ""};
    }
    if (found == objects.end()) return Refusal(404, "NoSuchKey");
    const std::string& whole = found->second;
    std::map<std::string, std::string> headers = {{"etag", Etag(whole)},
                                                  {"last-modified", "Thu, 01 Jan 2026 00:00:00 GMT"},
                                                  {"content-length", std::to_string(whole.size())}};
    if (request.method == "HEAD") return {200, headers, ""};
    const std::string match = Value(request.headers, "If-Match"), range = Value(request.headers, "Range");
    if (!match.empty() && match != Etag(whole)) return Refusal(412, "PreconditionFailed");
    if (range.empty()) return {200, headers, whole};
    const size_t dash = range.find('-');
    const size_t first = std::stoul(range.substr(6, dash - 6)), last = std::stoul(range.substr(dash + 1));
    return {206, headers, whole.substr(first, last - first + 1)};
  }

  // Pages of a few, so that tokens are followed. Keys of these tests need no encoding.
  Response Listed(const std::string& bucket, const Request& request) {
    constexpr int kPage = 20;
    const std::string prefix = bucket + Value(request.query, "prefix");
    const bool flat = !Value(request.query, "delimiter").empty();
    std::string after = Value(request.query, "continuation-token");
    if (after.empty()) after = Value(request.query, "start-after");
    std::string items, last;
    int count = 0;
    bool more = false;
    for (auto at = objects.lower_bound(prefix); at != objects.end() && at->first.starts_with(prefix); ++at) {
      const std::string name = at->first.substr(bucket.size());
      if (name <= after || (flat && at->first.find('/', prefix.size()) != std::string::npos)) continue;
      if (count == kPage) {
        more = true;
        break;
      }
      ++count;
      last = name;
      items += "<Contents><Key>" + name + "</Key><Size>" + std::to_string(at->second.size()) +
               "</Size><LastModified>2026-01-01T00:00:00.000Z</LastModified></Contents>";
    }
    std::string body = std::string("<ListBucketResult><IsTruncated>") + (more ? "true" : "false") + "</IsTruncated>";
    if (more) body += "<NextContinuationToken>" + last + "</NextContinuationToken>";
    return {200, {}, body + items + "</ListBucketResult>"};
  }

  std::deque<std::pair<int64_t, Request>> late_;  // when, and what
};

}  // namespace tidemill
