#include "job/inputs.h"

#include <fmt/format.h>

#include <iterator>
#include <nlohmann/json.hpp>
#include <set>

#include "base/sha256.h"
#include "delta/history.h"
#include "delta/snapshot.h"

namespace tidemill::job {
namespace {

class Inputs {
 public:
  void AddTable(const std::string& path, const delta::Snapshot& snapshot) {
    text_ += fmt::format("{} {}\n", path, snapshot.version());
    files_ += static_cast<int64_t>(snapshot.files().size());
    bytes_ += snapshot.total_bytes();
  }
  void AddFile(const std::string& path, int64_t size_bytes) {
    fmt::format_to(std::back_inserter(text_), "{} {}\n", path, size_bytes);
    ++files_;
    bytes_ += size_bytes;
  }
  int64_t bytes() const { return bytes_; }
  std::string ToString() const {
    return fmt::format("{} file{}, {} ({})", FormatCount(files_), files_ == 1 ? "" : "s", FormatBytes(bytes_),
                       Sha256Hex(text_).substr(0, 6));
  }

 private:
  std::string text_;
  int64_t files_ = 0;
  int64_t bytes_ = 0;
};

Status AddSource(const Job& job, const SourceSpec& spec, const RunEnvironment& environment, Inputs& inputs) {
  std::set<std::string> seen;
  for (const auto& path : spec.paths) {
    if (spec.format == SourceFormat::kDelta) {
      const delta::Table table{environment.storage, environment.checkpoints, job.Resolve(path)};
      ASSIGN_OR_RETURN(const auto snapshot, delta::LoadSnapshot(table, {spec.version, spec.timestamp}));
      inputs.AddTable(path, *snapshot);
      continue;
    }
    ASSIGN_OR_RETURN(const auto files, storage::Expand(*environment.storage, job.Resolve(path)));
    for (const auto& file : files) {
      if (spec.paths.size() == 1 || seen.insert(file.path).second) inputs.AddFile(file.path, file.size_bytes);
    }
  }
  return Ok();
}

Result<Inputs> InputsOfAll(const Job& job, const RunEnvironment& environment) {
  Inputs inputs;
  for (const auto& spec : job.sources) RETURN_IF_ERROR(AddSource(job, spec, environment, inputs));
  return inputs;
}

}  // namespace

Result<std::string> InputsOf(const Job& job, const RunEnvironment& environment) {
  ASSIGN_OR_RETURN(const Inputs inputs, InputsOfAll(job, environment));
  return inputs.ToString();
}

Result<int64_t> InputBytes(const Job& job, const RunEnvironment& environment) {
  ASSIGN_OR_RETURN(const Inputs inputs, InputsOfAll(job, environment));
  return inputs.bytes();
}

std::string InputsOf(const std::vector<OpenedSource>& sources) {
  Inputs inputs;
  for (const auto& opened : sources) {
    if (opened.snapshot) {
      inputs.AddTable(opened.spec->paths[0], *opened.snapshot);
      continue;
    }
    for (const auto& file : opened.source.files) inputs.AddFile(file.path, file.size_bytes);
  }
  return inputs.ToString();
}

Result<std::string> ReadInputs(const delta::Table& table, int64_t version) {
  ASSIGN_OR_RETURN(const auto history, delta::ReadHistory(table));
  for (const auto& entry : history) {
    if (entry.version != version) continue;
    const auto json = nlohmann::json::parse(entry.info.tidemill, nullptr, false);
    return json.is_object() ? json.value(kInputsMember, "") : "";
  }
  return std::string();
}

}  // namespace tidemill::job
