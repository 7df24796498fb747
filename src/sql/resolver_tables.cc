// Table functions whose rows are known here: sql_keywords(), collations().
#include <algorithm>
#include <iterator>

#include "plan/collation.h"
#include "sql/detail/resolver_core.h"
#include "sql/detail/resolver_operator.h"
#include "sql/detail/resolver_typed.h"
#include "sql/lexer.h"

namespace tidemill::sql {

using typed::ExprPtr;

namespace {

struct Word {
  const char* text;
  const char* rank;
};
constexpr Word kWords[] = {
#define TM_KEYWORD(enumerator, text, rank) {text, #rank},
#include "sql/detail/keywords.inc"
#undef TM_KEYWORD
};

ExprPtr TextOrNull(const std::string& text) {
  return text.empty() ? NullLiteral(TypeId::kString) : StringLiteral(text);
}

std::vector<std::vector<ExprPtr>> Keywords(bool enforced) {
  std::vector<std::vector<ExprPtr>> rows;
  // Spark does not list words that its lexer has another spelling of.
  constexpr std::string_view kUnlisted[] = {"REGEXP", "RLIKE", "TEMP", "TEMPORARY"};
  for (const auto& word : kWords) {
    if (std::ranges::find(kUnlisted, std::string_view(word.text)) != std::end(kUnlisted)) continue;
    const bool reserved = enforced && std::string_view(word.rank).ends_with("Reserved");
    rows.push_back({StringLiteral(word.text), BoolLiteral(reserved)});
  }
  return rows;
}

void AddCollation(const plan::Collation& collation, std::vector<std::vector<ExprPtr>>& rows) {
  constexpr const char* kIcuVersion = "77.1.0.0";  // Spark 4.1's
  const bool locale = collation.kind == plan::Collation::Kind::kLocale;
  const bool folds = collation.ignores_case || collation.kind == plan::Collation::Kind::kLowerCase;
  const auto* of = collation.locale;
  rows.push_back({StringLiteral("SYSTEM"), StringLiteral("BUILTIN"), StringLiteral(collation.name()),
                  TextOrNull(of ? of->language : ""), TextOrNull(of ? of->country : ""),
                  StringLiteral(collation.ignores_accents ? "ACCENT_INSENSITIVE" : "ACCENT_SENSITIVE"),
                  StringLiteral(folds ? "CASE_INSENSITIVE" : "CASE_SENSITIVE"),
                  StringLiteral(collation.trims ? "RTRIM" : "NO_PAD"), TextOrNull(locale ? kIcuVersion : "")});
}

std::vector<std::vector<ExprPtr>> Collations() {
  std::vector<std::vector<ExprPtr>> rows;
  for (const char* name : {"UTF8_BINARY", "UTF8_LCASE", "UTF8_BINARY_RTRIM", "UTF8_LCASE_RTRIM"}) {
    AddCollation(*plan::ParseCollation(name), rows);
  }
  std::vector<std::string> bases{"UNICODE"};
  for (const auto& locale : plan::CollationLocales()) bases.emplace_back(locale.name);
  for (const auto& base : bases) {
    for (const char* marks : {"", "_AI", "_AI_RTRIM", "_CI", "_CI_AI", "_CI_AI_RTRIM", "_CI_RTRIM", "_RTRIM"}) {
      AddCollation(*plan::ParseCollation(base + marks), rows);
    }
  }
  return rows;
}

}  // namespace

Result<std::optional<Rel>> Resolver::KnownTable(const plan::TableFunction& node, const plan::Relation& relation) {
  const bool keywords = SameName(node.name.back(), "sql_keywords");
  if (!keywords && !SameName(node.name.back(), "collations")) return std::optional<Rel>();
  if (!node.args.empty()) {
    PendingCall pending{node.name.back(), std::vector<ExprPtr>(node.args.size()), {}, {}, "", relation.at, &options_};
    return WrongCount(pending, "0");
  }
  typed::Values values;
  values.rows = keywords ? Keywords(ParseOptionsOf(options_.conf).enforce_reserved_keywords) : Collations();
  if (keywords) {
    values.columns = {{NewId(), "keyword", TypeId::kString, false, {}},
                      {NewId(), "reserved", TypeId::kBoolean, false, {}}};
  } else {
    for (const char* name : {"CATALOG", "SCHEMA", "NAME", "LANGUAGE", "COUNTRY", "ACCENT_SENSITIVITY",
                             "CASE_SENSITIVITY", "PAD_ATTRIBUTE", "ICU_VERSION"}) {
      values.columns.push_back({NewId(), name, TypeId::kString, true, {}});
    }
  }
  const auto columns = values.columns;
  return std::optional(Rel{typed::MakeRelation(std::move(values), columns, relation.at), LayerOf(columns)});
}

}  // namespace tidemill::sql
