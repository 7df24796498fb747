#include "wire/mail.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "base/base64.h"
#include "wire/detail/curl.h"

namespace tidemill::wire {
namespace {

std::string OneLine(std::string text) {
  std::replace_if(text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }, ' ');
  return text;
}

// A header's text in words of RFC 2047, none of them too long, none cutting a character in two.
std::string Encoded(const std::string& text) {
  if (std::all_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x80; })) return text;
  std::string words;
  for (size_t at = 0; at < text.size();) {
    size_t end = std::min(at + 42, text.size());
    while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
    words += fmt::format("{}=?UTF-8?B?{}?=", words.empty() ? "" : "\r\n ", Base64(text.substr(at, end - at)));
    at = end;
  }
  return words;
}

struct Unread {
  std::string_view text;
};
size_t GiveText(char* to, size_t size, size_t count, void* from) {
  auto& unread = *static_cast<Unread*>(from);
  const size_t n = std::min(size * count, unread.text.size());
  std::copy_n(unread.text.data(), n, to);
  unread.text.remove_prefix(n);
  return n;
}

}  // namespace

std::string MessageText(const Mail& mail) {
  std::string to;
  for (const auto& address : mail.to) to += (to.empty() ? "" : ",\r\n ") + OneLine(address);
  std::string message = fmt::format(
      "Date: {:%a, %d %b %Y %H:%M:%S} +0000\r\nFrom: {}\r\nTo: {}\r\nSubject: {}\r\nMessage-ID: <{}@tidemill>\r\n"
      "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n",
      std::chrono::floor<std::chrono::seconds>(mail.date), OneLine(mail.from), to, Encoded(OneLine(mail.subject)),
      OneLine(mail.id));
  const std::string body = Base64(mail.text);
  constexpr size_t kLine = 76;
  for (size_t at = 0; at < body.size(); at += kLine) message += body.substr(at, kLine) + "\r\n";
  return message;
}

Status Send(const MailServer& server, const Mail& mail, Micros limit) {
  ASSIGN_OR_RETURN(const Curl curl, LoadCurl());
  const std::unique_ptr<CURL, decltype(curl.easy_cleanup)> handle(curl.easy_init(), curl.easy_cleanup);
  if (!handle) return Internal("libcurl gave no handle");
  const auto set = [&](CURLoption option, auto value) { curl.setopt(handle.get(), option, value); };
  curl_slist* list = nullptr;
  for (const auto& address : mail.to) list = curl.slist_append(list, OneLine(address).c_str());
  const std::unique_ptr<curl_slist, decltype(curl.slist_free_all)> recipients(list, curl.slist_free_all);
  const std::string from = OneLine(mail.from), message = MessageText(mail);
  Unread unread{message};
  set(CURLOPT_URL, server.url.c_str());
  set(CURLOPT_MAIL_FROM, from.c_str());
  set(CURLOPT_MAIL_RCPT, recipients.get());
  set(CURLOPT_USE_SSL, static_cast<long>(CURLUSESSL_TRY));
  if (!server.user.empty()) {
    set(CURLOPT_USERNAME, server.user.c_str());
    set(CURLOPT_PASSWORD, server.password.c_str());
    set(CURLOPT_USE_SSL, static_cast<long>(CURLUSESSL_ALL));  // a password goes over no open line
  }
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_TIMEOUT_MS, static_cast<long>(limit.count() / 1000));
  set(CURLOPT_UPLOAD, 1L);
  set(CURLOPT_READFUNCTION, &GiveText);
  set(CURLOPT_READDATA, static_cast<void*>(&unread));
  const CURLcode code = curl.perform(handle.get());
  if (code == CURLE_OK) return Ok();
  const std::string what = fmt::format("mail: {}", curl.strerror(code));
  return NeverSent(code) ? FailedPrecondition(what) : Unavailable(what);
}

}  // namespace tidemill::wire
