// edit.h: a change of a YAML text by lines, so that everything else, comments too, stays as somebody wrote it.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace tidemill::document {

// `text` with these entries in the map `section` at its top: values that are there are replaced, others added behind
// the last one; a section that is not there is added at the end. Values are written as quoted texts. kUnimplemented:
// the section is written in braces, or a value over several lines; kInvalidArgument: `text` is no YAML map.
Result<std::string> SetEntries(std::string_view text, std::string_view section,
                               const std::vector<std::pair<std::string, std::string>>& entries);

// What changed from `before` to `after`, as lines led by "-", "+" and (two around it) " ".
std::string LineDiff(std::string_view before, std::string_view after);

}  // namespace tidemill::document
