#include "cloud/aws/sigv4.h"

#include "base/lower.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <map>

#include "base/sha256.h"

namespace tidemill::cloud::aws {
namespace {

constexpr size_t kBlock = 64;

std::string BytesOf(std::string_view hex) {
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  std::string bytes;
  for (size_t i = 0; i + 1 < hex.size(); i += 2) bytes += static_cast<char>(digit(hex[i]) * 16 + digit(hex[i + 1]));
  return bytes;
}

std::string HexOf(std::string_view bytes) {
  std::string hex;
  for (const unsigned char byte : bytes) hex += fmt::format("{:02x}", byte);
  return hex;
}

// Ends trimmed, runs of spaces made one.
std::string HeaderValue(std::string_view text) {
  std::string value;
  for (const char c : text) {
    if (c == ' ' && (value.empty() || value.back() == ' ')) continue;
    value += c;
  }
  while (!value.empty() && value.back() == ' ') value.pop_back();
  return value;
}

// "20150830T123600Z".
std::string BasicTime(Timestamp time) {
  std::string text = FormatTimestamp(std::chrono::floor<std::chrono::seconds>(time));
  std::erase_if(text, [](char c) { return c == '-' || c == ':'; });
  return text;
}

// Without "." and ".." and doubled slashes, which every service but S3 takes out.
std::string Normalised(std::string_view path) {
  std::vector<std::string_view> parts;
  const bool folder = path.ends_with('/') || path.ends_with("/.") || path.ends_with("/..");
  while (!path.empty()) {
    const size_t slash = std::min(path.find('/'), path.size());
    const std::string_view part = path.substr(0, slash);
    path.remove_prefix(std::min(slash + 1, path.size()));
    if (part == ".." && !parts.empty()) parts.pop_back();
    if (!part.empty() && part != "." && part != "..") parts.push_back(part);
  }
  std::string normal;
  for (const auto part : parts) normal += "/" + std::string(part);
  if (folder || normal.empty()) normal += "/";
  return normal;
}

std::string CanonicalPath(const HttpRequest& request, const Scope& scope) {
  if (scope.service == "s3") return wire::PercentEncoded(request.path, true);
  return wire::PercentEncoded(wire::PercentEncoded(Normalised(request.path), true), true);
}

}  // namespace

std::string HmacSha256(std::string_view key, std::string_view message) {
  std::string block = key.size() > kBlock ? BytesOf(Sha256Hex(key)) : std::string(key);
  block.resize(kBlock);
  std::string inner = block, outer = block;
  for (char& c : inner) c = static_cast<char>(c ^ 0x36);
  for (char& c : outer) c = static_cast<char>(c ^ 0x5c);
  return BytesOf(Sha256Hex(outer + BytesOf(Sha256Hex(inner + std::string(message)))));
}

HttpRequest Signed(HttpRequest request, const Credentials& credentials, const Scope& scope, Timestamp now) {
  const std::string time = BasicTime(now), date = time.substr(0, 8), body_hash = Sha256Hex(request.body);
  request.headers.emplace_back("X-Amz-Date", time);
  if (!credentials.session_token.empty())
    request.headers.emplace_back("X-Amz-Security-Token", credentials.session_token);
  if (scope.service == "s3") request.headers.emplace_back("x-amz-content-sha256", body_hash);
  std::map<std::string, std::string> headers = {{"host", request.host}};
  for (const auto& [name, value] : request.headers) {
    auto& known = headers[LowerAscii(name)];
    known += (known.empty() ? "" : ",") + HeaderValue(value);
  }
  std::string canonical =
      fmt::format("{}\n{}\n{}\n", request.method, CanonicalPath(request, scope), request.EncodedQuery());
  std::string names;
  for (const auto& [name, value] : headers) {
    canonical += fmt::format("{}:{}\n", name, value);
    names += (names.empty() ? "" : ";") + name;
  }
  canonical += fmt::format("\n{}\n{}", names, body_hash);
  const std::string place = fmt::format("{}/{}/{}/aws4_request", date, scope.region, scope.service);
  const std::string to_sign = fmt::format("AWS4-HMAC-SHA256\n{}\n{}\n{}", time, place, Sha256Hex(canonical));
  std::string key = "AWS4" + credentials.secret_key;
  for (const std::string_view part : {std::string_view(date), std::string_view(scope.region),
                                      std::string_view(scope.service), std::string_view("aws4_request")}) {
    key = HmacSha256(key, part);
  }
  request.headers.emplace_back("Authorization",
                               fmt::format("AWS4-HMAC-SHA256 Credential={}/{}, SignedHeaders={}, Signature={}",
                                           credentials.access_key, place, names, HexOf(HmacSha256(key, to_sign))));
  return request;
}

}  // namespace tidemill::cloud::aws
