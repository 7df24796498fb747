#include "app/command_line.h"

#include <algorithm>
#include <cstdio>

#include "app/completion.h"
#include "app/declare.h"
#include "app/exit_code.h"
#include "base/names.h"

namespace tidemill::app {
namespace {

CommandTree TreeOf(const CLI::App& app) {
  CommandTree tree{app.get_name(), app.get_description(), {}, {}};
  for (const CLI::Option* option : app.get_options([](const CLI::Option* o) { return !o->get_positional(); })) {
    for (const auto& name : option->get_lnames()) tree.options.push_back({"--" + name, option->get_description()});
  }
  for (const CLI::App* sub : app.get_subcommands([](const CLI::App* s) { return !s->get_group().empty(); })) {
    tree.commands.push_back(TreeOf(*sub));
  }
  return tree;
}

void DeclareCompletion(CLI::App& app, Command& command) {
  auto shell = std::make_shared<std::string>();
  auto* sub = app.add_subcommand("completion", "Print a completion script for a shell");
  sub->add_option("shell", *shell, "bash, zsh or fish")->required()->check(CLI::IsMember({"bash", "zsh", "fish"}));
  sub->callback([shell, &app, &command] { command = CompletionFlags{CompletionScript(*shell, TreeOf(app))}; });
}

void DeclareSchema(CLI::App& app, Command& command) {
  auto flags = std::make_shared<SchemaFlags>();
  auto* sub = app.add_subcommand("schema", "Print the JSON Schema of the job file");
  sub->group("");  // hidden
  auto* events = sub->add_flag("--events", flags->events, "Of the events that --json prints instead");
  auto* cluster = sub->add_flag("--cluster", flags->cluster, "Of the cluster file instead")->excludes(events);
  sub->add_flag("--schedule", flags->schedule, "Of schedule.yaml instead")->excludes(events)->excludes(cluster);
  Chosen(sub, flags, command);
}

// Every subcommand, in the order in which --help lists them.
constexpr void (*kDeclarations[])(CLI::App& app, Command& command) = {
    DeclareRun,       DeclarePlan,    DeclareValidate,   DeclareInit,       DeclareSql,   DeclareConvert,
    DeclareTable,     DeclareDiff,    DeclareVerify,     DeclareQuarantine, DeclareRuns,  DeclareRecover,
    DeclareCluster,   DeclareStorage, DeclareCost,       DeclareSchedule,   DeclareServe, DeclareAdvise,
    DeclareCalibrate, DeclarePrices,  DeclareCompletion, DeclareSchema};

std::vector<std::string> NamesOf(const CLI::App& app, bool options) {
  std::vector<std::string> names;
  for (const auto* option : app.get_options()) {
    for (const auto& name : option->get_lnames()) {
      if (options) names.push_back("--" + name);
    }
  }
  for (const auto* sub : app.get_subcommands({})) {
    if (!options) names.push_back(sub->get_name());
  }
  return names;
}

// The first word that is no command or flag of where it stands, with the nearest that is; the library names it, if at
// all, without one.
void PrintMistake(const CLI::App& app, const CLI::ParseError& error, int argc, char** argv) {
  const CLI::App* at = &app;
  std::string unknown, words;
  std::vector<std::string> known;
  for (int i = 1; i < argc && unknown.empty(); ++i) {
    const std::string word(argv[i]), name = word.substr(0, word.find('='));
    const bool option = word.starts_with("--");
    known = NamesOf(*at, option);
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      if (option || (!known.empty() && !word.starts_with("-"))) unknown = name;
    } else if (!option) {
      at = at->get_subcommands([&](const CLI::App* sub) { return sub->get_name() == name; }).front();
      words += " " + name;
    }
  }
  if (unknown.empty()) {
    std::fprintf(stderr, "tidemill: %s\n", error.what());
  } else {
    const auto nearest = NearestName(unknown, known);
    std::fprintf(stderr, "tidemill: there is no '%s' here%s\n", unknown.c_str(),
                 nearest ? ("; did you mean '" + *nearest + "'?").c_str() : "");
  }
  std::fprintf(stderr, "`tidemill%s --help` shows what there is\n", words.c_str());
}

}  // namespace

std::variant<Command, int> ParseCommandLine(int argc, char** argv, const std::string& version) {
  CLI::App app("Runs Spark batch jobs natively: the same rows, in the same Delta table, committed exactly once.",
               "tidemill");
  app.set_version_flag("--version", "tidemill " + version);
  app.require_subcommand(1);
  Command command;
  for (const auto declare : kDeclarations) declare(app, command);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);
    PrintMistake(app, error, argc, argv);
    return static_cast<int>(kUsage);
  }
  return command;
}

}  // namespace tidemill::app
