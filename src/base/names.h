// "Did you mean": the nearest valid spelling of a name a user wrote.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tidemill {

// Equal but for ASCII case, as Spark compares names by default.
bool SameIgnoringCase(std::string_view a, std::string_view b);
// Edits (insert, delete, replace, swap neighbours) between two names, ignoring ASCII case.
int EditDistance(std::string_view a, std::string_view b);
// The closest candidate within a third of the name's length (at least 1 edit), or none.
std::optional<std::string> NearestName(std::string_view name, const std::vector<std::string>& candidates);

}  // namespace tidemill
