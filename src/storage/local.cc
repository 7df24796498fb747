#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <iterator>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "storage/detail/folders.h"
#include "storage/detail/posix.h"
#include "storage/storage.h"

namespace tidemill::storage {
namespace {

Timestamp ModifiedAt(const struct stat& status) {
  return Timestamp(std::chrono::duration_cast<Micros>(std::chrono::seconds(status.st_mtim.tv_sec) +
                                                      std::chrono::nanoseconds(status.st_mtim.tv_nsec)));
}

class LocalReader final : public Reader {
 public:
  LocalReader(std::string path, FileDescriptor fd, const struct stat& status)
      : path_(std::move(path)), fd_(std::move(fd)), size_bytes_(status.st_size), modified_(ModifiedAt(status)) {}

  int64_t size_bytes() const override { return size_bytes_; }
  Timestamp modified() const override { return modified_; }

  Result<int64_t> ReadAt(int64_t offset, std::span<char> out) override {
    int64_t done = 0;
    while (done < std::ssize(out)) {
      const ssize_t got = pread(fd_.get(), out.data() + done, out.size() - static_cast<size_t>(done), offset + done);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return FromErrno(errno, "read", path_);
      if (got == 0) break;
      done += got;
    }
    return done;
  }

 private:
  std::string path_;
  FileDescriptor fd_;
  int64_t size_bytes_;
  Timestamp modified_;
};

// A file on its way: it lies beside its target under a hidden name that table readers pass over, and is published
// whole.
class PendingFile {
 public:
  static Result<PendingFile> Create(Folders& folders, std::string target, const std::string& hidden_name) {
    const std::string folder = ParentOf(target);
    const std::string path = folder == "/" ? "/" + hidden_name : folder + "/" + hidden_name;
    for (int attempt = 0;; ++attempt) {
      RETURN_IF_ERROR(folders.Make(folder));
      FileDescriptor fd(open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
      if (fd.ok()) return PendingFile(folders, std::move(target), folder, path, std::move(fd));
      if (errno != ENOENT || attempt > 0) return FromErrno(errno, "create", target);
      folders.Forget(folder);
    }
  }

  PendingFile(PendingFile&& other) noexcept
      : folders_(other.folders_),
        target_(std::move(other.target_)),
        folder_(std::move(other.folder_)),
        hidden_(std::exchange(other.hidden_, {})),
        fd_(std::move(other.fd_)) {}
  PendingFile& operator=(PendingFile&&) = delete;
  ~PendingFile() {
    if (!hidden_.empty()) unlink(hidden_.c_str());
  }

  Status Append(std::span<const char> bytes) {
    size_t done = 0;
    while (done < bytes.size()) {
      const ssize_t put = write(fd_.get(), bytes.data() + done, bytes.size() - done);
      if (put < 0 && errno == EINTR) continue;
      if (put < 0) return FromErrno(errno, "write", target_);
      done += static_cast<size_t>(put);
    }
    return Ok();
  }

  Status PublishReplacing() {
    RETURN_IF_ERROR(Sync());
    if (rename(hidden_.c_str(), target_.c_str()) != 0) return FromErrno(errno, "write", target_);
    hidden_.clear();
    return folders_->SyncEntry(folder_);
  }

  // link(2) is the one call that makes a name or fails because it is taken, on every local file system.
  Status PublishNew() {
    RETURN_IF_ERROR(Sync());
    if (link(hidden_.c_str(), target_.c_str()) != 0) {
      if (errno == EPERM || errno == EOPNOTSUPP) {
        return Unimplemented(
            fmt::format("cannot create '{}': its file system has no hard links, without which a commit is "
                        "not atomic. Choose a path on another file system.",
                        target_));
      }
      return FromErrno(errno, "create", target_);
    }
    unlink(hidden_.c_str());
    hidden_.clear();
    return folders_->SyncEntry(folder_);
  }

 private:
  PendingFile(Folders& folders, std::string target, std::string folder, std::string hidden, FileDescriptor fd)
      : folders_(&folders),
        target_(std::move(target)),
        folder_(std::move(folder)),
        hidden_(std::move(hidden)),
        fd_(std::move(fd)) {}

  Status Sync() {
    if (fsync(fd_.get()) != 0) return FromErrno(errno, "sync", target_);
    return Ok();
  }

  Folders* folders_;
  std::string target_;
  std::string folder_;
  std::string hidden_;
  FileDescriptor fd_;
};

class LocalWriter final : public Writer {
 public:
  explicit LocalWriter(PendingFile file) : file_(std::move(file)) {}

  Status Append(std::span<const char> bytes) override {
    RETURN_IF_ERROR(file_.Append(bytes));
    size_bytes_ += std::ssize(bytes);
    return Ok();
  }
  Status Close() override { return file_.PublishReplacing(); }
  int64_t size_bytes() const override { return size_bytes_; }

 private:
  PendingFile file_;
  int64_t size_bytes_ = 0;
};

// The names in a folder with their status, symbolic links followed; entries that vanish meanwhile are left out.
struct Entry {
  std::string name;
  struct stat status;
};
Result<std::vector<Entry>> ReadFolder(const std::string& folder, std::string_view from_name) {
  std::vector<Entry> entries;
  DIR* stream = opendir(folder.c_str());
  if (stream == nullptr) {
    if (errno == ENOENT) return entries;
    return FromErrno(errno, "list the folder", folder);
  }
  int code = 0;
  for (;;) {
    errno = 0;
    const dirent* item = readdir(stream);
    if (item == nullptr) {
      code = errno;
      break;
    }
    const std::string_view name = item->d_name;
    if (name == "." || name == ".." || name < from_name) continue;
    Entry entry{std::string(name), {}};
    if (fstatat(dirfd(stream), item->d_name, &entry.status, 0) == 0) entries.push_back(std::move(entry));
  }
  closedir(stream);
  if (code != 0) return FromErrno(code, "list the folder", folder);
  return entries;
}

std::string Join(const std::string& folder, const std::string& name) {
  return folder.ends_with('/') ? folder + name : folder + "/" + name;
}

void SortByPath(std::vector<FileInfo>& files) {
  std::sort(files.begin(), files.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
}

// Identities of the folders from the start of a recursion down to here: a symbolic link back up ends it.
using FolderChain = std::vector<std::pair<dev_t, ino_t>>;

// The entries of a folder as the paths below them sort: folders bear their slash.
Result<std::vector<Entry>> ReadInOrder(const std::string& folder) {
  ASSIGN_OR_RETURN(auto entries, ReadFolder(folder, {}));
  for (auto& entry : entries) {
    if (S_ISDIR(entry.status.st_mode)) entry.name += '/';
  }
  std::sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return entries;
}

Status CollectBelow(const std::string& folder, FolderChain& chain, std::vector<FileInfo>& files);

// What one entry of `folder` is or holds, in the order of the paths.
Status Collect(const std::string& folder, const Entry& entry, FolderChain& chain, std::vector<FileInfo>& files) {
  std::string path = Join(folder, entry.name);
  if (S_ISREG(entry.status.st_mode)) {
    files.push_back({std::move(path), entry.status.st_size, ModifiedAt(entry.status)});
    return Ok();
  }
  if (!S_ISDIR(entry.status.st_mode)) return Ok();
  path.pop_back();
  const std::pair identity(entry.status.st_dev, entry.status.st_ino);
  if (std::find(chain.begin(), chain.end(), identity) != chain.end()) return Ok();
  chain.push_back(identity);
  RETURN_IF_ERROR(CollectBelow(path, chain, files));
  chain.pop_back();
  return Ok();
}

Status CollectBelow(const std::string& folder, FolderChain& chain, std::vector<FileInfo>& files) {
  ASSIGN_OR_RETURN(const auto entries, ReadInOrder(folder));
  for (const auto& entry : entries) RETURN_IF_ERROR(Collect(folder, entry, chain, files));
  return Ok();
}

// The same with the folder's entries shared out to threads: most of the time is the kernel's, which looks up each file.
Status CollectBelowAtOnce(const std::string& folder, const FolderChain& chain, std::vector<FileInfo>& files) {
  constexpr size_t kMostThreads = 4, kWorthIt = 16;
  ASSIGN_OR_RETURN(const auto entries, ReadInOrder(folder));
  std::vector<std::vector<FileInfo>> found(entries.size());
  std::vector<std::optional<Error>> errors(entries.size());
  std::atomic<size_t> next = 0;
  const auto work = [&] {
    for (size_t i = next++; i < entries.size(); i = next++) {
      FolderChain own = chain;
      if (auto status = Collect(folder, entries[i], own, found[i]); !status.ok()) errors[i] = std::move(status).error();
    }
  };
  const size_t folders = static_cast<size_t>(
      std::count_if(entries.begin(), entries.end(), [](const auto& entry) { return S_ISDIR(entry.status.st_mode); }));
  std::vector<std::thread> threads;
  for (size_t i = 1; folders >= kWorthIt && i < std::min<size_t>(kMostThreads, std::thread::hardware_concurrency());
       ++i) {
    threads.emplace_back(work);
  }
  work();
  for (auto& thread : threads) thread.join();
  for (size_t i = 0; i < entries.size(); ++i) {
    if (errors[i]) return *std::move(errors[i]);
    std::move(found[i].begin(), found[i].end(), std::back_inserter(files));
  }
  return Ok();
}

class LocalStorage final : public Storage {
 public:
  LocalStorage() : salt_(SystemRandom()()) {}

  Result<std::unique_ptr<Reader>> OpenRead(const std::string& path) override {
    FileDescriptor fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd.ok()) return FromErrno(errno, "open", path);
    struct stat status{};
    if (fstat(fd.get(), &status) != 0) return FromErrno(errno, "open", path);
    if (S_ISDIR(status.st_mode)) return FromErrno(EISDIR, "open", path);
    return std::unique_ptr<Reader>(std::make_unique<LocalReader>(path, std::move(fd), status));
  }

  Result<std::unique_ptr<Writer>> OpenWrite(const std::string& path) override {
    ASSIGN_OR_RETURN(auto file, PendingFile::Create(folders_, path, HiddenName(path)));
    return std::unique_ptr<Writer>(std::make_unique<LocalWriter>(std::move(file)));
  }

  Status PutIfAbsent(const std::string& path, std::string_view bytes) override {
    ASSIGN_OR_RETURN(auto file, PendingFile::Create(folders_, path, HiddenName(path)));
    RETURN_IF_ERROR(file.Append(bytes));
    return file.PublishNew();
  }

  Status Put(const std::string& path, std::string_view bytes) override {
    ASSIGN_OR_RETURN(auto file, PendingFile::Create(folders_, path, HiddenName(path)));
    RETURN_IF_ERROR(file.Append(bytes));
    return file.PublishReplacing();
  }

  Result<FileInfo> Stat(const std::string& path) override {
    struct stat status{};
    if (stat(path.c_str(), &status) != 0) return FromErrno(errno, "find", path);
    if (S_ISDIR(status.st_mode)) return FromErrno(ENOENT, "find a file at", path);
    return FileInfo{path, status.st_size, ModifiedAt(status)};
  }

  Result<std::vector<FileInfo>> List(const std::string& folder, std::string_view from_name) override {
    ASSIGN_OR_RETURN(const auto entries, ReadFolder(folder, from_name));
    std::vector<FileInfo> files;
    for (const auto& entry : entries) {
      if (!S_ISREG(entry.status.st_mode)) continue;
      files.push_back({Join(folder, entry.name), entry.status.st_size, ModifiedAt(entry.status)});
    }
    SortByPath(files);
    return files;
  }

  Result<std::vector<FileInfo>> ListRecursive(const std::string& folder) override {
    std::vector<FileInfo> files;
    FolderChain chain;
    struct stat status{};
    if (stat(folder.c_str(), &status) == 0) chain.emplace_back(status.st_dev, status.st_ino);
    RETURN_IF_ERROR(CollectBelowAtOnce(folder, chain, files));
    return files;
  }

  Status Remove(const std::string& path) override {
    if (unlink(path.c_str()) != 0 && errno != ENOENT && errno != ENOTDIR) return FromErrno(errno, "remove", path);
    return Ok();
  }

 private:
  // Bears the name the file is to have, so that who cleans up after a killed writer knows whose it was. Unique among
  // processes by the salt, among this store's files by the count.
  std::string HiddenName(const std::string& path) {
    constexpr size_t kMostNameBytes = 200;  // of 255 that a disk takes
    const std::string name = path.substr(path.rfind('/') + 1, kMostNameBytes);
    return fmt::format(".{}.{:016x}-{}.tmp", name, salt_, count_.fetch_add(1));
  }

  Folders folders_;
  const uint64_t salt_;
  std::atomic<int64_t> count_{0};
};

}  // namespace

std::unique_ptr<Storage> MakeLocal() { return std::make_unique<LocalStorage>(); }

}  // namespace tidemill::storage
