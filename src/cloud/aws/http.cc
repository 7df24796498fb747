#include "cloud/aws/http.h"

#include "base/lower.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>
#undef curl_easy_setopt
#undef curl_easy_getinfo

namespace tidemill::cloud::aws {
namespace {

// libcurl's functions, looked up by name.
struct Curl {
  decltype(&::curl_global_init) global_init;
  decltype(&::curl_easy_init) easy_init;
  decltype(&::curl_easy_cleanup) easy_cleanup;
  decltype(&::curl_easy_setopt) setopt;
  decltype(&::curl_easy_perform) perform;
  decltype(&::curl_easy_getinfo) getinfo;
  decltype(&::curl_easy_strerror) strerror;
  decltype(&::curl_slist_append) slist_append;
  decltype(&::curl_slist_free_all) slist_free_all;
};

template <typename Function>
bool LookUp(void* library, const char* name, Function& function) {
  function = reinterpret_cast<Function>(dlsym(library, name));
  return function != nullptr;
}

bool LookUpAll(void* library, Curl& curl) {
  return LookUp(library, "curl_global_init", curl.global_init) && LookUp(library, "curl_easy_init", curl.easy_init) &&
         LookUp(library, "curl_easy_cleanup", curl.easy_cleanup) && LookUp(library, "curl_easy_setopt", curl.setopt) &&
         LookUp(library, "curl_easy_perform", curl.perform) && LookUp(library, "curl_easy_getinfo", curl.getinfo) &&
         LookUp(library, "curl_easy_strerror", curl.strerror) &&
         LookUp(library, "curl_slist_append", curl.slist_append) &&
         LookUp(library, "curl_slist_free_all", curl.slist_free_all);
}

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

bool NeverSent(CURLcode code) {
  return code == CURLE_COULDNT_RESOLVE_HOST || code == CURLE_COULDNT_RESOLVE_PROXY || code == CURLE_COULDNT_CONNECT ||
         code == CURLE_SSL_CONNECT_ERROR || code == CURLE_PEER_FAILED_VERIFICATION;
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

Result<std::unique_ptr<Http>> MakeHttp() {
  void* library = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
  Curl curl{};
  if (library == nullptr || !LookUpAll(library, curl)) {
    return FailedPrecondition("talking to AWS needs libcurl 4, which is not on this machine; install it (libcurl4)");
  }
  curl.global_init(CURL_GLOBAL_DEFAULT);
  return std::unique_ptr<Http>(std::make_unique<CurlHttp>(curl));
}

}  // namespace tidemill::cloud::aws
