// Reads the command line, sets up what touches the outside, and calls the subcommand.
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <variant>

#include "advisor/prices.h"
#include "app/command_line.h"
#include "app/exit_code.h"
#include "app/program.h"
#include "app/stores.h"
#include "cloud/cluster.h"
#include "job/events_schema.h"
#include "job/job_schema.h"
#include "scheduler/spec.h"

namespace tidemill::app {
namespace {

engine::Cancel cancel{false};
volatile std::sig_atomic_t last_signal = 0;

// The first signal asks the run to stop and clean up; the second one ends the process where it is.
void OnSignal(int signal) {
  if (cancel.exchange(true)) _exit(128 + signal);
  last_signal = signal;
}

void CatchSignals() {
  struct sigaction action{};
  action.sa_handler = OnSignal;
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
}

std::map<std::string, std::string> Environment(char** entries) {
  std::map<std::string, std::string> environment;
  for (; *entries != nullptr; ++entries) {
    const std::string entry(*entries);
    const size_t equals = entry.find('=');
    if (equals != std::string::npos) environment[entry.substr(0, equals)] = entry.substr(equals + 1);
  }
  return environment;
}

struct Dispatch {
  Program& program;

  int operator()(const RunFlags& flags) { return Run(program, flags); }
  int operator()(const PlanFlags& flags) { return Plan(program, flags); }
  int operator()(const ValidateFlags& flags) { return Validate(program, flags); }
  int operator()(const InitFlags& flags) { return Init(program, flags); }
  int operator()(const SqlFlags& flags) { return Sql(program, flags); }
  int operator()(const ConvertFlags& flags) { return Convert(program, flags); }
  int operator()(const TableFlags& flags) { return Table(program, flags); }
  int operator()(const DiffFlags& flags) { return Diff(program, flags); }
  int operator()(const VerifyFlags& flags) { return Verify(program, flags); }
  int operator()(const QuarantineFlags& flags) { return Quarantine(program, flags); }
  int operator()(const RunsFlags& flags) { return Runs(program, flags); }
  int operator()(const RecoverFlags& flags) { return Recover(program, flags); }
  int operator()(const ClusterFlags& flags) { return Cluster(program, flags); }
  int operator()(const StorageFlags& flags) { return StorageTiers(program, flags); }
  int operator()(const CostFlags& flags) { return CostReport(program, flags); }
  int operator()(const ScheduleFlags& flags) { return Schedule(program, flags); }
  int operator()(const ServeFlags& flags) { return Serve(program, flags); }
  int operator()(const AdviseFlags& flags) { return Advise(program, flags); }
  int operator()(const CompletionFlags& flags) { return Print(flags.script); }
  int operator()(const CalibrateFlags& flags) { return Calibrate(program, flags); }
  int operator()(const PricesFlags&) { return Print(advisor::BuiltInPrices() + "\n"); }
  int operator()(const SchemaFlags& flags) {
    if (flags.cluster) return Print(cloud::ClusterJsonSchema());
    if (flags.schedule) return Print(scheduler::ScheduleJsonSchema());
    return Print(flags.events ? job::EventsJsonSchema() : job::JobJsonSchema());
  }

  static int Print(const std::string& text) {
    return std::fwrite(text.data(), 1, text.size(), stdout) == text.size() ? kOk : kFailed;
  }
};

int Main(int argc, char** argv, char** environment) {
  if (argc == 2 && (std::strcmp(argv[1], "--version") == 0 || std::strcmp(argv[1], "version") == 0)) {
    std::printf("tidemill %s\n", TIDEMILL_VERSION);
    return kOk;
  }
  auto parsed = ParseCommandLine(argc, argv, TIDEMILL_VERSION);
  if (const int* code = std::get_if<int>(&parsed)) return *code;
  CatchSignals();
  Program program;
  program.version = TIDEMILL_VERSION;
  program.environment = Environment(environment);
  char* folder = getcwd(nullptr, 0);
  program.folder = folder == nullptr ? "/" : folder;
  std::free(folder);
  program.terminal = isatty(STDERR_FILENO) != 0 && program.environment["TERM"] != "dumb";
  program.color = isatty(STDOUT_FILENO) != 0 && program.environment["NO_COLOR"].empty();
  program.random = SystemRandom();
  program.cancel = &cancel;
  program.storage = MakeStores(program);
  const int code = std::visit(Dispatch{program}, std::get<Command>(parsed));
  return code == kInterrupted && last_signal == SIGTERM ? kTerminated : code;
}

}  // namespace
}  // namespace tidemill::app

int main(int argc, char** argv, char** environment) { return tidemill::app::Main(argc, argv, environment); }
