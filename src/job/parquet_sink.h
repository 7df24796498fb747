// A sink of plain Parquet files. There is no log, so a run's manifest (_tidemill/<id>.json, hidden from readers by its
// underscore) takes its place: put there once, atomically, it says that the run is done and which files are its own.
//
// Readers of the folder may see a run's files before its manifest. Who can't have that writes a Delta table.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "delta/transaction.h"
#include "engine/engine.h"
#include "job/run.h"
#include "job/run_key.h"
#include "job/target.h"

namespace tidemill::job {

// As Settle for a Delta table.
Result<Standing> SettleParquet(const std::string& folder, const RunKey& key, SinkMode mode, const RunOptions& options,
                               storage::Storage& storage);

// Overwrite removes the files of other runs after the manifest is there.
Result<delta::CommitOutcome> CommitParquet(const std::string& folder, const RunKey& key, SinkMode mode,
                                           int64_t txn_version, const std::vector<engine::WrittenFile>& files,
                                           storage::Storage& storage);

}  // namespace tidemill::job
