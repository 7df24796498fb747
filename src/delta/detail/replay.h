// "Action Reconciliation": what remains of a log's actions, fed oldest first.
#pragma once

#include <optional>
#include <string>
#include <unordered_map>

#include "delta/actions.h"
#include "delta/snapshot.h"

namespace tidemill::delta {

class Replay {
 public:
  // `root`: absolute paths below it count as the relative ones.
  explicit Replay(std::string root) : root_(std::move(root)) {}

  void Apply(Action action);
  // Files sorted by path. kDataLoss when the log had no protocol or no metadata, kUnimplemented by the name of a
  // feature.
  Result<Snapshot::State> Finish(int64_t version) &&;

  // The key of a logical file: the path's one spelling, and its deletion vector's id.
  std::string KeyOf(const std::string& path, const std::optional<DeletionVector>& vector) const;

 private:
  std::string root_;
  std::optional<Protocol> protocol_;
  std::optional<Metadata> metadata_;
  std::unordered_map<std::string, Add> files_;
  std::unordered_map<std::string, Remove> tombstones_;
  std::map<std::string, Txn> txns_;
  std::map<std::string, DomainMetadata> domains_;
};

}  // namespace tidemill::delta
