// A schema as Spark writes it in JSON: the form that Delta's metaData.schemaString, Parquet footers and Spark Connect
// share (org.apache.spark.sql.types.DataType.json).
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "plan/type.h"

namespace tidemill::plan {

std::string SchemaToJson(const Schema& schema);
Result<Schema> SchemaFromJson(std::string_view json);

}  // namespace tidemill::plan
