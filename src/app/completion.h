// Completion scripts for bash, zsh and fish, made from the declared subcommands and flags.
#pragma once

#include <string>
#include <vector>

namespace tidemill::app {

struct CommandTree {
  struct Option {
    std::string name;  // with its dashes
    std::string description;
  };
  std::string name;
  std::string description;
  std::vector<Option> options;
  std::vector<CommandTree> commands;
};

// `shell` is bash, zsh or fish.
std::string CompletionScript(const std::string& shell, const CommandTree& root);

}  // namespace tidemill::app
