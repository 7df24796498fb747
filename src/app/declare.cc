#include "app/declare.h"

namespace tidemill::app {

void AddJob(CLI::App* app, JobFlags& flags) {
  app->add_option("job", flags.file, "The job file")->required()->type_name("JOB.yaml");
  app->add_option("--profile", flags.profile, "Lay this profile of the job file over it")->type_name("NAME");
  app->add_option("--set", flags.settings, "Change a key: --set sink.mode=overwrite")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
}

void AddMachine(CLI::App* app, MachineFlags& flags) {
  app->add_option("--memory", flags.memory, "Memory budget; larger work spills to disk (default: 60% of the machine)")
      ->type_name("SIZE");
  app->add_option("--threads", flags.threads, "Threads (default: all cores)")
      ->check(CLI::Range(1, 1024))
      ->type_name("N");
  AddState(app, flags.state);
}

void AddWindows(CLI::App* app, WindowFlags& flags) {
  app->add_option("--window", flags.window, "One window: START/END, START, or all")->type_name("WINDOW");
  app->add_option("--from", flags.from, "Every window from this time on ...")->type_name("TIME");
  app->add_option("--to", flags.to, "... to this time (not included)")->type_name("TIME");
}

void AddOutput(CLI::App* app, OutputFlags& flags) {
  app->add_flag("--json", flags.json, "Print events as JSON lines");
  app->add_option("--report", flags.report, "Write an HTML report")->type_name("FILE.html");
  app->add_option("--junit", flags.junit, "Write check results as JUnit XML")->type_name("FILE.xml");
  app->add_option("--results", flags.results, "Write check results as JSON")->type_name("FILE.json");
}

void AddPrices(CLI::App* app, std::string& file) {
  app->add_option("--prices", file, "A price list in place of the built-in one (`tidemill prices`)")
      ->type_name("FILE.json");
}

void AddState(CLI::App* app, std::string& file) {
  app->add_option("--state", file, "The ledger (default: .tidemill/state.db)")->type_name("FILE");
}

}  // namespace tidemill::app
