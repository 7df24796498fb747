// Room storage: bytes by path. A store is local disk, memory (tests), or a wrapper that injects faults or counts.
//
// It knows nothing of tables, formats or clouds. Every byte the program reads or writes as data goes through a Storage,
// so that a test can fail any single operation. All calls are blocking and thread-safe; paths are absolute, with '/'
// between parts and without "." or "..".
//
// Error kinds: kNotFound, kAlreadyExists (PutIfAbsent only), kPermissionDenied, kResourceExhausted (disk full),
// kUnavailable (may pass; the outcome of a write is then unknown).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/units.h"

namespace tidemill::storage {

struct FileInfo {
  std::string path;
  int64_t size_bytes = 0;
  Timestamp modified{};
};

// Random access to one file's bytes. Thread-safe.
class Reader {
 public:
  virtual ~Reader() = default;
  virtual int64_t size_bytes() const = 0;
  virtual Timestamp modified() const = 0;
  // Fills `out` from `offset`; fewer bytes only at the end of the file. Returns the count.
  virtual Result<int64_t> ReadAt(int64_t offset, std::span<char> out) = 0;
};

// A new file, written front to back by one thread. The path holds the file, whole and durable, once Close returned ok
// (on a disk: its bytes and its folder entry are synced); before, readers see nothing, or the older file. A writer
// destroyed before Close leaves nothing behind; a killed process may leave a hidden file, its name around the
// one it was to have and ending in ".tmp".
class Writer {
 public:
  virtual ~Writer() = default;
  virtual Status Append(std::span<const char> bytes) = 0;
  virtual Status Close() = 0;
  virtual int64_t size_bytes() const = 0;
};

class Storage {
 public:
  virtual ~Storage() = default;

  virtual Result<std::unique_ptr<Reader>> OpenRead(const std::string& path) = 0;
  // Creates or replaces `path`, making missing parent folders.
  virtual Result<std::unique_ptr<Writer>> OpenWrite(const std::string& path) = 0;
  // Makes `path` hold exactly `bytes`, or fails with kAlreadyExists and changes nothing: the atomic step of a commit.
  // On a disk: temporary file, fsync, link(2), fsync of the folder. Any other error leaves the outcome unknown.
  virtual Status PutIfAbsent(const std::string& path, std::string_view bytes) = 0;
  // Atomically replaces `path` with `bytes` (last writer wins).
  virtual Status Put(const std::string& path, std::string_view bytes) = 0;
  virtual Result<FileInfo> Stat(const std::string& path) = 0;
  // The files directly inside `folder` whose names are >= `start_after_or_at` (empty: all), sorted by path.
  // A missing folder is an empty list. Folders are not listed.
  virtual Result<std::vector<FileInfo>> List(const std::string& folder, std::string_view from_name = {}) = 0;
  // Every file below `folder`, sorted by path.
  virtual Result<std::vector<FileInfo>> ListRecursive(const std::string& folder) = 0;
  // Removing what is not there succeeds.
  virtual Status Remove(const std::string& path) = 0;
};

// The whole file; kResourceExhausted over `most_bytes`.
Result<std::string> ReadAll(Storage& storage, const std::string& path, int64_t most_bytes = int64_t{1} << 31);
// The paths a glob ("in/*.csv.gz", "in/**/part-*", "{a,b}.csv") or a plain file or folder name stands for, sorted.
// Hidden names (leading '.' or '_') are skipped inside folders and by wildcards, as Spark does. None: kNotFound.
Result<std::vector<FileInfo>> Expand(Storage& storage, const std::string& pattern);

// The machine's own disk.
std::unique_ptr<Storage> MakeLocal();
// Files in memory, for tests; `clock` gives the modification times (none: the system's).
std::unique_ptr<Storage> MakeMemory(const Clock* clock = nullptr);

// What one operation is about to do, in the order in which they happen.
enum class Op { kOpenRead, kRead, kOpenWrite, kAppend, kClose, kPutIfAbsent, kPut, kStat, kList, kRemove };
std::string_view OpName(Op op);

// When a fault strikes relative to the real operation.
enum class Fault {
  kNone,
  kFailBefore,  // the operation did not happen, the caller sees kUnavailable
  kFailAfter,   // the operation happened, the caller sees kUnavailable (a lost answer)
};

// Calls `decide` before every operation (ordinal counts from 0) and does as it says. `decide` may also end the process,
// which is how the crash tests kill at an exact operation.
using FaultPlan = std::function<Fault(int64_t ordinal, Op op, const std::string& path)>;
std::unique_ptr<Storage> MakeFaulty(Storage& real, FaultPlan decide);

}  // namespace tidemill::storage
