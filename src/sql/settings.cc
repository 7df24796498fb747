#include "sql/settings.h"

#include "base/lower.h"

#include <algorithm>
#include <cctype>
#include <string_view>

namespace tidemill::sql {
namespace {

struct Accepted {
  std::string_view key;
  std::string_view value;  // the one value there is; empty: any, it is honoured or changes no answer
};

// Keys of spark.sql.legacy.* that are not here are refused whatever they say.
constexpr Accepted kAccepted[] = {
    {"spark.sql.binaryOutputStyle", ""},
    {"spark.sql.timeType.enabled", "false"},
    {"spark.sql.groupByAliases", ""},
    {"spark.sql.groupByOrdinal", "true"},
    {"spark.sql.orderByOrdinal", "true"},
    {"spark.sql.mapKeyDedupPolicy", "exception"},
    {"spark.sql.parser.quotedRegexColumnNames", ""},
    {"spark.sql.decimalOperations.allowPrecisionLoss", ""},
    {"spark.sql.optimizer.decorrelateExistsSubqueryLegacyIncorrectCountHandling.enabled", "false"},
    {"spark.sql.optimizer.decorrelateSubqueryLegacyIncorrectCountHandling.enabled", "false"},
    {"spark.sql.legacy.allowHashOnMapType", "false"},
    {"spark.sql.legacy.bangEqualsNot", ""},
    {"spark.sql.legacy.castComplexTypesToString.enabled", "false"},
    {"spark.sql.legacy.charVarcharAsString", "false"},
    {"spark.sql.legacy.codingErrorAction", "false"},
    {"spark.sql.legacy.createHiveTableByDefault", ""},
    {"spark.sql.legacy.ctePrecedencePolicy", ""},
    {"spark.sql.legacy.fixArrayInsertNegativeIndex", "false"},
    {"spark.sql.legacy.interval.enabled", ""},
    {"spark.sql.legacy.javaCharsets", "false"},
    {"spark.sql.legacy.literal.pickMinimumPrecision", "true"},
    {"spark.sql.legacy.negativeIndexInArrayInsert", ""},
    {"spark.sql.legacy.nullInEmptyListBehavior", ""},
    {"spark.sql.legacy.parser.havingWithoutGroupByAsWhere", ""},
    {"spark.sql.legacy.percentileDiscCalculation", ""},
    {"spark.sql.legacy.scalarSubqueryAllowGroupByNonEqualityCorrelatedPredicate", "false"},
    {"spark.sql.legacy.scalarSubqueryCountBugBehavior", "false"},
    {"spark.sql.legacy.sizeOfNull", "true"},
    {"spark.sql.legacy.timeParserPolicy", ""},
    {"spark.sql.legacy.typeCoercion.datetimeToString.enabled", "false"},
};

}  // namespace

bool Flag(const Settings& settings, const std::string& key, bool otherwise) {
  const auto found = settings.find(key);
  return found == settings.end() ? otherwise : LowerAscii(found->second) == "true";
}

ParseOptions ParseOptionsOf(const Settings& settings) {
  ParseOptions options;
  options.ansi = Flag(settings, "spark.sql.ansi.enabled", true);
  options.enforce_reserved_keywords = Flag(settings, "spark.sql.ansi.enforceReservedKeywords", false);
  options.double_quoted_identifiers = Flag(settings, "spark.sql.ansi.doubleQuotedIdentifiers", false);
  options.escaped_string_literals = Flag(settings, "spark.sql.parser.escapedStringLiterals", false);
  options.quoted_patterns = Flag(settings, "spark.sql.parser.quotedRegexColumnNames", false);
  options.bang_is_not = Flag(settings, "spark.sql.legacy.bangEqualsNot", false);
  const auto timestamp = settings.find("spark.sql.timestampType");
  options.timestamp_ntz = timestamp != settings.end() && LowerAscii(timestamp->second) == "timestamp_ntz";
  return options;
}

Status CheckSettings(const Settings& settings) {
  for (const auto& [key, value] : settings) {
    const auto* row = std::ranges::find(kAccepted, std::string_view(key), &Accepted::key);
    const bool known = row != std::end(kAccepted);
    if (!known && !key.starts_with("spark.sql.legacy.")) continue;
    if (known && (row->value.empty() || row->value == LowerAscii(value))) continue;
    return Unimplemented("the setting " + key + "=" + value +
                         " is not supported by the native engine; reset it, or run the query on Spark");
  }
  return Ok();
}

}  // namespace tidemill::sql
