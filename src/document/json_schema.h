// A table of keys as JSON Schema (draft 2020-12), for editors.
#pragma once

#include <string>
#include <string_view>

#include "document/keys.h"

namespace tidemill::document {

std::string JsonSchema(const Section& root, std::string_view title);

}  // namespace tidemill::document
