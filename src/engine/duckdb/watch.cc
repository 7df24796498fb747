#include "engine/duckdb/watch.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>

namespace tidemill::engine::duckdb {
namespace {

constexpr std::chrono::milliseconds kEvery{100};

int64_t ResidentBytes() {
  std::ifstream file("/proc/self/statm");
  int64_t total = 0, resident = 0;
  file >> total >> resident;
  return resident * sysconf(_SC_PAGESIZE);
}

int64_t FolderBytes(const std::string& folder) {
  int64_t bytes = 0;
  std::error_code code;
  for (std::filesystem::directory_iterator it(folder, code), end; !code && it != end; it.increment(code)) {
    std::error_code ignored;  // a spill file may vanish while we look
    const auto size = it->file_size(ignored);
    if (!ignored) bytes += static_cast<int64_t>(size);
  }
  return bytes;
}

}  // namespace

Watch::Watch(Connection& connection, const Traffic& traffic, const std::string& spill_folder, const Cancel& cancel,
             const OnProgress& on_progress, Peaks& peaks)
    : connection_(connection),
      traffic_(traffic),
      spill_folder_(spill_folder),
      cancel_(cancel),
      on_progress_(on_progress),
      peaks_(peaks),
      thread_([this] { Loop(); }) {}

Watch::~Watch() {
  {
    const std::lock_guard lock(mutex_);
    done_ = true;
  }
  ended_.notify_one();
  thread_.join();
}

void Watch::Loop() {
  double furthest = 0;
  std::unique_lock lock(mutex_);
  while (!ended_.wait_for(lock, kEvery, [this] { return done_; })) Look(furthest);
  peaks_.memory_bytes = std::max(peaks_.memory_bytes, ResidentBytes());
}

void Watch::Look(double& furthest) {
  if (cancel_) connection_.Interrupt();
  Progress progress;
  // DuckDB does not know how far a text scan is.
  furthest = std::max(furthest, std::min(1.0, std::max(connection_.fraction(&progress.rows), traffic_.fraction())));
  progress.rows = std::max(progress.rows, traffic_.text_rows());
  progress.fraction = furthest;
  progress.bytes = traffic_.bytes_read();
  progress.memory_bytes = ResidentBytes();
  progress.spill_bytes = FolderBytes(spill_folder_);
  peaks_.memory_bytes = std::max(peaks_.memory_bytes, progress.memory_bytes);
  peaks_.spill_bytes = std::max(peaks_.spill_bytes, progress.spill_bytes);
  if (on_progress_) on_progress_(progress);
}

}  // namespace tidemill::engine::duckdb
