// Calls, and the special forms that become ordinary ones:
//   EXTRACT(unit FROM x)                  extract('unit', x)
//   TRIM([BOTH] [t] FROM s)               trim(s[, t])   LEADING: ltrim   TRAILING: rtrim
//   trim(t, s), ltrim(t, s), rtrim(t, s)  trim(s, t), ...: Spark's functions take the trimmed characters first, ours
//                                         always last, so that one name has one meaning
//   SUBSTRING(s FROM a [FOR b])           substring(s, a[, b])
//   POSITION(t IN s)                      locate(t, s)
//   OVERLAY(s PLACING r FROM a [FOR b])   overlay(s, r, a[, b])
//   TIMESTAMPADD | DATEADD | DATE_ADD(unit, n, x)                     timestampadd('unit', n, x)
//   TIMESTAMPDIFF | DATEDIFF | DATE_DIFF | TIMEDIFF(unit, a, b)       timestampdiff('unit', a, b)
//   STRUCT(a AS x, b)                     struct(a AS x, b), the arguments as Alias nodes
// A unit keeps the case it was written in, as names do.
#include <fmt/format.h>

#include <cctype>
#include <span>

#include "base/lower.h"
#include "sql/detail/parser_impl.h"

namespace tidemill::sql {
namespace {

using enum Keyword;

constexpr std::string_view kDateUnits[] = {"year", "quarter", "month",  "week",        "day",        "dayofyear",
                                           "hour", "minute",  "second", "millisecond", "microsecond"};
constexpr std::string_view kAddNames[] = {"timestampadd", "dateadd", "date_add"};
constexpr std::string_view kDiffNames[] = {"timestampdiff", "datediff", "date_diff", "timediff"};

bool Contains(std::span<const std::string_view> list, std::string_view word) {
  return std::ranges::find(list, word) != list.end();
}

}  // namespace

bool Parser::ContainsInside(Keyword keyword) const {
  const size_t end = closing_[next_ + 1];
  for (size_t i = next_ + 2; i < end; ++i) {
    if (tokens_[i].keyword == keyword) return true;
    if (tokens_[i].kind == TokenKind::kLeftParen) i = closing_[i];
  }
  return false;
}

plan::ExprPtr Parser::ParseCall(plan::Name name, Position at) {
  plan::Call call;
  call.name = std::move(name);
  Advance();
  if (!ParseArguments(&call)) return nullptr;
  return FinishCall(std::move(call), at);
}

// Behind the opening parenthesis, through the closing one.
bool Parser::ParseArguments(plan::Call* call) {
  if (Take(TokenKind::kRightParen)) return true;
  const bool quantified = !Is(TokenKind::kComma, 1) && !Is(TokenKind::kRightParen, 1) && !Is(TokenKind::kDot, 1);
  if (quantified && Take(kDistinct)) {
    call->distinct = true;
  } else if (quantified) {
    Take(kAll);
  }
  do {
    if (!ParseArgument(call)) return false;
  } while (Take(TokenKind::kComma));
  const std::string name = LowerAscii(call->name.back());
  if ((name == "first" || name == "last" || name == "any_value") && Take(kIgnore, kNulls)) call->ignore_nulls = true;
  return Expect(TokenKind::kRightParen);
}

bool Parser::ParseArgument(plan::Call* call) {
  std::string key;
  if (IsName() && Is(TokenKind::kFatArrow, 1)) {
    if (!ParseName(&key)) return false;
    Advance();
    call->arg_names.resize(call->args.size());
  }
  auto value = ParseExpression();
  if (!value) return false;
  call->args.push_back(std::move(value));
  if (!key.empty() || !call->arg_names.empty()) call->arg_names.push_back(std::move(key));
  return true;
}

plan::ExprPtr Parser::FinishCall(plan::Call call, Position at) {
  if (call.name.size() == 1 && call.arg_names.empty()) {
    if (!TakeDatePart(&call, at)) return nullptr;
    const std::string name = LowerAscii(call.name[0]);
    const bool trims = name == "trim" || name == "ltrim" || name == "rtrim";
    if (trims && call.args.size() == 2) std::swap(call.args[0], call.args[1]);
  }
  return ParseCallSuffixes(std::move(call), at);
}

// date_add(day, 1, x): three arguments, the first a unit's bare word.
bool Parser::TakeDatePart(plan::Call* call, Position at) {
  const std::string name = LowerAscii(call->name[0]);
  const bool adds = Contains(kAddNames, name);
  if (call->args.size() != 3 || (!adds && !Contains(kDiffNames, name))) return true;
  const plan::Expr& first = *call->args[0];
  if (const auto* literal = std::get_if<plan::Literal>(&first.node);
      literal && literal->type.is(plan::TypeId::kString)) {
    return Fail("INVALID_PARAMETER_VALUE.DATETIME_UNIT", "22023",
                fmt::format("The value of parameter(s) `unit` in `{}` is invalid: expects one of the units without "
                            "quotes YEAR, QUARTER, MONTH, WEEK, DAY, DAYOFYEAR, HOUR, MINUTE, SECOND, MILLISECOND, "
                            "MICROSECOND, but got the string literal '{}'.",
                            name, std::get<std::string>(literal->value.data)),
                at);
  }
  const auto* word = std::get_if<plan::Attribute>(&first.node);
  if (!word || word->parts.size() != 1 || !Contains(kDateUnits, LowerAscii(word->parts[0]))) return true;
  std::string unit = word->parts[0];
  call->name = {adds ? "timestampadd" : "timestampdiff"};
  call->args[0] = StringConstant(std::move(unit), first.at);
  return true;
}

// WITHIN GROUP (...), FILTER (WHERE ...), IGNORE | RESPECT NULLS, OVER ..., in this order.
plan::ExprPtr Parser::ParseCallSuffixes(plan::Call call, Position at) {
  if (Take(kWithin, kGroup)) {
    if (!Expect(TokenKind::kLeftParen) || !Expect(kOrder, kBy) || !ParseSortKeys(&call.within_group) ||
        !Expect(TokenKind::kRightParen)) {
      return nullptr;
    }
  }
  if (Is(kFilter) && Is(TokenKind::kLeftParen, 1) && Is(kWhere, 2)) {
    next_ += 3;
    call.filter = ParseExpression();
    if (!call.filter || !Expect(TokenKind::kRightParen)) return nullptr;
  }
  if (Take(kIgnore, kNulls)) call.ignore_nulls = true;
  if (Take(kRespect, kNulls)) call.ignore_nulls = false;
  if (Is(kOver) && (Is(TokenKind::kLeftParen, 1) || (IsName(1) && !Is(kFrom, 1)))) {
    Advance();
    auto spec = std::make_shared<plan::WindowSpec>();
    if (!ParseWindowSpec(spec.get())) return nullptr;
    call.over = std::move(spec);
  }
  return plan::MakeExpr(std::move(call), at);
}

// IDENTIFIER(expr), and IDENTIFIER(expr)(args).
plan::ExprPtr Parser::ParseIdentifierCall(Position at) {
  plan::IdentifierClause clause;
  plan::Name name;
  if (!ParseIdentifierClause(&name, &clause.expr)) return nullptr;
  if (!clause.expr) {
    if (Is(TokenKind::kLeftParen)) return ParseCall(std::move(name), at);
    return plan::MakeExpr(plan::Attribute{std::move(name)}, at);
  }
  if (Take(TokenKind::kLeftParen)) {
    plan::Call call;
    call.name = {""};
    if (!ParseArguments(&call)) return nullptr;
    auto finished = ParseCallSuffixes(std::move(call), at);
    if (!finished) return nullptr;
    clause.call = std::make_shared<const plan::Call>(std::get<plan::Call>(finished->node));
  }
  return plan::MakeExpr(std::move(clause), at);
}

plan::ExprPtr Parser::ParseStruct() {
  const Position at = Peek().at;
  plan::Call call;
  call.name = {std::string(Peek().text)};
  next_ += 2;
  if (!Is(TokenKind::kRightParen) && !ParseNamedExpressions(&call.args)) return nullptr;
  if (!Expect(TokenKind::kRightParen)) return nullptr;
  return ParseCallSuffixes(std::move(call), at);
}

plan::ExprPtr Parser::ParseExtract() {
  const Position at = Peek().at;
  next_ += 2;
  const Position unit_at = Peek().at;
  std::string unit;
  if (!ParseName(&unit, "a unit such as YEAR") || !Expect(kFrom)) return nullptr;
  auto source = ParseValue();
  if (!source || !Expect(TokenKind::kRightParen)) return nullptr;
  return Function("extract", {StringConstant(std::move(unit), unit_at), std::move(source)}, at);
}

plan::ExprPtr Parser::ParseTrim() {
  const Position at = Peek().at;
  next_ += 2;
  std::string_view name = "trim";
  if (Take(kLeading)) {
    name = "ltrim";
  } else if (Take(kTrailing)) {
    name = "rtrim";
  } else {
    Take(kBoth);
  }
  plan::ExprPtr characters;
  if (!Is(kFrom)) {
    characters = ParseValue();
    if (!characters) return nullptr;
  }
  if (!Expect(kFrom)) return nullptr;
  std::vector<plan::ExprPtr> args = {ParseValue()};
  if (!args[0] || !Expect(TokenKind::kRightParen)) return nullptr;
  if (characters) args.push_back(std::move(characters));
  return Function(name, std::move(args), at);
}

plan::ExprPtr Parser::ParseSubstring() {
  const Position at = Peek().at;
  next_ += 2;
  std::vector<plan::ExprPtr> args = {ParseValue()};
  if (!args[0]) return nullptr;
  if (!Take(kFrom) && !Expect(TokenKind::kComma)) return nullptr;
  args.push_back(ParseValue());
  if (!args[1]) return nullptr;
  if (Take(kFor) || Take(TokenKind::kComma)) {
    args.push_back(ParseValue());
    if (!args[2]) return nullptr;
  }
  return Expect(TokenKind::kRightParen) ? Function("substring", std::move(args), at) : nullptr;
}

plan::ExprPtr Parser::ParsePosition() {
  const Position at = Peek().at;
  next_ += 2;
  auto part = ParseValue();
  if (!part || !Expect(kIn)) return nullptr;
  auto whole = ParseValue();
  if (!whole || !Expect(TokenKind::kRightParen)) return nullptr;
  return Function("locate", {std::move(part), std::move(whole)}, at);
}

plan::ExprPtr Parser::ParseOverlay() {
  const Position at = Peek().at;
  next_ += 2;
  std::vector<plan::ExprPtr> args = {ParseValue()};
  if (!args.back()) return nullptr;
  for (const Keyword keyword : {kPlacing, kFrom, kFor}) {
    if (keyword == kFor && !Is(kFor)) break;
    if (!Expect(keyword)) return nullptr;
    args.push_back(ParseValue());
    if (!args.back()) return nullptr;
  }
  return Expect(TokenKind::kRightParen) ? Function("overlay", std::move(args), at) : nullptr;
}

}  // namespace tidemill::sql
