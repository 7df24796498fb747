#include "job/spec.h"

#include <algorithm>
#include <span>

namespace tidemill::job {
using document::Place;
namespace {

template <size_t N, typename Enum>
std::string_view At(const std::string_view (&names)[N], Enum value) {
  const auto index = static_cast<size_t>(value);
  return index < N ? names[index] : std::string_view();
}

constexpr std::string_view kClasses[] = {"critical", "regular", "development"};
constexpr std::string_view kSlas[] = {"simple_etl", "complex_analytics", "ml_training", "other"};
constexpr std::string_view kSourceFormats[] = {"csv", "json", "text", "parquet", "delta"};
constexpr std::string_view kChecks[] = {"expression", "not_null",   "unique",    "accepted_values",
                                        "range",      "references", "row_count", "freshness"};
constexpr std::string_view kOnFail[] = {"warn", "quarantine", "fail"};
constexpr std::string_view kSinkFormats[] = {"delta", "parquet"};
constexpr std::string_view kModes[] = {"append", "overwrite", "overwrite_partitions", "merge"};
constexpr std::string_view kMalformed[] = {"fail", "drop", "quarantine"};
constexpr std::string_view kCompressions[] = {"snappy", "zstd", "gzip", "none"};
constexpr std::string_view kCatchUps[] = {"all", "latest", "skip"};

}  // namespace

std::string_view Name(JobClass value) { return At(kClasses, value); }
std::string_view Name(SlaKind value) { return At(kSlas, value); }
std::string_view Name(SourceFormat value) { return At(kSourceFormats, value); }
std::string_view Name(CheckKind value) { return At(kChecks, value); }
std::string_view Name(OnFail value) { return At(kOnFail, value); }
std::string_view Name(SinkFormat value) { return At(kSinkFormats, value); }
std::string_view Name(SinkMode value) { return At(kModes, value); }
std::string_view Name(engine::Malformed value) { return At(kMalformed, value); }
std::string_view Name(engine::Compression value) { return At(kCompressions, value); }
std::string_view Name(CatchUp value) { return At(kCatchUps, value); }

Place SqlText::PlaceOf(Position position) const {
  if (line == 0 || position.line == 0) return at;
  return {at.file, line + position.line - 1, column + std::max(position.column, 1) - 1};
}

std::string ResolvePath(const std::string& folder, const std::string& path) {
  // A bucket is a root of its own, where '.' and '..' are names like others.
  if (path.find("://") != std::string::npos) return path.substr(0, path.find_last_not_of('/') + 1);
  const std::string joined = path.starts_with('/') ? path : folder + "/" + path;
  std::vector<std::string_view> parts;
  std::string_view rest = joined;
  while (!rest.empty()) {
    const size_t end = std::min(rest.find('/'), rest.size());
    const auto part = rest.substr(0, end);
    if (part == "..") {
      if (!parts.empty()) parts.pop_back();
    } else if (!part.empty() && part != ".") {
      parts.push_back(part);
    }
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  std::string resolved;
  for (const auto part : parts) resolved += "/" + std::string(part);
  return resolved.empty() ? "/" : resolved;
}

std::string Job::Resolve(const std::string& path) const { return ResolvePath(folder, path); }

const SourceSpec* Job::FindSource(std::string_view source) const {
  const auto found = std::find_if(sources.begin(), sources.end(), [&](const auto& s) { return s.name == source; });
  return found == sources.end() ? nullptr : &*found;
}

bool Job::ansi() const {
  const auto found = conf.find("spark.sql.ansi.enabled");
  return found == conf.end() || found->second != "false";
}

std::string QuoteName(std::string_view name) {
  std::string quoted = "`";
  for (const char c : name) quoted += c == '`' ? std::string("``") : std::string(1, c);
  return quoted + "`";
}

std::string QuoteText(std::string_view text) {
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + "'";
}

}  // namespace tidemill::job
