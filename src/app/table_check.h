// `tidemill table check`: what is wrong with a table, what cures it, and the cure.
#pragma once

#include "app/command_line.h"
#include "app/program.h"
#include "delta/delta.h"

namespace tidemill::app {

int CheckTable(Program& program, const delta::Table& table, const TableFlags& flags);

}  // namespace tidemill::app
