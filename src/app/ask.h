// A question to whoever sits at the terminal.
#pragma once

#include <string>

#include "base/result.h"

namespace tidemill::app {

// Whether the answer to `question` is yes. `yes`: it was given before, with --yes. kFailedPrecondition when nobody can
// be asked: the standard input is no terminal, or `by_program`, somebody reads what is printed.
Result<bool> Ask(const std::string& question, bool yes, bool by_program = false);

}  // namespace tidemill::app
