// Space-filling curves as Spark SQL: rows whose columns are alike come to lie together.
//
// Each column is cut into 1,024 parts of as many rows each, so that any order of values will do; the numbers of the
// parts are a point, and the point's place on the curve orders the rows.
#pragma once

#include <string>
#include <vector>

#include "job/optimize.h"
#include "plan/type.h"

namespace tidemill::job {

// A query of the table's columns, and one more to sort by.
std::string OrderedText(const std::string& table, const plan::Schema& schema, const std::vector<std::string>& columns,
                        Curve curve);

}  // namespace tidemill::job
