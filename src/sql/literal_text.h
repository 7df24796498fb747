// literal_text.h: a constant as Spark writes it in generated names: abc, 1.50, 1.0E10, DATE '2020-01-01', X'1F',
// INTERVAL '1 02' DAY TO HOUR, NULL.
#pragma once

#include <string>

#include "plan/expr.h"

namespace tidemill::sql {

// Instants are shown in UTC. Arrays, maps and structs are never literals of a parser and give "?".
std::string LiteralText(const plan::Literal& literal);

}  // namespace tidemill::sql
