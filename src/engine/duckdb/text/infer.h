// infer.h: the schema that Spark's inferSchema finds in text files (org.apache.spark.sql.catalyst.csv.CSVInferSchema,
// json.JsonInferSchema): every record is looked at, those that are no records at all are passed over.
#pragma once

#include "base/result.h"
#include "engine/duckdb/filesystem.h"
#include "engine/engine.h"
#include "plan/type.h"
#include "storage/storage.h"

namespace tidemill::engine::duckdb::text {

// Reads the files with as many threads. kCancelled when `cancel` is set.
Result<plan::Schema> InferText(storage::Storage& storage, Traffic& traffic, const Source& source, int threads,
                               const Cancel& cancel);

}  // namespace tidemill::engine::duckdb::text
