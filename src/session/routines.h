// Functions written in SQL.
#pragma once

#include <memory>

#include "base/result.h"
#include "session/state.h"
#include "sql/resolver.h"

namespace tidemill::session {

// A function of the catalog, parsed again from the statement that made it.
Result<std::shared_ptr<const sql::Routine>> RoutineOf(State& state, const StoredFunction& function);

}  // namespace tidemill::session
