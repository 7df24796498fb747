// kernel_value.h: functions on whole values of any type, nested ones too, as plain C++ on plan::Value. Shorter to write
// and slower to run than a vectorised kernel (kernel_vector.h): for what few rows pass through, or what costs more than
// the call does.
//
// One DuckDB function stands for them all: tm_value('name', '<types>', args...). `types` is a schema in JSON: the
// arguments' fields, then the result's, so that Spark's types arrive whole.
#pragma once

#include <duckdb.h>

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "engine/duckdb/kernel_vector.h"
#include "plan/type.h"
#include "plan/value.h"

namespace tidemill::engine::duckdb {

// One row's call. NULL arguments are there as such.
struct ValueCall {
  const std::vector<plan::Value>& args;
  const std::vector<plan::DataType>& types;
  const plan::DataType& result;

  bool null(size_t i) const { return args[i].is_null(); }
  const std::string& text(size_t i) const { return std::get<std::string>(args[i].data); }
  int64_t number(size_t i) const { return std::get<int64_t>(args[i].data); }
  bool flag(size_t i) const { return std::get<bool>(args[i].data); }
  const std::vector<plan::Value>& children(size_t i) const { return *std::get<plan::Value::Children>(args[i].data); }
};

struct ValueRow {
  const char* name;
  plan::Value (*run)(Row&, const ValueCall&);
  enum class Nulls { kNullForNull, kSees } nulls = Nulls::kNullForNull;  // kNullForNull: not called for a NULL
};

const ValueRow* FindValueFunction(std::string_view name);
Status RegisterValueFunctions(duckdb_connection connection);

plan::Value ChildrenValue(std::vector<plan::Value> children);

// The families.
std::span<const ValueRow> CastValues();
std::span<const ValueRow> CollationValues();
std::span<const ValueRow> CryptoValues();
std::span<const ValueRow> CsvValues();
std::span<const ValueRow> HashValues();
std::span<const ValueRow> IntervalValues();
std::span<const ValueRow> NumberValues();
std::span<const ValueRow> JsonValues();
std::span<const ValueRow> SketchValues();
std::span<const ValueRow> TextValues();
std::span<const ValueRow> UrlValues();
std::span<const ValueRow> VariantValues();
std::span<const ValueRow> XmlValues();
std::span<const ValueRow> XpathValues();

}  // namespace tidemill::engine::duckdb
