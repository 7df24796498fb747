// command.h: what users ask of a scheduler that runs, as the text that lies in the ledger until the leader takes it.
#pragma once

#include <string>

#include "base/result.h"
#include "scheduler/step.h"

namespace tidemill::scheduler {

std::string CommandText(const Timetable& timetable, const Event& command);
// kInvalidArgument: it is no command, or the timetable has no such job (any more).
Result<Event> CommandFromText(const Timetable& timetable, const std::string& text);

}  // namespace tidemill::scheduler
