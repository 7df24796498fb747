// types.h: DuckDB's types and constants as Spark's and back.
#pragma once

#include <duckdb.h>

#include <optional>
#include <string>

#include "base/result.h"
#include "plan/type.h"
#include "plan/value.h"

namespace tidemill::engine::duckdb {

// The Spark type of a column DuckDB found in a file. Unsigned integers widen as Spark's Parquet reader does.
Result<plan::DataType> TypeOf(duckdb_logical_type type);

// DuckDB's type of a Spark type that a text file can hold; the caller destroys it.
duckdb_logical_type LogicalType(const plan::DataType& type);

// SQL of a value as one of type `to`, which differs from its own type in the names of struct fields alone.
std::string RenamedSql(const std::string& value, const plan::DataType& from, const plan::DataType& to);

// A constant as DuckDB SQL, of exactly DuckDbType(type).
std::string ConstantSql(const plan::Value& value, const plan::DataType& type);

// The value of a constant's DuckDB text (a partition value, a bound in the statistics of a written file); none when the
// type has no such text form.
std::optional<plan::Value> ParseConstant(const std::string& text, const plan::DataType& type);

}  // namespace tidemill::engine::duckdb
