#include "job/inputs.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/sha256.h"
#include "delta/history.h"
#include "delta/snapshot.h"

namespace tidemill::job {
namespace {

struct Inputs {
  std::string text;
  int64_t files = 0;
  int64_t bytes = 0;
};

Status AddSource(const Job& job, const SourceSpec& spec, const RunEnvironment& environment, Inputs& inputs) {
  for (const auto& path : spec.paths) {
    if (spec.format == SourceFormat::kDelta) {
      const delta::Table table{environment.storage, environment.checkpoints, job.Resolve(path)};
      ASSIGN_OR_RETURN(const auto snapshot, delta::LoadSnapshot(table, {spec.version, spec.timestamp}));
      inputs.text += fmt::format("{} {}\n", path, snapshot->version());
      inputs.files += static_cast<int64_t>(snapshot->files().size());
      inputs.bytes += snapshot->total_bytes();
      continue;
    }
    ASSIGN_OR_RETURN(const auto files, storage::Expand(*environment.storage, job.Resolve(path)));
    for (const auto& file : files) {
      inputs.text += fmt::format("{} {}\n", file.path, file.size_bytes);
      ++inputs.files;
      inputs.bytes += file.size_bytes;
    }
  }
  return Ok();
}

}  // namespace

Result<std::string> InputsOf(const Job& job, const RunEnvironment& environment) {
  Inputs inputs;
  for (const auto& spec : job.sources) RETURN_IF_ERROR(AddSource(job, spec, environment, inputs));
  return fmt::format("{} file{}, {} ({})", FormatCount(inputs.files), inputs.files == 1 ? "" : "s",
                     FormatBytes(inputs.bytes), Sha256Hex(inputs.text).substr(0, 6));
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
