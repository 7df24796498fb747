// csv_header.h: the first line of CSV files, which names the columns.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "engine/duckdb/filesystem.h"
#include "engine/engine.h"
#include "storage/storage.h"

namespace tidemill::engine::duckdb::text {

// The fields of the file's first record that is neither blank nor a comment; none: there is no such record.
Result<std::vector<std::string>> FirstFields(storage::Storage& storage, Traffic& traffic, const Source& source,
                                             const File& file);

// A header that does not name the schema's columns in their order means that every value would land in a wrong column.
Status CheckHeaders(storage::Storage& storage, Traffic& traffic, const Source& source);

}  // namespace tidemill::engine::duckdb::text
