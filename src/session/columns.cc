#include "session/columns.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/lower.h"
#include "base/names.h"
#include "session/error.h"
#include "session/tree.h"
#include "sql/coercion.h"
#include "sql/collation_name.h"
#include "sql/lexer.h"
#include "sql/parser.h"
#include "sql/resolver.h"

namespace tidemill::session {
namespace {

// Whether the expression's value depends on when, where or by whom it is computed.
bool ChangesByCall(const std::string& text) {
  static constexpr std::string_view kWords[] = {"current_date",
                                                "current_time",
                                                "current_timestamp",
                                                "current_user",
                                                "current_catalog",
                                                "current_database",
                                                "current_schema",
                                                "current_timezone",
                                                "now",
                                                "localtimestamp",
                                                "session_user",
                                                "user",
                                                "input_file_name",
                                                "input_file_block_start",
                                                "unix_timestamp",
                                                "spark_partition_id",
                                                "input_file_block_length",
                                                "monotonically_increasing_id",
                                                "version",
                                                "curdate"};
  const auto tokens = sql::Lex(text);
  return std::ranges::any_of(tokens, [&](const sql::Token& token) {
    return token.kind == sql::TokenKind::kWord &&
           std::ranges::any_of(kWords, [&](std::string_view word) { return SameIgnoringCase(token.text, word); });
  });
}

}  // namespace

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

std::optional<std::string> GenerationOf(const plan::Field& field) { return MetadataText(field, kGeneration); }

std::optional<Identity> IdentityOf(const plan::Field& field) {
  const auto json = nlohmann::json::parse(field.metadata, nullptr, false);
  if (!json.is_object() || !json.contains("delta.identity.start")) return std::nullopt;
  Identity identity;
  identity.start = json.value("delta.identity.start", int64_t{1});
  identity.step = json.value("delta.identity.step", int64_t{1});
  identity.explicit_allowed = json.value("delta.identity.allowExplicitInsert", false);
  if (json.contains("delta.identity.highWaterMark")) {
    identity.high_water_mark = json["delta.identity.highWaterMark"].get<int64_t>();
  }
  return identity;
}

void SetIdentity(plan::Field& field, const Identity& identity) {
  auto json = nlohmann::json::parse(field.metadata, nullptr, false);
  if (!json.is_object()) json = nlohmann::json::object();
  json["delta.identity.start"] = identity.start;
  json["delta.identity.step"] = identity.step;
  json["delta.identity.allowExplicitInsert"] = identity.explicit_allowed;
  if (identity.high_water_mark) json["delta.identity.highWaterMark"] = *identity.high_water_mark;
  field.metadata = json.dump();
}

bool IsComputed(const plan::Field& field) { return GenerationOf(field) || IdentityOf(field); }

Status CheckGenerated(State& state, const plan::Schema& schema) {
  const plan::Schema read = AsRead(schema);
  plan::Schema given;
  for (const auto& field : read.fields) {
    if (!GenerationOf(field)) given.fields.push_back(field);
  }
  for (const auto& field : read.fields) {
    const auto text = GenerationOf(field);
    if (!text) continue;
    ASSIGN_OR_RETURN(const auto expr, sql::ParseExpression(*text, state.parse_options()));
    const auto wrong = [&](const std::string& why) {
      return SqlError("UNSUPPORTED_EXPRESSION_GENERATED_COLUMN", "42621",
                      fmt::format("Cannot create generated column {} with generation expression {} because {}.",
                                  Quoted({field.name}), *text, why));
    };
    if (sql::HoldsSubquery(expr)) return wrong("subquery expressions are not allowed for generated columns");
    if (ChangesByCall(*text)) return wrong("generation expression is not deterministic");
    // A predicate may hold no aggregate, no window and no generator, and an aggregate nothing that is not
    // deterministic.
    plan::Select select;
    select.list = {expr};
    select.from = NoRowsOf(given);
    select.where = Operation("<=>", {expr, Null()});
    const auto resolved = state.Resolve(plan::MakeRelation(std::move(select)));
    if (!resolved.ok()) {
      if (resolved.error().kind == ErrorKind::kUnimplemented) return resolved.error();
      return wrong("the expression fails to resolve: " + resolved.error().message);
    }
    plan::Select grouped;
    grouped.list = {Function("count", {expr})};
    grouped.from = NoRowsOf(given);
    if (!state.Resolve(plan::MakeRelation(std::move(grouped))).ok()) {
      return wrong("generation expression is not deterministic");
    }
    const auto type = plan::typed::SchemaOf(**resolved).fields[0].type;
    if (type.SameType(field.type)) continue;
    return SqlError("DELTA_GENERATED_COLUMNS_EXPR_TYPE_MISMATCH", "42K09",
                    fmt::format("The expression type of the generated column {} is {}, but the column type is {}.",
                                field.name, type.ToSql(), field.type.ToSql()));
  }
  return Ok();
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
  if (spec.generated && spec.default_value) {
    return SqlError("GENERATED_COLUMN_WITH_DEFAULT_VALUE", "42623",
                    fmt::format("A column cannot have both a default value and a generation expression but column {} "
                                "has default value: ({}) and generation expression: ({}).",
                                Quoted({field.name}), spec.default_value->text, spec.generated->text));
  }
  if (spec.generated) SetMetadataText(field, kGeneration, spec.generated->text);
  if (spec.identity) SetIdentity(field, {spec.identity->start, spec.identity->step, {}, !spec.identity->always});
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
  if (LowerAscii(state.statement_text).find("collate utf8_binary") != std::string::npos) {
    return Unimplemented("COLLATE UTF8_BINARY next to another DEFAULT COLLATION is not supported");
  }
  return name;
}

}  // namespace tidemill::session
