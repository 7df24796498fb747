#include "session/routines.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/lower.h"
#include "base/names.h"
#include "session/error.h"
#include "session/scope.h"
#include "session/statements.h"
#include "session/tree.h"
#include "sql/functions.h"
#include "sql/parser.h"

namespace tidemill::session {
namespace {

constexpr const char* kAnsi = "spark.sql.ansi.enabled";

sql::Routine MakeRoutine(const plan::CreateFunction& create, plan::Name name, std::shared_ptr<sql::Catalog> scope) {
  sql::Routine routine;
  routine.name = std::move(name);
  for (const auto& parameter : create.parameters) {
    routine.parameters.push_back(
        {parameter.name, parameter.type, parameter.default_value ? parameter.default_value->expr : nullptr});
  }
  routine.table = create.table;
  routine.expression = create.expression;
  routine.query = create.query;
  routine.scope = std::move(scope);
  if (create.returns) routine.returns = *create.returns;
  for (const auto& column : create.table_columns) routine.columns.fields.push_back({column.name[0], column.type});
  return routine;
}

// A call of the function with NULLs for arguments, resolved: what its body gives. The body alone decides the types that
// the statement leaves out.
Result<plan::Schema> BodySchema(State& state, const sql::Routine& routine, sql::Catalog& scope) {
  std::vector<plan::ExprPtr> list;
  for (const auto& parameter : routine.parameters) {
    list.push_back(Named(CastTo(Null(), AsRead(plan::Schema{{{"", parameter.type}}}).fields[0].type), parameter.name));
  }
  if (list.empty()) list.push_back(Named(Null(), "__none"));
  const auto parameters = AliasOf(SelectFrom(std::move(list), plan::MakeRelation(plan::OneRow{})), routine.name.back());
  plan::RelationPtr query;
  if (routine.table) {
    plan::Join join;
    join.left = parameters;
    join.right = AliasOf(routine.query, "__body");
    join.lateral = true;
    plan::Star star;
    star.qualifier = {"__body"};
    query = SelectFrom({plan::MakeExpr(star)}, plan::MakeRelation(std::move(join)));
  } else {
    auto body = routine.expression;
    if (!body) body = plan::MakeExpr(plan::SubqueryExpr{plan::SubqueryExpr::Kind::kScalar, {}, routine.query});
    query = SelectFrom({Named(body, "value")}, parameters);
  }
  ASSIGN_OR_RETURN(const auto resolved, sql::ResolveQuery(query, scope, state.resolve_options()));
  return plan::typed::SchemaOf(*resolved);
}

bool IsOfLength(const plan::DataType& type) { return type.is_char() || type.is_varchar(); }

Status CheckTypes(const plan::CreateFunction& create) {
  const bool of_length =
      std::ranges::any_of(create.parameters, [](const auto& parameter) { return IsOfLength(parameter.type); }) ||
      std::ranges::any_of(create.table_columns, [](const auto& column) { return IsOfLength(column.type); }) ||
      (create.returns && IsOfLength(*create.returns));
  if (!of_length) return Ok();
  return SqlError("UNSUPPORTED_CHAR_OR_VARCHAR_AS_STRING", "0A000",
                  "The char/varchar type can't be used in a function. Write STRING.");
}

// The defaults stand outside the function: they see no parameter.
Status CheckDefaults(State& state, const sql::Routine& routine, sql::Catalog& scope) {
  for (const auto& parameter : routine.parameters) {
    if (!parameter.default_value) continue;
    if (sql::HoldsSubquery(parameter.default_value)) {
      return SqlError("USER_DEFINED_FUNCTIONS.NOT_A_VALID_DEFAULT_EXPRESSION", "42601",
                      fmt::format("The DEFAULT expression of {} parameter {} must not contain a subquery.",
                                  Quoted(routine.name), parameter.name),
                      parameter.default_value->at);
    }
    const auto value = Named(CastTo(parameter.default_value, parameter.type), parameter.name);
    const auto resolved =
        sql::ResolveQuery(SelectFrom({value}, plan::MakeRelation(plan::OneRow{})), scope, state.resolve_options());
    if (!resolved.ok()) return resolved.error();
  }
  return Ok();
}

// Whatever the body reaches must not come back to the function: a replaced one would call itself.
Status CheckAcyclic(State& state, const plan::Name& full) {
  plan::Name own;
  for (const auto& part : full) own.push_back(LowerAscii(part));
  if (!state.seen.routines.contains(own)) return Ok();
  return SqlError("CYCLIC_FUNCTION_REFERENCE", "42887",
                  fmt::format("Cyclic function reference detected: {0} -> {0}.", Quoted(full)));
}

Status CheckNames(const plan::CreateFunction& create, const plan::Name& name) {
  std::set<std::string> seen;
  for (const auto& parameter : create.parameters) {
    if (seen.insert(LowerAscii(parameter.name)).second) continue;
    return SqlError("DUPLICATE_ROUTINE_PARAMETER_NAMES", "42734",
                    fmt::format("Found duplicate name(s) in the parameter list of the user-defined routine {}: {}.",
                                Quoted(name), Quoted({LowerAscii(parameter.name)})));
  }
  bool defaults = false;
  for (size_t i = 0; i < create.parameters.size(); ++i) {
    const auto& parameter = create.parameters[i];
    if (parameter.default_value) {
      defaults = true;
    } else if (defaults) {
      return SqlError(
          "USER_DEFINED_FUNCTIONS.NOT_A_VALID_DEFAULT_PARAMETER_POSITION", "42601",
          fmt::format("In routine {} parameter {} with DEFAULT must not be followed by parameter {} without "
                      "DEFAULT.",
                      Quoted(name), create.parameters[i - 1].name, parameter.name));
    }
  }
  seen.clear();
  for (const auto& column : create.table_columns) {
    if (seen.insert(LowerAscii(column.name[0])).second) continue;
    return SqlError(
        "DUPLICATE_ROUTINE_RETURNS_COLUMNS", "42711",
        fmt::format("Found duplicate column(s) in the RETURNS clause column list of the user-defined routine "
                    "{}: {}.",
                    Quoted(name), Quoted({LowerAscii(column.name[0])})));
  }
  return Ok();
}

}  // namespace

Result<std::shared_ptr<const sql::Routine>> RoutineOf(State& state, const StoredFunction& function) {
  ASSIGN_OR_RETURN(const auto script, sql::ParseScript(function.text, state.parse_options()));
  const auto* create = script.size() == 1 ? std::get_if<plan::CreateFunction>(&script[0].node) : nullptr;
  if (create == nullptr) return DataLoss(fmt::format("the catalog's function {} is damaged", function.name));
  const plan::Name name{kCatalogName, function.database, function.name};
  auto routine = MakeRoutine(*create, name, std::make_shared<Scope>(state, function.conf.at("database"), false));
  const auto mode = function.conf.find(kAnsi);
  routine.ansi = mode == function.conf.end() || mode->second == "true";
  if (!create->returns && !create->table) {
    ASSIGN_OR_RETURN(const auto schema, BodySchema(state, routine, *routine.scope));
    routine.returns = schema.fields[0].type;
  }
  if (create->table && create->table_columns.empty()) {
    ASSIGN_OR_RETURN(routine.columns, BodySchema(state, routine, *routine.scope));
  }
  return std::shared_ptr<const sql::Routine>(std::make_shared<sql::Routine>(std::move(routine)));
}

Result<Answer> Run(State& state, const plan::CreateFunction& create) {
  ASSIGN_OR_RETURN(const auto name, state.NameOf(create.name));
  if (create.temporary && create.if_not_exists) {
    return SqlError("INVALID_SQL_SYNTAX.CREATE_TEMP_FUNC_WITH_IF_NOT_EXISTS", "42000",
                    "CREATE TEMPORARY FUNCTION with IF NOT EXISTS is not allowed.");
  }
  if (create.replace && create.if_not_exists) {
    return SqlError("INVALID_SQL_SYNTAX.CREATE_ROUTINE_WITH_IF_NOT_EXISTS_AND_REPLACE", "42000",
                    "Cannot create a routine with both IF NOT EXISTS and REPLACE specified.");
  }
  if (create.temporary && name.size() > 1) {
    return SqlError(
        "INVALID_SQL_SYNTAX.MULTI_PART_NAME", "42000",
        fmt::format("CREATE TEMPORARY FUNCTION with multiple part function name ({}) is not allowed.", Quoted(name)));
  }
  ASSIGN_OR_RETURN(const auto place, state.PlaceOf(name));
  RETURN_IF_ERROR(CheckNames(create, name));
  RETURN_IF_ERROR(CheckTypes(create));
  ASSIGN_OR_RETURN(const auto in_catalog, state.warehouse.FindFunction(place.database, place.name));
  const bool there = create.temporary ? state.routines.contains(LowerAscii(name[0])) : in_catalog.has_value();
  if (there && create.if_not_exists) return Nothing();
  if (there && !create.replace) {
    return SqlError(
        "ROUTINE_ALREADY_EXISTS", "42723",
        fmt::format("Cannot create the routine {} because a routine of that name already exists. Choose a "
                    "different name, drop or replace the existing routine, or add the IF NOT EXISTS clause.",
                    Quoted(create.temporary ? name : plan::Name{place.database, place.name})));
  }
  if (!create.temporary && !IsCatalogName(place.name)) {
    return Unimplemented(fmt::format("the function name {} is not supported; use letters, digits and _", Quoted(name)));
  }
  const plan::Name full = create.temporary ? plan::Name{LowerAscii(name[0])} : place.full();
  auto routine = MakeRoutine(create, full, state.NewScope(create.temporary));
  routine.ansi = state.ansi();
  state.seen.temporary.clear();
  RETURN_IF_ERROR(CheckDefaults(state, routine, state.scope()));
  state.seen.routines.clear();
  ASSIGN_OR_RETURN(const auto body, BodySchema(state, routine, state.scope()));
  RETURN_IF_ERROR(CheckAcyclic(state, full));
  if (!create.temporary && !state.seen.temporary.empty()) {
    const auto& [kind, object] = state.seen.temporary.front();
    return SqlError(
        "INVALID_TEMP_OBJ_REFERENCE", "42K0F",
        fmt::format("Cannot create the persistent object {} of the type FUNCTION because it references to the "
                    "temporary object {} of the type {}. Make both temporary, or both persistent.",
                    Quoted(full), Quoted(object), kind));
  }
  if (create.table && !create.table_columns.empty() && body.fields.size() != create.table_columns.size()) {
    return SqlError(
        "USER_DEFINED_FUNCTIONS.RETURN_COLUMN_COUNT_MISMATCH", "42601",
        fmt::format("The number of columns produced by the RETURN clause (num: {}) does not match the number of "
                    "column names specified by the RETURNS clause (num: {}) of {}.",
                    body.fields.size(), create.table_columns.size(), Quoted(name)));
  }
  if (!create.table && !create.returns) routine.returns = body.fields[0].type;
  if (create.table && create.table_columns.empty()) routine.columns = body;
  if (create.temporary) {
    state.routines[LowerAscii(name[0])] = std::make_shared<const sql::Routine>(std::move(routine));
    return Nothing();
  }
  StoredFunction function{place.database,
                          place.name,
                          state.statement_text,
                          {{"database", state.database}, {kAnsi, state.ansi() ? "true" : "false"}}};
  RETURN_IF_ERROR(state.warehouse.PutFunction(function));
  return Nothing();
}

Result<Answer> DropFunction(State& state, const plan::Drop& drop) {
  ASSIGN_OR_RETURN(const auto name, state.NameOf(drop.name));
  if (drop.temporary) {
    if (state.routines.erase(LowerAscii(name.back())) > 0 || drop.if_exists) return Nothing();
  } else {
    if (name.size() == 1 && sql::FindFunction(LowerAscii(name[0])) != nullptr) {
      return SqlError("FORBIDDEN_OPERATION", "42809",
                      fmt::format("The operation DROP FUNCTION is not allowed on the FUNCTION: {}.", Quoted(name)));
    }
    ASSIGN_OR_RETURN(const auto place, state.PlaceOf(name));
    ASSIGN_OR_RETURN(const auto there, state.warehouse.FindFunction(place.database, place.name));
    if (there) {
      RETURN_IF_ERROR(state.warehouse.DropFunction(place.database, place.name));
      return Nothing();
    }
    if (drop.if_exists) return Nothing();
  }
  return SqlError(drop.temporary ? "ROUTINE_NOT_FOUND" : "UNRESOLVED_ROUTINE", "42883",
                  fmt::format("Cannot resolve routine {} on search path [`system`.`builtin`, `system`.`session`, "
                              "`spark_catalog`.{}].",
                              Quoted(name), Quoted({state.database})),
                  drop.name.at);
}

}  // namespace tidemill::session
