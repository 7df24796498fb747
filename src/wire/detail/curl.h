// libcurl's functions, looked up by name when they are first needed. Of this room alone.
#pragma once

#include "base/result.h"

#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>
#undef curl_easy_setopt
#undef curl_easy_getinfo

namespace tidemill::wire {

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

// Ready for use. kFailedPrecondition names the package that is missing.
Result<Curl> LoadCurl();

// That an exchange that ended so never reached its server.
bool NeverSent(CURLcode code);

}  // namespace tidemill::wire
