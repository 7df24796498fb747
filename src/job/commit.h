// Written files as the actions of a commit.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "delta/actions.h"
#include "delta/transaction.h"
#include "engine/engine.h"
#include "job/target.h"
#include "plan/type.h"

namespace tidemill::job {

// One Add a file, with statistics. `schema` is the table's, under its logical names.
Result<std::vector<delta::Add>> MakeAdds(const std::string& root, const std::vector<engine::WrittenFile>& files,
                                         const plan::Schema& schema, delta::ColumnMapping mapping, Timestamp now);

// The same with a run's tags. `schema` is the table's, under its logical names.
Result<std::vector<delta::Add>> MakeAdds(const std::string& root, const std::vector<engine::WrittenFile>& files,
                                         const plan::Schema& schema, delta::ColumnMapping mapping,
                                         const std::string& run_key, int64_t txn_version, Timestamp now);

// Metadata of a table that a run is about to make.
Result<delta::Metadata> NewTableMetadata(const plan::Schema& schema, const std::vector<std::string>& partitions,
                                         const Clock& clock, std::mt19937_64& random);

int64_t TotalRows(const std::vector<engine::WrittenFile>& files);
int64_t TotalBytes(const std::vector<engine::WrittenFile>& files);

}  // namespace tidemill::job
