// The interactive shell: statements typed at a terminal, over several lines, until the input ends.
#pragma once

#include <functional>
#include <string>

#include "app/program.h"
#include "session/session.h"

namespace tidemill::app {

// `run` answers a text of one or more statements and prints what it gave; a mistake does not end the shell. Gives the
// exit code.
int Shell(Program& program, session::Session& session, const std::function<void(const std::string& text)>& run);

}  // namespace tidemill::app
