#include "wire/http.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>

#include "base/lower.h"
#include "wire/detail/curl.h"

namespace tidemill::wire {
namespace {

size_t TakeBody(char* bytes, size_t size, size_t count, void* body) {
  static_cast<std::string*>(body)->append(bytes, size * count);
  return size * count;
}

size_t TakeHeader(char* bytes, size_t size, size_t count, void* headers) {
  const std::string_view line(bytes, size * count);
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos) return size * count;
  std::string name = LowerAscii(line.substr(0, colon));
  std::string_view value = line.substr(colon + 1);
  const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
  while (!value.empty() && blank(value.front())) value.remove_prefix(1);
  while (!value.empty() && blank(value.back())) value.remove_suffix(1);
  (*static_cast<std::map<std::string, std::string>*>(headers))[name] = value;
  return size * count;
}

class CurlHttp final : public Http {
 public:
  explicit CurlHttp(const Curl& curl) : curl_(curl) {}

  Result<HttpResponse> Send(const HttpRequest& request, const HttpLimits& limits) override {
    const std::unique_ptr<CURL, decltype(curl_.easy_cleanup)> handle(curl_.easy_init(), curl_.easy_cleanup);
    if (!handle) return Internal("libcurl gave no handle");
    HttpResponse response;
    curl_slist* list = nullptr;
    for (const auto& [name, value] : request.headers) {
      list = curl_.slist_append(list, fmt::format("{}: {}", name, value).c_str());
    }
    list = curl_.slist_append(list, "Expect:");  // no waiting for "100 Continue"
    const std::unique_ptr<curl_slist, decltype(curl_.slist_free_all)> headers(list, curl_.slist_free_all);
    const auto set = [&](CURLoption option, auto value) { curl_.setopt(handle.get(), option, value); };
    set(CURLOPT_URL, request.Url().c_str());
    set(CURLOPT_CUSTOMREQUEST, request.method.c_str());
    set(CURLOPT_HTTPHEADER, headers.get());
    set(CURLOPT_PATH_AS_IS, 1L);
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_FOLLOWLOCATION, 0L);
    set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(limits.connect.count() / 1000));
    set(CURLOPT_TIMEOUT_MS, static_cast<long>(limits.total.count() / 1000));
    set(CURLOPT_WRITEFUNCTION, &TakeBody);
    set(CURLOPT_WRITEDATA, static_cast<void*>(&response.body));
    set(CURLOPT_HEADERFUNCTION, &TakeHeader);
    set(CURLOPT_HEADERDATA, static_cast<void*>(&response.headers));
    if (request.method == "HEAD") {
      set(CURLOPT_NOBODY, 1L);
    } else if (request.method == "POST" || request.method == "PUT" || !request.body.empty()) {
      set(CURLOPT_POSTFIELDS, request.body.data());
      set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    }
    const CURLcode code = curl_.perform(handle.get());
    if (code != CURLE_OK) {
      const std::string what = fmt::format("{}: {}", request.host, curl_.strerror(code));
      if (code == CURLE_COULDNT_RESOLVE_HOST) return NotFound(what);
      return NeverSent(code) ? FailedPrecondition(what) : Unavailable(what);
    }
    long status = 0;
    curl_.getinfo(handle.get(), CURLINFO_RESPONSE_CODE, &status);
    response.status = static_cast<int>(status);
    return response;
  }

 private:
  const Curl curl_;
};

}  // namespace

std::string PercentEncoded(std::string_view text, bool keep_slash) {
  std::string encoded;
  for (const unsigned char c : text) {
    const bool plain = (c < 0x80 && std::isalnum(c) != 0) || c == '-' || c == '.' || c == '_' || c == '~';
    encoded += plain || (c == '/' && keep_slash) ? std::string(1, static_cast<char>(c)) : fmt::format("%{:02X}", c);
  }
  return encoded;
}

std::string PercentDecoded(std::string_view text) {
  std::string decoded;
  for (size_t i = 0; i < text.size(); ++i) {
    unsigned code = 0;
    if (text[i] == '%' && i + 2 < text.size() &&
        std::from_chars(text.data() + i + 1, text.data() + i + 3, code, 16).ptr == text.data() + i + 3) {
      decoded += static_cast<char>(code);
      i += 2;
    } else {
      decoded += text[i];
    }
  }
  return decoded;
}

std::string HttpRequest::EncodedQuery() const {
  std::vector<std::pair<std::string, std::string>> encoded;
  for (const auto& [key, value] : query) encoded.emplace_back(PercentEncoded(key, false), PercentEncoded(value, false));
  std::sort(encoded.begin(), encoded.end());
  std::string text;
  for (const auto& [key, value] : encoded) text += fmt::format("{}{}={}", text.empty() ? "" : "&", key, value);
  return text;
}

std::string HttpRequest::Url() const {
  std::string url = fmt::format("{}://{}{}", scheme, host, PercentEncoded(path, true));
  const std::string text = EncodedQuery();
  return text.empty() ? url : url + "?" + text;
}

Result<HttpRequest> RequestTo(std::string_view url) {
  HttpRequest request;
  const size_t scheme = url.find("://");
  request.scheme = LowerAscii(url.substr(0, std::min(scheme, url.size())));
  if (scheme == std::string_view::npos || (request.scheme != "http" && request.scheme != "https")) {
    return InvalidArgument("a URL must begin with http:// or https://");
  }
  url.remove_prefix(scheme + 3);
  url = url.substr(0, url.find('#'));
  const size_t host = std::min(url.find_first_of("/?"), url.size());
  request.host = url.substr(0, host);
  if (request.host.empty()) return InvalidArgument("a URL must name a host");
  const size_t question = std::min(url.find('?'), url.size());
  if (question > host) request.path = PercentDecoded(url.substr(host, question - host));
  std::string_view rest = url.substr(std::min(question + 1, url.size()));
  while (!rest.empty()) {
    const size_t end = std::min(rest.find('&'), rest.size()), equals = std::min(rest.find('='), end);
    request.query.emplace_back(PercentDecoded(rest.substr(0, equals)),
                               equals < end ? PercentDecoded(rest.substr(equals + 1, end - equals - 1)) : "");
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return request;
}

Result<std::unique_ptr<Http>> MakeHttp() {
  ASSIGN_OR_RETURN(const Curl curl, LoadCurl());
  return std::unique_ptr<Http>(std::make_unique<CurlHttp>(curl));
}

}  // namespace tidemill::wire
