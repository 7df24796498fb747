// Primaries: literals, parameters, parentheses, CASE, CAST, lambdas, names.
#include <fmt/format.h>

#include <cctype>

#include "base/lower.h"
#include "sql/detail/parser_impl.h"
#include "sql/literal.h"

namespace tidemill::sql {
namespace {

using enum Keyword;

std::string Upper(std::string_view text) {
  std::string upper(text);
  std::ranges::transform(upper, upper.begin(), [](unsigned char c) { return std::toupper(c); });
  return upper;
}

plan::ExprPtr BooleanConstant(bool value, Position at) {
  return plan::MakeExpr(plan::Literal{plan::Value{value}, plan::TypeId::kBoolean}, at);
}

// Spark takes a quoted name for a regular expression where it holds anything but letters, digits and `_`.
bool IsPattern(const std::string& name) {
  return std::ranges::any_of(name, [](unsigned char c) { return c < 0x80 && !std::isalnum(c) && c != '_'; });
}

}  // namespace

plan::ExprPtr Parser::ParseAtom() {
  const Token& token = Peek();
  switch (token.kind) {
    case TokenKind::kInteger:
    case TokenKind::kBigint:
    case TokenKind::kSmallint:
    case TokenKind::kTinyint:
    case TokenKind::kDecimal:
    case TokenKind::kExponent:
    case TokenKind::kFloat:
    case TokenKind::kDouble:
    case TokenKind::kBigDecimal:
      return ParseNumber(/*negative=*/false);
    case TokenKind::kMinus:
      Advance();
      return ParseNumber(/*negative=*/true);
    case TokenKind::kString:
      return ParseStrings();
    case TokenKind::kQuestion:
    case TokenKind::kColon:
      return ParseParameter();
    case TokenKind::kStar:
      return ParseStar({});
    case TokenKind::kLeftParen:
      return StartsLambda() ? ParseLambda() : ParseParenthesized();
    case TokenKind::kWord:
      return ParseWord();
    case TokenKind::kQuotedName:
      return StartsLambda() ? ParseLambda() : ParseAttributeOrCall();
    default:
      FailSyntax("an expression");
      return nullptr;
  }
}

// `negative`: the minus before it has been taken.
plan::ExprPtr Parser::ParseNumber(bool negative) {
  const Position at = negative ? Last().at : Peek().at;
  auto literal = NumberLiteral(Peek().kind, Peek().text, negative);
  if (!literal.ok()) {
    Fail(std::move(literal).error(), at);
    return nullptr;
  }
  Advance();
  return plan::MakeExpr(std::move(literal).value(), at);
}

// Strings side by side are one string.
plan::ExprPtr Parser::ParseStrings() {
  const Position at = Peek().at;
  std::string text;
  for (; Is(TokenKind::kString); Advance()) text += StringText(Peek());
  return StringConstant(std::move(text), at);
}

plan::ExprPtr Parser::ParseParameter() {
  const Position at = Peek().at;
  plan::Parameter parameter;
  if (Take(TokenKind::kQuestion)) {
    parameter.ordinal = parameters_++;
  } else {
    Advance();
    if (!ParseName(&parameter.name, "the name of a parameter")) return nullptr;
  }
  return plan::MakeExpr(std::move(parameter), at);
}

// `*` or, behind the qualifier's dot, `t.*`; either may say EXCEPT (a, b.c).
plan::ExprPtr Parser::ParseStar(plan::Name qualifier) {
  const Position at = Peek().at;
  Advance();
  plan::Star star{.qualifier = std::move(qualifier)};
  if (Is(kExcept) && Is(TokenKind::kLeftParen, 1) && !StartsParenthesizedQuery(next_ + 1)) {
    next_ += 2;
    do {
      if (!ParseQualifiedName(&star.except.emplace_back())) return nullptr;
    } while (Take(TokenKind::kComma));
    if (!Expect(TokenKind::kRightParen)) return nullptr;
  }
  return plan::MakeExpr(std::move(star), at);
}

// A subquery, a tuple, or an expression; parentheses around one expression leave no trace.
plan::ExprPtr Parser::ParseParenthesized() {
  const Position at = Peek().at;
  const bool query_follows = StartsParenthesizedQuery(next_);
  Advance();
  if (query_follows) {
    auto query = ParseQuery();
    if (!query || !Expect(TokenKind::kRightParen)) return nullptr;
    return plan::MakeExpr(plan::SubqueryExpr{plan::SubqueryExpr::Kind::kScalar, {}, std::move(query)}, at);
  }
  std::vector<plan::ExprPtr> items;
  if (!ParseNamedExpressions(&items)) return nullptr;
  if (items.size() == 1) {
    if (std::holds_alternative<plan::Alias>(items[0]->node)) {
      next_ -= 1;
      FailSyntax("')'");
      return nullptr;
    }
    return Expect(TokenKind::kRightParen) ? items[0] : nullptr;
  }
  if (!Expect(TokenKind::kRightParen)) return nullptr;
  return Operator("struct_row", std::move(items), at);
}

// x -> ..., (x, y) -> ...
bool Parser::StartsLambda() const {
  if (!Is(TokenKind::kLeftParen)) return IsName() && Is(TokenKind::kArrow, 1);
  const size_t after = AfterParen(next_);
  return after < tokens_.size() && tokens_[after].kind == TokenKind::kArrow && IsName(1);
}

plan::ExprPtr Parser::ParseLambda() {
  const Position at = Peek().at;
  plan::Lambda lambda;
  if (Is(TokenKind::kLeftParen)) {
    if (!ParseNameList(&lambda.params)) return nullptr;
  } else if (!ParseName(&lambda.params.emplace_back())) {
    return nullptr;
  }
  Advance();
  lambda.body = ParseExpression();
  if (!lambda.body) return nullptr;
  return plan::MakeExpr(std::move(lambda), at);
}

plan::ExprPtr Parser::ParseWord() {
  if (StartsLambda()) return ParseLambda();
  const Token& token = Peek();
  if (token.keyword == kNull || token.keyword == kTrue || token.keyword == kFalse) {
    Advance();
    if (token.keyword == kNull) return plan::MakeExpr(plan::Literal{plan::Value{}, plan::TypeId::kNull}, token.at);
    return BooleanConstant(token.keyword == kTrue, token.at);
  }
  if (token.keyword == kCase && StartsCase()) return ParseCase();
  if (token.keyword == kInterval && (Is(TokenKind::kString, 1) || IntervalTermLength(1) > 0)) return ParseInterval();
  if (auto special = ParseSpecialForm(); special || failed()) return special;
  if (Is(TokenKind::kString, 1)) {
    auto literal = TypedLiteral(Upper(token.text), StringText(Peek(1)), token.at, options_.timestamp_ntz);
    if (!literal.ok()) {
      Fail(std::move(literal).error(), token.at);
      return nullptr;
    }
    next_ += 2;
    return std::move(literal).value();
  }
  return ParseAttributeOrCall();
}

// The forms that are no plain calls in spite of their parentheses; null without an error when none begins here.
plan::ExprPtr Parser::ParseSpecialForm() {
  if (!Is(TokenKind::kLeftParen, 1)) return nullptr;
  switch (Peek().keyword) {
    case kCast:
    case kTryCast:
      return ParseCast();
    case kStruct:
      return ParseStruct();
    case kExtract:
      return ContainsInside(kFrom) ? ParseExtract() : nullptr;
    case kTrim:
      return ContainsInside(kFrom) ? ParseTrim() : nullptr;
    case kSubstr:
    case kSubstring:
      return ContainsInside(kFrom) || ContainsInside(kFor) ? ParseSubstring() : nullptr;
    case kPosition:
      return ContainsInside(kIn) ? ParsePosition() : nullptr;
    case kOverlay:
      return ContainsInside(kPlacing) ? ParseOverlay() : nullptr;
    case kIdentifier:
      return ParseIdentifierCall(Peek().at);
    default:
      return nullptr;
  }
}

// CASE is a column only where no operand and no WHEN can follow.
bool Parser::StartsCase() const {
  switch (Peek(1).kind) {
    case TokenKind::kWord:
      return !IsAny({kFrom, kAs, kAnd, kOr, kIs, kIn, kEnd}, 1);
    case TokenKind::kLeftParen:
    case TokenKind::kMinus:
    case TokenKind::kPlus:
    case TokenKind::kTilde:
    case TokenKind::kBang:
    case TokenKind::kColon:
    case TokenKind::kQuestion:
    case TokenKind::kString:
    case TokenKind::kQuotedName:
      return true;
    default:
      return Peek(1).kind >= TokenKind::kInteger && Peek(1).kind <= TokenKind::kBigDecimal;
  }
}

plan::ExprPtr Parser::ParseCase() {
  const Position at = Peek().at;
  Advance();
  plan::Case node;
  if (!Is(kWhen)) {
    node.operand = ParseExpression();
    if (!node.operand) return nullptr;
  }
  if (!Is(kWhen)) {
    FailSyntax("WHEN");
    return nullptr;
  }
  while (Take(kWhen)) {
    auto condition = ParseExpression();
    if (!condition || !Expect(kThen)) return nullptr;
    auto result = ParseExpression();
    if (!result) return nullptr;
    node.branches.emplace_back(std::move(condition), std::move(result));
  }
  if (Take(kElse)) {
    node.otherwise = ParseExpression();
    if (!node.otherwise) return nullptr;
  }
  if (!Expect(kEnd)) return nullptr;
  return plan::MakeExpr(std::move(node), at);
}

plan::ExprPtr Parser::ParseCast() {
  const Position at = Peek().at;
  plan::Cast cast{.try_cast = Is(kTryCast)};
  next_ += 2;
  cast.child = ParseExpression();
  if (!cast.child || !Expect(kAs) || !ParseType(&cast.type) || !Expect(TokenKind::kRightParen)) return nullptr;
  return plan::MakeExpr(std::move(cast), at);
}

// current_date and its like stay attributes: a column of that name wins, and only the resolver knows the columns.
plan::ExprPtr Parser::ParseAttributeOrCall() {
  const Position at = Peek().at;
  plan::Name parts;
  const bool calls = Is(TokenKind::kLeftParen, 1) && Is(TokenKind::kWord);
  const bool reserved_value =
      IsAny({kCurrentDate, kCurrentTime, kCurrentTimestamp, kCurrentUser, kSessionUser, kUser}) ||
      (calls && IsAny({kFilter, kLeft, kRight}));
  if (reserved_value) {
    parts.emplace_back(Peek().text);
    Advance();
  } else if (!calls && !IsColumnWord()) {
    FailSyntax("an expression");
    return nullptr;
  } else if (!ParseName(&parts.emplace_back(), "an expression")) {
    return nullptr;
  }
  while (Is(TokenKind::kDot) && (IsName(1) || Is(TokenKind::kStar, 1))) {
    Advance();
    if (Is(TokenKind::kStar)) return ParseStar(std::move(parts));
    if (!ParseName(&parts.emplace_back())) return nullptr;
  }
  const bool quoted = Last().kind == TokenKind::kQuotedName;
  if (Is(TokenKind::kLeftParen)) return ParseCall(std::move(parts), at);
  if (options_.quoted_patterns && quoted && named_ > 0 && parts.size() <= 2 && IsPattern(parts.back())) {
    plan::Star matching{.pattern = parts.back()};
    matching.qualifier.assign(parts.begin(), parts.end() - 1);
    return plan::MakeExpr(std::move(matching), at);
  }
  return plan::MakeExpr(plan::Attribute{std::move(parts)}, at);
}

// The number of tokens of `[+-] value unit`, `ahead` of here; 0 when it is not there. Nanoseconds are taken too, so
// that they are refused as a unit and not as syntax.
size_t Parser::IntervalTermLength(size_t ahead) const {
  size_t length = Is(TokenKind::kPlus, ahead) || Is(TokenKind::kMinus, ahead) ? 1 : 0;
  const TokenKind kind = Peek(ahead + length).kind;
  if (kind != TokenKind::kInteger && kind != TokenKind::kDecimal && kind != TokenKind::kString) return 0;
  ++length;
  const Token& unit = Peek(ahead + length);
  if (unit.kind != TokenKind::kWord) return 0;
  if (!IsIntervalUnit(LowerAscii(unit.text)) && unit.keyword != kNanosecond && unit.keyword != kNanoseconds) return 0;
  return length + 1;
}

IntervalTerm Parser::TakeIntervalTerm() {
  IntervalTerm term;
  if (Is(TokenKind::kPlus) || Is(TokenKind::kMinus)) {
    term.value = Peek().text;
    Advance();
  }
  term.value += Is(TokenKind::kString) ? StringText(Peek()) : std::string(Peek().text);
  Advance();
  term.unit = LowerAscii(Peek().text);
  Advance();
  return term;
}

// INTERVAL 'text', INTERVAL 1 day 2 hours, INTERVAL '1-2' YEAR TO MONTH. The value is always a constant: Spark has no
// INTERVAL expr unit.
plan::ExprPtr Parser::ParseInterval() {
  const Position at = Peek().at;
  Advance();
  Result<plan::Literal> literal = Internal("unset");
  if (IntervalTermLength(0) == 0) {
    const std::string text = StringText(Peek());
    Advance();
    literal = IntervalFromString(text);
    if (!literal.ok() && literal.error().error_class.starts_with("INVALID_INTERVAL_FORMAT")) {
      Fail("INVALID_TYPED_LITERAL", "42604",
           fmt::format("The value of the typed literal \"INTERVAL\" is invalid: '{}'. {}", text,
                       literal.error().message),
           at);
      return nullptr;
    }
  } else {
    std::vector<IntervalTerm> terms = {TakeIntervalTerm()};
    if (Take(kTo)) {
      if (!Is(TokenKind::kWord)) {
        FailSyntax("MONTH, HOUR, MINUTE or SECOND");
        return nullptr;
      }
      literal = IntervalFromRange(terms[0].value, terms[0].unit, LowerAscii(Peek().text));
      Advance();
    } else {
      while (IntervalTermLength(0) > 0) terms.push_back(TakeIntervalTerm());
      if (Is(kTo)) {
        Fail("", "", "Can only have a single from-to unit in the interval literal syntax.", at);
        return nullptr;
      }
      literal = IntervalFromTerms(terms);
    }
  }
  if (!literal.ok()) {
    Fail(std::move(literal).error(), at);
    return nullptr;
  }
  return plan::MakeExpr(std::move(literal).value(), at);
}

}  // namespace tidemill::sql
