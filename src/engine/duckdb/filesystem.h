// filesystem.h: DuckDB's file access through our storage.
//
// DuckDB's C API can't register a file system, so filesystem.cc uses the C++ headers of exactly the linked version; no
// other file may. Paths in DuckDB SQL are "tm:///absolute/path"; everything else is refused once the session is locked.
#pragma once

#include <duckdb.h>

#include <atomic>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "storage/storage.h"

namespace tidemill::engine::duckdb {

// What passed through the file system of one database: counts for the figures and the first storage error, whose kind a
// DuckDB error text would lose. Thread-safe.
class Traffic {
 public:
  void Read(int64_t bytes) { bytes_read_ += bytes; }
  void Wrote(int64_t bytes) { bytes_written_ += bytes; }
  int64_t bytes_read() const { return bytes_read_; }
  int64_t bytes_written() const { return bytes_written_; }

  // Text scans tell more than DuckDB does of its own: the bytes that are still to come when one begins, and its rows.
  void Expect(int64_t bytes) { bytes_expected_ += bytes; }
  void ReadText(int64_t bytes) { text_bytes_ += bytes, bytes_read_ += bytes; }
  void ReadRows(int64_t rows) { text_rows_ += rows; }
  // 0 when nothing is expected.
  double fraction() const {
    const int64_t expected = bytes_expected_;
    return expected == 0 ? 0 : static_cast<double>(text_bytes_) / static_cast<double>(expected);
  }
  int64_t text_rows() const { return text_rows_; }

  void Failed(const Error& error);
  // The first error since the last call, and forgets it.
  std::optional<Error> TakeError();

 private:
  std::atomic<int64_t> bytes_read_{0};
  std::atomic<int64_t> bytes_written_{0};
  std::atomic<int64_t> bytes_expected_{0};
  std::atomic<int64_t> text_bytes_{0};
  std::atomic<int64_t> text_rows_{0};
  std::mutex mutex_;
  std::optional<Error> error_;
};

// kPermissionDenied unless the file lies in one of the folders (none: any file does).
Status CheckAllowed(const std::vector<std::string>& folders, const std::string& file);

// The path DuckDB must be given for `path`.
std::string ToDuckDbPath(const std::string& path);
std::string FromDuckDbPath(const std::string& path);

// Where a file DuckDB names is really written.
using RealPath = std::function<std::string(const std::string& path)>;

// Registers the file system in `database`. `storage` and `traffic` must outlive it. Only paths in one of
// `allowed_folders` can be opened (empty: any). `real_path` (may be empty) is asked for every file opened for writing.
Status RegisterFileSystem(duckdb_database database, storage::Storage& storage, Traffic& traffic,
                          std::vector<std::string> allowed_folders, RealPath real_path = {});

}  // namespace tidemill::engine::duckdb
