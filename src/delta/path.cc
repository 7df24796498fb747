#include "delta/path.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace tidemill::delta {
namespace {

constexpr size_t kVersionDigits = 20;
constexpr size_t kPartDigits = 10;

// Exactly `digits` decimal digits.
std::optional<int64_t> FixedNumber(std::string_view text, size_t digits) {
  if (text.size() != digits || !std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; })) {
    return std::nullopt;
  }
  int64_t value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc{}) return std::nullopt;
  return value;
}

std::vector<std::string_view> SplitAt(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const size_t at = text.find(separator);
    parts.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

// The part of a log name between "<version>.checkpoint." and the end.
void ParseCheckpointName(const std::vector<std::string_view>& rest, LogName& name) {
  const auto last = rest.back();
  if (last != "parquet" && last != "json") return;
  if (rest.size() == 1 && last == "parquet") {
    name.kind = LogName::Kind::kCheckpoint;
  } else if (rest.size() == 2) {
    name.kind = LogName::Kind::kCheckpoint;
    name.uuid = std::string(rest[0]);
    name.json = last == "json";
  } else if (rest.size() == 3 && last == "parquet") {
    const auto part = FixedNumber(rest[0], kPartDigits);
    const auto parts = FixedNumber(rest[1], kPartDigits);
    if (!part || !parts || *part < 1 || *part > *parts || *parts > 1'000'000) return;
    name.kind = LogName::Kind::kCheckpoint;
    name.part = static_cast<int>(*part);
    name.parts = static_cast<int>(*parts);
  }
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool IsAlnum(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// The length of "scheme:" at the start, 0 when there is none. RFC 2396: a letter, then letters, digits, '+', '-', '.'.
size_t SchemeLength(std::string_view uri) {
  size_t at = 0;
  while (at < uri.size() && (IsAlnum(uri[at]) || (at > 0 && (uri[at] == '+' || uri[at] == '-' || uri[at] == '.'))))
    ++at;
  const bool letter_first = at > 0 && !(uri[0] >= '0' && uri[0] <= '9');
  return letter_first && at < uri.size() && uri[at] == ':' ? at + 1 : 0;
}

Error Escapes(std::string_view logged, const Table& table, std::string_view why) {
  return Error{
      ErrorKind::kPermissionDenied,
      fmt::format("the log of '{}' names the file '{}', which {}. Nothing outside the table's folder is read; if the "
                  "table is a shallow clone, `tidemill table clone SOURCE {} --shallow` makes it known to its source.",
                  table.root, logged, why, table.root)};
}

bool IsInside(std::string_view path, std::string_view root) {
  return path.size() > root.size() + 1 && path.starts_with(root) && path[root.size()] == '/';
}

// Hive's list (and Spark's, which follows it): these stand as %XX in a partition folder's name.
bool HiveEscapes(unsigned char c) {
  constexpr std::string_view kSpecial = "\"#%'*/:=?\\\x7f{[]^";
  return c < 0x20 || kSpecial.find(static_cast<char>(c)) != std::string_view::npos;
}

std::string HiveEscape(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (HiveEscapes(static_cast<unsigned char>(c))) {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace

LogName ParseLogName(std::string_view text) {
  LogName name;
  const auto parts = SplitAt(text, '.');
  const auto version = FixedNumber(parts[0], kVersionDigits);
  if (!version || parts.size() < 2) return name;
  name.version = *version;
  if (parts.size() == 2 && parts[1] == "json") name.kind = LogName::Kind::kCommit;
  if (parts.size() == 2 && parts[1] == "crc") name.kind = LogName::Kind::kChecksum;
  if (parts.size() == 4 && parts[2] == "compacted" && parts[3] == "json") name.kind = LogName::Kind::kCompacted;
  if (parts.size() > 2 && parts[1] == "checkpoint") {
    ParseCheckpointName(std::vector<std::string_view>(parts.begin() + 2, parts.end()), name);
  }
  return name;
}

std::string CommitName(int64_t version) { return fmt::format("{:020}.json", version); }
std::string CheckpointName(int64_t version) { return fmt::format("{:020}.checkpoint.parquet", version); }

Result<std::string> DecodePath(std::string_view encoded) {
  std::string out;
  out.reserve(encoded.size());
  for (size_t i = 0; i < encoded.size(); ++i) {
    if (encoded[i] != '%') {
      out += encoded[i];
      continue;
    }
    const int high = i + 2 < encoded.size() ? HexDigit(encoded[i + 1]) : -1;
    const int low = high >= 0 ? HexDigit(encoded[i + 2]) : -1;
    if (low < 0)
      return DataLoss(fmt::format("the path '{}' in the log has a '%' without two hexadecimal digits", encoded));
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return out;
}

std::string EncodePath(std::string_view path) {
  constexpr std::string_view kPlain = "/-_.!~'()*,;$&+=@";
  std::string out;
  out.reserve(path.size());
  for (const char c : path) {
    if (IsAlnum(c) || kPlain.find(c) != std::string_view::npos) {
      out += c;
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

Result<std::string> ResolvePath(const Table& table, std::string_view logged) {
  std::string_view rest = logged;
  if (const size_t scheme = SchemeLength(rest); scheme > 0) {
    if (rest.substr(0, scheme) != "file:") return Escapes(logged, table, "lies on another store");
    rest.remove_prefix(scheme);
    if (rest.starts_with("//localhost/")) rest.remove_prefix(11);
    if (rest.starts_with("///")) rest.remove_prefix(2);
    if (!rest.starts_with('/') || rest.starts_with("//")) return Escapes(logged, table, "lies on another machine");
  }
  ASSIGN_OR_RETURN(const std::string decoded, DecodePath(rest));
  if (decoded.find('\0') != std::string::npos) return Escapes(logged, table, "holds a zero byte");
  std::string path = decoded.starts_with('/') ? "" : table.root;
  for (const auto part : SplitAt(decoded, '/')) {
    if (part == "..") return Escapes(logged, table, "goes up by '..'");
    if (!part.empty() && part != ".") path.append("/").append(part);
  }
  if (IsInside(path, table.root)) return path;
  for (const auto& root : table.more_roots) {
    if (IsInside(path, root)) return path;
  }
  return Escapes(logged, table, "lies outside the table's folder");
}

std::string PartitionFolder(std::string_view column, const std::optional<std::string>& value) {
  const bool is_null = !value || value->empty();
  return HiveEscape(column) + "=" + (is_null ? std::string(kNullPartition) : HiveEscape(*value));
}

std::string PartitionedPath(const std::vector<std::pair<std::string, std::optional<std::string>>>& partition,
                            std::string_view file_name) {
  std::string path;
  for (const auto& [column, value] : partition) path += PartitionFolder(column, value) + "/";
  return path.append(file_name);
}

}  // namespace tidemill::delta
