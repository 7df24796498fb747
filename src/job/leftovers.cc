#include "job/leftovers.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "job/target.h"

namespace tidemill::job {
namespace {

using Json = nlohmann::json;

bool Names(const std::string& path, const std::string& file_id) { return path.find(file_id) != std::string::npos; }

std::string NameOf(const std::string& path) { return path.substr(path.rfind('/') + 1); }

// The names of the attempt's files that the table's newest snapshot knows.
Result<std::set<std::string>> NamesInTable(const std::string& folder, const std::string& file_id,
                                           RunEnvironment& environment) {
  std::set<std::string> names;
  ASSIGN_OR_RETURN(const Target target, OpenTarget(folder, environment));
  if (!target.snapshot) return names;
  const auto take = [&](const std::string& path) {
    if (Names(path, file_id)) names.insert(NameOf(path));
  };
  for (const auto& add : target.snapshot->files()) take(add.path);
  for (const auto& remove : target.snapshot->tombstones()) take(remove.path);
  return names;
}

// Whether a manifest of a plain Parquet sink knows a file of the attempt.
Result<bool> IsInManifest(const std::string& folder, const std::string& file_id, RunEnvironment& environment) {
  ASSIGN_OR_RETURN(const auto manifests, environment.storage->List(folder + "/_tidemill"));
  for (const auto& manifest : manifests) {
    ASSIGN_OR_RETURN(const auto text, storage::ReadAll(*environment.storage, manifest.path));
    if (Names(text, file_id)) return true;
  }
  return false;
}

struct Marker {
  std::string sink;
  std::string quarantine;
  std::string file_id;
};

std::optional<Marker> ReadMarker(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  const auto json = Json::parse(text.str(), nullptr, false);
  if (!json.is_object() || !json.contains("file_id")) return std::nullopt;
  Marker marker{json.value("sink", ""), json.value("quarantine", ""), json.value("file_id", "")};
  if (marker.file_id.size() < 36) return std::nullopt;  // shorter could match files of others
  return marker;
}

Result<int64_t> RemoveUnreferenced(const Marker& marker, RunEnvironment& environment) {
  int64_t removed = 0;
  for (const auto& folder : {marker.sink, marker.quarantine}) {
    ASSIGN_OR_RETURN(const bool in_manifest, IsInManifest(folder, marker.file_id, environment));
    if (in_manifest) continue;
    ASSIGN_OR_RETURN(const auto kept, NamesInTable(folder, marker.file_id, environment));
    ASSIGN_OR_RETURN(const int64_t files, RemoveAttemptFiles(*environment.storage, folder, marker.file_id, kept));
    removed += files;
  }
  return removed;
}

}  // namespace

Result<AttemptMarker> AttemptMarker::Make(const std::string& folder, const std::string& attempt,
                                          const std::string& sink, const std::string& quarantine,
                                          const std::string& file_id) {
  AttemptMarker marker;
  if (folder.empty()) return marker;
  std::error_code code;
  std::filesystem::create_directories(folder, code);
  const std::string path = folder + "/" + attempt + ".json";
  const int descriptor = open(path.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0644);
  if (descriptor < 0) {
    return FailedPrecondition(
        fmt::format("{} can't be written ({}); choose another place with --state", path, std::strerror(errno)));
  }
  flock(descriptor, LOCK_EX | LOCK_NB);
  const std::string text = Json{{"sink", sink}, {"quarantine", quarantine}, {"file_id", file_id}}.dump() + "\n";
  const bool written = write(descriptor, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  marker.path_ = path;
  marker.descriptor_ = descriptor;
  if (!written) return FailedPrecondition(fmt::format("{} can't be written; is the disk full?", path));
  return marker;
}

AttemptMarker::AttemptMarker(AttemptMarker&& other) noexcept { *this = std::move(other); }

AttemptMarker& AttemptMarker::operator=(AttemptMarker&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

AttemptMarker::~AttemptMarker() {
  if (descriptor_ >= 0) close(descriptor_);
}

void AttemptMarker::Settled() {
  if (descriptor_ < 0) return;
  unlink(path_.c_str());
  close(descriptor_);
  descriptor_ = -1;
}

Result<int64_t> RemoveLeftovers(const std::string& sink, const std::string& quarantine, RunEnvironment& environment) {
  int64_t removed = 0;
  if (environment.attempts_folder.empty()) return removed;
  std::error_code code;
  for (std::filesystem::directory_iterator it(environment.attempts_folder, code), end; !code && it != end;
       it.increment(code)) {
    const std::string path = it->path();
    const int descriptor = open(path.c_str(), O_RDWR | O_CLOEXEC);
    if (descriptor < 0) continue;
    const bool dead = flock(descriptor, LOCK_EX | LOCK_NB) == 0;
    const auto marker = dead ? ReadMarker(path) : std::nullopt;
    if (marker && marker->sink == sink && marker->quarantine == quarantine) {
      const auto files = RemoveUnreferenced(*marker, environment);
      if (files.ok()) {
        removed += *files;
        unlink(path.c_str());
      }
    }
    close(descriptor);
  }
  return removed;
}

Result<int64_t> RemoveAttemptFiles(storage::Storage& storage, const std::string& folder, const std::string& file_id,
                                   const std::set<std::string>& kept) {
  ASSIGN_OR_RETURN(const auto files, storage.ListRecursive(folder));
  int64_t removed = 0;
  for (const auto& file : files) {
    const size_t name = file.path.rfind('/') + 1;
    if (file.path.find(file_id, name) == std::string::npos || file.path.find("/_delta_log/") != std::string::npos)
      continue;
    if (kept.contains(file.path.substr(name))) continue;
    RETURN_IF_ERROR(storage.Remove(file.path));
    ++removed;
  }
  return removed;
}

}  // namespace tidemill::job
