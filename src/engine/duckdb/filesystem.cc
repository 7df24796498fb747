#include "engine/duckdb/filesystem.h"

#include <fmt/format.h>

#include <algorithm>
#include <duckdb.hpp>
#include <duckdb/main/capi/capi_internal.hpp>
#include <memory>

namespace tidemill::engine::duckdb {
namespace {

constexpr std::string_view kPlain = "tm://";

// DuckDB's contract is exceptions; this is the one place where we throw.
[[noreturn]] void Throw(Traffic& traffic, const Error& error) {
  traffic.Failed(error);
  throw ::duckdb::IOException(error.message);
}

template <typename T>
T Unwrap(Traffic& traffic, Result<T> result) {
  if (!result.ok()) Throw(traffic, result.error());
  return std::move(result).value();
}

class Handle final : public ::duckdb::FileHandle {
 public:
  Handle(::duckdb::FileSystem& system, const std::string& path, ::duckdb::FileOpenFlags flags,
         std::unique_ptr<storage::Reader> reader, std::unique_ptr<storage::Writer> writer, Traffic& traffic)
      : FileHandle(system, path, flags), reader(std::move(reader)), writer(std::move(writer)), traffic_(traffic) {}

  // Called on success only; a handle destroyed unclosed belongs to a failed statement and its file is garbage.
  void Close() override {
    if (writer) Unwrap(traffic_, writer->Close());
    writer.reset();
    reader.reset();
  }
  ::duckdb::idx_t GetProgress() override { return static_cast<::duckdb::idx_t>(position); }

  std::unique_ptr<storage::Reader> reader;
  std::unique_ptr<storage::Writer> writer;
  int64_t position = 0;

 private:
  Traffic& traffic_;
};

// Storage's files by the paths "tm://...".
class StorageFileSystem final : public ::duckdb::FileSystem {
 public:
  StorageFileSystem(storage::Storage& storage, Traffic& traffic, std::vector<std::string> allowed, RealPath real_path)
      : storage_(storage), traffic_(traffic), allowed_(std::move(allowed)), real_path_(std::move(real_path)) {}

  bool CanHandleFile(const std::string& path) override { return path.starts_with(kPlain); }
  std::string GetName() const override { return "Tidemill"; }
  bool CanSeek() override { return true; }
  bool OnDiskFile(::duckdb::FileHandle&) override { return true; }

  ::duckdb::unique_ptr<::duckdb::FileHandle> OpenFile(const std::string& path, ::duckdb::FileOpenFlags flags,
                                                      ::duckdb::optional_ptr<::duckdb::FileOpener>) override {
    const std::string file = Checked(path);
    if (flags.OpenForWriting()) {
      auto writer = Unwrap(traffic_, storage_.OpenWrite(real_path_ ? real_path_(file) : file));
      return ::duckdb::make_uniq<Handle>(*this, path, flags, nullptr, std::move(writer), traffic_);
    }
    auto opened = storage_.OpenRead(file);
    if (!opened.ok() && opened.error().kind == ErrorKind::kNotFound && flags.ReturnNullIfNotExists()) return nullptr;
    auto reader = Unwrap(traffic_, std::move(opened));
    return ::duckdb::make_uniq<Handle>(*this, path, flags, std::move(reader), nullptr, traffic_);
  }

  void Read(::duckdb::FileHandle& handle, void* buffer, int64_t bytes, ::duckdb::idx_t location) override {
    if (ReadSome(Of(handle), buffer, bytes, static_cast<int64_t>(location)) != bytes) {
      Throw(traffic_, DataLoss(fmt::format("{} ends before byte {}", FromDuckDbPath(handle.path),
                                           static_cast<int64_t>(location) + bytes)));
    }
  }
  int64_t Read(::duckdb::FileHandle& handle, void* buffer, int64_t bytes) override {
    auto& file = Of(handle);
    const int64_t count = ReadSome(file, buffer, bytes, file.position);
    file.position += count;
    return count;
  }
  int64_t Write(::duckdb::FileHandle& handle, void* buffer, int64_t bytes) override {
    auto& file = Of(handle);
    Unwrap(traffic_, file.writer->Append({static_cast<const char*>(buffer), static_cast<size_t>(bytes)}));
    file.position += bytes;
    traffic_.Wrote(bytes);
    return bytes;
  }
  void Write(::duckdb::FileHandle& handle, void* buffer, int64_t bytes, ::duckdb::idx_t location) override {
    if (static_cast<int64_t>(location) != Of(handle).position) {
      Throw(traffic_, Internal("files are written front to back only"));
    }
    Write(handle, buffer, bytes);
  }

  int64_t GetFileSize(::duckdb::FileHandle& handle) override {
    auto& file = Of(handle);
    return file.reader ? file.reader->size_bytes() : file.position;
  }
  ::duckdb::timestamp_t GetLastModifiedTime(::duckdb::FileHandle& handle) override {
    auto& file = Of(handle);
    return ::duckdb::timestamp_t(file.reader ? file.reader->modified().time_since_epoch().count() : 0);
  }
  std::string GetVersionTag(::duckdb::FileHandle&) override { return ""; }
  ::duckdb::FileType GetFileType(::duckdb::FileHandle&) override { return ::duckdb::FileType::FILE_TYPE_REGULAR; }
  ::duckdb::FileMetadata Stats(::duckdb::FileHandle& handle) override {
    ::duckdb::FileMetadata metadata;
    metadata.file_size = GetFileSize(handle);
    metadata.last_modification_time = GetLastModifiedTime(handle);
    metadata.file_type = ::duckdb::FileType::FILE_TYPE_REGULAR;
    return metadata;
  }

  void Seek(::duckdb::FileHandle& handle, ::duckdb::idx_t location) override {
    Of(handle).position = static_cast<int64_t>(location);
  }
  void Reset(::duckdb::FileHandle& handle) override { Of(handle).position = 0; }
  ::duckdb::idx_t SeekPosition(::duckdb::FileHandle& handle) override {
    return static_cast<::duckdb::idx_t>(Of(handle).position);
  }
  void FileSync(::duckdb::FileHandle&) override {}  // Writer::Close makes the file durable

  // Folders come into being with their files.
  bool DirectoryExists(const std::string&, ::duckdb::optional_ptr<::duckdb::FileOpener>) override { return true; }
  void CreateDirectory(const std::string&, ::duckdb::optional_ptr<::duckdb::FileOpener>) override {}
  bool FileExists(const std::string& path, ::duckdb::optional_ptr<::duckdb::FileOpener>) override {
    return storage_.Stat(Checked(path)).ok();
  }
  bool IsPipe(const std::string&, ::duckdb::optional_ptr<::duckdb::FileOpener>) override { return false; }
  void RemoveFile(const std::string& path, ::duckdb::optional_ptr<::duckdb::FileOpener>) override {
    Unwrap(traffic_, storage_.Remove(Checked(path)));
  }
  bool TryRemoveFile(const std::string& path, ::duckdb::optional_ptr<::duckdb::FileOpener>) override {
    return storage_.Remove(Checked(path)).ok();
  }
  // Names are given in full: a '*' in a path is a letter like any other.
  ::duckdb::vector<::duckdb::OpenFileInfo> Glob(const std::string& path, ::duckdb::FileOpener*) override {
    return {::duckdb::OpenFileInfo(path)};
  }
  std::string PathSeparator(const std::string&) override { return "/"; }

 private:
  static Handle& Of(::duckdb::FileHandle& handle) { return static_cast<Handle&>(handle); }

  int64_t ReadSome(Handle& file, void* buffer, int64_t bytes, int64_t location) {
    const int64_t count =
        Unwrap(traffic_, file.reader->ReadAt(location, {static_cast<char*>(buffer), static_cast<size_t>(bytes)}));
    traffic_.Read(count);
    return count;
  }

  std::string Checked(const std::string& path) {
    const std::string file = FromDuckDbPath(path);
    if (const Status allowed = CheckAllowed(allowed_, file); !allowed.ok()) Throw(traffic_, allowed.error());
    return file;
  }

  storage::Storage& storage_;
  Traffic& traffic_;
  std::vector<std::string> allowed_;
  RealPath real_path_;
};

}  // namespace

void Traffic::Failed(const Error& error) {
  const std::lock_guard lock(mutex_);
  if (!error_) error_ = error;
}

std::optional<Error> Traffic::TakeError() {
  const std::lock_guard lock(mutex_);
  return std::exchange(error_, std::nullopt);
}

Status CheckAllowed(const std::vector<std::string>& folders, const std::string& file) {
  const bool inside =
      folders.empty() || std::any_of(folders.begin(), folders.end(), [&](const auto& folder) {
        return file == folder || (file.starts_with(folder) && (folder.ends_with('/') || file[folder.size()] == '/'));
      });
  if (inside && file.find("/../") == std::string::npos) return Ok();
  return Error{ErrorKind::kPermissionDenied,
               fmt::format("{} lies outside the folders this job names; add it as a source", file)};
}

std::string ToDuckDbPath(const std::string& path) { return std::string(kPlain) + path; }

std::string FromDuckDbPath(const std::string& path) {
  return path.starts_with(kPlain) ? path.substr(kPlain.size()) : path;
}

Status RegisterFileSystem(duckdb_database database, storage::Storage& storage, Traffic& traffic,
                          std::vector<std::string> allowed_folders, RealPath real_path) {
  try {
    auto& instance = *reinterpret_cast<::duckdb::DatabaseWrapper*>(database)->database->instance;
    auto& system = ::duckdb::FileSystem::GetFileSystem(instance);
    system.RegisterSubSystem(
        ::duckdb::make_uniq<StorageFileSystem>(storage, traffic, std::move(allowed_folders), std::move(real_path)));
  } catch (const std::exception& e) {
    return Internal(fmt::format("DuckDB refused our file system: {}", e.what()));
  }
  return Ok();
}

}  // namespace tidemill::engine::duckdb
