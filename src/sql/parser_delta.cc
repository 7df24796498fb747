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
  if (SameIgnoringCase(word, kVacuum)) {
    next_ = StatementEnd();
    statement->node = plan::UnsupportedStatement{"VACUUM"};
    return true;
  }
  if (SameIgnoringCase(word, kOptimize)) {
    plan::OptimizeTable optimize;
    if (!ParseObject(&optimize.table, "the name of a table")) return false;
    statement->node = std::move(optimize);
    if (Is(TokenKind::kEnd) || Is(TokenKind::kSemicolon)) return true;
    const bool where = Is(kWhere);
    next_ = StatementEnd();
    statement->node = plan::UnsupportedStatement{where ? "OPTIMIZE ... WHERE" : "OPTIMIZE ... ZORDER BY"};
    return true;
  }
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

}  // namespace tidemill::sql
