#include "app/program.h"

#include <unistd.h>

#include <cstdio>
#include <thread>

#include "app/exit_code.h"
#include "engine/duckdb/checkpoint_io.h"
#include "engine/duckdb/engine.h"
#include "job/spec.h"

namespace tidemill::app {

std::string Program::AbsolutePath(const std::string& path) const { return job::ResolvePath(folder, path); }

std::string Program::StatePath(const MachineFlags& flags) const {
  return AbsolutePath(flags.state.empty() ? ".tidemill/state.db" : flags.state);
}

Result<engine::Engine*> Program::Engine() {
  if (!engine_) engine_ = engine::duckdb::MakeEngine(*storage);
  return engine_.get();
}

delta::CheckpointIo* Program::checkpoints() {
  if (!checkpoints_) checkpoints_ = engine::duckdb::MakeCheckpointIo(*storage);
  return checkpoints_.get();
}

Result<Budget> BudgetOf(const MachineFlags& flags) {
  Budget budget;
  budget.threads =
      flags.threads > 0 ? flags.threads : static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  if (flags.memory.empty()) {
    const int64_t machine = int64_t{sysconf(_SC_PHYS_PAGES)} * sysconf(_SC_PAGE_SIZE);
    budget.memory_bytes = machine / 10 * 6;
    return budget;
  }
  ASSIGN_OR_RETURN(budget.memory_bytes, ParseBytes(flags.memory));
  constexpr int64_t kLeast = int64_t{64} << 20;
  if (budget.memory_bytes < kLeast)
    return InvalidArgument("--memory " + flags.memory + " is too little; 64MB is the least");
  return budget;
}

int Fail(const Error& error) {
  std::fprintf(stderr, "tidemill: %s\n", error.ToString().c_str());
  return ExitCodeOf(error);
}

}  // namespace tidemill::app
