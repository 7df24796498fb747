// What tests share that strike one storage operation: the real parts over a store that fails by plan, the three ways in
// which an operation can be struck, a folder to begin again from.
#pragma once

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "engine/duckdb/checkpoint_io.h"
#include "engine/duckdb/engine.h"
#include "job/run.h"
#include "storage/storage.h"

namespace tidemill {

// The native engine and a table's checkpoints over the local disk, with that fault plan (empty: none). An environment
// of it must not outlive it.
class FaultyHouse {
 public:
  explicit FaultyHouse(const storage::FaultPlan& plan = {})
      : local_(storage::MakeLocal()), faulty_(plan ? storage::MakeFaulty(*local_, plan) : nullptr) {}

  storage::Storage& store() { return faulty_ ? *faulty_ : *local_; }
  delta::CheckpointIo* checkpoints() { return checkpoints_.get(); }

  job::RunEnvironment Environment(const std::filesystem::path& place) {
    job::RunEnvironment environment;
    environment.storage = &store();
    environment.engine = engine_.get();
    environment.checkpoints = checkpoints();
    environment.clock = &clock_;
    environment.cancel = &cancel_;
    environment.random = SystemRandom();
    environment.memory_bytes = int64_t{256} << 20;
    environment.threads = 1;
    environment.temp_folder = (place / "temp").string();
    environment.version = "test";
    return environment;
  }

 private:
  const std::unique_ptr<storage::Storage> local_;
  const std::unique_ptr<storage::Storage> faulty_;
  const std::unique_ptr<engine::Engine> engine_ = engine::duckdb::MakeEngine(store());
  const std::unique_ptr<delta::CheckpointIo> checkpoints_ = engine::duckdb::MakeCheckpointIo(store());
  const SystemClock clock_;
  engine::Cancel cancel_{false};
};

// Something that is done on a store with that fault plan.
using Struck = std::function<void(const storage::FaultPlan&)>;

// Its storage operations, in order.
inline std::vector<storage::Op> OperationsOf(const Struck& run) {
  std::vector<storage::Op> operations;
  run([&](int64_t, storage::Op op, const std::string&) {
    operations.push_back(op);
    return storage::Fault::kNone;
  });
  return operations;
}

inline const std::vector<std::string> kWays = {"die", "fail_before", "fail_after"};

// Strikes the operation `at` in one of kWays; false where the run has none of that number. "die" is a real death: a
// process of its own ends there, without a destructor.
inline bool Strike(const std::string& way, int64_t at, const Struck& run) {
  if (way != "die") {
    const auto fault = way == "fail_before" ? storage::Fault::kFailBefore : storage::Fault::kFailAfter;
    bool struck = false;
    run([&](int64_t ordinal, storage::Op, const std::string&) {
      struck |= ordinal == at;
      return ordinal == at ? fault : storage::Fault::kNone;
    });
    return struck;
  }
  const pid_t child = fork();
  EXPECT_GE(child, 0);
  if (child == 0) {
    run([at](int64_t ordinal, storage::Op, const std::string&) {
      if (ordinal == at) _exit(137);
      return storage::Fault::kNone;
    });
    _exit(0);
  }
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  return WIFEXITED(status) && WEXITSTATUS(status) == 137;
}

// `to`, which is made anew.
inline std::filesystem::path CopyTo(const std::filesystem::path& to, const std::filesystem::path& from) {
  std::filesystem::remove_all(to);
  std::filesystem::copy(from, to, std::filesystem::copy_options::recursive);
  return to;
}

}  // namespace tidemill
