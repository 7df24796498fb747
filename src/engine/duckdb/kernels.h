// kernels.h: Spark functions that DuckDB lacks or does differently, as macros in SQL and vectorised functions in C++
// (DuckDB's C API). Their names begin with "tm_".
#pragma once

#include <duckdb.h>

#include "base/result.h"

namespace tidemill::engine::duckdb {

// Registers every macro and function in `connection`'s database. Called once, before external access is locked down.
Status RegisterKernels(duckdb_connection connection);

// A DuckDB error text as Spark's error: class, SQLSTATE, message.
Error FromDuckDb(const char* message);

}  // namespace tidemill::engine::duckdb
