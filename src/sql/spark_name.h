// spark_name.h: the texts Spark generates from an expression as written. SparkName itself is declared in resolver.h.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "plan/expr.h"

namespace tidemill::sql {

// How a part of an expression is printed, where more is known of it than its text: only who knows the columns can tell
// t.a (printed "a") from a field st.f (printed "st.f"). Nothing: as it is written. Asked for every part but the
// variables of lambdas.
using PartText = std::function<std::optional<std::string>(const plan::ExprPtr&)>;

// The expression's own text, as error messages quote it and as it appears inside other names. A column's name differs
// from it for a cast of a column, CAST(a AS INT), which is named a.
std::string SparkText(const plan::ExprPtr& expr, const PartText& part = {});
// SparkName with the hint.
std::string SparkNameWith(const plan::ExprPtr& expr, const PartText& part);

}  // namespace tidemill::sql
