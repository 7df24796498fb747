#include "delta/detail/replay.h"

#include <fmt/format.h>

#include <algorithm>

#include "delta/features.h"
#include "delta/path.h"
#include "plan/schema_json.h"

namespace tidemill::delta {

std::string Replay::KeyOf(const std::string& path, const std::optional<DeletionVector>& vector) const {
  std::string key = path;
  if (path.find_first_of("%:") != std::string::npos || path.starts_with('/')) {
    // Writers differ in what they encode and in whether they write absolute paths.
    if (auto resolved = ResolvePath({.root = root_}, path); resolved.ok()) key = resolved->substr(root_.size() + 1);
  }
  if (vector) key.append(1, '\n').append(vector->UniqueId());
  return key;
}

void Replay::Apply(Action action) {
  if (auto* add = std::get_if<Add>(&action)) {
    std::string key = KeyOf(add->path, add->deletion_vector);
    tombstones_.erase(key);
    files_.insert_or_assign(std::move(key), std::move(*add));
  } else if (auto* remove = std::get_if<Remove>(&action)) {
    std::string key = KeyOf(remove->path, remove->deletion_vector);
    files_.erase(key);
    tombstones_.insert_or_assign(std::move(key), std::move(*remove));
  } else if (auto* txn = std::get_if<Txn>(&action)) {
    std::string app_id = txn->app_id;
    txns_.insert_or_assign(std::move(app_id), std::move(*txn));
  } else if (auto* domain = std::get_if<DomainMetadata>(&action)) {
    if (domain->removed) {
      domains_.erase(domain->domain);
    } else {
      std::string name = domain->domain;
      domains_.insert_or_assign(std::move(name), std::move(*domain));
    }
  } else if (auto* protocol = std::get_if<Protocol>(&action)) {
    protocol_ = std::move(*protocol);
  } else if (auto* metadata = std::get_if<Metadata>(&action)) {
    metadata_ = std::move(*metadata);
  }
}

Result<Snapshot::State> Replay::Finish(int64_t version) && {
  if (!protocol_) return DataLoss(fmt::format("the log of '{}' has no protocol up to version {}", root_, version));
  if (!metadata_) return DataLoss(fmt::format("the log of '{}' has no metadata up to version {}", root_, version));
  RETURN_IF_ERROR(CheckReadable(*protocol_));  // first of all: a feature may change what everything else means
  Snapshot::State state;
  state.version = version;
  state.protocol = *std::move(protocol_);
  state.metadata = *std::move(metadata_);
  ASSIGN_OR_RETURN(state.schema, plan::SchemaFromJson(state.metadata.schema_string));
  ASSIGN_OR_RETURN(state.column_mapping, ColumnMappingOf(state.metadata));
  state.files.reserve(files_.size());
  for (auto& [key, add] : files_) state.files.push_back(std::move(add));
  state.tombstones.reserve(tombstones_.size());
  for (auto& [key, remove] : tombstones_) state.tombstones.push_back(std::move(remove));
  const auto by_path = [](const auto& a, const auto& b) { return a.path < b.path; };
  std::sort(state.files.begin(), state.files.end(), by_path);
  std::sort(state.tombstones.begin(), state.tombstones.end(), by_path);
  state.txns = std::move(txns_);
  state.domains = std::move(domains_);
  return state;
}

}  // namespace tidemill::delta
