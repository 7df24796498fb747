#include "delta/detail/log_listing.h"

#include <fmt/format.h>

#include <algorithm>

#include "delta/detail/json_fields.h"

namespace tidemill::delta {
namespace {

using storage::FileInfo;

std::string_view NameOf(const FileInfo& file) { return std::string_view(file.path).substr(file.path.rfind('/') + 1); }

// The parts of one multi-part checkpoint, by their number.
using PartsKey = std::pair<int64_t, int>;  // version, number of parts
using Parts = std::map<PartsKey, std::map<int, FileInfo>>;

void AddParts(const Parts& all, LogListing& listing) {
  for (const auto& [key, parts] : all) {
    const auto [version, count] = key;
    CheckpointFiles checkpoint{.version = version, .files = {}};
    for (const auto& [number, file] : parts) checkpoint.files.push_back(file);
    if (std::ssize(checkpoint.files) == count) {
      listing.checkpoints.push_back(std::move(checkpoint));
    } else {
      int missing = 1;
      while (parts.contains(missing)) ++missing;
      listing.incomplete.push_back(fmt::format("{:020}.checkpoint.{:010}.{:010}.parquet", version, missing, count));
    }
  }
}

void AddFile(FileInfo file, LogListing& listing, Parts& parts) {
  const auto text = NameOf(file);
  if (text.starts_with('.') && text.ends_with(".tmp")) listing.temporary.push_back(file.path);
  const LogName name = ParseLogName(text);
  if (name.kind == LogName::Kind::kCommit) {
    listing.commits.emplace(name.version, std::move(file));
  } else if (name.kind == LogName::Kind::kCheckpoint && name.parts > 0) {
    parts[{name.version, name.parts}].emplace(name.part, std::move(file));
  } else if (name.kind == LogName::Kind::kCheckpoint) {
    listing.checkpoints.push_back({name.version, {std::move(file)}, name.json});
  }
}

// The version that `_last_checkpoint` names; none when it is missing or unreadable, for it is only a hint.
std::optional<int64_t> CheckpointHint(const Table& table) {
  const auto text = storage::ReadAll(*table.storage, table.log_folder() + "/_last_checkpoint");
  if (!text.ok()) return std::nullopt;
  const Json json = Json::parse(*text, nullptr, false);
  if (!json.is_object()) return std::nullopt;
  const auto version = json.find("version");
  if (version == json.end() || !version->is_number_integer() || version->get<int64_t>() < 0) return std::nullopt;
  return version->get<int64_t>();
}

// Most gaps that are looked into; a log with more is broken, not busy.
constexpr int kMostGaps = 1000;

// A folder read while others write to it may show a later file and not an earlier one (POSIX leaves that open), so what
// seems to be missing between two commits is asked for by name.
Status FillGaps(const Table& table, LogListing& listing) {
  std::vector<int64_t> missing;
  int64_t expected = listing.commits.empty() ? 0 : listing.commits.begin()->first;
  for (const auto& [version, file] : listing.commits) {
    for (; expected < version && std::ssize(missing) < kMostGaps; ++expected) missing.push_back(expected);
    expected = version + 1;
  }
  for (const int64_t version : missing) {
    auto file = table.storage->Stat(table.log_folder() + "/" + CommitName(version));
    if (file.ok()) listing.commits.emplace(version, *std::move(file));
    if (!file.ok() && file.error().kind != ErrorKind::kNotFound) return std::move(file).error();
  }
  return Ok();
}

}  // namespace

int64_t LogListing::LastVersion() const {
  const int64_t last_commit = commits.empty() ? -1 : commits.rbegin()->first;
  const int64_t last_checkpoint = checkpoints.empty() ? -1 : checkpoints.back().version;
  return std::max(last_commit, last_checkpoint);
}

const CheckpointFiles* LogListing::LastCheckpointUpTo(int64_t version) const {
  const CheckpointFiles* best = nullptr;
  for (const auto& checkpoint : checkpoints) {
    if (checkpoint.version <= version) best = &checkpoint;
  }
  return best;
}

Result<LogListing> ListLog(const Table& table, int64_t from_version) {
  const std::string from = from_version > 0 ? fmt::format("{:020}", from_version) : "";
  ASSIGN_OR_RETURN(auto files, table.storage->List(table.log_folder(), from));
  LogListing listing;
  Parts parts;
  for (auto& file : files) AddFile(std::move(file), listing, parts);
  AddParts(parts, listing);
  RETURN_IF_ERROR(FillGaps(table, listing));
  std::stable_sort(listing.checkpoints.begin(), listing.checkpoints.end(),
                   [](const auto& a, const auto& b) { return a.version < b.version; });
  return listing;
}

Result<LogListing> ListRecentLog(const Table& table) {
  if (const auto hint = CheckpointHint(table)) {
    ASSIGN_OR_RETURN(auto listing, ListLog(table, *hint));
    if (!listing.checkpoints.empty() && listing.checkpoints.front().version == *hint) return listing;
  }
  return ListLog(table);
}

Result<Segment> SegmentFor(const Table& table, const LogListing& listing, const CheckpointFiles* checkpoint,
                           int64_t version) {
  Segment segment{.checkpoint = checkpoint, .commits = {}};
  const int64_t first = checkpoint == nullptr ? 0 : checkpoint->version + 1;
  for (int64_t wanted = first; wanted <= version; ++wanted) {
    const auto found = listing.commits.find(wanted);
    if (found == listing.commits.end()) {
      return DataLoss(fmt::format(
          "the log is broken: '{}/{}' is missing, and no complete checkpoint from it up to version "
          "{} makes up for it{}{}. Restore the file.",
          table.log_folder(), CommitName(wanted), version, listing.incomplete.empty() ? "" : "; a checkpoint lacks ",
          listing.incomplete.empty() ? "" : listing.incomplete.back()));
    }
    segment.commits.push_back(&found->second);
  }
  return segment;
}

}  // namespace tidemill::delta
