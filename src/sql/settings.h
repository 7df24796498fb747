// settings.h: Spark's settings that change what a query answers. Each is honoured, or refused by name where it is not
// at the value this program has; none is silently passed over.
#pragma once

#include <map>
#include <string>

#include "base/result.h"
#include "sql/parser.h"

namespace tidemill::sql {

using Settings = std::map<std::string, std::string>;

// The value of a setting that is true or false.
bool Flag(const Settings& settings, const std::string& key, bool otherwise);
// How text is read under these settings.
ParseOptions ParseOptionsOf(const Settings& settings);
// Refuses a setting that would change the answer in a way that is not known here.
Status CheckSettings(const Settings& settings);

}  // namespace tidemill::sql
