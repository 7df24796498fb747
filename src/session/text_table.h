// Tables of CSV, JSON and text files: what their options say, which columns they can have, and rows as the lines Spark
// writes.
#pragma once

#include "base/result.h"
#include "engine/engine.h"
#include "session/stored_rows.h"
#include "session/warehouse.h"

namespace tidemill::session {

// An option that would change what is read or written in a way not known here is refused by name.
Result<engine::TextOptions> TextOptionsOf(const Table& table);
// UNSUPPORTED_DATA_TYPE_FOR_DATASOURCE where files of the table's format cannot hold a column.
Status CheckFileColumns(const Table& table);
// The rows with their columns but those of the partitions as one, the line; the partition columns and rules stay.
Result<StoredRows> AsLines(const Table& table, const StoredRows& rows);
bool IsTextProvider(const std::string& provider);

}  // namespace tidemill::session
