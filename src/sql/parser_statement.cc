// Statements: which one it is, SET and RESET, EXPLAIN; a statement that is not run here is named and passed over. The
// others lie in parser_create, parser_alter, parser_change (rows) and parser_show.
#include <fmt/format.h>

#include <cctype>
#include <cstdlib>

#include "sql/detail/parser_impl.h"
#include "sql/literal.h"

namespace tidemill::sql {
namespace {

using enum Keyword;

// Words that begin statements which are not run here; `words` of them name the statement.
struct ForeignStatement {
  Keyword first;
  int words;
};

constexpr ForeignStatement kForeignStatements[] = {
    {kAdd, 2},     {kAlter, 2},  {kAnalyze, 2}, {kBegin, 1},    {kCache, 2},  {kCall, 1},    {kClear, 2},
    {kComment, 3}, {kCommit, 1}, {kCreate, 2},  {kDeclare, 1},  {kDelete, 1}, {kDesc, 1},    {kDescribe, 1},
    {kDfs, 1},     {kDrop, 2},   {kExecute, 2}, {kExport, 2},   {kGrant, 1},  {kImport, 2},  {kInsert, 2},
    {kList, 2},    {kLoad, 2},   {kLock, 2},    {kMerge, 2},    {kMsck, 2},   {kRefresh, 2}, {kRepair, 2},
    {kReplace, 2}, {kReset, 1},  {kRevoke, 1},  {kRollback, 1}, {kShow, 2},   {kStart, 2},   {kTruncate, 2},
    {kUncache, 2}, {kUnlock, 2}, {kUpdate, 1},  {kUse, 1},      {kWith, 1},   {kFrom, 1},    {kSet, 2},
    {kExplain, 1},
};

std::string Upper(std::string_view text) {
  std::string upper(text);
  std::ranges::transform(upper, upper.begin(), [](unsigned char c) { return std::toupper(c); });
  return upper;
}

std::string_view Trim(std::string_view text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front()))) text.remove_prefix(1);
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back()))) text.remove_suffix(1);
  return text;
}

}  // namespace

std::vector<plan::Statement> Parser::ParseStatements() {
  std::vector<plan::Statement> statements;
  while (!failed()) {
    while (Take(TokenKind::kSemicolon)) continue;
    if (Is(TokenKind::kEnd)) break;
    if (!ParseStatement(&statements.emplace_back())) break;
  }
  return statements;
}

bool Parser::ParseStatement(plan::Statement* statement) {
  const size_t first = next_;
  parameters_ = 0;
  statement->at = Peek().at;
  if (!ParseStatementNode(statement)) return false;
  if (!Is(TokenKind::kSemicolon) && !Is(TokenKind::kEnd)) return FailSyntax("the end of the statement");
  statement->text = TextBetween(first, next_);
  return true;
}

// From the first of the tokens to before the last.
std::string_view Parser::TextBetween(size_t from, size_t to) const {
  if (from >= to) return {};
  const char* begin = tokens_[from].text.data();
  return {begin, static_cast<size_t>(tokens_[to - 1].text.data() + tokens_[to - 1].text.size() - begin)};
}

size_t Parser::StatementEnd() const {
  size_t end = next_;
  while (tokens_[end].kind != TokenKind::kSemicolon && tokens_[end].kind != TokenKind::kEnd) ++end;
  return end;
}

// The word that makes WITH ... INSERT, FROM ... INSERT, WITH ... MERGE and the like more than a query; 0: none.
size_t Parser::FindDataChange() const {
  const size_t end = StatementEnd();
  for (size_t i = next_; i < end; ++i) {
    if (tokens_[i].kind == TokenKind::kLeftParen) {
      i = closing_[i];
      continue;
    }
    const Keyword next = tokens_[i + 1].keyword;
    if (tokens_[i].keyword == kInsert && (next == kInto || next == kOverwrite)) return i;
    if (tokens_[i].keyword == kMerge && next == kInto) return i;
    const bool after_tables = i > next_ && tokens_[i - 1].kind == TokenKind::kRightParen;
    if (after_tables && tokens_[i].keyword == kDelete && next == kFrom) return i;
    if (after_tables && tokens_[i].keyword == kUpdate && tokens_[i + 1].kind != TokenKind::kEnd) return i;
  }
  return 0;
}

bool Parser::ParseStatementNode(plan::Statement* statement) {
  struct Form {
    Keyword first;
    bool (Parser::*parse)(plan::Statement*);
  };
  static constexpr Form kForms[] = {
      {kAlter, &Parser::ParseAlter},       {kAnalyze, &Parser::ParseAnalyze},   {kCache, &Parser::ParseCache},
      {kClear, &Parser::ParseCache},       {kComment, &Parser::ParseCommentOn}, {kCreate, &Parser::ParseCreate},
      {kDeclare, &Parser::ParseDeclare},   {kDelete, &Parser::ParseDelete},     {kDesc, &Parser::ParseDescribe},
      {kDescribe, &Parser::ParseDescribe}, {kDrop, &Parser::ParseDrop},         {kExecute, &Parser::ParseExecute},
      {kExplain, &Parser::ParseExplain},   {kInsert, &Parser::ParseInsert},     {kMerge, &Parser::ParseMerge},
      {kMsck, &Parser::ParseRepair},       {kRefresh, &Parser::ParseRefresh},   {kRepair, &Parser::ParseRepair},
      {kReplace, &Parser::ParseCreate},    {kReset, &Parser::ParseReset},       {kSet, &Parser::ParseSet},
      {kShow, &Parser::ParseShow},         {kTruncate, &Parser::ParseTruncate}, {kUncache, &Parser::ParseCache},
      {kUpdate, &Parser::ParseUpdate},     {kUse, &Parser::ParseUse},
  };
  if (IsAny({kWith, kFrom}) && FindDataChange() != 0) {
    return Is(kWith) ? ParseWithChange(statement) : ParseMultiInsert(statement);
  }
  const bool query = Is(TokenKind::kLeftParen) || IsAny({kSelect, kWith, kFrom, kValues, kTable, kMap, kReduce});
  if (query) {
    auto relation = ParseQuery();
    statement->node = relation;
    return relation != nullptr;
  }
  if (StartsDeltaStatement()) return ParseDeltaStatement(statement);
  const auto* form = std::ranges::find(kForms, Peek().keyword, &Form::first);
  if (Is(TokenKind::kWord) && form != std::end(kForms)) return (this->*form->parse)(statement);
  return ParseForeign(statement);
}

// A statement of Spark's that is not run here: its first words name it, its text is passed over.
bool Parser::ParseForeign(plan::Statement* statement) {
  const auto* row = std::ranges::find(kForeignStatements, Peek().keyword, &ForeignStatement::first);
  if (Peek().keyword == kNotAKeyword || row == std::end(kForeignStatements)) {
    return FailSyntax("a statement (SELECT, WITH, VALUES, CREATE, SET, ...)");
  }
  std::string what;
  int words = row->words;
  for (int i = 0; i < words && Peek(i).kind == TokenKind::kWord; ++i) {
    what += (what.empty() ? "" : " ") + Upper(Peek(i).text);
    // These only qualify the word that follows.
    if (i > 0) words += IsAny({kTemp, kTemporary, kGlobal, kExternal, kOr, kReplace, kCreate, kCurrent}, i);
  }
  if (Is(kBegin)) {
    SkipCompound();
  } else {
    const size_t end = StatementEnd();
    for (size_t i = next_; i < end; ++i) {
      if (tokens_[i].kind == TokenKind::kBroken && tokens_[i].fault != LexFault::kStrayCharacter) {
        next_ = i;
        return FailBroken(tokens_[i]);
      }
    }
    next_ = end;
  }
  statement->node = plan::UnsupportedStatement{std::move(what)};
  return true;
}

// BEGIN ... END of an SQL script, whose semicolons are its own. CASE and control statements have an END too.
void Parser::SkipCompound() {
  int open = 0;
  for (; !Is(TokenKind::kEnd); Advance()) {
    const bool closes = next_ > 0 && Last().keyword == kEnd;
    if (IsAny({kBegin, kCase})) open += !closes;
    const bool control = IsAny({kIf, kWhile, kFor, kLoop, kRepeat}) && !closes && !Is(TokenKind::kLeftParen, 1) &&
                         (Last().kind == TokenKind::kSemicolon || IsStatementStart());
    open += control;
    if (Is(kEnd) && --open == 0) break;
  }
  while (!Is(TokenKind::kSemicolon) && !Is(TokenKind::kEnd)) Advance();
}

// Right behind a word after which a script's next statement begins?
bool Parser::IsStatementStart() const {
  const Keyword last = Last().keyword;
  return last == kBegin || last == kThen || last == kElse || last == kDo || last == kLoop || last == kRepeat ||
         Last().kind == TokenKind::kColon;
}

// SET, SET k, SET k = v, SET `k` = `v`, SET TIME ZONE z. The value is the text to the semicolon.
bool Parser::ParseSet(plan::Statement* statement) {
  if (!Is(TokenKind::kEqual, 2) && !Is(TokenKind::kDot, 2)) {
    if (IsAny({kVariable, kVar}, 1)) return ParseSetVariables(statement);
    if (Is(kCatalog, 1)) return ParseSetCatalog(statement);
    if (IsAny({kRole, kCollation}, 1)) return ParseForeign(statement);
  }
  const Position at = Peek().at;
  Advance();
  plan::SetCommand command;
  const size_t end = StatementEnd();
  if (Is(kTime) && Is(kZone, 1)) {
    next_ += 2;
    if (!ParseTimeZone(&command)) return false;
    statement->node = std::move(command);
    return true;
  }
  if (next_ == end) {
    statement->node = std::move(command);
    return true;
  }
  if (end == next_ + 2 && Is(TokenKind::kMinus) && Peek(1).text == "v") {
    next_ = end;
    statement->node = plan::SetCommand{.verbose = true};
    return true;
  }
  size_t equal = next_;
  while (equal < end && tokens_[equal].kind != TokenKind::kEqual) ++equal;
  const bool quoted = Is(TokenKind::kQuotedName) && equal <= next_ + 1;
  command.key = quoted ? UnquoteName(Peek().text) : std::string(Trim(TextBetween(next_, equal)));
  if (!quoted && command.key->find_first_of(" \t\n") != std::string::npos) {
    return Fail("INVALID_SET_SYNTAX", "42000",
                "Expected format is 'SET', 'SET key', or 'SET key=value'. If you want to include special characters in "
                "key, or include semicolon in value, please use backquotes, e.g., SET `key`=`value`.",
                at);
  }
  if (equal < end) {
    const bool quoted_value = equal + 2 == end && tokens_[equal + 1].kind == TokenKind::kQuotedName;
    command.value = quoted_value ? UnquoteName(tokens_[equal + 1].text) : std::string(TextBetween(equal + 1, end));
  }
  next_ = end;
  statement->node = std::move(command);
  return true;
}

bool Parser::ParseTimeZone(plan::SetCommand* command) {
  const Position at = Peek().at;
  command->key = "spark.sql.session.timeZone";
  if (Take(kLocal)) {
    command->value = "LOCAL";
    return true;
  }
  if (Is(TokenKind::kString)) {
    command->value = StringText(Peek());
    Advance();
    return true;
  }
  if (!Is(kInterval)) return Fail("_LEGACY_ERROR_TEMP_0045", "", "Invalid time zone displacement value.", at);
  auto interval = ParseInterval();
  const auto* literal = interval ? std::get_if<plan::Literal>(&interval->node) : nullptr;
  constexpr int64_t kMicrosPerSecond = 1'000'000;
  constexpr int64_t kMostSeconds = 18 * 3600;
  const int64_t seconds = literal && literal->type.is(plan::TypeId::kDayTimeInterval)
                              ? std::get<int64_t>(literal->value.data) / kMicrosPerSecond
                              : kMostSeconds + 1;
  if (failed()) return false;
  if (std::abs(seconds) > kMostSeconds || std::get<int64_t>(literal->value.data) % kMicrosPerSecond != 0) {
    return Fail(
        "INVALID_INTERVAL_FORMAT.TIMEZONE_INTERVAL_OUT_OF_RANGE", "22006",
        "The interval value must be in the range of [-18, +18] hours with second precision. Write SET TIME ZONE "
        "'+01:00', a region's name or LOCAL.",
        at);
  }
  const int64_t size = std::abs(seconds);
  command->value = fmt::format("{}{:02}:{:02}", seconds < 0 ? '-' : '+', size / 3600, size / 60 % 60);
  if (size % 60 != 0) *command->value += fmt::format(":{:02}", size % 60);
  return true;
}

bool Parser::ParseReset(plan::Statement* statement) {
  Advance();
  plan::SetCommand command{.reset = true};
  const size_t end = StatementEnd();
  if (end == next_ + 1 && Is(TokenKind::kQuotedName)) {
    command.key = UnquoteName(Peek().text);
  } else if (end > next_) {
    command.key = std::string(Trim(TextBetween(next_, end)));
  }
  next_ = end;
  statement->node = std::move(command);
  return true;
}

// EXPLAIN of a statement that is not run here is refused by the statement's name.
bool Parser::ParseExplain(plan::Statement* statement) {
  Advance();
  plan::Explain explain;
  if (IsAny({kLogical, kFormatted, kExtended, kCodegen, kCost})) {
    explain.mode = Upper(Peek().text);
    Advance();
  }
  auto inner = std::make_shared<plan::Statement>();
  if (!ParseStatementNode(inner.get())) return false;
  if (const auto* unsupported = std::get_if<plan::UnsupportedStatement>(&inner->node)) {
    statement->node = plan::UnsupportedStatement{"EXPLAIN " + unsupported->what};
    return true;
  }
  explain.statement = std::move(inner);
  statement->node = std::move(explain);
  return true;
}

}  // namespace tidemill::sql
