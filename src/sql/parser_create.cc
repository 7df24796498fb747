// CREATE and DROP of tables, views, databases and functions.
#include <fmt/format.h>

#include <cctype>
#include <charconv>

#include "base/lower.h"
#include "base/names.h"
#include "sql/detail/parser_impl.h"

namespace tidemill::sql {

using enum Keyword;

bool Parser::TakeIfNotExists() {
  if (!Is(kIf) || !Is(kNot, 1) || !Is(kExists, 2)) return false;
  next_ += 3;
  return true;
}

bool Parser::ParseObject(plan::ObjectName* object, std::string_view expected) {
  object->at = Peek().at;
  if (IsIdentifierClause()) {
    if (!ParseIdentifierClause(&object->name, &object->identifier)) return false;
    return !Is(TokenKind::kDot) || FailSyntax("the end of the name: IDENTIFIER() stands for all of its parts");
  }
  return ParseQualifiedName(&object->name, expected);
}

bool Parser::ParseText(std::string* text) {
  if (!Is(TokenKind::kString)) return FailSyntax("a string");
  *text = StringText(Peek());
  Advance();
  return true;
}

bool Parser::ParseQueryText(plan::QueryText* query) {
  const size_t first = next_;
  query->query = ParseQuery();
  query->text = TextBetween(first, next_);
  return query->query != nullptr;
}

bool Parser::ParseExprText(std::optional<plan::ExprText>* expr) {
  const size_t first = next_;
  auto parsed = ParseExpression();
  if (!parsed) return false;
  *expr = plan::ExprText{std::move(parsed), std::string(TextBetween(first, next_))};
  return true;
}

// CREATE | REPLACE | CREATE OR REPLACE, then what: the words in between qualify it.
bool Parser::ParseCreate(plan::Statement* statement) {
  const size_t first = next_;
  const bool create = Take(kCreate);
  const bool replace = create ? Take(kOr, kReplace) : Take(kReplace);
  const bool global = Take(kGlobal);
  const bool temporary = Take(kTemporary) || Take(kTemp);
  if (Is(kView) && create) {
    Advance();
    return ParseCreateView({.replace = replace, .temporary = temporary, .global = global}, statement);
  }
  if (Is(kMaterialized) && Is(kView, 1) && create && !temporary && !global) {
    next_ += 2;
    return ParseCreateView({.replace = replace, .materialized = true}, statement);
  }
  if (Is(kFunction) && create && !global) {
    Advance();
    plan::CreateFunction function{.replace = replace, .temporary = temporary};
    function.if_not_exists = TakeIfNotExists();
    if (!ParseObject(&function.name, "the name of a function")) return false;
    if (Is(TokenKind::kLeftParen)) return ParseCreateFunction(std::move(function), statement);
  }
  if (IsAny({kDatabase, kSchema, kNamespace}) && create && !replace && !temporary)
    return ParseCreateDatabase(statement);
  const bool external = Is(kExternal) && Is(kTable, 1);
  if (!temporary && (Is(kTable) || (external && create && !replace))) {
    next_ += external ? 2 : 1;
    return ParseCreateTable({.create = create, .replace = replace, .external = external}, statement);
  }
  next_ = first;
  return ParseForeign(statement);
}

// ---- Tables ----

// Behind TABLE: [IF NOT EXISTS] name [(columns)] [USING provider] clauses [[AS] query], or name LIKE other.
bool Parser::ParseCreateTable(plan::CreateTable table, plan::Statement* statement) {
  const Position at = Peek().at;
  table.if_not_exists = !table.replace && TakeIfNotExists();
  if (!ParseObject(&table.name, "the name of a table")) return false;
  if (StartsClone()) return ParseClone(std::move(table), statement);
  if (Take(kLike)) {
    if (!ParseObject(&table.like.emplace(), "the name of a table")) return false;
  } else if (Is(TokenKind::kLeftParen) && !StartsParenthesizedQuery(next_)) {
    Advance();
    if (!Is(TokenKind::kRightParen) && !ParseColumns(&table.columns)) return false;
    if (!Expect(TokenKind::kRightParen)) return false;
  }
  for (bool more = true; more;) {
    if (!ParseTableClause(&table, &more)) return false;
  }
  const bool as = Take(kAs);
  if (as || StartsQuery(next_) || (Is(TokenKind::kLeftParen) && StartsParenthesizedQuery(next_))) {
    if (!ParseQueryText(&table.query.emplace())) return false;
    if (!table.columns.empty()) {
      return Fail("_LEGACY_ERROR_TEMP_0035", "",
                  "Operation not allowed: Schema may not be specified in a Create Table As Select (CTAS) statement.",
                  at);
    }
    if (!table.typed_partitions.empty()) {
      return Fail(
          "_LEGACY_ERROR_TEMP_0035", "",
          "Operation not allowed: Partition column types may not be specified in Create Table As Select (CTAS).", at);
    }
  }
  statement->node = std::move(table);
  return true;
}

bool Parser::ParseTableClause(plan::CreateTable* table, bool* more) {
  const Token& word = Peek();
  const auto twice = [&](bool there) {
    if (!there) return false;
    Fail("DUPLICATE_CLAUSES", "42614",
         fmt::format("Found duplicate clauses: {}. Please, remove one of them.", KeywordText(word.keyword)), word.at);
    return true;
  };
  if (Take(kUsing)) {
    plan::Name provider;
    if (!ParseQualifiedName(&provider, "a format")) return false;
    for (const auto& part : provider) table->provider += (table->provider.empty() ? "" : ".") + LowerAscii(part);
    return true;
  }
  if (Take(kOptions)) return !twice(!table->options.empty()) && ParseProperties(&table->options);
  if (Is(kPartitioned) && Is(kBy, 1)) {
    next_ += 2;
    return !twice(!table->partition_columns.empty() || !table->typed_partitions.empty()) && ParsePartitioning(table);
  }
  if (Is(kCluster) && Is(kBy, 1)) {
    next_ += 2;
    return !twice(!table->cluster_columns.empty()) && ParseNameList(&table->cluster_columns);
  }
  if (Is(kClustered) && Is(kBy, 1)) {
    next_ += 2;
    return !twice(table->buckets.has_value()) && ParseBuckets(table);
  }
  if (Take(kLocation)) return !twice(table->location.has_value()) && ParseText(&table->location.emplace());
  if (Take(kComment)) return !twice(table->comment.has_value()) && ParseText(&table->comment.emplace());
  if (Take(kTblproperties)) return !twice(!table->properties.empty()) && ParseProperties(&table->properties);
  if (Is(kDefault) && Is(kCollation, 1)) {
    next_ += 2;
    return ParseName(&table->collation.emplace(), "the name of a collation");
  }
  if (Is(kStored) || Is(kRow) || Is(kSkewed)) {
    return Refuse("Hive's STORED AS, ROW FORMAT and SKEWED BY are not supported. Write USING and a format.", word.at);
  }
  *more = false;
  return true;
}

// PARTITIONED BY (a, b), of the columns there are, or (p INT), which are new ones. Transforms are refused.
bool Parser::ParsePartitioning(plan::CreateTable* table) {
  if (!Expect(TokenKind::kLeftParen)) return false;
  do {
    if (IsName() && Is(TokenKind::kLeftParen, 1)) {
      return Refuse("Partitioning by a function of a column is not supported. Partition by a column.", Peek().at);
    }
    if (IsName() && (Is(TokenKind::kComma, 1) || Is(TokenKind::kRightParen, 1) || Is(TokenKind::kDot, 1))) {
      if (!ParseName(&table->partition_columns.emplace_back())) return false;
    } else if (!ParseColumn(&table->typed_partitions.emplace_back())) {
      return false;
    }
  } while (Take(TokenKind::kComma));
  return Expect(TokenKind::kRightParen);
}

// (a, b) [SORTED BY (c ASC)] INTO n BUCKETS
bool Parser::ParseBuckets(plan::CreateTable* table) {
  auto& buckets = table->buckets.emplace();
  if (!ParseNameList(&buckets.columns)) return false;
  if (Take(kSorted, kBy)) {
    if (!Expect(TokenKind::kLeftParen) || !ParseSortKeys(&buckets.sort) || !Expect(TokenKind::kRightParen))
      return false;
  }
  if (!Expect(kInto)) return false;
  const std::string_view text = Peek().text;
  if (!Expect(TokenKind::kInteger) || !Expect(kBuckets)) return false;
  std::from_chars(text.data(), text.data() + text.size(), buckets.count);
  return true;
}

bool Parser::ParseColumns(std::vector<plan::ColumnSpec>* columns) {
  do {
    if (IsAny({kConstraint, kPrimary, kForeign, kCheck, kUnique}) && !IsAny({kInt, kString}, 1) &&
        (Is(kConstraint) ? IsAny({kPrimary, kForeign, kCheck, kUnique}, 2)
                         : Is(kKey, 1) || Is(TokenKind::kLeftParen, 1))) {
      return Refuse("A table constraint is not supported. Leave it out.", Peek().at);
    }
    if (!ParseColumn(&columns->emplace_back())) return false;
  } while (Take(TokenKind::kComma));
  return true;
}

// name type, then in any order NOT NULL, DEFAULT expr, COMMENT 'text', GENERATED ALWAYS AS (expr).
bool Parser::ParseColumn(plan::ColumnSpec* column) {
  if (!ParseName(&column->name.emplace_back(), "the name of a column")) return false;
  if (!ParseType(&column->type)) return false;
  while (true) {
    const Position at = Peek().at;
    if (Take(kNot, kNull)) {
      column->nullable = false;
    } else if (Take(kDefault)) {
      if (column->default_value) {
        return Fail("CREATE_TABLE_COLUMN_DESCRIPTOR_DUPLICATE", "42710",
                    fmt::format("CREATE TABLE column {} specifies descriptor \"DEFAULT\" more than once, which is "
                                "invalid.",
                                column->name.back()),
                    at);
      }
      if (!ParseExprText(&column->default_value)) return false;
    } else if (Take(kComment)) {
      if (!ParseText(&column->comment.emplace())) return false;
    } else if (Is(kGenerated)) {
      next_ += 1;
      const bool by_default = Take(kBy);
      if (!Expect(by_default ? kDefault : kAlways)) return false;
      if (by_default || (Is(kAs) && Is(kIdentity, 1))) {
        if (!ParseIdentity(column, !by_default)) return false;
        continue;
      }
      if (!Expect(kAs) || !Expect(TokenKind::kLeftParen) || !ParseExprText(&column->generated)) return false;
      if (!Expect(TokenKind::kRightParen)) return false;
    } else if (IsAny({kConstraint, kPrimary, kUnique, kCheck, kReferences})) {
      return Refuse("A column constraint is not supported. Leave it out.", at);
    } else {
      return true;
    }
  }
}

// AS IDENTITY [(START WITH n INCREMENT BY n)]
bool Parser::ParseIdentity(plan::ColumnSpec* column, bool always) {
  const Position at = Peek().at;
  if (!Expect(kAs) || !Expect(kIdentity)) return false;
  if (!column->type.is(plan::TypeId::kLong)) {
    return Fail("IDENTITY_COLUMNS_UNSUPPORTED_DATA_TYPE", "428H2",
                fmt::format("DataType {} is not supported for IDENTITY columns.", column->type.ToSql()), at);
  }
  auto& identity = column->identity.emplace(plan::IdentitySpec{always});
  if (!Take(TokenKind::kLeftParen)) return true;
  bool start = false, step = false;
  while (!Take(TokenKind::kRightParen)) {
    const bool starts = Is(TokenKind::kWord) && SameIgnoringCase(Peek().text, "start");
    if (!starts && !(Is(TokenKind::kWord) && SameIgnoringCase(Peek().text, "increment"))) {
      return FailSyntax("START WITH or INCREMENT BY");
    }
    if (starts ? start : step) {
      return Fail("IDENTITY_COLUMNS_DUPLICATED_SEQUENCE_GENERATOR_OPTION", "42601",
                  fmt::format("Duplicated IDENTITY column sequence generator option: {}.", starts ? "START" : "STEP"),
                  at);
    }
    (starts ? start : step) = true;
    Advance();
    if (!Expect(starts ? kWith : kBy)) return false;
    const bool minus = Take(TokenKind::kMinus);
    if (!Is(TokenKind::kInteger)) return FailSyntax("a whole number");
    const std::string text = (minus ? "-" : "") + std::string(Peek().text);
    int64_t& value = starts ? identity.start : identity.step;
    if (std::from_chars(text.data(), text.data() + text.size(), value).ec != std::errc()) {
      return FailSyntax("a number that fits a BIGINT");
    }
    Advance();
  }
  if (identity.step != 0) return true;
  return Fail("IDENTITY_COLUMNS_ILLEGAL_STEP", "42611", "IDENTITY column step cannot be 0.", at);
}

// ---- Views ----

// Behind VIEW: [IF NOT EXISTS] name [(column [COMMENT 'text'], ...)] clauses AS query.
bool Parser::ParseCreateView(plan::CreateView view, plan::Statement* statement) {
  const Position at = Peek().at;
  view.if_not_exists = TakeIfNotExists();
  if (view.if_not_exists && view.temporary) {
    return Fail("INVALID_SQL_SYNTAX.CREATE_TEMP_VIEW_IF_NOT_EXISTS", "42000",
                "A temporary view cannot be created IF NOT EXISTS. Write CREATE OR REPLACE TEMPORARY VIEW.", at);
  }
  if (view.if_not_exists && view.replace) {
    return Fail("INVALID_SQL_SYNTAX.CREATE_VIEW_WITH_BOTH_IF_NOT_EXISTS_AND_REPLACE", "42000",
                "CREATE VIEW with both IF NOT EXISTS and REPLACE is not allowed.", at);
  }
  if (!ParseObject(&view.name, "the name of a view")) return false;
  if (Is(TokenKind::kLeftParen)) {
    // With types inside it is the form with USING.
    const size_t after = std::min(AfterParen(next_), tokens_.size() - 1);
    if (tokens_[after].keyword == kUsing) return ParseViewUsing(view, statement);
    Advance();
    do {
      auto& column = view.columns.emplace_back();
      if (!ParseName(&column.name, "the name of a column")) return false;
      if (Take(kComment) && !ParseText(&column.comment.emplace())) return false;
    } while (Take(TokenKind::kComma));
    if (!Expect(TokenKind::kRightParen)) return false;
  }
  if (Is(kUsing)) return ParseViewUsing(view, statement);
  if (!ParseViewClauses(&view)) return false;
  if (view.temporary && view.name.name.size() > 1) {
    return Fail("TEMP_VIEW_NAME_TOO_MANY_NAME_PARTS", "428EK",
                "CREATE TEMPORARY VIEW or the corresponding Dataset APIs only accept single-part view names. Leave out "
                "the database.",
                at);
  }
  if (!Expect(kAs) || !ParseQueryText(&view.query)) return false;
  statement->node = std::move(view);
  return true;
}

bool Parser::ParseViewClauses(plan::CreateView* view) {
  while (true) {
    if (Take(kComment)) {
      if (!ParseText(&view->comment.emplace())) return false;
    } else if (Take(kTblproperties)) {
      if (!ParseProperties(&view->properties)) return false;
    } else if (view->materialized && Is(kPartitioned) && Is(kBy, 1)) {
      next_ += 2;
      plan::CreateTable clause;
      if (!ParsePartitioning(&clause)) return false;
      view->partition_columns = clause.partition_columns;
      if (!clause.typed_partitions.empty() || clause.partition_columns.empty()) return FailSyntax("names of columns");
    } else if (view->materialized && Take(kLocation)) {
      if (!ParseText(&view->location.emplace())) return false;
    } else if (Is(kDefault) && Is(kCollation, 1)) {
      next_ += 2;
      if (!ParseName(&view->collation.emplace(), "the name of a collation")) return false;
    } else if (Is(kWith) && Is(kSchema, 1)) {
      next_ += 2;
      for (; IsAny({kBinding, kCompensation, kType, kEvolution}); Advance()) {
        view->schema_mode += (view->schema_mode.empty() ? "" : " ") + std::string(KeywordText(Peek().keyword));
      }
      if (view->schema_mode.empty()) return FailSyntax("BINDING, COMPENSATION, TYPE EVOLUTION or EVOLUTION");
    } else if (IsName() && LowerAscii(Peek().text) == "metrics") {
      return Refuse("A view WITH METRICS is not supported.", Peek().at);
    } else {
      return true;
    }
  }
}

bool Parser::ParseViewUsing(const plan::CreateView& view, plan::Statement* statement) {
  plan::CreateViewUsing made{view.name, view.replace, view.global, {}, {}, {}};
  const Position at = Peek().at;
  if (!view.temporary) return FailSyntax("AS and a query");
  if (Take(TokenKind::kLeftParen) && (!ParseColumns(&made.columns) || !Expect(TokenKind::kRightParen))) return false;
  if (view.name.name.size() > 1) {
    return Fail("TEMP_VIEW_NAME_TOO_MANY_NAME_PARTS", "428EK",
                "CREATE TEMPORARY VIEW ... USING only accepts single-part view names. Leave out the database.", at);
  }
  plan::CreateTable clauses;
  for (bool more = true; more;) {
    if (!ParseTableClause(&clauses, &more)) return false;
  }
  made.provider = clauses.provider;
  made.options = clauses.options;
  statement->node = std::move(made);
  return true;
}

// ---- Databases ----

bool Parser::ParseCreateDatabase(plan::Statement* statement) {
  Advance();
  plan::CreateDatabase database;
  database.if_not_exists = TakeIfNotExists();
  if (!ParseObject(&database.name, "the name of a schema")) return false;
  while (true) {
    if (Take(kComment)) {
      if (!ParseText(&database.comment.emplace())) return false;
    } else if (Take(kLocation)) {
      if (!ParseText(&database.location.emplace())) return false;
    } else if (Is(kWith) && IsAny({kDbproperties, kProperties}, 1)) {
      next_ += 2;
      if (!ParseProperties(&database.properties)) return false;
    } else if (Is(kDefault) && Is(kCollation, 1)) {
      return Refuse("DEFAULT COLLATION of a schema is not supported.", Peek().at);
    } else {
      break;
    }
  }
  statement->node = std::move(database);
  return true;
}

// ---- Functions ----

// Behind the name: (parameters) [RETURNS type | TABLE [(columns)]] clauses RETURN expression | query.
bool Parser::ParseCreateFunction(plan::CreateFunction function, plan::Statement* statement) {
  Advance();
  if (!Is(TokenKind::kRightParen)) {
    do {
      if (!ParseRoutineParameter(&function.parameters.emplace_back())) return false;
    } while (Take(TokenKind::kComma));
  }
  if (!Expect(TokenKind::kRightParen)) return false;
  if (Take(kReturns)) {
    if (Take(kTable)) {
      function.table = true;
      const Position at = Peek().at;
      if (Take(TokenKind::kLeftParen) && (!ParseColumns(&function.table_columns) || !Expect(TokenKind::kRightParen))) {
        return false;
      }
      if (!std::ranges::all_of(function.table_columns, &plan::ColumnSpec::nullable)) {
        return Fail("USER_DEFINED_FUNCTIONS.NOT_NULL_ON_FUNCTION_PARAMETERS", "42601",
                    "Cannot specify NOT NULL on a column of a user defined function.", at);
      }
      if (std::ranges::any_of(function.table_columns,
                              [](const auto& column) { return column.default_value.has_value(); })) {
        return Fail("PARSE_SYNTAX_ERROR", "42601", "A column that a function returns has no DEFAULT.", at);
      }
    } else if (!ParseType(&function.returns.emplace())) {
      return false;
    }
  }
  if (!ParseRoutineClauses(&function)) return false;
  if (!Expect(kReturn)) return false;
  const size_t first = next_;
  const bool whole = Is(TokenKind::kLeftParen) && StartsParenthesizedQuery(next_) &&
                     std::min(AfterParen(next_), tokens_.size() - 1) == StatementEnd();
  if (StartsQuery(next_) || whole || function.table) {
    function.query = ParseQuery();
    if (!function.query) return false;
  } else {
    function.expression = ParseExpression();
    if (!function.expression) return false;
  }
  function.body = TextBetween(first, next_);
  statement->node = std::move(function);
  return true;
}

bool Parser::ParseRoutineParameter(plan::RoutineParameter* parameter) {
  if (!ParseName(&parameter->name, "the name of a parameter") || !ParseType(&parameter->type)) return false;
  while (true) {
    const Position at = Peek().at;
    if (Take(kDefault)) {
      if (!ParseExprText(&parameter->default_value)) return false;
    } else if (Take(kComment)) {
      if (!ParseText(&parameter->comment.emplace())) return false;
    } else if (Is(kNot) && Is(kNull, 1)) {
      return Fail("USER_DEFINED_FUNCTIONS.NOT_NULL_ON_FUNCTION_PARAMETERS", "42601",
                  "Cannot specify NOT NULL on a parameter of a user defined function.", at);
    } else if (Is(kGenerated)) {
      return Fail("INVALID_SQL_SYNTAX.CREATE_FUNC_WITH_GENERATED_COLUMNS_AS_PARAMETERS", "42000",
                  "CREATE FUNCTION with generated columns as parameters is not allowed.", at);
    } else {
      return true;
    }
  }
}

bool Parser::ParseRoutineClauses(plan::CreateFunction* function) {
  while (!Is(kReturn)) {
    const Position at = Peek().at;
    if (Take(kLanguage)) {
      std::string language;
      if (!ParseName(&language)) return false;
      if (LowerAscii(language) != "sql") return Refuse("A function in another language than SQL is not supported.", at);
    } else if (Take(kDeterministic) || Take(kNot, kDeterministic)) {
      function->deterministic = tokens_[next_ - 2].keyword != kNot;
    } else if (Take(kComment)) {
      if (!ParseText(&function->comment.emplace())) return false;
    } else if (Take(kContains, kSql)) {
      function->contains_sql = true;
    } else if (Is(kReads) && Is(kSql, 1) && Is(kData, 2)) {
      next_ += 3;
      function->contains_sql = false;
    } else if (Is(kSql) && Is(kSecurity, 1)) {
      next_ += 3;
    } else {
      return FailSyntax("RETURN");
    }
  }
  return true;
}

// ---- DROP ----

bool Parser::ParseDrop(plan::Statement* statement) {
  const size_t first = next_;
  Advance();
  plan::Drop drop;
  drop.temporary = Take(kTemporary) || Take(kTemp);
  if (Is(kMaterialized) && Is(kView, 1) && !drop.temporary) drop.materialized = Take(kMaterialized);
  static constexpr std::pair<Keyword, plan::ObjectKind> kKinds[] = {
      {kTable, plan::ObjectKind::kTable},        {kView, plan::ObjectKind::kView},
      {kDatabase, plan::ObjectKind::kDatabase},  {kSchema, plan::ObjectKind::kDatabase},
      {kNamespace, plan::ObjectKind::kDatabase}, {kFunction, plan::ObjectKind::kFunction},
      {kVariable, plan::ObjectKind::kVariable}};
  const auto* kind = std::ranges::find(kKinds, Peek().keyword, &std::pair<Keyword, plan::ObjectKind>::first);
  const bool only_temporary = kind != std::end(kKinds) && kind->second == plan::ObjectKind::kVariable;
  const bool may_be_temporary =
      only_temporary || (kind != std::end(kKinds) && kind->second == plan::ObjectKind::kFunction);
  if (kind == std::end(kKinds) || (drop.temporary && !may_be_temporary) || (only_temporary && !drop.temporary)) {
    next_ = first;
    return ParseForeign(statement);
  }
  drop.kind = kind->second;
  Advance();
  drop.if_exists = Take(kIf, kExists);
  if (!ParseObject(&drop.name)) return false;
  drop.cascade = Take(kCascade);
  if (!drop.cascade) Take(kRestrict);
  Take(kPurge);
  statement->node = std::move(drop);
  return true;
}

}  // namespace tidemill::sql
