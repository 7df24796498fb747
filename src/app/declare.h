// How subcommands declare their flags: one function a command, one file a group of commands.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "app/command_line.h"

namespace tidemill::app {

// `command` becomes `flags` when `sub` is the subcommand that was given. The flags live as long as `sub`, which writes
// into them.
template <typename Flags>
void Chosen(CLI::App* sub, std::shared_ptr<Flags> flags, Command& command) {
  sub->callback([flags = std::move(flags), &command] { command = *flags; });
}
// The same of one kind out of several that share their flags.
template <typename Flags>
void Chosen(CLI::App* sub, std::shared_ptr<Flags> flags, typename Flags::What what, Command& command) {
  sub->callback([flags = std::move(flags), what, &command] {
    flags->what = what;
    command = *flags;
  });
}

// Flags that several commands have.
void AddJob(CLI::App* app, JobFlags& flags);
void AddMachine(CLI::App* app, MachineFlags& flags);
void AddWindows(CLI::App* app, WindowFlags& flags);
void AddOutput(CLI::App* app, OutputFlags& flags);
void AddPrices(CLI::App* app, std::string& file);
void AddState(CLI::App* app, std::string& file);

void DeclareRun(CLI::App& app, Command& command);
void DeclarePlan(CLI::App& app, Command& command);
void DeclareValidate(CLI::App& app, Command& command);
void DeclareInit(CLI::App& app, Command& command);
void DeclareSql(CLI::App& app, Command& command);
void DeclareConvert(CLI::App& app, Command& command);
void DeclareTable(CLI::App& app, Command& command);
void DeclareDiff(CLI::App& app, Command& command);
void DeclareVerify(CLI::App& app, Command& command);
void DeclareQuarantine(CLI::App& app, Command& command);
void DeclareRuns(CLI::App& app, Command& command);
void DeclareRecover(CLI::App& app, Command& command);
void DeclareCluster(CLI::App& app, Command& command);
void DeclareStorage(CLI::App& app, Command& command);
void DeclareCost(CLI::App& app, Command& command);
void DeclareSchedule(CLI::App& app, Command& command);
void DeclareServe(CLI::App& app, Command& command);
void DeclareAdvise(CLI::App& app, Command& command);
void DeclareCalibrate(CLI::App& app, Command& command);
void DeclarePrices(CLI::App& app, Command& command);

}  // namespace tidemill::app
