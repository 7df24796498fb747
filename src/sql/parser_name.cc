// Names, and when a keyword is one. Spark reserves nothing by default, so the place decides.
#include <fmt/format.h>

#include "sql/detail/parser_impl.h"
#include "sql/literal.h"

namespace tidemill::sql {
namespace {

using enum Keyword;

// A word that begins the next clause only when one of `next` follows; elsewhere it may be an alias. No `next`: always.
struct ClauseWord {
  Keyword word;
  std::vector<Keyword> next;
  TokenKind or_symbol = TokenKind::kEnd;
};

const std::vector<ClauseWord>& ClauseWords() {
  static const std::vector<ClauseWord> words = {
      {kFrom, {}},
      {kWhere, {}},
      {kHaving, {}},
      {kJoin, {}},
      {kOn, {}},
      {kUsing, {}},
      {kAs, {}},
      {kAnd, {}},
      {kOr, {}},
      {kGroup, {kBy}},
      {kOrder, {kBy}},
      {kSort, {kBy}},
      {kCluster, {kBy}},
      {kDistribute, {kBy}},
      {kLateral, {kView, kJoin}},
      {kUnion, {kSelect, kAll, kDistinct, kValues, kTable, kFrom, kBy, kMap, kReduce}, TokenKind::kLeftParen},
      {kIntersect, {kSelect, kAll, kDistinct, kValues, kTable, kFrom}, TokenKind::kLeftParen},
      {kExcept, {kSelect, kAll, kDistinct, kValues, kTable, kFrom}, TokenKind::kLeftParen},
      {kMinus, {kSelect, kAll, kDistinct, kValues, kTable, kFrom}, TokenKind::kLeftParen},
      {kInner, {kJoin}},
      {kCross, {kJoin}},
      {kSemi, {kJoin}},
      {kAnti, {kJoin}},
      {kLeft, {kJoin, kOuter, kSemi, kAnti}},
      {kRight, {kJoin, kOuter}},
      {kFull, {kJoin, kOuter}},
      {kNatural, {kJoin, kInner, kCross, kLeft, kRight, kFull, kSemi, kAnti}},
      {kPivot, {}, TokenKind::kLeftParen},
      {kUnpivot, {kInclude, kExclude}, TokenKind::kLeftParen},
      {kTablesample, {}, TokenKind::kLeftParen},
      {kWith, {kRollup, kCube}, TokenKind::kLeftParen},
      {kGrouping, {kSets}},
      {kSelect, {}},
      {kInsert, {kInto, kOverwrite}},
  };
  return words;
}

// Keywords in the place of a column that are one only before the end of an expression: anywhere else they are more
// likely a clause whose beginning is missing.
constexpr Keyword kStructure[] = {kSelect, kFrom,       kWhere,   kGroup, kHaving, kOrder, kLimit, kUnion,
                                  kExcept, kIntersect,  kJoin,    kOn,    kUsing,  kThen,  kElse,  kWhen,
                                  kEnd,    kAs,         kAnd,     kOr,    kIn,     kLike,  kIs,    kBetween,
                                  kWindow, kDistribute, kCluster, kCase,  kNot,    kBy};

bool OnlyAscii(std::string_view word) {
  return std::ranges::all_of(word, [](unsigned char c) { return c < 0x80; });
}

}  // namespace

bool Parser::IsName(size_t ahead) const {
  const Token& token = Peek(ahead);
  if (token.kind == TokenKind::kQuotedName) return true;
  if (token.kind != TokenKind::kWord || !OnlyAscii(token.text)) return false;
  if (token.keyword == kNotAKeyword || !options_.enforce_reserved_keywords) return true;
  const auto rank = RankOf(token.keyword);
  return rank == KeywordRank::kPlain || rank == KeywordRank::kStrict;
}

bool Parser::IsStrictName(size_t ahead) const {
  if (!IsName(ahead)) return false;
  const Keyword keyword = Peek(ahead).keyword;
  if (keyword == kNotAKeyword || options_.enforce_reserved_keywords) return true;
  const auto rank = RankOf(keyword);
  return rank == KeywordRank::kPlain || rank == KeywordRank::kReserved;
}

bool Parser::BeginsClause() const {
  const Token& token = Peek();
  if (token.keyword == kNotAKeyword) return false;
  if (token.keyword == kLimit || token.keyword == kOffset) {
    return !Is(TokenKind::kEnd, 1) && !Is(TokenKind::kComma, 1) && !Is(TokenKind::kRightParen, 1) &&
           !Is(TokenKind::kSemicolon, 1) && !Is(kFrom, 1);
  }
  if (token.keyword == kWindow) return IsName(1) && Is(kAs, 2);
  for (const auto& row : ClauseWords()) {
    if (row.word != token.keyword) continue;
    if (row.next.empty() && row.or_symbol == TokenKind::kEnd) return true;
    if (row.or_symbol != TokenKind::kEnd && Is(row.or_symbol, 1)) return true;
    return std::ranges::find(row.next, Peek(1).keyword) != row.next.end();
  }
  return false;
}

bool Parser::IsImplicitAlias(bool strict) const { return (strict ? IsStrictName() : IsName()) && !BeginsClause(); }

bool Parser::IsColumnWord() const {
  if (!IsName()) return false;
  if (Is(TokenKind::kQuotedName)) return true;
  if (std::ranges::find(kStructure, Peek().keyword) == std::end(kStructure)) return true;
  switch (Peek(1).kind) {
    case TokenKind::kWord:
      return IsAny({kFrom, kAs, kAnd, kOr, kIs, kIn, kLike, kBetween, kThen, kEnd, kDesc, kAsc}, 1) && !Is(kFrom) &&
             !Is(kSelect);
    case TokenKind::kInteger:
    case TokenKind::kDecimal:
    case TokenKind::kString:
    case TokenKind::kQuotedName:
    case TokenKind::kBroken:
    case TokenKind::kStar:
      return false;
    case TokenKind::kEnd:
    case TokenKind::kSemicolon:
      return next_ == 0 || Last().keyword != kSelect;
    default:
      return true;
  }
}

bool Parser::ParseName(std::string* name, std::string_view expected) {
  if (IsIdentifierClause() && Is(TokenKind::kString, 2) && Is(TokenKind::kRightParen, 3)) {
    return ParseIdentifierText(name);
  }
  if (!IsName()) return FailSyntax(expected);
  const Token& token = Peek();
  *name = token.kind == TokenKind::kQuotedName ? UnquoteName(token.text) : std::string(token.text);
  Advance();
  return true;
}

bool Parser::IsIdentifierClause(size_t ahead) const {
  return Is(kIdentifier, ahead) && Is(TokenKind::kLeftParen, ahead + 1);
}

bool Parser::ParseIdentifierText(std::string* name) {
  *name = StringText(Peek(2));
  next_ += 4;
  return true;
}

// The name in a string, as IDENTIFIER() reads it.
bool Parser::ParseNameText(const std::string& text, Position at, plan::Name* name) {
  if (text.empty()) {
    return Fail("PARSE_EMPTY_STATEMENT", "42617", "IDENTIFIER() of an empty string names nothing.", at);
  }
  Parser parser(text, options_);
  if (parser.ParseQualifiedName(name) && parser.Expect(TokenKind::kEnd)) return true;
  Error error = parser.TakeError();
  error.at = at;
  return Fail(std::move(error), at);
}

// A string known without running anything: a literal, or literals put together with `||`.
std::optional<std::string> Parser::ConstantText(const plan::ExprPtr& expr) {
  if (const auto* literal = std::get_if<plan::Literal>(&expr->node)) {
    if (!literal->type.is(plan::TypeId::kString)) return std::nullopt;
    return std::get<std::string>(literal->value.data);
  }
  const auto* call = std::get_if<plan::Call>(&expr->node);
  if (!call || !call->is_operator || call->name[0] != "||") return std::nullopt;
  const auto left = ConstantText(call->args[0]);
  const auto right = ConstantText(call->args[1]);
  if (!left || !right) return std::nullopt;
  return *left + *right;
}

// IDENTIFIER(expr) in the place of a name: the name itself where it is constant, else the expression.
bool Parser::ParseIdentifierClause(plan::Name* name, plan::ExprPtr* expr) {
  const Position at = Peek().at;
  next_ += 2;
  *expr = ParseExpression();
  if (!*expr || !Expect(TokenKind::kRightParen)) return false;
  const auto text = ConstantText(*expr);
  if (!text) return true;
  expr->reset();
  return ParseNameText(*text, at, name);
}

bool Parser::ParseBareNameList(std::vector<std::string>* names) {
  do {
    if (!ParseName(&names->emplace_back())) return false;
  } while (Take(TokenKind::kComma));
  return true;
}

bool Parser::ParseNameList(std::vector<std::string>* names) {
  return Expect(TokenKind::kLeftParen) && ParseBareNameList(names) && Expect(TokenKind::kRightParen);
}

bool Parser::ParseQualifiedName(plan::Name* name, std::string_view expected) {
  do {
    if (!ParseName(&name->emplace_back(), expected)) return false;
  } while (Take(TokenKind::kDot));
  // my-table is read as a name that lacks its quotes, not as a subtraction.
  if (Is(TokenKind::kMinus) && IsName(1) && Touching(0)) {
    return Fail("INVALID_IDENTIFIER", "42602",
                fmt::format("The unquoted identifier {0}-{1} is invalid and must be back quoted as: `{0}-{1}`.",
                            name->back(), Peek(1).text),
                Last().at);
  }
  return true;
}

bool Parser::ParseAliasAndColumns(std::string* alias, std::vector<std::string>* columns) {
  if (Is(kAs) && !(Is(TokenKind::kLeftParen, 1) && IsStrictName())) {
    Advance();
    if (!IsStrictName()) return FailSyntax("an alias");
  } else if (Is(kAs)) {
    // `AS (a, b)`: the alias is the word AS itself.
  } else if (!IsImplicitAlias(/*strict=*/true)) {
    return true;
  }
  if (!ParseName(alias)) return false;
  return !Is(TokenKind::kLeftParen) || ParseNameList(columns);
}

}  // namespace tidemill::sql
