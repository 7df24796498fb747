// AWS's shared files: sections of keys.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace tidemill::cloud::aws {

// By section, as "[profile x]" is written: "profile x". Nested keys (indented below one without a value) are left out.
using Ini = std::map<std::string, std::map<std::string, std::string>>;
Ini ParseIni(std::string_view text);

}  // namespace tidemill::cloud::aws
