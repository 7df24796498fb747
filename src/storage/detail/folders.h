// The folders of a disk: making them, and syncing the entries in them, with no system call that was made before.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "base/result.h"

namespace tidemill::storage {

// The part before the last '/'; "/" for a file of the root.
std::string ParentOf(const std::string& path);

// Thread-safe.
class Folders {
 public:
  // Makes the folder and what is missing above it. A folder seen once is not looked at again until Forget.
  Status Make(const std::string& folder);
  // Somebody removed a folder behind our back: look again.
  void Forget(const std::string& folder);
  // Makes an entry just put into `folder` durable, and the entries of the folders above that Make added.
  Status SyncEntry(const std::string& folder);

 private:
  Status MakeOne(const std::string& folder);

  std::mutex mutex_;
  std::unordered_set<std::string> known_;
  // Folders with new subfolders that are not synced, each with the number of the newest one. A sync clears the mark
  // only if no subfolder came meanwhile.
  std::unordered_map<std::string, int64_t> unsynced_;
  int64_t made_ = 0;
};

}  // namespace tidemill::storage
