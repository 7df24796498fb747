// Regular expressions over column names, as java.util.regex reads them: letters, `.`, `[abc]`, groups, `|`, and `?`,
// `*`,
// `+` with their lazy and possessive forms (`(a)?+.+` is every name but a).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tidemill::sql {

// The names of which the pattern matches the whole, by index; nothing where the pattern holds what is not read here.
std::optional<std::vector<size_t>> MatchingNames(std::string_view pattern, const std::vector<std::string>& names,
                                                 bool case_sensitive);

}  // namespace tidemill::sql
