// Session variables: DECLARE, SET VAR, DROP TEMPORARY VARIABLE.
#include <fmt/format.h>

#include <set>

#include "base/lower.h"
#include "base/names.h"
#include "session/columns.h"
#include "session/error.h"
#include "session/statements.h"
#include "session/tree.h"
#include "sql/coercion.h"

namespace tidemill::session {
namespace {

// The variable's own name, of x, session.x or system.session.x.
Result<std::string> VariableName(State& state, const plan::ObjectName& object) {
  ASSIGN_OR_RETURN(const auto name, state.NameOf(object));
  const bool qualified =
      (name.size() == 2 && SameIgnoringCase(name[0], "session")) ||
      (name.size() == 3 && SameIgnoringCase(name[0], "system") && SameIgnoringCase(name[1], "session"));
  if (name.size() == 1 || qualified) return LowerAscii(name.back());
  return SqlError("UNRESOLVED_VARIABLE", "42883",
                  fmt::format("Cannot resolve variable {} on search path `SYSTEM`.`SESSION`.", Quoted(name)),
                  object.at);
}

Error Unresolved(const plan::Name& name, Position at) {
  return SqlError(
      "UNRESOLVED_VARIABLE", "42883",
      fmt::format("Cannot resolve variable {} on search path `SYSTEM`.`SESSION`. DECLARE it first.", Quoted(name)), at);
}

bool IsDefaultWord(const plan::ExprPtr& expr) {
  const auto* attribute = std::get_if<plan::Attribute>(&expr->node);
  return attribute != nullptr && attribute->parts.size() == 1 && SameIgnoringCase(attribute->parts[0], "default");
}

}  // namespace

Result<Answer> Run(State& state, const plan::DeclareVariable& declare) {
  std::set<std::string> names;
  for (const auto& object : declare.names) {
    ASSIGN_OR_RETURN(const auto written, state.NameOf(object));
    const auto name = VariableName(state, object);
    if (!name.ok()) {
      return SqlError(
          "INVALID_VARIABLE_DECLARATION.QUALIFIED_LOCAL_VARIABLE", "42K0M",
          fmt::format("The variable name {} must be unqualified, or qualified with session.", Quoted(written)));
    }
    if (!names.insert(*name).second) {
      return SqlError("DUPLICATE_VARIABLE_NAME_INSIDE_DECLARE", "42734",
                      fmt::format("Found duplicate variable {} in the declare variable list.", Quoted({*name})));
    }
    if (state.variables.contains(*name) && !declare.replace) {
      return SqlError(
          "VARIABLE_ALREADY_EXISTS", "42723",
          fmt::format("Cannot create the variable {} because it already exists. Choose a different name, or "
                      "drop or replace the existing variable.",
                      Quoted({"system", "session", *name})));
    }
  }
  TemporaryVariable variable;
  plan::ExprPtr value = declare.default_value ? declare.default_value->expr : Null();
  if (declare.type) {
    variable.value.type = AsRead(plan::Schema{{{"", *declare.type}}}).fields[0].type;
    if (declare.default_value) {
      RETURN_IF_ERROR(
          CheckDefault(state, {*names.begin(), variable.value.type}, *declare.default_value, "DECLARE VARIABLE"));
    }
  } else {
    const auto resolved = sql::ResolveConstant(value, state.scope(), state.resolve_options());
    if (!resolved.ok()) {
      return CheckDefault(state, {*names.begin(), plan::TypeId::kString}, *declare.default_value, "DECLARE VARIABLE")
          .error();
    }
    variable.value.type = (*resolved)->type;
  }
  variable.default_value = CastTo(value, variable.value.type);
  ASSIGN_OR_RETURN(variable.value.value, state.Evaluate(variable.default_value));
  for (const auto& name : names) state.variables[name] = variable;
  return Nothing();
}

Result<Answer> Run(State& state, const plan::SetVariables& set) {
  std::vector<std::string> names;
  std::set<std::string> seen;
  for (const auto& object : set.names) {
    ASSIGN_OR_RETURN(auto name, VariableName(state, object));
    if (!state.variables.contains(name)) return Unresolved({name}, object.at);
    if (!seen.insert(name).second) {
      return SqlError(
          "DUPLICATE_ASSIGNMENTS", "42701",
          fmt::format("The columns or variables {} appear more than once as assignment targets.", Quoted({name})));
    }
    names.push_back(std::move(name));
  }
  std::vector<plan::Value> values;
  if (set.query) {
    ASSIGN_OR_RETURN(const auto resolved, state.Resolve(set.query));
    const auto schema = plan::typed::SchemaOf(*resolved);
    if (schema.fields.size() != names.size()) {
      return SqlError(
          "ASSIGNMENT_ARITY_MISMATCH", "42802",
          fmt::format("The number of columns or variables assigned or aliased: {} does not match the number "
                      "of source expressions: {}.",
                      names.size(), schema.fields.size()));
    }
    std::vector<std::string> columns;
    std::vector<plan::ExprPtr> list;
    for (size_t i = 0; i < names.size(); ++i) {
      columns.push_back(fmt::format("c{}", i));
      list.push_back(CastTo(Column({columns.back()}), state.variables.at(names[i]).value.type));
    }
    ASSIGN_OR_RETURN(const auto rows, state.Query(SelectFrom(std::move(list), AliasOf(set.query, "__q", columns)), 2));
    if (rows.rows.size() > 1) {
      return SqlError("ROW_SUBQUERY_TOO_MANY_ROWS", "21000", "More than one row returned by a subquery used as a row.");
    }
    values = rows.rows.empty() ? std::vector<plan::Value>(names.size()) : rows.rows[0];
  } else {
    for (size_t i = 0; i < names.size(); ++i) {
      const auto& variable = state.variables.at(names[i]);
      const auto value = IsDefaultWord(set.values[i]) ? variable.default_value : set.values[i];
      ASSIGN_OR_RETURN(auto computed, state.Evaluate(CastTo(value, variable.value.type)));
      values.push_back(std::move(computed));
    }
  }
  for (size_t i = 0; i < names.size(); ++i) state.variables.at(names[i]).value.value = values[i];
  return Nothing();
}

Result<Answer> DropVariable(State& state, const plan::Drop& drop) {
  ASSIGN_OR_RETURN(const auto written, state.NameOf(drop.name));
  ASSIGN_OR_RETURN(const auto name, VariableName(state, drop.name));
  if (state.variables.erase(name) > 0 || drop.if_exists) return Nothing();
  return SqlError("VARIABLE_NOT_FOUND", "42883",
                  fmt::format("The variable {} cannot be found. Verify its spelling, or write IF EXISTS.",
                              Quoted({"system", "session", name})),
                  drop.name.at);
}

}  // namespace tidemill::session
