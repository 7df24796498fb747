// record_text.h: what the functions that read and write records as text (CSV, XML) have in common: their options, their
// date patterns, and Spark's FailureSafeParser. For use within one call of a value function (kernel_value.h).
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "engine/duckdb/kernel_value.h"

namespace tidemill::engine::duckdb {

using TextRules = std::map<std::string, std::string>;

// Argument `index`, a MAP<STRING, STRING>.
TextRules RulesOf(const ValueCall& call, size_t index);

// A DATE, TIMESTAMP or TIMESTAMP_NTZ read by the patterns `dateformat` and `timestampformat`, or as Spark reads it
// without. Instants are local times of the session's zone when `call.result` says so. Nothing: it is not one; the row
// may have been refused.
std::optional<plan::Value> ReadTime(Row& row, const ValueCall& call, std::string_view text, const plan::DataType& type,
                                    const TextRules& rules, bool strict_dates);
// The same, written; `local` is what the session's clock shows.
std::string WriteTime(Row& row, const plan::Value& value, const plan::Value& local, const plan::DataType& type,
                      const std::string& date_format, const std::string& timestamp_format);

// The record as read: with the text in _corrupt_record when `bad`, an error when the mode is FAILFAST.
plan::Value Settled(Row& row, const plan::Value& record, bool bad, const std::string& text, const plan::DataType& type,
                    const TextRules& rules);

}  // namespace tidemill::engine::duckdb
