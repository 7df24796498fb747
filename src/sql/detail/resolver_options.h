// Options given as map('name', 'value', ...), and types given as text, of the functions that read and write CSV, JSON
// and XML.
#pragma once

#include <initializer_list>
#include <map>
#include <string>

#include "base/result.h"
#include "sql/detail/resolver_operator.h"

namespace tidemill::sql {

using Options = std::map<std::string, std::string>;  // names in lower case

Result<Options> OptionsOf(const PendingCall& call, size_t index);
// What options may say; all others are refused by name.
Status OnlyOptions(const Options& options, std::initializer_list<const char*> known, Position at);
// The mode FAILFAST, not PERMISSIVE.
Result<bool> FailsFast(const PendingCall& call, const Options& options);
// The options as a constant of type MAP<STRING, STRING>.
typed::ExprPtr OptionsLiteral(const Options& options);
// The type that argument `index` is the text of, every part of it nullable.
Result<plan::DataType> TypeArgument(const PendingCall& call, size_t index);
// The text of argument `index`, a constant; `name` is what Spark calls it.
Result<std::string> ConstantArgument(const PendingCall& call, size_t index, const std::string& name);

}  // namespace tidemill::sql
