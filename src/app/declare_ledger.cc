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
  for (auto* kind : {ls, show, cost, certificates}) {
    kind->add_flag("--json", flags->json, "Print JSON");
    AddState(kind, flags->machine.state);
  }
  Chosen(cost, flags, What::kCost, command);
  Chosen(certificates, flags, What::kCertificates, command);
  Chosen(ls, flags, What::kLs, command);
  Chosen(show, flags, What::kShow, command);
}

}  // namespace tidemill::app
