#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>
#include <thread>

#include "app/exit_code.h"
#include "app/program.h"
#include "app/run_job.h"
#include "app/timetable_files.h"
#include "job/inputs.h"
#include "job/schedule_store.h"
#include "scheduler/driver.h"
#include "scheduler/processes.h"
#include "serve/api.h"
#include "serve/http.h"
#include "serve/page.h"
#include "watch/alerting.h"

namespace tidemill::app {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr auto kTurn = milliseconds(100);

// A line of the log: JSON, so that what collects logs can read it.
void Log(const std::string& at, const std::string& what, nlohmann::ordered_json more) {
  nlohmann::ordered_json line = {{"at", at}, {"event", what}};
  line.update(more);
  std::printf("%s\n", line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace).c_str());
  std::fflush(stdout);
}

// The clock the schedule goes by: the machine's, or one that was asked for and lies in the ledger since.
Result<std::function<Timestamp()>> ClockOf(Program& program, const ServeFlags& flags, job::ScheduleStore& store) {
  if (flags.time_from.empty()) return std::function<Timestamp()>([&program] { return program.clock.Now(); });
  ASSIGN_OR_RETURN(const auto from, ParseTimestamp(flags.time_from));
  ASSIGN_OR_RETURN(const auto kept, store.KeepClock({program.clock.Now(), from, flags.speed}));
  return std::function<Timestamp()>([&program, kept] {
    const auto real = static_cast<double>((program.clock.Now() - kept.real).count());
    return kept.shown + Micros(static_cast<int64_t>(real * kept.speed));
  });
}

std::string ThisBinary() {
  char path[4096];
  const auto length = readlink("/proc/self/exe", path, sizeof path);
  return length > 0 ? std::string(path, static_cast<size_t>(length)) : "tidemill";
}

}  // namespace

int Serve(Program& program, const ServeFlags& flags) {
  auto loaded = LoadSchedule(program, flags.path, true);
  if (!loaded.ok()) return Fail(loaded.error());
  const auto until = flags.until.empty() ? Result<Timestamp>(Timestamp::max()) : ParseTimestamp(flags.until);
  if (!until.ok()) return Fail(until.error());
  const std::string state = program.StatePath(flags.machine);
  auto store = job::ScheduleStore::Open(state);
  if (!store.ok()) return Fail(store.error());
  const auto clock = ClockOf(program, flags, **store);
  if (!clock.ok()) return Fail(clock.error());

  scheduler::ProcessParts processes;
  processes.program = ThisBinary();
  processes.folder = state.substr(0, state.rfind('/')) + "/schedule";
  processes.state = state;
  processes.prices = flags.prices.empty() ? "" : program.AbsolutePath(flags.prices);
  for (const auto& job : loaded->jobs) processes.files[job.name] = program.AbsolutePath(job.file);
  const auto attempts = scheduler::MakeProcesses(std::move(processes));

  char host[256] = "";
  (void)gethostname(host, sizeof host - 1);
  scheduler::DriverParts parts;
  parts.timetable = &loaded->file.timetable;
  parts.store = store->get();
  parts.attempts = attempts.get();
  parts.owner = fmt::format("{}:{}:{}", host, getpid(), NewUuid(program.random));
  parts.now = *clock;
  parts.machine_now = [&program] { return program.clock.Now(); };
  std::optional<job::RunEnvironment> environment;  // an engine is not started for schedules that look at no data
  parts.look_at_data = [&](int job) -> std::string {
    if (!environment) {
      auto made = EnvironmentFor(program, flags.machine);
      if (!made.ok()) return "";
      environment = *std::move(made);
    }
    const auto inputs = job::InputsOf(loaded->jobs[static_cast<size_t>(job)], *environment);
    return inputs.ok() ? *inputs : "";
  };
  parts.tell = [](const job::ScheduleNotice& notice) {
    Log(notice.at, notice.notice, {{"job", notice.job}, {"window", notice.window}, {"message", notice.message}});
  };
  scheduler::Driver driver(std::move(parts));
  const auto audit = [&](const std::string& what, const std::string& job) {
    Log(FormatTimestamp((*clock)()), "asked", {{"job", job}, {"message", what}});
  };
  serve::ApiParts asked{&loaded->file.timetable, {}, {}, state, program.version, &program.clock, audit};
  for (const auto& job : loaded->jobs) {
    const bool has_table = !job.sink.path.empty() && job.sink.format == job::SinkFormat::kDelta;
    if (has_table) asked.tables[job.name] = job.Resolve(job.sink.path);
  }
  asked.open = [&program](const std::string& root) {
    return delta::Table{program.storage.get(), program.checkpoints(), root};
  };
  const auto api = serve::Api::Make(std::move(asked));
  if (!api.ok()) return Fail(api.error());
  std::unique_ptr<serve::Server> server;
  if (flags.listen != "none") {
    auto listening = serve::Server::Start(flags.listen, [&](const serve::Request& request) {
      const bool page = !request.path.starts_with("/api/") && request.path != "/health" && request.path != "/metrics";
      return page ? serve::PageOf(request.path) : (*api)->Answer(request);
    });
    if (!listening.ok() && listening.error().kind == ErrorKind::kInvalidArgument) return Fail(listening.error());
    if (listening.ok()) {
      server = *std::move(listening);
      Log(FormatTimestamp((*clock)()), "listens", {{"port", server->port()}});
    } else {
      // Jobs matter more than pages: a second scheduler of this machine runs without.
      Log(FormatTimestamp((*clock)()), "trouble", {{"message", listening.error().message}});
    }
  }
  std::atomic<int64_t> epoch = 0;
  std::unique_ptr<watch::Alerting> alerting;
  if (!loaded->file.alerts.targets.empty()) {
    watch::AlertingParts alerts{
        loaded->file.alerts,
        state,
        {},
        &program.clock,
        [&] { return epoch.load(); },
        [&](const std::string& message) { Log(FormatTimestamp((*clock)()), "trouble", {{"message", message}}); }};
    for (const auto& job : loaded->jobs) alerts.classes[job.name] = job::Name(job.job_class);
    auto started = watch::Alerting::Start(std::move(alerts));
    if (!started.ok()) return Fail(started.error());
    alerting = *std::move(started);
  }
  Log(FormatTimestamp((*clock)()), "serving", {{"schedule", flags.path}, {"jobs", loaded->jobs.size()}});
  bool led = false;
  std::string trouble;
  while (!*program.cancel) {
    const auto turned = driver.Turn();
    (*api)->See({&loaded->file.timetable, driver.state(), (*clock)(), driver.leads(), driver.epoch(), program.version});
    epoch = driver.epoch();
    const std::string now = turned.ok() ? "" : turned.error().message;
    if (now != trouble && !now.empty()) Log(FormatTimestamp((*clock)()), "trouble", {{"message", now}});
    trouble = now;
    if (driver.leads() != led) {
      led = driver.leads();
      Log(FormatTimestamp((*clock)()), led ? "leads" : "watches", {{"epoch", driver.epoch()}});
    }
    if ((*clock)() >= *until && driver.idle()) break;
    std::this_thread::sleep_for(kTurn);
  }
  const auto finished = driver.Finish([] { std::this_thread::sleep_for(kTurn); }, seconds(20));
  if (!finished.ok()) return Fail(finished.error());
  Log(FormatTimestamp((*clock)()), "stopped", nlohmann::ordered_json::object());
  return kOk;
}

}  // namespace tidemill::app
