// scalar_inference.h: the type Spark finds in a text when nobody says one (CSVInferSchema, XmlInferSchema, without
// format options). Pure.
#pragma once

#include <string_view>

#include "plan/type.h"

namespace tidemill::sql {

// A CSV field that is not empty: INT, BIGINT, DECIMAL(n,0) for longer whole numbers, DOUBLE, DATE, TIMESTAMP, BOOLEAN,
// STRING.
plan::DataType InferredFromCsv(std::string_view text);
// XML's text: BIGINT, DOUBLE, BOOLEAN, DATE, TIMESTAMP, STRING; VOID for none.
plan::DataType InferredFromXml(std::string_view text);

}  // namespace tidemill::sql
