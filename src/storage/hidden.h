// Names that readers of a folder pass over, by Spark's rule: those that begin with '.', and those that begin with '_'
// and are no partition folder ("_p=1").
#pragma once

#include <string_view>

namespace tidemill::storage {

bool IsHidden(std::string_view name);
// Whether a part of a path below a folder is hidden.
bool AnyHidden(std::string_view path);

}  // namespace tidemill::storage
