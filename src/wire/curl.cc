#include <dlfcn.h>

#include "wire/detail/curl.h"

namespace tidemill::wire {
namespace {

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

}  // namespace

Result<Curl> LoadCurl() {
  void* library = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
  Curl curl{};
  if (library == nullptr || !LookUpAll(library, curl)) {
    return FailedPrecondition(
        "talking to other machines needs libcurl 4, which is not on this one; install it (libcurl4)");
  }
  curl.global_init(CURL_GLOBAL_DEFAULT);
  return curl;
}

bool NeverSent(CURLcode code) {
  return code == CURLE_COULDNT_RESOLVE_HOST || code == CURLE_COULDNT_RESOLVE_PROXY || code == CURLE_COULDNT_CONNECT ||
         code == CURLE_SSL_CONNECT_ERROR || code == CURLE_PEER_FAILED_VERIFICATION;
}

}  // namespace tidemill::wire
