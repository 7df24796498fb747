// Spark's analysis errors: class, SQLSTATE, message with its parameters.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "plan/type.h"
#include "sql/coercion.h"

namespace tidemill::sql {

// `text` with <name> replaced by the parameter of that name.
Error AnalysisError(std::string error_class, std::string sqlstate, std::string_view text,
                    std::map<std::string, std::string> params, Position at);
// DATATYPE_MISMATCH.<subclass>: `Cannot resolve "<sqlExpr>" due to data type mismatch: <text>`.
Error Mismatch(std::string subclass, std::string sql, std::string_view text, std::map<std::string, std::string> params,
               Position at);
// DATATYPE_MISMATCH.CAST_...: no such cast. Says where a function, or the legacy mode, would do it.
Error IllegalCast(const std::string& sql, const plan::DataType& from, const plan::DataType& to, TypeRules rules,
                  Position at);
// A construct that Spark has and this program has not: named, with its place.
Error Refused(std::string what, Position at);

// A recursive common table that is not an anchor and a recursive term.
Error InvalidRecursion(Position at);

// `a`.`b` and "a".
std::string QuotedName(const std::vector<std::string>& parts);
std::string QuotedSql(const std::string& sql);
std::string QuotedType(const plan::DataType& type);

}  // namespace tidemill::sql
