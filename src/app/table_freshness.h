// `tidemill table freshness`.
#pragma once

#include "app/command_line.h"
#include "app/program.h"
#include "delta/delta.h"

namespace tidemill::app {

// How far the materialized view in the table is behind what it reads. Returns the exit code.
int ViewFreshness(Program& program, const delta::Table& table, const TableFlags& flags);

}  // namespace tidemill::app
