// literal.h: the text of a literal -> a constant. Errors carry Spark's class; the caller adds the position.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "plan/expr.h"
#include "sql/lexer.h"

namespace tidemill::sql {

// The characters a kString token stands for: quotes, r-prefix and escapes resolved. `\%` and `\_` keep their backslash,
// for LIKE to read.
std::string UnquoteString(std::string_view token, bool escaped_string_literals = false);
// `a``b` -> a`b, and the same for a double-quoted name.
std::string UnquoteName(std::string_view token);

// A number token, its minus sign folded in. Whole numbers are INT, else BIGINT, else DECIMAL; a point without an
// exponent is DECIMAL of exactly the digits written; an exponent is DOUBLE.
Result<plan::Literal> NumberLiteral(TokenKind kind, std::string_view text, bool negative);

// DATE '...', TIMESTAMP '...' and the like, by the upper-case word before the string. Not every one is a constant yet,
// because a parser knows neither the clock nor the session's time zone:
//   TIMESTAMP '...' without a zone  -> Cast of a TIMESTAMP_NTZ literal to TIMESTAMP
//   TIMESTAMP '... Area/City'       -> Cast of the string to TIMESTAMP
//   'today', 'now', 'tomorrow', 'yesterday' -> calls of current_date, current_timestamp, date_add
// `timestamp_ntz`: TIMESTAMP '...' without a zone is a TIMESTAMP_NTZ (spark.sql.timestampType).
Result<plan::ExprPtr> TypedLiteral(std::string_view word, const std::string& text, Position at,
                                   bool timestamp_ntz = false);

// Days since the epoch of "[+-]y[yyy][-m[m][-d[d]]]", at most seven digits of year; anything may follow a blank or T.
std::optional<int64_t> DateFromText(std::string_view text);

struct LocalTimestamp {
  int64_t micros = 0;  // of the clock on the wall, as if it were UTC
  std::string zone;    // as written, trimmed; empty when there was none
};
std::optional<LocalTimestamp> TimestampFromText(std::string_view text);
// "Z", "UTC", "+1", "+01:30", "-0130", "GMT+8": seconds east of UTC, within 18 hours. Nothing for a region's name.
std::optional<int> ZoneOffsetSeconds(std::string_view zone);

int64_t DaysFromCivil(int64_t year, int month, int day);  // proleptic Gregorian
struct CivilDate {
  int64_t year = 0;
  int month = 0;
  int day = 0;
};
CivilDate CivilFromDays(int64_t days);

}  // namespace tidemill::sql
