#include "job/app.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "job/inputs.h"
#include "job/target.h"
#include "storage/storage.h"

namespace tidemill::job {
namespace {

// As the advisor names formats; what it does not know is read at the speed of anything.
std::string FormatOf(const std::string& path) {
  static constexpr std::pair<std::string_view, std::string_view> kFormats[] = {
      {".csv", "csv"}, {".json", "json"}, {".txt", "text"}, {".parquet", "parquet"}};
  for (const auto& [part, format] : kFormats) {
    if (path.find(part) != std::string::npos) return std::string(format);
  }
  return "delta";
}

}  // namespace

AppTexts AppValues(const Job& job, const RunKey& key, const std::string& attempt, int64_t txn_version) {
  const auto edge = [&](Timestamp Window::* side) { return key.window ? FormatTimestamp((*key.window).*side) : ""; };
  return {{"job", job.name},
          {"run_key", key.ToString()},
          {"attempt", attempt},
          {"txn_version", std::to_string(txn_version)},
          {"window.start", edge(&Window::start)},
          {"window.end", edge(&Window::end)},
          {"table", job.sink.path.empty() ? "" : job.Resolve(job.sink.path)}};
}

std::string FillIn(std::string text, const AppTexts& values) {
  for (const auto& [name, value] : values) {
    const std::string placeholder = "{" + name + "}";
    for (size_t at = text.find(placeholder); at != std::string::npos; at = text.find(placeholder, at + value.size())) {
      text.replace(at, placeholder.size(), value);
    }
  }
  return text;
}

AppTexts AppEnvironment(const AppTexts& values) {
  AppTexts environment;
  for (const auto& [name, value] : values) {
    std::string upper = "TIDEMILL_" + name;
    std::transform(upper.begin(), upper.end(), upper.begin(),
                   [](unsigned char c) { return c == '.' ? '_' : std::toupper(c); });
    environment.emplace_back(std::move(upper), value);
  }
  return environment;
}

Result<std::vector<event::SourceRead>> AppReads(const Job& job, const RunEnvironment& environment) {
  std::vector<event::SourceRead> reads;
  for (const auto& path : job.app->reads) {
    event::SourceRead read{path, FormatOf(path)};
    if (path.find("://") == std::string::npos) {
      ASSIGN_OR_RETURN(const auto files, storage::Expand(*environment.storage, job.Resolve(path)));
      for (const auto& file : files) ++read.files, read.bytes += file.size_bytes;
    }
    reads.push_back(std::move(read));
  }
  return reads;
}

Result<std::map<std::string, std::string>> AppStandsOn(const Job& job, const std::optional<Window>& window,
                                                       const RunEnvironment& environment) {
  ASSIGN_OR_RETURN(const auto reads, AppReads(job, environment));
  int64_t files = 0, bytes = 0;
  for (const auto& read : reads) files += read.files, bytes += read.bytes;
  std::map<std::string, std::string> stands = {
      {"run key", KeyOf(job, window).ToString()},
      {"sources", fmt::format("{} files, {}", FormatCount(files), FormatBytes(bytes))},
      {"table version", "none"}};
  if (job.sink.path.empty()) return stands;
  ASSIGN_OR_RETURN(const Target target, OpenTarget(job.Resolve(job.sink.path), environment));
  if (target.snapshot) stands["table version"] = std::to_string(target.snapshot->version());
  return stands;
}

Result<Gathered> GatherAppFacts(const Job& job, const std::optional<Window>& window, const RunEnvironment& environment,
                                const Pricing& pricing) {
  ASSIGN_OR_RETURN(const auto reads, AppReads(job, environment));
  Gathered gathered{FactsOf(job, window, Prepared{}, environment, pricing), {}};
  gathered.facts.program = job.app->file;
  for (const auto& read : reads) {
    advisor::SourceFacts source;
    source.name = read.source;
    source.format = read.format;
    source.files = read.files;
    source.bytes = source.largest_file = read.bytes;
    gathered.facts.sources.push_back(std::move(source));
  }
  ASSIGN_OR_RETURN(gathered.stands_on, AppStandsOn(job, window, environment));
  return gathered;
}

}  // namespace tidemill::job
