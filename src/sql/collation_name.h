// collation_name.h: names of collations: UTF8_BINARY, UTF8_LCASE, UNICODE or a locale, and what they do not tell apart
// (_CI case, _AI accents, _RTRIM blanks at the end).
#pragma once

#include <string>

#include "base/error.h"
#include "base/result.h"

namespace tidemill::sql {

// The name as Spark shows it, or COLLATION_INVALID_NAME. Of a locale only the language is checked.
Result<std::string> CollationNamed(const std::string& written, Position at);

}  // namespace tidemill::sql
