// SHOW and DESCRIBE, and what concerns the session: USE, CACHE, REFRESH, variables, EXECUTE IMMEDIATE.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cctype>

#include "sql/detail/parser_impl.h"

namespace tidemill::sql {
namespace {

using enum Keyword;
using What = plan::Show::What;

std::string UpperText(std::string_view text) {
  std::string upper(text);
  std::ranges::transform(upper, upper.begin(), [](unsigned char c) { return std::toupper(c); });
  return upper;
}

}  // namespace

bool Parser::ParseShow(plan::Statement* statement) {
  const size_t first = next_;
  Advance();
  plan::Show show;
  const auto in = [&] { return Take(kIn) || Take(kFrom); };
  if (IsAny({kTables, kViews, kDatabases, kSchemas, kNamespaces, kCatalogs})) {
    if (!ParseShowObjects(&show)) return false;
  } else if (Take(kTable, kExtended)) {
    show.what = What::kTableExtended;
    if (in() && !ParseObject(&show.name, "the name of a schema")) return false;
    if (!Expect(kLike) || !ParseText(&show.filter.emplace())) return false;
    if (Is(kPartition) && !ParsePartition(&show.partition)) return false;
  } else if (Take(kTblproperties)) {
    show.what = What::kProperties;
    if (!ParseObject(&show.name, "the name of a table")) return false;
    if (Take(TokenKind::kLeftParen)) {
      plan::Name key;
      if (Is(TokenKind::kString) ? !ParseText(&show.filter.emplace()) : !ParseQualifiedName(&key)) return false;
      if (!key.empty()) show.filter = fmt::format("{}", fmt::join(key, "."));
      if (!Expect(TokenKind::kRightParen)) return false;
    }
  } else if (Take(kColumns)) {
    show.what = What::kColumns;
    if (!in()) return FailSyntax("IN or FROM");
    if (!ParseObject(&show.name, "the name of a table")) return false;
    if (in() && !ParseObject(&show.database, "the name of a schema")) return false;
  } else if (Take(kPartitions)) {
    show.what = What::kPartitions;
    if (!ParseObject(&show.name, "the name of a table")) return false;
    if (Is(kPartition) && !ParsePartition(&show.partition)) return false;
  } else if (Take(kCreate, kTable)) {
    show.what = What::kCreateTable;
    if (!ParseObject(&show.name, "the name of a table")) return false;
    if (Is(kAs) && Is(kSerde, 1)) return Refuse("SHOW CREATE TABLE ... AS SERDE is not supported.", Peek().at);
  } else if (Is(kCurrent) && IsAny({kDatabase, kSchema, kNamespace}, 1)) {
    next_ += 2;
    show.what = What::kCurrentNamespace;
  } else if (Is(kFunctions) || (IsName() && Is(kFunctions, 1))) {
    return ParseShowFunctions(statement);
  } else {
    next_ = first;
    return ParseForeign(statement);
  }
  statement->node = std::move(show);
  return true;
}

// TABLES, VIEWS, DATABASES, CATALOGS [IN name] [[LIKE] 'pattern']
bool Parser::ParseShowObjects(plan::Show* show) {
  show->what = Is(kTables)     ? What::kTables
               : Is(kViews)    ? What::kViews
               : Is(kCatalogs) ? What::kCatalogs
                               : What::kDatabases;
  Advance();
  if ((Take(kIn) || Take(kFrom)) && !ParseObject(&show->name, "the name of a schema")) return false;
  const bool like = Take(kLike);
  return (!like && !Is(TokenKind::kString)) || ParseText(&show->filter.emplace());
}

bool Parser::ParseShowFunctions(plan::Statement* statement) {
  plan::Show show{.what = What::kFunctions};
  const Token& word = Peek();
  if (!Is(kFunctions)) {
    show.scope = UpperText(Peek().text);
    Advance();
    if (show.scope != "USER" && show.scope != "SYSTEM" && show.scope != "ALL") {
      return Fail("INVALID_SQL_SYNTAX.SHOW_FUNCTIONS_INVALID_SCOPE", "42000",
                  fmt::format("Invalid SQL syntax: SHOW `{}` FUNCTIONS not supported.", word.text), word.at);
    }
  }
  Advance();
  if ((Take(kIn) || Take(kFrom)) && !ParseObject(&show.name, "the name of a schema")) return false;
  const bool like = Take(kLike);
  if (Is(TokenKind::kString)) {
    if (!ParseText(&show.filter.emplace())) return false;
  } else if (like || IsName()) {
    plan::Name name;
    if (!ParseQualifiedName(&name, "the name of a function")) return false;
    show.filter = name.back();
    name.pop_back();
    if (!name.empty()) show.name.name = std::move(name);
  }
  statement->node = std::move(show);
  return true;
}

bool Parser::ParseDescribe(plan::Statement* statement) {
  const size_t skip = Is(kQuery, 1) ? 2 : 1;
  if (StartsQuery(next_ + skip) && !(Is(kTable, 1) && skip == 1)) {
    next_ += skip;
    plan::DescribeQuery describe{ParseQuery()};
    statement->node = describe;
    return describe.query != nullptr;
  }
  if (Is(TokenKind::kLeftParen, skip) && StartsParenthesizedQuery(next_ + skip)) {
    next_ += skip;
    plan::DescribeQuery describe{ParseQuery()};
    statement->node = describe;
    return describe.query != nullptr;
  }
  Advance();
  plan::Describe describe;
  const bool names_it = IsName(1) || Is(TokenKind::kQuotedName, 1) || IsAny({kExtended, kIdentifier}, 1);
  if (names_it && IsAny({kDatabase, kSchema, kNamespace, kFunction})) {
    describe.kind = Is(kFunction) ? plan::ObjectKind::kFunction : plan::ObjectKind::kDatabase;
    Advance();
    describe.extended = Is(kExtended) && !Is(TokenKind::kEnd, 1) && !Is(TokenKind::kSemicolon, 1) && Take(kExtended);
    if (describe.kind == plan::ObjectKind::kFunction && Is(TokenKind::kString)) {
      if (!ParseText(&describe.name.name.emplace_back())) return false;
    } else if (describe.kind == plan::ObjectKind::kFunction && !IsName()) {
      describe.name.name = {std::string(Peek().text)};  // an operator
      Advance();
    } else if (!ParseObject(&describe.name)) {
      return false;
    }
    statement->node = std::move(describe);
    return true;
  }
  return ParseDescribeTable(statement);
}

// [TABLE] [EXTENDED | FORMATTED] name [PARTITION (...)] [column] [AS JSON]
bool Parser::ParseDescribeTable(plan::Statement* statement) {
  plan::Describe describe;
  const auto ends = [&](size_t ahead) { return Is(TokenKind::kEnd, ahead) || Is(TokenKind::kSemicolon, ahead); };
  if (Is(kTable) && !ends(1) && !Is(TokenKind::kDot, 1)) Advance();
  if (IsAny({kExtended, kFormatted}) && !ends(1) && !Is(TokenKind::kDot, 1)) {
    Advance();
    describe.extended = true;
  }
  if (!ParseObject(&describe.name, "the name of a table")) return false;
  if (Is(kPartition) && !ParsePartition(&describe.partition)) return false;
  if (IsName() && !Is(kAs)) {
    describe.kind = plan::ObjectKind::kColumn;
    if (!ParseQualifiedName(&describe.column, "the name of a column")) return false;
  }
  if (Is(kAs) && Is(kJson, 1)) {
    next_ += 2;
    describe.json = true;
  }
  statement->node = std::move(describe);
  return true;
}

// CACHE [LAZY] TABLE name [OPTIONS (...)] [[AS] query], UNCACHE TABLE [IF EXISTS] name, CLEAR CACHE.
bool Parser::ParseCache(plan::Statement* statement) {
  if (Take(kClear, kCache)) {
    statement->node = plan::Uncache{.all = true};
    return true;
  }
  if (Take(kUncache)) {
    plan::Uncache uncache;
    if (!Expect(kTable)) return false;
    uncache.if_exists = Take(kIf, kExists);
    if (!ParseObject(&uncache.name, "the name of a table")) return false;
    statement->node = std::move(uncache);
    return true;
  }
  Advance();
  plan::Cache cache;
  cache.lazy = Take(kLazy);
  if (!Expect(kTable) || !ParseObject(&cache.name, "the name of a table")) return false;
  plan::Properties ignored;
  if (Take(kOptions) && !ParseProperties(&ignored)) return false;
  const bool as = Take(kAs);
  if ((as || StartsQuery(next_)) && !ParseQueryText(&cache.query.emplace())) return false;
  statement->node = std::move(cache);
  return true;
}

bool Parser::ParseRefresh(plan::Statement* statement) {
  Advance();
  plan::Refresh refresh;
  if (Take(kFunction)) {
    refresh.what = plan::Refresh::What::kFunction;
  } else if (Take(kMaterialized, kView)) {
    refresh.what = plan::Refresh::What::kMaterializedView;
  } else if (!Take(kTable) && (Is(TokenKind::kString) || Is(TokenKind::kSlash))) {
    refresh.what = plan::Refresh::What::kPath;
    next_ = StatementEnd();
    statement->node = std::move(refresh);
    return true;
  }
  if (!ParseObject(&refresh.name)) return false;
  if (refresh.what == plan::Refresh::What::kMaterializedView) refresh.full = Take(kFull);
  statement->node = std::move(refresh);
  return true;
}

// ANALYZE TABLE t [PARTITION (...)] COMPUTE STATISTICS [...], ANALYZE TABLES [IN db] COMPUTE STATISTICS [NOSCAN].
bool Parser::ParseAnalyze(plan::Statement* statement) {
  Advance();
  plan::Analyze analyze;
  if (Take(kTables)) {
    analyze.tables = true;
    if ((Take(kIn) || Take(kFrom)) && !ParseObject(&analyze.name)) return false;
  } else {
    if (!Expect(kTable) || !ParseObject(&analyze.name, "the name of a table")) return false;
    if (Is(kPartition) && Is(TokenKind::kLeftParen, 1)) next_ = std::min(AfterParen(next_ + 1), tokens_.size() - 1);
  }
  if (!Expect(kCompute, kStatistics)) return false;
  if (IsName() && UpperText(Peek().text) == "NOSCAN") {
    Advance();
  } else if (Take(kFor)) {
    if (Take(kAll, kColumns)) {
      // every column
    } else {
      std::vector<std::string> columns;
      if (!Expect(kColumns) || !ParseBareNameList(&columns)) return false;
    }
  } else if (IsName()) {
    return FailSyntax("NOSCAN or FOR COLUMNS");
  }
  statement->node = std::move(analyze);
  return true;
}

bool Parser::ParseUse(plan::Statement* statement) {
  Advance();
  plan::Use use;
  if (IsAny({kNamespace, kDatabase, kSchema}) && IsName(1)) Advance();
  if (!ParseObject(&use.name, "the name of a schema")) return false;
  statement->node = std::move(use);
  return true;
}

bool Parser::ParseSetCatalog(plan::Statement* statement) {
  next_ += 2;
  plan::SetCatalog set;
  if (Is(TokenKind::kString) ? !ParseText(&set.name) : !ParseName(&set.name, "the name of a catalog")) return false;
  statement->node = std::move(set);
  return true;
}

// DECLARE [OR REPLACE] [VARIABLE] names [type] [DEFAULT | = expression]
bool Parser::ParseDeclare(plan::Statement* statement) {
  Advance();
  plan::DeclareVariable declare;
  declare.replace = Take(kOr, kReplace);
  if (IsAny({kVariable, kVar}) && (IsName(1) || Is(kIdentifier, 1))) Advance();
  do {
    if (!ParseObject(&declare.names.emplace_back(), "the name of a variable")) return false;
  } while (Take(TokenKind::kComma));
  const auto ends = [&] { return Is(TokenKind::kEnd) || Is(TokenKind::kSemicolon); };
  if (!ends() && !Is(kDefault) && !Is(TokenKind::kEqual) && !ParseType(&declare.type.emplace())) return false;
  if (Take(kDefault) || Take(TokenKind::kEqual)) {
    if (!ParseExprText(&declare.default_value)) return false;
  }
  if (!declare.type && !declare.default_value) {
    return FailSyntax("a type, or DEFAULT and a value");
  }
  statement->node = std::move(declare);
  return true;
}

// SET VAR a = 1, b = DEFAULT, or SET VAR (a, b) = (query).
bool Parser::ParseSetVariables(plan::Statement* statement) {
  next_ += 2;
  plan::SetVariables set;
  if (Take(TokenKind::kLeftParen)) {
    do {
      if (!ParseObject(&set.names.emplace_back(), "the name of a variable")) return false;
    } while (Take(TokenKind::kComma));
    if (!Expect(TokenKind::kRightParen) || !Expect(TokenKind::kEqual) || !Expect(TokenKind::kLeftParen)) return false;
    set.query = ParseQuery();
    if (!set.query || !Expect(TokenKind::kRightParen)) return false;
  } else {
    do {
      if (!ParseObject(&set.names.emplace_back(), "the name of a variable") || !Expect(TokenKind::kEqual)) return false;
      auto value = ParseExpression();
      if (!value) return false;
      set.values.push_back(std::move(value));
    } while (Take(TokenKind::kComma));
  }
  statement->node = std::move(set);
  return true;
}

// EXECUTE IMMEDIATE text [INTO variables] [USING values]
bool Parser::ParseExecute(plan::Statement* statement) {
  Advance();
  plan::ExecuteImmediate execute;
  if (!Expect(kImmediate)) return false;
  execute.text = ParseExpression();
  if (!execute.text) return false;
  if (Take(kInto)) {
    do {
      if (!ParseQualifiedName(&execute.into.emplace_back(), "the name of a variable")) return false;
    } while (Take(TokenKind::kComma));
  }
  if (Take(kUsing)) {
    const bool paren = Take(TokenKind::kLeftParen);
    std::vector<plan::ExprPtr> arguments;
    if (!ParseNamedExpressions(&arguments) || (paren && !Expect(TokenKind::kRightParen))) return false;
    for (auto& argument : arguments) {
      const auto* alias = std::get_if<plan::Alias>(&argument->node);
      if (alias && alias->names.size() == 1) {
        execute.arguments.emplace_back(alias->child, alias->names[0]);
      } else {
        execute.arguments.emplace_back(argument, "");
      }
    }
  }
  statement->node = std::move(execute);
  return true;
}

}  // namespace tidemill::sql
