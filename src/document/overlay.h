// What changes a file's tree before it is read: the chosen profile, --set, and ${VAR}. In that order, so that each
// later one has the last word and variables may stand anywhere.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "document/diagnostic.h"
#include "document/yaml.h"

namespace tidemill::document {

// Takes `profiles` out of the root and lays the one of that name (empty: none) over the rest. Maps are merged,
// everything else is replaced.
void ApplyProfile(Node& root, const std::string& profile, Diagnostics& out);

// "a.b=c": the value is YAML. A list's items are named by their `name` or by index from 0: "steps.clean.cache=true".
void ApplySetting(Node& root, std::string_view setting, Diagnostics& out);

// Replaces ${VAR} and ${VAR:-default} in every value (not in keys); $${ stands for ${ itself.
void ReplaceVariables(Node& root, const std::map<std::string, std::string>& variables, Diagnostics& out);

}  // namespace tidemill::document
