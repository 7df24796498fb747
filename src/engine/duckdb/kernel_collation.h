// Texts under Spark's collations. What ICU compares is compared by ICU's sort keys; its versions agree on the letters
// of the scripts listed in the source, and a text with any other is refused, as a locale whose rules have changed is.
#pragma once

#include <string>
#include <string_view>

#include "engine/duckdb/kernel_vector.h"
#include "plan/collation.h"

namespace tidemill::engine::duckdb {

using Points = std::u32string;
using PointsView = std::u32string_view;
Points PointsOf(std::string_view utf8);
std::string TextOf(PointsView points);

// UTF8_LCASE compares texts letter by letter in lower case: both small sigmas are one, and İ becomes two letters, which
// a single one stands for where texts are searched.
inline constexpr char32_t kDottedI = U'\u0130', kDottedLowerI = 0x110000;
char32_t LowerPoint(char32_t point);
Points LowerPoints(PointsView points);  // with both letters of İ

// Bytes that compare as the texts do under the collation.
std::string CollationKeyOf(Row& row, std::string_view text, const plan::Collation& collation);

Status RegisterCollationKernels(duckdb_connection connection);

}  // namespace tidemill::engine::duckdb
