// Delta's own statements about a table's log. Their words are no keywords of Spark's, which leaves them to Delta's
// parser.
#include "base/names.h"
#include "sql/detail/parser_impl.h"

namespace tidemill::sql {

using enum Keyword;

namespace {

constexpr std::string_view kHistory = "history", kOptimize = "optimize", kRestore = "restore", kVacuum = "vacuum";

}  // namespace

bool Parser::StartsDeltaStatement() const {
  const auto word = [&](std::string_view text, size_t ahead) {
    return Is(TokenKind::kWord, ahead) && SameIgnoringCase(Peek(ahead).text, text);
  };
  const bool names_table = Is(TokenKind::kWord, 1) || Is(TokenKind::kQuotedName, 1);
  if (IsAny({kDesc, kDescribe})) return word(kHistory, 1) && (Is(TokenKind::kWord, 2) || Is(TokenKind::kQuotedName, 2));
  return names_table && (word(kOptimize, 0) || word(kRestore, 0) || word(kVacuum, 0));
}

bool Parser::ParseDeltaStatement(plan::Statement* statement) {
  const std::string_view word = Peek().text;
  const bool history = Take(kDesc) || Take(kDescribe);
  Advance();
  if (history) {
    plan::DescribeHistory describe;
    if (!ParseObject(&describe.table, "the name of a table")) return false;
    if (Take(kLimit)) {
      if (!Is(TokenKind::kInteger)) return FailSyntax("a number of versions");
      describe.limit = std::strtoll(std::string(Peek().text).c_str(), nullptr, 10);
      Advance();
    }
    statement->node = std::move(describe);
    return true;
  }
  if (SameIgnoringCase(word, kVacuum)) return ParseVacuum(statement);
  if (SameIgnoringCase(word, kOptimize)) return ParseOptimize(statement);
  plan::RestoreTable restore;
  Take(kTable);
  if (!ParseObject(&restore.table, "the name of a table") || !Expect(kTo)) return false;
  plan::TableRef travel;
  if (!ParseTimeTravel(&travel)) return false;
  if (!travel.version_as_of && !travel.timestamp_as_of) return FailSyntax("VERSION AS OF or TIMESTAMP AS OF");
  restore.version = travel.version_as_of;
  restore.timestamp = travel.timestamp_as_of;
  statement->node = std::move(restore);
  return true;
}

// VACUUM table [RETAIN n HOURS] [DRY RUN]
bool Parser::ParseVacuum(plan::Statement* statement) {
  plan::VacuumTable vacuum;
  if (!ParseObject(&vacuum.table, "the name of a table")) return false;
  if (TakeWord("retain")) {
    if (!Is(TokenKind::kInteger) && !Is(TokenKind::kDecimal)) return FailSyntax("a number of hours");
    vacuum.retain_hours = std::strtod(std::string(Peek().text).c_str(), nullptr);
    Advance();
    if (!TakeWord("hours")) return FailSyntax("HOURS");
  }
  if (TakeWord("dry")) {
    if (!TakeWord("run")) return FailSyntax("RUN");
    vacuum.dry_run = true;
  }
  statement->node = std::move(vacuum);
  return true;
}

// OPTIMIZE table [WHERE condition] [ZORDER BY columns, in parentheses or not]
bool Parser::ParseOptimize(plan::Statement* statement) {
  plan::OptimizeTable optimize;
  if (!ParseObject(&optimize.table, "the name of a table")) return false;
  if (Take(kWhere) && !ParseExprText(&optimize.where)) return false;
  if (TakeWord("zorder")) {
    if (!Expect(kBy)) return false;
    const bool enclosed = Take(TokenKind::kLeftParen);
    do {
      plan::Name name;
      if (!ParseQualifiedName(&name, "a column")) return false;
      if (name.size() > 1) return Refuse("ZORDER BY a field of a struct is not supported.", Peek().at);
      optimize.zorder.push_back(name[0]);
    } while (Take(TokenKind::kComma));
    if (enclosed && !Expect(TokenKind::kRightParen)) return false;
  }
  statement->node = std::move(optimize);
  return true;
}

bool Parser::StartsClone() const {
  const auto word = [&](std::string_view text, size_t ahead) {
    return Is(TokenKind::kWord, ahead) && SameIgnoringCase(Peek(ahead).text, text);
  };
  return (word("shallow", 0) || word("deep", 0)) && word("clone", 1);
}

// Behind the new table's name: SHALLOW | DEEP CLONE source [VERSION AS OF n | TIMESTAMP AS OF e] [TBLPROPERTIES (...)]
// [LOCATION 'path'].
bool Parser::ParseClone(plan::CreateTable table, plan::Statement* statement) {
  auto& clone = table.clone.emplace();
  clone.shallow = SameIgnoringCase(Peek().text, "shallow");
  next_ += 2;
  if (!ParseObject(&clone.source, "the name of a table")) return false;
  plan::TableRef travel;
  if (!ParseTimeTravel(&travel)) return false;
  clone.version = travel.version_as_of;
  clone.timestamp = travel.timestamp_as_of;
  if (Take(kTblproperties) && !ParseProperties(&table.properties)) return false;
  if (Take(kLocation) && !ParseText(&table.location.emplace())) return false;
  statement->node = std::move(table);
  return true;
}

bool Parser::TakeWord(std::string_view word) {
  if (!Is(TokenKind::kWord) || !SameIgnoringCase(Peek().text, word)) return false;
  Advance();
  return true;
}

}  // namespace tidemill::sql
