#include "job/parquet_sink.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <set>

#include "base/sha256.h"

namespace tidemill::job {
namespace {

using Json = nlohmann::ordered_json;

struct Manifest {
  std::string path;
  RunKey key;
  int64_t version = 0;
  std::set<std::string> files;    // absolute
  std::set<std::string> removes;  // what an overwrite takes away; again by the next run, should this one have died
};

std::string ManifestFolder(const std::string& folder) { return folder + "/_tidemill"; }

std::string ManifestPath(const std::string& folder, const RunKey& key, int64_t version) {
  return fmt::format("{}/{}-{:06}.json", ManifestFolder(folder), Sha256Hex(key.ToString()).substr(0, 16), version);
}

Result<std::vector<Manifest>> ReadManifests(const std::string& folder, storage::Storage& storage) {
  std::vector<Manifest> manifests;
  ASSIGN_OR_RETURN(const auto files, storage.List(ManifestFolder(folder)));
  for (const auto& file : files) {
    ASSIGN_OR_RETURN(const auto text, storage::ReadAll(storage, file.path));
    const auto json = Json::parse(text, nullptr, false);
    const auto key = json.is_object() ? RunKey::Parse(json.value("run", "")) : std::nullopt;
    if (!key || !json.contains("files")) {
      return DataLoss(fmt::format("{} is damaged; remove it if no run needs it", file.path));
    }
    Manifest manifest{file.path, *key, json.value("version", int64_t{0}), {}, {}};
    for (const auto& name : json["files"]) manifest.files.insert(folder + "/" + name.get<std::string>());
    if (json.contains("removes")) {
      for (const auto& name : json["removes"]) manifest.removes.insert(folder + "/" + name.get<std::string>());
    }
    manifests.push_back(std::move(manifest));
  }
  return manifests;
}

}  // namespace

Result<Standing> SettleParquet(const std::string& folder, const RunKey& key, SinkMode mode, const RunOptions& options,
                               storage::Storage& storage) {
  if (options.replace) return InvalidArgument("--replace needs a Delta table; write format: delta, or --again");
  ASSIGN_OR_RETURN(const auto manifests, ReadManifests(folder, storage));
  Proceed proceed;
  const Manifest* mine = nullptr;
  bool other = false;
  for (const auto& manifest : manifests) {
    if (!manifest.key.ToString().starts_with(key.SlicePrefix())) {
      if (manifest.key.window == key.window) continue;  // the same job over other input
      const bool apart =
          key.window && manifest.key.window &&
          (key.window->end <= manifest.key.window->start || manifest.key.window->end <= key.window->start);
      other |= manifest.key.job == key.job && !apart;
      continue;
    }
    if (manifest.version >= proceed.txn_version) proceed.txn_version = manifest.version + 1;
    if (manifest.key.spec_hash == key.spec_hash && (mine == nullptr || mine->version < manifest.version))
      mine = &manifest;
    other |= manifest.key.spec_hash != key.spec_hash;
  }
  if (options.again) return Standing(proceed);
  if (mine != nullptr && mine->version + 1 == proceed.txn_version) {
    for (const auto& file : mine->removes) RETURN_IF_ERROR(storage.Remove(file));
    return Standing(AlreadyThere{mine->version});
  }
  if (mode == SinkMode::kAppend && (other || mine != nullptr)) {
    return FailedPrecondition(
        fmt::format("this job has written the window {} (or one that overlaps with it) here before, with another spec; "
                    "write --again to "
                    "add its rows beside those",
                    WindowText(key.window)));
  }
  return Standing(proceed);
}

Result<delta::CommitOutcome> CommitParquet(const std::string& folder, const RunKey& key, SinkMode mode,
                                           int64_t txn_version, const std::vector<engine::WrittenFile>& files,
                                           storage::Storage& storage) {
  ASSIGN_OR_RETURN(const auto earlier, ReadManifests(folder, storage));
  std::set<std::string> old;
  if (mode == SinkMode::kOverwrite) {
    ASSIGN_OR_RETURN(const auto there, storage.ListRecursive(folder));
    for (const auto& file : there) {
      if (file.path.ends_with(".parquet")) old.insert(file.path);
    }
    for (const auto& manifest : earlier) old.insert(manifest.path);
  }
  for (const auto& file : files) old.erase(file.path);
  const auto relative = [&](const std::string& file) { return file.substr(folder.size() + 1); };
  Json json = {{"run", key.ToString()}, {"version", txn_version}, {"files", Json::array()}, {"removes", Json::array()}};
  for (const auto& file : files) json["files"].push_back(relative(file.path));
  for (const auto& file : old) json["removes"].push_back(relative(file));
  const std::string path = ManifestPath(folder, key, txn_version);
  const Status put = storage.PutIfAbsent(path, json.dump(2) + "\n");
  if (!put.ok() && put.error().kind == ErrorKind::kAlreadyExists) {
    return delta::CommitOutcome(
        delta::Conflict{delta::ConflictKind::kDuplicateTransaction, txn_version, "another process finished this run"});
  }
  if (!put.ok()) return delta::CommitOutcome(delta::Unknown{txn_version, put.error().ToString()});
  delta::Committed committed{txn_version};
  for (const auto& file : old) {
    if (const auto removed = storage.Remove(file); !removed.ok())
      committed.warnings.push_back(removed.error().ToString());
  }
  return delta::CommitOutcome(std::move(committed));
}

}  // namespace tidemill::job
