// A process of another program: its output by lines, its end, and its end when we are told to stop.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "engine/engine.h"

namespace tidemill::engine::spark {

struct Command {
  std::vector<std::string> words;  // the first is the program: a path, or a name looked for in PATH
  std::map<std::string, std::string> environment;
  std::string folder;    // where it runs
  std::string log_file;  // its standard error is added to it; empty: goes with the standard output
  int keep_open = -1;    // a descriptor that it inherits: a lock on it is held as long as the process lives
};

// The exit code, 128 + signal when a signal ended it. `on_line` gets each line of the standard output without its
// break, in the calling thread. The process leads a group of its own; when `cancel` is set the group is asked to end,
// and after `grace_ms` it is killed. It also ends when this process does. kNotFound: there is no such program.
Result<int> RunProcess(const Command& command, const Cancel& cancel,
                       const std::function<void(const std::string&)>& on_line, int grace_ms = 15'000);

}  // namespace tidemill::engine::spark
