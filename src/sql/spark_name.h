// spark_name.h: the texts Spark generates from an expression as written. SparkName itself is declared in resolver.h.
#pragma once

#include <functional>
#include <string>

#include "plan/expr.h"

namespace tidemill::sql {

// How a name inside an expression is printed. Only who knows the columns can tell t.a (printed "a") from a field st.f
// (printed "st.f"); without a hint the last part is printed.
using AttributeText = std::function<std::string(const plan::Name&)>;

// The expression's own text, as error messages quote it and as it appears inside other names. A column's name differs
// from it for a cast of a column, CAST(a AS INT), which is named a.
std::string SparkText(const plan::ExprPtr& expr, const AttributeText& attribute = {});
// SparkName with the hint.
std::string SparkNameWith(const plan::ExprPtr& expr, const AttributeText& attribute);

}  // namespace tidemill::sql
