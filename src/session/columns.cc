#include "session/columns.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/names.h"
#include "session/error.h"
#include "sql/coercion.h"
#include "sql/collation_name.h"
#include "sql/resolver.h"

namespace tidemill::session {

std::optional<std::string> MetadataText(const plan::Field& field, const std::string& key) {
  const auto json = nlohmann::json::parse(field.metadata, nullptr, false);
  if (!json.is_object() || !json.contains(key) || !json[key].is_string()) return std::nullopt;
  return json[key].get<std::string>();
}

void SetMetadataText(plan::Field& field, const std::string& key, const std::optional<std::string>& text) {
  auto json = nlohmann::json::parse(field.metadata, nullptr, false);
  if (!json.is_object()) json = nlohmann::json::object();
  if (text) {
    json[key] = *text;
  } else {
    json.erase(key);
  }
  field.metadata = json.empty() ? "" : json.dump();
}

Status CheckDefault(State& state, const plan::Field& field, const plan::ExprText& value, const std::string& statement) {
  const auto wrong = [&](const char* subclass, const std::string& why) {
    return SqlError(std::string("INVALID_DEFAULT_VALUE.") + subclass, "42623",
                    fmt::format("Failed to execute {} command because the destination column or variable {} has a "
                                "DEFAULT value {}, {}.",
                                statement, Quoted({field.name}), value.text, why));
  };
  if (std::holds_alternative<plan::SubqueryExpr>(value.expr->node)) {
    return wrong("SUBQUERY_EXPRESSION", "which contains subquery expressions");
  }
  const auto resolved = sql::ResolveConstant(value.expr, state.scope(), state.resolve_options());
  if (!resolved.ok()) {
    if (resolved.error().kind == ErrorKind::kUnimplemented) return resolved.error();
    return wrong("UNRESOLVED_EXPRESSION", "which fails to resolve as a valid expression");
  }
  const auto type = AsRead(plan::Schema{{field}}).fields[0].type;
  if (!sql::CanStoreAssign((*resolved)->type, type)) {
    return wrong("DATA_TYPE", fmt::format("which requires \"{}\" type, but the statement provided a value of "
                                          "incompatible \"{}\" type",
                                          field.type.ToSql(), (*resolved)->type.ToSql()));
  }
  return Ok();
}

Result<plan::Field> FieldOf(State& state, const plan::ColumnSpec& spec, const std::string& statement) {
  plan::Field field{spec.name.back(), spec.type, spec.nullable};
  if (spec.generated) return Unimplemented(fmt::format("the generated column {} is not supported", field.name));
  if (spec.comment) SetMetadataText(field, kComment, *spec.comment);
  if (spec.default_value) {
    RETURN_IF_ERROR(CheckDefault(state, field, *spec.default_value, statement));
    SetMetadataText(field, kCurrentDefault, spec.default_value->text);
    SetMetadataText(field, kExistsDefault, spec.default_value->text);
  }
  return field;
}

Result<std::string> DefaultCollation(const State& state, const std::optional<std::string>& written) {
  if (!written) return std::string();
  ASSIGN_OR_RETURN(const auto name, sql::CollationNamed(*written, {}));
  if (name == "UTF8_BINARY") return std::string();
  // A type does not say whether its UTF8_BINARY was written.
  if (Lower(state.statement_text).find("collate utf8_binary") != std::string::npos) {
    return Unimplemented("COLLATE UTF8_BINARY next to another DEFAULT COLLATION is not supported");
  }
  return name;
}

}  // namespace tidemill::session
