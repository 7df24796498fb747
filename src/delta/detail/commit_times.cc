#include "delta/detail/commit_times.h"

#include <charconv>
#include <chrono>

#include "delta/features.h"

namespace tidemill::delta {

bool HasInCommitTimestamp(const Protocol& protocol, const Metadata& metadata, int64_t version) {
  if (!HasWriterFeature(protocol, "inCommitTimestamp") && !HasWriterFeature(protocol, "inCommitTimestamp-preview")) {
    return false;
  }
  const auto& properties = metadata.configuration;
  const auto enabled = properties.find("delta.enableInCommitTimestamps");
  if (enabled == properties.end() || enabled->second != "true") return false;
  const auto since = properties.find("delta.inCommitTimestampEnablementVersion");
  int64_t first = 0;
  if (since != properties.end()) {
    std::from_chars(since->second.data(), since->second.data() + since->second.size(), first);
  }
  return version >= first;
}

std::map<int64_t, Timestamp> FileTimes(const LogListing& listing) {
  std::map<int64_t, Timestamp> times;
  Timestamp last = Timestamp::min();
  for (const auto& [version, file] : listing.commits) {
    Timestamp time = std::chrono::floor<std::chrono::milliseconds>(file.modified);
    if (last != Timestamp::min() && time <= last) time = last + std::chrono::milliseconds(1);
    times[version] = last = time;
  }
  return times;
}

Result<CommitInfo> ReadCommitInfo(const Table& table, const std::string& path) {
  ASSIGN_OR_RETURN(const auto bytes, storage::ReadAll(*table.storage, path));
  ASSIGN_OR_RETURN(auto actions, ParseCommit(bytes, path));
  for (auto& action : actions) {
    if (auto* info = std::get_if<CommitInfo>(&action)) return std::move(*info);
  }
  return CommitInfo{};
}

}  // namespace tidemill::delta
