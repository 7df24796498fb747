#include "sql/collation_name.h"

#include "plan/collation.h"
#include "sql/detail/resolver_error.h"

namespace tidemill::sql {

Result<std::string> CollationNamed(const std::string& written, Position at) {
  if (const auto collation = plan::ParseCollation(written)) return collation->name();
  return AnalysisError("COLLATION_INVALID_NAME", "42704",
                       "The value <collationName> does not represent a correct collation name. Suggested valid "
                       "collation names: [<proposals>].",
                       {{"collationName", QuotedName({written})}, {"proposals", "UTF8_BINARY, UTF8_LCASE, UNICODE"}},
                       at);
}

}  // namespace tidemill::sql
