#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <mutex>

#include "storage/storage.h"

namespace tidemill::storage {
namespace {

struct File {
  std::string bytes;
  Timestamp modified;
};
using FilePtr = std::shared_ptr<const File>;

class MemoryReader final : public Reader {
 public:
  explicit MemoryReader(FilePtr file) : file_(std::move(file)) {}
  int64_t size_bytes() const override { return std::ssize(file_->bytes); }
  Timestamp modified() const override { return file_->modified; }
  Result<int64_t> ReadAt(int64_t offset, std::span<char> out) override {
    const int64_t count = std::clamp<int64_t>(size_bytes() - offset, 0, std::ssize(out));
    if (count > 0) std::memcpy(out.data(), file_->bytes.data() + offset, static_cast<size_t>(count));
    return count;
  }

 private:
  FilePtr file_;
};

class MemoryStorage final : public Storage {
 public:
  explicit MemoryStorage(const Clock* clock) : clock_(clock != nullptr ? clock : &system_clock_) {}

  Result<std::unique_ptr<Reader>> OpenRead(const std::string& path) override {
    ASSIGN_OR_RETURN(auto file, Find(path));
    return std::unique_ptr<Reader>(std::make_unique<MemoryReader>(std::move(file)));
  }
  Result<std::unique_ptr<Writer>> OpenWrite(const std::string& path) override;

  Status PutIfAbsent(const std::string& path, std::string_view bytes) override {
    const std::lock_guard lock(mutex_);
    if (files_.contains(path)) {
      return Error{ErrorKind::kAlreadyExists, fmt::format("cannot create '{}': it exists", path)};
    }
    files_[path] = std::make_shared<const File>(File{std::string(bytes), clock_->Now()});
    return Ok();
  }

  Status Put(const std::string& path, std::string_view bytes) override {
    const std::lock_guard lock(mutex_);
    files_[path] = std::make_shared<const File>(File{std::string(bytes), clock_->Now()});
    return Ok();
  }

  Result<FileInfo> Stat(const std::string& path) override {
    ASSIGN_OR_RETURN(const auto file, Find(path));
    return FileInfo{path, std::ssize(file->bytes), file->modified};
  }

  Result<std::vector<FileInfo>> List(const std::string& folder, std::string_view from_name) override {
    const size_t head = folder.ends_with('/') ? folder.size() : folder.size() + 1;
    ASSIGN_OR_RETURN(auto files, ListRecursive(folder));
    std::erase_if(files, [&](const FileInfo& file) {
      const auto name = std::string_view(file.path).substr(head);
      return name.find('/') != std::string_view::npos || name < from_name;
    });
    return files;
  }

  Result<std::vector<FileInfo>> ListRecursive(const std::string& folder) override {
    const std::string prefix = folder.ends_with('/') ? folder : folder + "/";
    const std::lock_guard lock(mutex_);
    std::vector<FileInfo> files;
    for (auto at = files_.lower_bound(prefix); at != files_.end() && at->first.starts_with(prefix); ++at) {
      files.push_back({at->first, std::ssize(at->second->bytes), at->second->modified});
    }
    return files;
  }

  Status Remove(const std::string& path) override {
    const std::lock_guard lock(mutex_);
    files_.erase(path);
    return Ok();
  }

 private:
  Result<FilePtr> Find(const std::string& path) {
    const std::lock_guard lock(mutex_);
    const auto found = files_.find(path);
    if (found == files_.end()) return NotFound(fmt::format("there is no file '{}'. Check the path.", path));
    return found->second;
  }

  SystemClock system_clock_;
  const Clock* clock_;
  std::mutex mutex_;
  std::map<std::string, FilePtr> files_;
};

class MemoryWriter final : public Writer {
 public:
  MemoryWriter(MemoryStorage& storage, std::string path) : storage_(storage), path_(std::move(path)) {}
  Status Append(std::span<const char> bytes) override {
    bytes_.append(bytes.data(), bytes.size());
    return Ok();
  }
  Status Close() override { return storage_.Put(path_, bytes_); }
  int64_t size_bytes() const override { return std::ssize(bytes_); }

 private:
  MemoryStorage& storage_;
  std::string path_;
  std::string bytes_;
};

Result<std::unique_ptr<Writer>> MemoryStorage::OpenWrite(const std::string& path) {
  return std::unique_ptr<Writer>(std::make_unique<MemoryWriter>(*this, path));
}

}  // namespace

std::unique_ptr<Storage> MakeMemory(const Clock* clock) { return std::make_unique<MemoryStorage>(clock); }

}  // namespace tidemill::storage
