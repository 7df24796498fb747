#include "storage/detail/folders.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

#include "storage/detail/posix.h"

namespace tidemill::storage {
namespace {

Status SyncFolder(const std::string& folder) {
  const FileDescriptor fd(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.ok()) return FromErrno(errno, "open the folder", folder);
  // Some network file systems can't sync a folder and say EINVAL: there is nothing to be done about it.
  if (fsync(fd.get()) != 0 && errno != EINVAL) return FromErrno(errno, "sync the folder", folder);
  return Ok();
}

}  // namespace

std::string ParentOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos || slash == 0 ? "/" : path.substr(0, slash);
}

Status Folders::MakeOne(const std::string& folder) {
  if (mkdir(folder.c_str(), 0777) == 0) {
    const std::lock_guard lock(mutex_);
    unsynced_[ParentOf(folder)] = ++made_;
    return Ok();
  }
  const int code = errno;
  struct stat status{};
  if (code == EEXIST && stat(folder.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) return Ok();
  return FromErrno(code == EEXIST ? ENOTDIR : code, "make the folder", folder);
}

Status Folders::Make(const std::string& folder) {
  {
    const std::lock_guard lock(mutex_);
    if (folder == "/" || known_.contains(folder)) return Ok();
  }
  struct stat status{};
  if (stat(folder.c_str(), &status) != 0) {
    if (errno != ENOENT) return FromErrno(errno, "make the folder", folder);
    RETURN_IF_ERROR(Make(ParentOf(folder)));
    RETURN_IF_ERROR(MakeOne(folder));
  } else if (!S_ISDIR(status.st_mode)) {
    return FromErrno(ENOTDIR, "make the folder", folder);
  }
  const std::lock_guard lock(mutex_);
  known_.insert(folder);
  return Ok();
}

void Folders::Forget(const std::string& folder) {
  const std::lock_guard lock(mutex_);
  for (std::string at = folder; at != "/"; at = ParentOf(at)) known_.erase(at);
}

Status Folders::SyncEntry(const std::string& folder) {
  RETURN_IF_ERROR(SyncFolder(folder));
  for (std::string at = folder;; at = ParentOf(at)) {
    int64_t mark = 0;
    {
      const std::lock_guard lock(mutex_);
      const auto found = unsynced_.find(at);
      if (found != unsynced_.end()) mark = found->second;
    }
    if (mark != 0) {
      if (at != folder) RETURN_IF_ERROR(SyncFolder(at));
      const std::lock_guard lock(mutex_);
      const auto found = unsynced_.find(at);
      if (found != unsynced_.end() && found->second == mark) unsynced_.erase(found);
    }
    if (at == "/") return Ok();
  }
}

}  // namespace tidemill::storage
