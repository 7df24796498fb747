// Names and keywords in lower case, whatever the locale.
#pragma once

#include <string>
#include <string_view>

namespace tidemill {

// A to Z as a to z; all other bytes stay.
std::string LowerAscii(std::string_view text);

}  // namespace tidemill
