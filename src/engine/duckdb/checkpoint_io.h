// checkpoint_io.h: the Parquet files of Delta checkpoints, read and written by DuckDB through our storage.
#pragma once

#include <memory>

#include "delta/delta.h"
#include "storage/storage.h"

namespace tidemill::engine::duckdb {

// `storage` must outlive the result. DuckDB starts with the first call. Thread-safe; calls run one at a time.
std::unique_ptr<delta::CheckpointIo> MakeCheckpointIo(storage::Storage& storage);

}  // namespace tidemill::engine::duckdb
