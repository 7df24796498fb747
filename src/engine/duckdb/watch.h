// watch.h: looks after a running statement: progress ten times a second, and the interrupt when the user cancels.
#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

#include "engine/duckdb/connection.h"
#include "engine/duckdb/filesystem.h"
#include "engine/engine.h"

namespace tidemill::engine::duckdb {

// Peaks over a session; written by a Watch, read between statements.
struct Peaks {
  int64_t memory_bytes = 0;
  int64_t spill_bytes = 0;
};

// Lives as long as one statement runs.
class Watch {
 public:
  Watch(Connection& connection, const Traffic& traffic, const std::string& spill_folder, const Cancel& cancel,
        const OnProgress& on_progress, Peaks& peaks);
  ~Watch();
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

 private:
  void Loop();
  void Look(double& furthest);

  Connection& connection_;
  const Traffic& traffic_;
  const std::string& spill_folder_;
  const Cancel& cancel_;
  const OnProgress& on_progress_;
  Peaks& peaks_;
  std::mutex mutex_;
  std::condition_variable ended_;
  bool done_ = false;
  std::thread thread_;
};

}  // namespace tidemill::engine::duckdb
