// Generators: functions that make rows. explode, posexplode, inline, stack, and their _outer forms.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "plan/typed.h"
#include "sql/coercion.h"
#include "sql/functions.h"

namespace tidemill::sql {

namespace typed = plan::typed;

struct GeneratorCall {
  std::string function;  // without _outer
  bool outer = false;
  std::vector<typed::ExprPtr> args;
  std::vector<typed::Column> columns;
};

// The generator called there, or null.
const Function* GeneratorOf(const plan::ExprPtr& expr);
// `names`: the columns' names as the user gave them; empty for the generator's own.
Result<GeneratorCall> MakeGenerator(const Function& function, std::vector<typed::ExprPtr> args,
                                    const std::vector<std::string>& names, bool outer, TypeRules rules,
                                    const std::function<typed::ColumnId()>& new_id, Position at);

}  // namespace tidemill::sql
