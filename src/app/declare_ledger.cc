// The flags of what earlier runs left.
#include "app/declare.h"

namespace tidemill::app {

void DeclareQuarantine(CLI::App& app, Command& command) {
  auto flags = std::make_shared<QuarantineFlags>();
  auto* sub = app.add_subcommand("quarantine", "Look at rows that failed checks, and run them again");
  sub->require_subcommand(1);
  using What = QuarantineFlags::What;
  auto* ls = sub->add_subcommand("ls", "Counts by run and reason");
  auto* show = sub->add_subcommand("show", "The rows with their reasons");
  for (auto* kind : {ls, show}) {
    kind->add_option("path", flags->path, "The table or its quarantine")->required()->type_name("PATH");
    kind->add_option("--run", flags->run, "Only this run key")->type_name("KEY");
    kind->add_option("--limit", flags->limit, "At most so many rows")->type_name("N");
    kind->add_flag("--json", flags->json, "Print JSON");
    AddMachine(kind, flags->machine);
  }
  auto* replay = sub->add_subcommand(
      "replay", "Test the quarantined rows with the job's checks of today; rows that pass go to the table");
  AddJob(replay, flags->job);
  AddOutput(replay, flags->output);
  AddMachine(replay, flags->machine);
  Chosen(ls, flags, What::kLs, command);
  Chosen(show, flags, What::kShow, command);
  Chosen(replay, flags, What::kReplay, command);
}

void DeclareRuns(CLI::App& app, Command& command) {
  auto flags = std::make_shared<RunsFlags>();
  auto* sub = app.add_subcommand("runs", "The ledger of runs");
  sub->require_subcommand(1);
  using What = RunsFlags::What;
  auto* ls = sub->add_subcommand("ls", "The newest runs");
  ls->add_option("--job", flags->job, "Only this job")->type_name("NAME");
  ls->add_option("--limit", flags->limit, "At most so many")->type_name("N");
  auto* show = sub->add_subcommand("show", "One run with its checks and events");
  show->add_option("run", flags->run, "Its number, as `runs ls` prints it, or a run key")->required()->type_name("RUN");
  auto* cost = sub->add_subcommand("cost", "What runs took and cost, and how far off their quotes were");
  cost->add_option("--by", flags->by, "What is summed up")->check(CLI::IsMember({"job", "class", "day", "tag"}));
  cost->add_option("--since", flags->since, "Only runs from this time on")->type_name("TIME");
  auto* certificates =
      sub->add_subcommand("certificates", "For which jobs both engines were seen to give the same rows");
  certificates->add_option("--job", flags->job, "Only this job")->type_name("NAME");
  auto* backup = sub->add_subcommand("backup", "Copy the ledger into one file, while others may write to it");
  backup->add_option("file", flags->file, "The new file")->required()->type_name("FILE");
  auto* rebuild = sub->add_subcommand("rebuild", "Put the runs that tables' commits tell of into the ledger");
  rebuild->add_option("tables", flags->tables, "The tables' folders")->required()->type_name("TABLE...");
  Chosen(backup, flags, What::kBackup, command);
  Chosen(rebuild, flags, What::kRebuild, command);
  for (auto* kind : {ls, show, cost, certificates, backup, rebuild}) {
    kind->add_flag("--json", flags->json, "Print JSON");
    AddState(kind, flags->machine.state);
  }
  Chosen(cost, flags, What::kCost, command);
  Chosen(certificates, flags, What::kCertificates, command);
  Chosen(ls, flags, What::kLs, command);
  Chosen(show, flags, What::kShow, command);
}

void DeclareRecover(CLI::App& app, Command& command) {
  auto flags = std::make_shared<RecoverFlags>();
  auto* sub =
      app.add_subcommand("recover", "What a damaged or lost table would lose, how long it would take; and do it");
  sub->require_subcommand(1);
  using What = RecoverFlags::What;
  auto* plan = sub->add_subcommand("plan", "The copies there are: what each lacks, and how long it would take");
  auto* drill = sub->add_subcommand(
      "drill", "Restore the clone into a scratch folder, compare it with the table, time it, keep the report");
  auto* run = sub->add_subcommand("run", "Take the table back: damaged files from its clone, or an earlier version");
  for (auto* kind : {plan, drill, run}) {
    kind->add_option("table", flags->table, "The table's folder")->required()->type_name("TABLE");
    kind->add_option("--clone", flags->clone, "A clone of it (default: the newest that the ledger knows)")
        ->type_name("FOLDER");
    kind->add_flag("--json", flags->json, "Print JSON");
    AddMachine(kind, flags->machine);
  }
  drill->add_option("--into", flags->into, "The scratch folder; it must not be there yet")->type_name("FOLDER");
  drill->add_flag("--keep", flags->keep, "Leave the scratch table there");
  run->add_option("--version", flags->version, "Not from a clone: to this version of the table itself")->type_name("N");
  run->add_flag("--deep", flags->deep, "Read all rows to find out which files are damaged");
  run->add_flag("--dry-run", flags->dry_run, "Only tell what would be done");
  run->add_flag("--yes", flags->yes, "Without asking");
  Chosen(plan, flags, What::kPlan, command);
  Chosen(drill, flags, What::kDrill, command);
  Chosen(run, flags, What::kRun, command);
}

}  // namespace tidemill::app
