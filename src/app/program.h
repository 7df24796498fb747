// The one place where the outside world enters: environment, working folder, terminal, clock, storage, signals.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>

#include "app/command_line.h"
#include "base/clock.h"
#include "delta/delta.h"
#include "engine/engine.h"
#include "storage/storage.h"

namespace tidemill::job {
class SchemaMemo;
}

namespace tidemill::app {

struct Program {
  std::string version;
  std::string folder;  // the working folder
  std::map<std::string, std::string> environment;
  bool terminal = false;  // stderr is a terminal: a live bar may be drawn
  bool color = false;     // stdout is one, and NO_COLOR is not set
  SystemClock clock;
  std::mt19937_64 random;
  std::unique_ptr<storage::Storage> storage;
  std::shared_ptr<job::SchemaMemo> schemas;  // of the text files this process has looked at
  engine::Cancel* cancel = nullptr;          // set by the first Ctrl-C; the second one ends the process

  std::string AbsolutePath(const std::string& path) const;
  std::string StatePath(const MachineFlags& flags) const;

  // Made when first asked for: `--version`, `init` and the like never start an engine.
  Result<engine::Engine*> Engine();
  delta::CheckpointIo* checkpoints();

 private:
  std::unique_ptr<engine::Engine> engine_;
  std::unique_ptr<delta::CheckpointIo> checkpoints_;
};

// Memory and threads as asked for, or 60 % of the machine and all its cores.
struct Budget {
  int64_t memory_bytes = 0;
  int threads = 0;
};
Result<Budget> BudgetOf(const MachineFlags& flags);

// Prints "tidemill: <what>" and gives the exit code.
int Fail(const Error& error);

// The subcommands, each in a file of its name. They give the exit code.
int Run(Program& program, const RunFlags& flags);
int Plan(Program& program, const PlanFlags& flags);
int Calibrate(Program& program, const CalibrateFlags& flags);
int Validate(Program& program, const ValidateFlags& flags);
int Init(Program& program, const InitFlags& flags);
int Sql(Program& program, const SqlFlags& flags);
int Convert(Program& program, const ConvertFlags& flags);
int Table(Program& program, const TableFlags& flags);
int Diff(Program& program, const DiffFlags& flags);
int Verify(Program& program, const VerifyFlags& flags);
int Quarantine(Program& program, const QuarantineFlags& flags);
int Runs(Program& program, const RunsFlags& flags);
int Recover(Program& program, const RecoverFlags& flags);
int Cluster(Program& program, const ClusterFlags& flags);
// Of `cluster watch`.
Status WatchCluster(Program& program, const ClusterFlags& flags);
// Of `cost opportunities`.
Status ShowOpportunities(Program& program, const CostFlags& flags);
int CostReport(Program& program, const CostFlags& flags);
int StorageTiers(Program& program, const StorageFlags& flags);
int Schedule(Program& program, const ScheduleFlags& flags);
int Serve(Program& program, const ServeFlags& flags);
int Advise(Program& program, const AdviseFlags& flags);

}  // namespace tidemill::app
