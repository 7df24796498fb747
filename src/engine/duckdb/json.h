// json.h: JSON lines by Spark's rules.
#pragma once

#include "engine/duckdb/sources.h"

namespace tidemill::engine::duckdb {

Result<SourceSelect> JsonSelect(Connection& connection, const Source& source, const std::string& time_zone,
                                const std::string& window);
Result<plan::Schema> InferJson(Connection& connection, const Source& source);

}  // namespace tidemill::engine::duckdb
