// The store of every path that a user may name: the machine's disk, and S3 by s3://bucket/key.
#pragma once

#include <memory>

#include "app/program.h"
#include "cloud/s3.h"
#include "storage/storage.h"

namespace tidemill::app {

// Credentials and the library for S3 are looked for when the first s3:// path is met. `program` must outlive the store.
std::unique_ptr<storage::Storage> MakeStores(Program& program);
// The storage classes of objects on S3, with the same credentials.
Result<std::shared_ptr<cloud::StorageClasses>> MakeClasses(Program& program);

}  // namespace tidemill::app
