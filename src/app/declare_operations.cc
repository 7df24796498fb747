// The flags of schedules, the daemon, advice, measuring.
#include "app/declare.h"

namespace tidemill::app {
namespace {

CLI::App* AddScheduleKind(CLI::App* parent, const std::shared_ptr<ScheduleFlags>& flags, Command& command,
                          const char* name, const char* words, ScheduleFlags::What what) {
  auto* sub = parent->add_subcommand(name, words);
  if (what != ScheduleFlags::What::kLs) {
    sub->add_option("job", flags->job, "The job's name")->required()->type_name("JOB");
  }
  sub->add_option("--schedule", flags->path, "A schedule.yaml, or a folder of job files (default: here)")
      ->type_name("PATH");
  AddState(sub, flags->machine.state);
  Chosen(sub, flags, what, command);
  return sub;
}

}  // namespace

void DeclareSchedule(CLI::App& app, Command& command) {
  auto flags = std::make_shared<ScheduleFlags>();
  auto* sub = app.add_subcommand("schedule", "When jobs run: look, simulate, and change what the scheduler does");
  sub->require_subcommand(1);
  auto* simulate = sub->add_subcommand("simulate", "Show which job would run when and where, before anything runs");
  simulate->add_option("path", flags->path, "A schedule.yaml, or a folder of job files (default: here)")
      ->type_name("PATH");
  simulate->add_option("--nights", flags->nights, "How many (default: 7)")->check(CLI::Range(1, 400))->type_name("N");
  simulate->add_option("--from", flags->from, "Begin at this time (default: the schedule's `start`, or today)")
      ->type_name("TIME");
  simulate->add_option("--seed", flags->seed, "Of what goes wrong: the same seed gives the same bytes")
      ->check(CLI::Range(int64_t{0}, int64_t{1} << 62))
      ->type_name("N");
  simulate->add_flag("--json", flags->json, "Print JSON");
  Chosen(simulate, flags, ScheduleFlags::What::kSimulate, command);
  auto* ls = AddScheduleKind(sub, flags, command, "ls", "Each job: its class, what it waits for, what is parked",
                             ScheduleFlags::What::kLs);
  ls->add_flag("--json", flags->json, "Print JSON");
  auto* show =
      AddScheduleKind(sub, flags, command, "show", "One job: its windows that are due, run or are parked, and why",
                      ScheduleFlags::What::kShow);
  show->add_flag("--json", flags->json, "Print JSON");
  auto* run = AddScheduleKind(sub, flags, command, "run", "Run one window now, whatever the hour; a parked one again",
                              ScheduleFlags::What::kRun);
  run->add_option("--window", flags->window, "START of the window, or START/END (of a job without windows: none)")
      ->type_name("WINDOW");
  AddScheduleKind(sub, flags, command, "pause", "Start no more runs of a job", ScheduleFlags::What::kPause);
  AddScheduleKind(sub, flags, command, "resume", "Start runs of a job again", ScheduleFlags::What::kResume);
  auto* backfill =
      AddScheduleKind(sub, flags, command, "backfill", "Run windows of the past again", ScheduleFlags::What::kBackfill);
  backfill->add_option("--from", flags->from, "The first window's start")->required()->type_name("TIME");
  backfill->add_option("--to", flags->to, "The last window's end")->required()->type_name("TIME");
  backfill->add_flag("--replace", flags->replace, "Take out the rows of earlier runs of each window");
}

void DeclareServe(CLI::App& app, Command& command) {
  auto flags = std::make_shared<ServeFlags>();
  auto* sub =
      app.add_subcommand("serve", "Run jobs by their schedules until stopped; a second one takes over when it dies");
  sub->add_option("path", flags->path, "A schedule.yaml, or a folder of job files (default: here)")->type_name("PATH");
  AddPrices(sub, flags->prices);
  auto* from = sub->add_option("--time-from", flags->time_from, "Begin at this time, for a demonstration ...")
                   ->type_name("TIME");
  sub->add_option("--speed", flags->speed, "... with time that passes so many times faster; the ledger keeps both")
      ->check(CLI::Range(0.001, 1e6))
      ->needs(from)
      ->type_name("N");
  sub->add_option("--listen", flags->listen, "Pages, JSON and /metrics, for this machine alone; none: nowhere")
      ->type_name("ADDRESS");
  sub->add_option("--until", flags->until, "Stop when this time has come and nothing runs or waits any more")
      ->type_name("TIME");
  AddState(sub, flags->machine.state);
  Chosen(sub, flags, command);
}

void DeclareAdvise(CLI::App& app, Command& command) {
  auto flags = std::make_shared<AdviseFlags>();
  auto* sub = app.add_subcommand(
      "advise", "Read event logs of Spark: what made runs slow or dear, what to change, what it gains");
  auto* log = sub->add_option(
      "log", flags->log, "An event log, a rolled one's folder, or a folder of logs; without it: a run of the ledger");
  log->type_name("LOG");
  sub->add_option("--run", flags->run, "A run of the ledger (default: the newest)")->type_name("RUN")->excludes(log);
  auto* apply =
      sub->add_option("--apply", flags->apply, "Write a finding's settings into this job file, after a question");
  apply->type_name("JOB.yaml");
  sub->add_option("--rule", flags->rule, "--apply: of this rule's finding (default: the first with settings)")
      ->type_name("RULE")
      ->needs(apply);
  sub->add_flag("--yes", flags->yes, "--apply: without asking")->needs(apply);
  sub->add_flag("--rules", flags->rules, "The rules, their thresholds, and how often each kept its promise")
      ->excludes(log)
      ->excludes(apply);
  sub->add_option("--shape", flags->shapes,
                  "Also ask what it would take on this cluster: 4x8 is 4 executors of 8 cores")
      ->type_name("NxCORES")
      ->allow_extra_args(false);
  AddPrices(sub, flags->prices);
  sub->add_flag("--json", flags->json, "Print JSON");
  sub->add_option("--html", flags->html, "Write it as a page")->type_name("FILE.html");
  AddState(sub, flags->machine.state);
  Chosen(sub, flags, command);
}

void DeclareCalibrate(CLI::App& app, Command& command) {
  auto flags = std::make_shared<CalibrateFlags>();
  auto* sub = app.add_subcommand("calibrate", "Measure this machine for a few seconds, so that quotes fit it");
  AddMachine(sub, flags->machine);
  Chosen(sub, flags, command);
}

void DeclarePrices(CLI::App& app, Command& command) {
  auto flags = std::make_shared<PricesFlags>();
  auto* sub = app.add_subcommand("prices", "Print the built-in price list, to be changed and given back with --prices");
  Chosen(sub, flags, command);
}

}  // namespace tidemill::app
