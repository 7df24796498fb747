#include "delta/vacuum.h"

#include <fmt/format.h>

#include <set>

#include "delta/changes.h"
#include "delta/clones.h"
#include "delta/deletion_vector.h"
#include "delta/path.h"
#include "storage/hidden.h"

namespace tidemill::delta {
namespace {

constexpr auto kDefaultRetention = std::chrono::hours(24 * 7);

class Keeper {
 public:
  explicit Keeper(const Table& table) : table_(table) {}

  // A path that leads out of the roots names nothing that is below this one.
  Status Keep(const std::string& logged, const std::optional<DeletionVector>& vector) {
    if (auto path = ResolvePath(table_, logged); path.ok()) kept_.insert(*std::move(path));
    if (!vector || vector->storage_type == 'i') return Ok();
    auto path = DeletionVectorPath(table_, *vector);
    if (!path.ok() && path.error().kind == ErrorKind::kPermissionDenied) return Ok();
    if (!path.ok()) return path.error();
    kept_.insert(*std::move(path));
    return Ok();
  }
  bool keeps(const std::string& path) const { return kept_.contains(path); }

 private:
  const Table& table_;
  std::set<std::string> kept_;
};

// What shallow clones of the table name, also of what they took out: they are read as of earlier versions, too. A clone
// that is gone needs nothing; of one that cannot be read nobody knows what it needs.
Status KeepForClones(const Table& table, Keeper& keeper) {
  ASSIGN_OR_RETURN(const auto clones, KnownClones(table));
  for (const auto& root : clones) {
    const auto clone = LoadSnapshot({table.storage, table.checkpoints, root});
    if (!clone.ok() && clone.error().kind == ErrorKind::kNotFound) continue;
    if (!clone.ok()) {
      return FailedPrecondition(
          fmt::format("'{}' is a shallow clone of this table and cannot be read, so that it is not "
                      "known which files it needs: {}",
                      root, clone.error().message));
    }
    for (const auto& add : (*clone)->files()) RETURN_IF_ERROR(keeper.Keep(add.path, add.deletion_vector));
    for (const auto& remove : (*clone)->tombstones()) {
      RETURN_IF_ERROR(keeper.Keep(remove.path, remove.deletion_vector));
    }
  }
  return Ok();
}

}  // namespace

Micros RetentionOf(const Snapshot& snapshot) {
  return IntervalOf(snapshot.Property("delta.deletedFileRetentionDuration").value_or(""), kDefaultRetention);
}

// The number and the unit's first letter decide.
Micros IntervalOf(std::string text, Micros otherwise) {
  if (text.starts_with("interval ")) text.erase(0, 9);
  if (const size_t week = text.find("week"); week != std::string::npos) {
    const auto days = ParseDuration(text.substr(0, week) + "d");
    return days.ok() ? *days * 7 : otherwise;
  }
  const auto parsed = ParseDuration(text);
  return parsed.ok() ? *parsed : otherwise;
}

Result<Vacuum> PlanVacuum(const Snapshot& snapshot, std::optional<Micros> retention, bool force, Timestamp now) {
  const Micros own = RetentionOf(snapshot);
  if (retention && *retention < own && !force) {
    return FailedPrecondition(fmt::format(
        "{} is shorter than the table keeps its files ({}): readers of older versions and writers under way "
        "would lose theirs; --force does it all the same",
        FormatDuration(*retention), FormatDuration(own)));
  }
  Vacuum vacuum;
  vacuum.retention = retention.value_or(own);
  const Timestamp oldest = now - vacuum.retention;
  const int64_t oldest_ms = std::chrono::duration_cast<std::chrono::milliseconds>(oldest.time_since_epoch()).count();
  const Table& table = snapshot.table();
  Keeper keeper(table);
  for (const auto& add : snapshot.files()) RETURN_IF_ERROR(keeper.Keep(add.path, add.deletion_vector));
  for (const auto& remove : snapshot.tombstones()) {
    if (remove.deletion_timestamp_ms.value_or(0) < oldest_ms) continue;
    RETURN_IF_ERROR(keeper.Keep(remove.path, remove.deletion_vector));
  }
  RETURN_IF_ERROR(KeepForClones(table, keeper));
  ASSIGN_OR_RETURN(const auto files, table.storage->ListRecursive(table.root));
  for (const auto& file : files) {
    if (file.modified >= oldest || keeper.keeps(file.path)) continue;
    const auto below = std::string_view(file.path).substr(table.root.size() + 1);
    // Change data lies in a folder of a hidden name, and ages like the rest.
    if (storage::AnyHidden(below) && !below.starts_with(fmt::format("{}/", kChangeFolder))) continue;
    vacuum.files.push_back(file);
    vacuum.bytes += file.size_bytes;
  }
  return vacuum;
}

}  // namespace tidemill::delta
