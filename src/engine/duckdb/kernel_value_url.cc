// URLs: their parts, and percent-encoding.
#include <fmt/format.h>

#include <cctype>
#include <optional>

#include "engine/duckdb/kernel_value.h"

namespace tidemill::engine::duckdb {

using plan::Value;

namespace {

// java.net.URLEncoder: letters, digits and .-*_ stand, a blank is a plus.
Value UrlEncode(Row&, const ValueCall& call) {
  std::string out;
  for (unsigned char c : call.text(0)) {
    if ((c < 0x80 && std::isalnum(c)) || c == '.' || c == '-' || c == '*' || c == '_') {
      out += static_cast<char>(c);
    } else {
      out += c == ' ' ? "+" : fmt::format("%{:02X}", c);
    }
  }
  return {out};
}

int HexDigit(unsigned char c) {
  if (c >= '0' && c <= '9') return c - '0';
  c = static_cast<unsigned char>(std::tolower(c));
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

Value UrlDecode(Row& row, const ValueCall& call) {
  const std::string& text = call.text(0);
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i] == '+' ? ' ' : text[i];
      continue;
    }
    int high = i + 2 < text.size() ? HexDigit(text[i + 1]) : -1;
    int low = i + 2 < text.size() ? HexDigit(text[i + 2]) : -1;
    if (high < 0 || low < 0) {
      row.Fail("CANNOT_DECODE_URL", "22546",
               "The provided URL cannot be decoded: " + text +
                   ". Please ensure that the URL is properly formatted and try again.");
      return {};
    }
    out += static_cast<char>(high << 4 | low);
    i += 2;
  }
  return {out};
}

// The parts of java.net.URI, as they are written.
struct Uri {
  std::optional<std::string> scheme, authority, user, host, path, query, fragment;
};

// Characters a URI may not hold unescaped.
bool IsLegal(std::string_view text) {
  for (size_t i = 0; i < text.size(); ++i) {
    unsigned char c = text[i];
    if (c >= 0x80) continue;
    if (c == '%') {
      bool escaped = i + 2 < text.size() && HexDigit(text[i + 1]) >= 0 && HexDigit(text[i + 2]) >= 0;
      if (!escaped) return false;
      continue;
    }
    if (!std::isalnum(c) &&
        std::string_view("-_.!~*'();/?:@&=+$,[]").find(static_cast<char>(c)) == std::string_view::npos) {
      return false;
    }
  }
  return true;
}

std::optional<Uri> ParseUri(std::string_view text) {
  Uri uri;
  if (size_t hash = text.find('#'); hash != text.npos) {
    uri.fragment = std::string(text.substr(hash + 1));
    text = text.substr(0, hash);
  }
  if (!IsLegal(text) || (uri.fragment && !IsLegal(*uri.fragment))) return std::nullopt;
  size_t colon = text.find_first_of(":/?");
  if (colon != text.npos && text[colon] == ':') {
    if (colon == 0 || !std::isalpha(static_cast<unsigned char>(text[0])) || colon + 1 == text.size())
      return std::nullopt;
    uri.scheme = std::string(text.substr(0, colon));
    text.remove_prefix(colon + 1);
    if (text[0] != '/') return uri;  // opaque: no parts
  }
  if (size_t mark = text.find('?'); mark != text.npos) {
    uri.query = std::string(text.substr(mark + 1));
    text = text.substr(0, mark);
  }
  if (text.starts_with("//")) {
    text.remove_prefix(2);
    size_t slash = std::min(text.find('/'), text.size());
    uri.authority = std::string(text.substr(0, slash));
    if (uri.authority->empty() && slash == text.size()) return std::nullopt;
    text.remove_prefix(slash);
    std::string host = *uri.authority;
    if (size_t at = host.find('@'); at != host.npos) {
      uri.user = host.substr(0, at);
      host = host.substr(at + 1);
    }
    if (size_t port = host.rfind(':'); port != host.npos && host.find(']', port) == host.npos) {
      if (host.find_first_not_of("0123456789", port + 1) == host.npos) host = host.substr(0, port);
    }
    bool named = !host.empty();
    for (unsigned char c : host)
      named = named && (std::isalnum(c) || c == '.' || c == '-' || c == '[' || c == ']' || c == ':');
    if (named) uri.host = host;
    if (!named) uri.user.reset();
    if (uri.authority->empty()) uri.authority.reset();
  }
  uri.path = std::string(text);
  return uri;
}

Value Optional(const std::optional<std::string>& text) { return text ? Value{*text} : Value{}; }

// The value of `key` in a query: what follows `key=` up to the next &.
std::optional<std::string> QueryValue(const std::optional<std::string>& query, const std::string& key) {
  std::string_view rest = query ? std::string_view(*query) : std::string_view();
  while (!rest.empty()) {
    size_t end = std::min(rest.find('&'), rest.size());
    std::string_view pair = rest.substr(0, end);
    if (pair.size() > key.size() && pair.starts_with(key) && pair[key.size()] == '=') {
      return std::string(pair.substr(key.size() + 1));
    }
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return std::nullopt;
}

Value ParseUrl(Row& row, const ValueCall& call) {
  auto uri = ParseUri(call.text(0));
  if (!uri) {
    row.Fail("INVALID_URL", "22P02",
             "The url is invalid: " + call.text(0) + ". Use `try_parse_url` to tolerate invalid URL and return NULL " +
                 "instead.");
    return {};
  }
  const std::string& part = call.text(1);
  if (call.args.size() == 3) return part == "QUERY" ? Optional(QueryValue(uri->query, call.text(2))) : Value{};
  if (part == "HOST") return Optional(uri->host);
  if (part == "PATH") return Optional(uri->path);
  if (part == "QUERY") return Optional(uri->query);
  if (part == "REF") return Optional(uri->fragment);
  if (part == "PROTOCOL") return Optional(uri->scheme);
  if (part == "AUTHORITY") return Optional(uri->authority);
  if (part == "USERINFO") return Optional(uri->user);
  if (part == "FILE") return uri->path ? Value{*uri->path + (uri->query ? "?" + *uri->query : "")} : Value{};
  return {};
}

}  // namespace

std::span<const ValueRow> UrlValues() {
  static constexpr ValueRow kRows[] = {{"url_encode", UrlEncode}, {"url_decode", UrlDecode}, {"parse_url", ParseUrl}};
  return kRows;
}

}  // namespace tidemill::engine::duckdb
