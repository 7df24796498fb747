#include "session/session.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/lower.h"
#include "base/names.h"
#include "session/error.h"
#include "session/statements.h"
#include "session/tree.h"
#include "sql/parser.h"
#include "sql/shown.h"

namespace tidemill::session {

Answer Nothing() { return {}; }

plan::Value TextValue(std::string text) { return plan::Value{std::move(text)}; }

Answer TextRows(std::vector<std::string> columns, std::vector<std::vector<std::string>> rows) {
  Answer answer;
  for (auto& column : columns) answer.rows.schema.fields.push_back({std::move(column), plan::TypeId::kString, false});
  for (auto& row : rows) {
    auto& values = answer.rows.rows.emplace_back();
    for (auto& text : row) values.push_back(TextValue(std::move(text)));
  }
  return answer;
}

Session::Session(job::RunEnvironment environment, Options options)
    : state_(std::make_unique<State>(std::move(environment), std::move(options.folder), std::move(options.warehouse),
                                     std::move(options.conf))) {
  state_->user = std::move(options.user);
}

Session::~Session() = default;

Result<Answer> Session::Execute(std::string_view text, int64_t most_rows) {
  ASSIGN_OR_RETURN(const auto statements, sql::ParseScript(text, state_->parse_options()));
  Answer answer;
  for (const auto& statement : statements) {
    state_->statement_text = statement.text;
    state_->most_rows = most_rows;
    ASSIGN_OR_RETURN(answer, std::visit([&](const auto& node) { return Run(*state_, node); }, statement.node));
  }
  return answer;
}

// The value with all bytes in it as the text that shows them.
static plan::Value Shown(const plan::Value& value, const plan::DataType& type, plan::BinaryStyle style) {
  if (value.is_null()) return value;
  if (type.is(plan::TypeId::kBinary)) return {plan::BinaryText(std::get<std::string>(value.data), style)};
  if (!type.is_nested()) return value;
  std::vector<plan::Value> shown;
  const auto& children = *std::get<plan::Value::Children>(value.data);
  for (size_t i = 0; i < children.size(); ++i) {
    const auto& of = type.is(plan::TypeId::kArray) ? type.element()
                     : type.is(plan::TypeId::kMap) ? (i % 2 == 0 ? type.key() : type.value())
                                                   : type.fields()[i].type;
    shown.push_back(Shown(children[i], of, style));
  }
  return {std::make_shared<const std::vector<plan::Value>>(std::move(shown))};
}

Result<Answer> Run(State& state, const plan::RelationPtr& query) {
  ASSIGN_OR_RETURN(auto resolved, state.Resolve(query));
  ASSIGN_OR_RETURN(const auto with_views, WithViews(state, std::move(resolved)));
  const auto& relation = with_views.relation;
  ASSIGN_OR_RETURN(auto* session, state.engine());
  Answer answer;
  ASSIGN_OR_RETURN(answer.rows, session->Query(sql::AsShown(relation), state.most_rows));
  answer.rows.schema = plan::typed::SchemaOf(*relation);
  const auto style = plan::BinaryStyleNamed(state.Setting("spark.sql.binaryOutputStyle"));
  if (!style) return answer;
  for (auto& row : answer.rows.rows) {
    for (size_t i = 0; i < row.size(); ++i) row[i] = Shown(row[i], answer.rows.schema.fields[i].type, *style);
  }
  return answer;
}

Result<Answer> Run(State& state, const plan::Explain& explain) {
  const auto* query = std::get_if<plan::RelationPtr>(&explain.statement->node);
  if (query == nullptr) return Unimplemented("EXPLAIN of anything but a query is not supported");
  ASSIGN_OR_RETURN(auto resolved, state.Resolve(*query));
  ASSIGN_OR_RETURN(const auto with_views, WithViews(state, std::move(resolved)));
  ASSIGN_OR_RETURN(auto* session, state.engine());
  ASSIGN_OR_RETURN(auto text, session->Explain(with_views.relation));
  for (auto note = with_views.notes.rbegin(); note != with_views.notes.rend(); ++note) text = *note + "\n" + text;
  return TextRows({"plan"}, {{std::move(text)}});
}

Result<Answer> Run(State& state, const plan::UnsupportedStatement& statement) {
  (void)state;
  return Unimplemented(statement.what + " is not done here yet; Spark can run it");
}

namespace {

struct Immediate {
  State& state;
  const plan::ExecuteImmediate& execute;

  Result<std::string> Text() {
    const auto resolved = sql::ResolveConstant(execute.text, state.scope(), state.resolve_options());
    if (!resolved.ok()) return resolved.error();
    if (!(*resolved)->type.is(plan::TypeId::kString)) {
      return SqlError("INVALID_EXPR_TYPE_FOR_QUERY_EXECUTE_IMMEDIATE", "42K09",
                      fmt::format("Expression type must be string type but got \"{}\".", (*resolved)->type.ToSql()));
    }
    ASSIGN_OR_RETURN(const auto value, state.Evaluate(*resolved));
    if (value.is_null()) {
      return SqlError("NULL_QUERY_STRING_EXECUTE_IMMEDIATE", "22004",
                      "Execute immediate requires a non-null variable as the query string.");
    }
    return std::get<std::string>(value.data);
  }

  // The arguments as constants: :name, or ? by place ("_0", "_1", ...).
  Result<std::map<std::string, plan::ExprPtr>> Parameters(const std::string& text) {
    std::map<std::string, plan::ExprPtr> parameters;
    const bool positional = text.find('?') != std::string::npos;
    const bool named =
        std::ranges::any_of(execute.arguments, [](const auto& argument) { return !argument.second.empty(); });
    for (size_t i = 0; i < execute.arguments.size(); ++i) {
      const auto& [expr, name] = execute.arguments[i];
      ASSIGN_OR_RETURN(const auto resolved, sql::ResolveConstant(expr, state.scope(), state.resolve_options()));
      ASSIGN_OR_RETURN(const auto value, state.Evaluate(resolved));
      auto constant = plan::MakeExpr(plan::Literal{value, value.is_null() ? plan::TypeId::kNull : resolved->type});
      if (value.is_null()) constant = CastTo(constant, resolved->type);
      std::string key = name;
      const auto* attribute = std::get_if<plan::Attribute>(&expr->node);
      if (key.empty() && !positional && attribute != nullptr) key = attribute->parts.back();
      if (key.empty() && !positional) {
        return SqlError("ALL_PARAMETERS_MUST_BE_NAMED", "07001",
                        "Using name parameterized queries requires all parameters to be named.");
      }
      if (parameters.contains(key)) {
        return SqlError(
            "EXEC_IMMEDIATE_DUPLICATE_ARGUMENT_ALIASES", "42701",
            fmt::format("The USING clause of this EXECUTE IMMEDIATE command contained multiple arguments with "
                        "same alias ({}), which is invalid.",
                        Quoted({key})));
      }
      parameters[positional && !named ? fmt::format("_{}", i) : key] = std::move(constant);
    }
    return parameters;
  }

  Result<Answer> Into(const Answer& answer) {
    const size_t given = answer.rows.schema.fields.size();
    if (given != execute.into.size()) {
      return SqlError(
          "ASSIGNMENT_ARITY_MISMATCH", "42802",
          fmt::format("The number of columns or variables assigned or aliased: {} does not match the number "
                      "of source expressions: {}.",
                      execute.into.size(), given));
    }
    if (answer.rows.rows.size() > 1) {
      return SqlError("ROW_SUBQUERY_TOO_MANY_ROWS", "21000", "More than one row returned by a subquery used as a row.");
    }
    for (size_t i = 0; i < execute.into.size(); ++i) {
      const auto found = state.variables.find(LowerAscii(execute.into[i].back()));
      auto& variable = found->second.value;
      const auto value = answer.rows.rows.empty() ? plan::Value{} : answer.rows.rows[0][i];
      const auto constant = plan::MakeExpr(plan::Literal{
          value, value.is_null() ? plan::DataType(plan::TypeId::kNull) : answer.rows.schema.fields[i].type});
      ASSIGN_OR_RETURN(variable.value, state.Evaluate(CastTo(constant, variable.type)));
    }
    return Nothing();
  }

  Result<Answer> Run() {
    for (const auto& name : execute.into) {
      if (!state.variables.contains(LowerAscii(name.back()))) {
        return SqlError("UNRESOLVED_VARIABLE", "42883",
                        fmt::format("Cannot resolve variable {} on search path `SYSTEM`.`SESSION`.", Quoted(name)));
      }
    }
    for (size_t i = 0; i < execute.into.size(); ++i) {
      for (size_t j = 0; j < i; ++j) {
        if (!SameIgnoringCase(execute.into[i].back(), execute.into[j].back())) continue;
        return SqlError("DUPLICATE_ASSIGNMENTS", "42701",
                        fmt::format("The columns or variables {} appear more than once as assignment targets.",
                                    Quoted(execute.into[i])));
      }
    }
    ASSIGN_OR_RETURN(const auto text, Text());
    ASSIGN_OR_RETURN(const auto statements, sql::ParseScript(text, state.parse_options()));
    if (statements.size() != 1) {
      return SqlError("PARSE_SYNTAX_ERROR", "42601", "EXECUTE IMMEDIATE runs one statement.");
    }
    const auto& statement = statements[0];
    if (std::holds_alternative<plan::ExecuteImmediate>(statement.node)) {
      return SqlError("NESTED_EXECUTE_IMMEDIATE", "07501",
                      fmt::format("Nested EXECUTE IMMEDIATE commands are not allowed: {}.", text));
    }
    if (!execute.into.empty() && !std::holds_alternative<plan::RelationPtr>(statement.node)) {
      return SqlError(
          "INVALID_STATEMENT_FOR_EXECUTE_INTO", "07501",
          fmt::format("The INTO clause of EXECUTE IMMEDIATE is only valid for queries but the given statement "
                      "is not a query: {}.",
                      text));
    }
    ASSIGN_OR_RETURN(auto parameters, Parameters(text));
    auto before = std::exchange(state.parameters, std::move(parameters));
    auto text_before = std::exchange(state.statement_text, statement.text);
    auto answer = std::visit([&](const auto& node) { return session::Run(state, node); }, statement.node);
    state.parameters = std::move(before);
    state.statement_text = std::move(text_before);
    if (!answer.ok() || execute.into.empty()) return answer;
    return Into(*answer);
  }
};

}  // namespace

Result<Answer> Run(State& state, const plan::ExecuteImmediate& execute) { return Immediate{state, execute}.Run(); }

}  // namespace tidemill::session
