// Schema enforcement on write, and its explicit relaxation.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "plan/type.h"

namespace tidemill::delta {

struct SchemaDifference {
  std::vector<std::string> missing;     // in the table, not in the data
  std::vector<std::string> extra;       // in the data, not in the table
  std::vector<std::string> mismatched;  // "amount: the table has bigint, the data has string"
  std::vector<std::string> nullable;    // NOT NULL in the table, may be null in the data
  bool empty() const { return missing.empty() && extra.empty() && mismatched.empty() && nullable.empty(); }
};

// Columns are matched by name, ignoring case; order is free.
SchemaDifference CompareSchemas(const plan::Schema& table, const plan::Schema& data);

// Data may lack nullable columns (they become null); anything else different is kFailedPrecondition listing every
// column.
Status EnforceSchema(const plan::Schema& table, const plan::Schema& data);

// The table's columns, then the data's new ones as nullable. New fields of structs are appended likewise. A column of
// another type stays an error.
Result<plan::Schema> MergeSchema(const plan::Schema& table, const plan::Schema& data);

// Whether Delta can store a table of this schema: names without doubles (ignoring case), with at least one column, of
// types that Parquet and Delta have. kInvalidArgument, or kUnimplemented by the type's name.
Status CheckTableSchema(const plan::Schema& schema, const std::vector<std::string>& partition_columns);

}  // namespace tidemill::delta
