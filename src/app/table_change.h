// The subcommands that change a table without adding rows of their own.
#pragma once

#include "app/command_line.h"
#include "app/program.h"
#include "delta/delta.h"

namespace tidemill::app {

int RestoreTable(Program& program, const delta::Table& table, const TableFlags& flags);
int VacuumTable(Program& program, const delta::Table& table, const TableFlags& flags);
int CloneTable(Program& program, const delta::Table& table, const TableFlags& flags);
int OptimizeTable(Program& program, const delta::Table& table, const TableFlags& flags);

}  // namespace tidemill::app
