// Expressions above the primaries: OR < AND < NOT < one predicate < comparison < | < ^ < & < shifts < + < * < unary.
#include <fmt/format.h>

#include "sql/detail/parser_impl.h"

namespace tidemill::sql {
namespace {

using enum Keyword;

bool IsNumber(TokenKind kind) { return kind >= TokenKind::kInteger && kind <= TokenKind::kBigDecimal; }

bool IsTuple(const plan::ExprPtr& expr) {
  const auto* call = std::get_if<plan::Call>(&expr->node);
  return call && call->is_operator && call->name[0] == "struct_row";
}

}  // namespace

plan::ExprPtr Parser::ParseExpression() {
  const Level level(this);
  if (failed()) return nullptr;
  auto first = ParseConjunction();
  if (!first || !Is(kOr)) return first;
  std::vector<plan::ExprPtr> operands = {std::move(first)};
  while (Take(kOr)) {
    operands.push_back(ParseConjunction());
    if (!operands.back()) return nullptr;
  }
  return Balanced("or", &operands, 0, operands.size() - 1);
}

plan::ExprPtr Parser::ParseConjunction() {
  auto first = ParseNegation();
  if (!first || !Is(kAnd)) return first;
  std::vector<plan::ExprPtr> operands = {std::move(first)};
  while (Take(kAnd)) {
    operands.push_back(ParseNegation());
    if (!operands.back()) return nullptr;
  }
  return Balanced("and", &operands, 0, operands.size() - 1);
}

// Spark makes a balanced tree of a chain, so that a thousand conditions are ten levels; names depend on its shape.
plan::ExprPtr Parser::Balanced(std::string_view op, std::vector<plan::ExprPtr>* operands, size_t low, size_t high) {
  if (low == high) return std::move((*operands)[low]);
  if (low == 0 && high + 1 == operands->size()) {
    for (size_t width = operands->size() - 1; width > 0; width /= 2) {
      if (!Deepen()) return nullptr;
    }
  }
  const size_t middle = low + (high - low) / 2;
  auto left = Balanced(op, operands, low, middle);
  auto right = Balanced(op, operands, middle + 1, high);
  const Position at = left->at;
  return Operator(op, {std::move(left), std::move(right)}, at);
}

plan::ExprPtr Parser::ParseNegation() {
  const Branch branch(this);
  const Position at = Peek().at;
  int negations = 0;
  const auto negates = [&] {
    if (Is(TokenKind::kBang)) return true;
    return Is(kNot) && !Is(TokenKind::kComma, 1) && !Is(TokenKind::kRightParen, 1) && !Is(TokenKind::kEnd, 1) &&
           !Is(TokenKind::kDot, 1);
  };
  for (; negates(); Advance(), ++negations) {
    if (!Deepen()) return nullptr;
  }
  auto expr = ParsePredicated();
  if (!expr) return nullptr;
  for (; negations > 0; --negations) expr = Operator("not", {std::move(expr)}, at);
  return expr;
}

plan::ExprPtr Parser::ParsePredicated() {
  if (Is(kExists) && Is(TokenKind::kLeftParen, 1) && StartsParenthesizedQuery(next_ + 1)) {
    const Position at = Peek().at;
    next_ += 2;
    auto query = ParseQuery();
    if (!query || !Expect(TokenKind::kRightParen)) return nullptr;
    return plan::MakeExpr(plan::SubqueryExpr{plan::SubqueryExpr::Kind::kExists, {}, std::move(query)}, at);
  }
  auto value = ParseValue();
  return value ? ParsePredicate(std::move(value)) : nullptr;
}

plan::ExprPtr Parser::Negated(bool negated, plan::ExprPtr expr, Position at) {
  return negated && expr ? Operator("not", {std::move(expr)}, at) : expr;
}

plan::ExprPtr Parser::ParsePredicate(plan::ExprPtr value) {
  const Position at = value->at;
  if (Take(kIs)) return ParseIs(std::move(value), at);
  const bool follows = IsAny({kBetween, kIn, kLike, kIlike, kRlike, kRegexp}, 1);
  if (Is(TokenKind::kBang) && follows && !options_.bang_is_not) {
    Fail("SYNTAX_DISCONTINUED.BANG_EQUALS_NOT", "42601",
         "Support of the clause or keyword: ! has been discontinued in this context. Write NOT instead.", Peek().at);
    return nullptr;
  }
  const bool negated = (Is(kNot) || Is(TokenKind::kBang)) && follows;
  if (negated) Advance();
  if (Is(kIn) && !Is(TokenKind::kLeftParen, 1)) {
    Advance();
    FailSyntax("'('");
    return nullptr;
  }
  if (Take(kIn)) return Negated(negated, ParseIn(std::move(value), at), at);
  if (Take(kBetween)) {
    auto low = ParseValue();
    if (!low || !Expect(kAnd)) return nullptr;
    auto high = ParseValue();
    if (!high) return nullptr;
    return Negated(negated, Operator("between", {std::move(value), std::move(low), std::move(high)}, at), at);
  }
  if (Take(kRlike) || Take(kRegexp)) {
    auto pattern = ParseValue();
    if (!pattern) return nullptr;
    return Negated(negated, Operator("rlike", {std::move(value), std::move(pattern)}, at), at);
  }
  if (!Is(kLike) && !Is(kIlike)) return value;
  const bool like = Is(kLike);
  Advance();
  if (IsAny({kAny, kSome, kAll}) && Is(TokenKind::kLeftParen, 1)) {
    return ParsePatterns(std::move(value), like, negated, at);
  }
  return Negated(negated, ParseLike(std::move(value), like, at), at);
}

plan::ExprPtr Parser::ParseIs(plan::ExprPtr value, Position at) {
  const bool negated = Take(kNot) || (options_.bang_is_not && Take(TokenKind::kBang));
  if (Take(kNull)) return Operator(negated ? "isnotnull" : "isnull", {std::move(value)}, at);
  if (Take(kTrue)) return Negated(negated, Operator("istrue", {std::move(value)}, at), at);
  if (Take(kFalse)) return Negated(negated, Operator("isfalse", {std::move(value)}, at), at);
  if (Take(kUnknown)) return Negated(negated, Operator("isunknown", {std::move(value)}, at), at);
  if (!Take(kDistinct, kFrom)) {
    FailSyntax("NULL, TRUE, FALSE, UNKNOWN or DISTINCT FROM");
    return nullptr;
  }
  auto other = ParseValue();
  if (!other) return nullptr;
  return Negated(!negated, Operator("<=>", {std::move(value), std::move(other)}, at), at);
}

// A query in the parentheses is a subquery unless it has parentheses of its own, which make it one value of a list.
plan::ExprPtr Parser::ParseIn(plan::ExprPtr value, Position at) {
  const size_t open = next_;
  Advance();
  const bool whole = !Is(TokenKind::kLeftParen) || AfterParen(next_) != closing_[open];
  if (StartsParenthesizedQuery(open) && whole) {
    plan::SubqueryExpr in{.kind = plan::SubqueryExpr::Kind::kIn, .query = ParseQuery()};
    if (!in.query || !Expect(TokenKind::kRightParen)) return nullptr;
    in.needle = IsTuple(value) ? std::get<plan::Call>(value->node).args : std::vector<plan::ExprPtr>{value};
    return plan::MakeExpr(std::move(in), at);
  }
  std::vector<plan::ExprPtr> args = {std::move(value)};
  if (!ParseExpressions(&args) || !Expect(TokenKind::kRightParen)) return nullptr;
  return Operator("in", std::move(args), at);
}

plan::ExprPtr Parser::ParseLike(plan::ExprPtr value, bool like, Position at) {
  auto pattern = ParseValue();
  if (!pattern) return nullptr;
  std::vector<plan::ExprPtr> args = {std::move(value), std::move(pattern)};
  if (Take(kEscape)) {
    const Token& token = Peek();
    if (!Expect(TokenKind::kString)) return nullptr;
    std::string escape = StringText(token);
    if (escape.size() != 1) {
      Fail("INVALID_ESC", "42604",
           fmt::format("Found an invalid escape string: '{}'. The escape string must contain only one character.",
                       escape),
           token.at);
      return nullptr;
    }
    args.push_back(StringConstant(std::move(escape), token.at));
  }
  return Operator(like ? "like" : "ilike", std::move(args), at);
}

// NOT LIKE ALL means that no pattern fits, which is the negation of LIKE ANY; and the other way about.
plan::ExprPtr Parser::ParsePatterns(plan::ExprPtr value, bool like, bool negated, Position at) {
  const bool all = Is(kAll) != negated;
  next_ += 2;
  if (Is(TokenKind::kRightParen)) {
    Fail("_LEGACY_ERROR_TEMP_0064", "", "Expected something between '(' and ')'.", Last().at);
    return nullptr;
  }
  std::vector<plan::ExprPtr> args = {std::move(value)};
  if (!ParseExpressions(&args) || !Expect(TokenKind::kRightParen)) return nullptr;
  const auto name = fmt::format("{}_{}", like ? "like" : "ilike", all ? "all" : "any");
  return Negated(negated, Operator(name, std::move(args), at), at);
}

std::optional<Parser::BinaryOperator> Parser::PeekBinary() const {
  switch (Peek().kind) {
    case TokenKind::kStar:
      return BinaryOperator{"*", 7};
    case TokenKind::kSlash:
      return BinaryOperator{"/", 7};
    case TokenKind::kPercent:
      return BinaryOperator{"%", 7};
    case TokenKind::kPlus:
      return BinaryOperator{"+", 6};
    case TokenKind::kMinus:
      return BinaryOperator{"-", 6};
    case TokenKind::kConcat:
      return BinaryOperator{"||", 6};
    case TokenKind::kShiftLeft:
      return BinaryOperator{"<<", 5};
    case TokenKind::kAmpersand:
      return BinaryOperator{"&", 4};
    case TokenKind::kHat:
      return BinaryOperator{"^", 3};
    case TokenKind::kPipe:
      return BinaryOperator{"|", 2};
    case TokenKind::kEqual:
      return BinaryOperator{"=", 1};
    case TokenKind::kNullSafeEqual:
      return BinaryOperator{"<=>", 1};
    case TokenKind::kNotEqual:
      return BinaryOperator{"!=", 1};
    case TokenKind::kLess:
      return BinaryOperator{"<", 1};
    case TokenKind::kLessEqual:
      return BinaryOperator{"<=", 1};
    case TokenKind::kGreaterEqual:
      return BinaryOperator{">=", 1};
    case TokenKind::kGreater:
      if (!Is(TokenKind::kGreater, 1) || !Touching(0)) return BinaryOperator{">", 1};
      if (!Is(TokenKind::kGreater, 2) || !Touching(1)) return BinaryOperator{">>", 5, 2};
      return BinaryOperator{">>>", 5, 3};
    case TokenKind::kWord:
      if (Is(kDiv) && !Is(TokenKind::kEnd, 1)) return BinaryOperator{"div", 7};
      return std::nullopt;
    default:
      return std::nullopt;
  }
}

plan::ExprPtr Parser::ParseValue(int precedence) {
  auto left = ParseUnary();
  while (left) {
    const auto op = PeekBinary();
    if (!op || op->precedence <= precedence) break;
    next_ += op->tokens;
    if (!Deepen()) return nullptr;
    auto right = ParseValue(op->precedence);
    if (!right) return nullptr;
    const Position at = left->at;
    left = Operator(op->name, {std::move(left), std::move(right)}, at);
  }
  return left;
}

// A minus right before a number belongs to the number, so that the smallest integers can be written.
plan::ExprPtr Parser::ParseUnary() {
  const size_t first = next_;
  const auto is_sign = [&] {
    if (Is(TokenKind::kMinus)) return !IsNumber(Peek(1).kind);
    return Is(TokenKind::kPlus) || Is(TokenKind::kTilde);
  };
  for (; is_sign(); Advance()) {
    if (!Deepen()) return nullptr;
  }
  const size_t last = next_;
  auto expr = ParsePrimary();
  for (size_t i = last; expr && i > first; --i) {
    const Token& sign = tokens_[i - 1];
    const std::string_view name = sign.kind == TokenKind::kMinus  ? "negative"
                                  : sign.kind == TokenKind::kPlus ? "positive"
                                                                  : "~";
    expr = Operator(name, {std::move(expr)}, sign.at);
  }
  return expr;
}

plan::ExprPtr Parser::ParsePrimary() {
  auto atom = ParseAtom();
  return atom ? ParseSuffixes(std::move(atom)) : nullptr;
}

plan::ExprPtr Parser::ParseSuffixes(plan::ExprPtr expr) {
  while (expr) {
    const Position at = expr->at;
    if (Take(TokenKind::kLeftBracket)) {
      auto index = ParseExpression();
      if (!index || !Expect(TokenKind::kRightBracket)) return nullptr;
      expr = plan::MakeExpr(plan::Subscript{std::move(expr), std::move(index)}, at);
    } else if (Take(TokenKind::kDot)) {
      std::string field;
      if (!ParseName(&field, "the name of a field")) return nullptr;
      if (const auto* name = std::get_if<plan::Attribute>(&expr->node)) {  // (a.b).c
        plan::Attribute longer = *name;
        longer.parts.push_back(std::move(field));
        expr = plan::MakeExpr(std::move(longer), at);
      } else {
        expr = plan::MakeExpr(plan::FieldAccess{std::move(expr), std::move(field)}, at);
      }
    } else if (Take(TokenKind::kDoubleColon)) {
      plan::Cast cast{.child = std::move(expr), .double_colon = true};
      if (!ParseType(&cast.type)) return nullptr;
      expr = plan::MakeExpr(std::move(cast), at);
    } else if (Is(kCollate) && IsName(1)) {
      Advance();
      plan::Name collation;
      const Position name_at = Peek().at;
      if (!ParseQualifiedName(&collation, "the name of a collation")) return nullptr;
      expr = Operator("collate", {std::move(expr), StringConstant(collation.back(), name_at)}, at);
    } else if (Is(TokenKind::kColon) && (IsName(1) || Is(TokenKind::kLeftBracket, 1))) {
      expr = ParseVariantPath(std::move(expr), at);
    } else {
      return expr;
    }
    if (!Deepen()) return nullptr;
  }
  return nullptr;
}

// variant:a.b[0]['c d']: variant_get(variant, '$.a.b[0]["c d"]') under the last name.
plan::ExprPtr Parser::ParseVariantPath(plan::ExprPtr variant, Position at) {
  Advance();
  std::string path = "$", last;
  for (bool first = true;; first = false) {
    if (Is(TokenKind::kLeftBracket)) {
      Advance();
      if (!Is(TokenKind::kString) && !Is(TokenKind::kInteger)) {
        FailSyntax("a name in quotes or a whole number");
        return nullptr;
      }
      const bool name = Is(TokenKind::kString);
      const std::string text = name ? StringText(Peek()) : std::string(Peek().text);
      const char* quote = !name ? "" : text.find('\'') == std::string::npos ? "'" : "\"";
      path += "[" + (quote + text) + quote + "]";
      if (name) last = text;
      Advance();
      if (!Expect(TokenKind::kRightBracket)) return nullptr;
    } else if (first || (Is(TokenKind::kDot) && IsName(1))) {
      if (!first) Advance();
      if (!ParseName(&last, "the name of a field")) return nullptr;
      const bool plain = last.find_first_of(".['\"") == std::string::npos;
      path += plain ? "." + last : "['" + last + "']";
    } else {
      break;
    }
  }
  auto get = Function("variant_get", {std::move(variant), StringConstant(path, at), StringConstant("variant", at)}, at);
  return plan::MakeExpr(plan::Alias{std::move(get), {last}}, at);
}

plan::ExprPtr Parser::ParseNamedExpression() {
  ++named_;
  auto expr = ParseExpression();
  --named_;
  if (!expr) return nullptr;
  plan::Alias alias;
  const bool as = Take(kAs);
  if (Is(TokenKind::kLeftParen)) {
    if (!ParseNameList(&alias.names)) return nullptr;
  } else if (as || IsImplicitAlias(/*strict=*/false)) {
    if (!ParseName(&alias.names.emplace_back(), "an alias")) return nullptr;
  } else {
    return expr;
  }
  const Position at = expr->at;
  alias.child = std::move(expr);
  return plan::MakeExpr(std::move(alias), at);
}

bool Parser::ParseExpressions(std::vector<plan::ExprPtr>* list) {
  do {
    list->push_back(ParseExpression());
    if (!list->back()) return false;
  } while (Take(TokenKind::kComma));
  return true;
}

bool Parser::ParseNamedExpressions(std::vector<plan::ExprPtr>* list) {
  do {
    list->push_back(ParseNamedExpression());
    if (!list->back()) return false;
  } while (Take(TokenKind::kComma));
  return true;
}

}  // namespace tidemill::sql
