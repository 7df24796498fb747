// The store of every path that a user may name: the machine's disk, and S3 by s3://bucket/key.
#pragma once

#include <memory>

#include "app/program.h"
#include "storage/storage.h"

namespace tidemill::app {

// Credentials and the library for S3 are looked for when the first s3:// path is met. `program` must outlive the store.
std::unique_ptr<storage::Storage> MakeStores(Program& program);

}  // namespace tidemill::app
