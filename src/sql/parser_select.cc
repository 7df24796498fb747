// One SELECT block: hints, list, WHERE, GROUP BY, HAVING, windows.
#include <fmt/format.h>

#include "sql/detail/parser_impl.h"

namespace tidemill::sql {
namespace {
using enum Keyword;
}  // namespace

// `from` is given by a query that began with FROM.
plan::RelationPtr Parser::ParseSelect(plan::RelationPtr from) {
  const Branch branch(this);
  const Position at = Peek().at;
  Advance();
  plan::Select select;
  if (!ParseHints(&select.hints)) return nullptr;
  if (Is(kTransform) && Is(TokenKind::kLeftParen, 1) &&
      tokens_[std::min(AfterParen(next_ + 1), tokens_.size() - 1)].keyword == kUsing) {
    Refuse("SELECT TRANSFORM ... USING runs a script and is not supported. Use functions.", Peek().at);
    return nullptr;
  }
  const bool quantifier =
      !Is(TokenKind::kComma, 1) && !Is(TokenKind::kDot, 1) && !Is(TokenKind::kEnd, 1) && !Is(kFrom, 1) && !Is(kAs, 1);
  if (quantifier && !Take(kAll)) select.distinct = Take(kDistinct);
  if (!ParseNamedExpressions(&select.list)) return nullptr;
  if (from) {
    select.from = std::move(from);
  } else if (Is(kFrom)) {
    select.from = ParseFrom();
    if (!select.from) return nullptr;
  } else {
    select.from = plan::MakeRelation(plan::OneRow{}, at);
  }
  select.from = ParseLateralViews(std::move(select.from));
  if (!select.from) return nullptr;
  if (Take(kWhere)) {
    select.where = ParseExpression();
    if (!select.where) return nullptr;
  }
  if (Is(kGroup) && Is(kBy, 1) && !ParseGroupBy(&select.group_by)) return nullptr;
  if (Take(kHaving)) {
    select.having = ParseExpression();
    if (!select.having) return nullptr;
  }
  if (Is(kWindow) && IsName(1) && Is(kAs, 2) && !ParseWindows(&select.windows)) return nullptr;
  return plan::MakeRelation(std::move(select), at);
}

// /*+ BROADCAST(a), COALESCE(3) REPARTITION(2, b) */, any number of times.
bool Parser::ParseHints(std::vector<plan::Hint>* hints) {
  while (Take(TokenKind::kHintStart)) {
    do {
      Take(TokenKind::kComma);
      if (!ParseHint(&hints->emplace_back())) return false;
    } while (!Is(TokenKind::kHintEnd) && !Is(TokenKind::kEnd));
    if (!Take(TokenKind::kHintEnd)) return FailSyntax("*/");
  }
  return true;
}

bool Parser::ParseHint(plan::Hint* hint) {
  if (!ParseName(&hint->name, "the name of a hint")) return false;
  if (!Take(TokenKind::kLeftParen)) return true;
  do {
    hint->args.push_back(ParsePrimary());
    if (!hint->args.back()) return false;
  } while (Take(TokenKind::kComma));
  return Expect(TokenKind::kRightParen);
}

// GROUP BY ALL | a, ROLLUP (b, c), ... | a, b WITH ROLLUP | a, b GROUPING SETS ((a), ()).
bool Parser::ParseGroupBy(plan::Grouping* grouping) {
  using Kind = plan::Grouping::Kind;
  next_ += 2;
  if (Is(kAll) && !Is(TokenKind::kComma, 1) && !Is(TokenKind::kDot, 1)) {
    Advance();
    grouping->kind = Kind::kAll;
    return true;
  }
  grouping->kind = Kind::kSimple;
  bool plain = true;
  do {
    plan::Grouping& element = grouping->elements.emplace_back();
    if (!ParseGroupingElement(&element)) return false;
    plain &= element.kind == Kind::kSimple;
  } while (Take(TokenKind::kComma));
  if (!plain) {
    if (grouping->elements.size() > 1) return true;
    plan::Grouping only = std::move(grouping->elements[0]);
    *grouping = std::move(only);
    return true;
  }
  for (auto& element : grouping->elements) grouping->exprs.push_back(std::move(element.exprs[0]));
  grouping->elements.clear();
  if (Take(kWith, kRollup)) grouping->kind = Kind::kRollup;
  if (Take(kWith, kCube)) grouping->kind = Kind::kCube;
  if (!Take(kGrouping, kSets)) return true;
  grouping->kind = Kind::kSets;
  return ParseGroupingSets(&grouping->sets);
}

// One element: ROLLUP (...), CUBE (...), GROUPING SETS (...), or an expression as kSimple. Where a member of ROLLUP or
// CUBE has several columns, `sets` holds every member and `exprs` is empty.
bool Parser::ParseGroupingElement(plan::Grouping* element) {
  using Kind = plan::Grouping::Kind;
  if (IsAny({kRollup, kCube}) && Is(TokenKind::kLeftParen, 1)) {
    element->kind = Is(kRollup) ? Kind::kRollup : Kind::kCube;
    Advance();
    if (!ParseGroupingSets(&element->sets)) return false;
    if (std::ranges::any_of(element->sets, [](const auto& set) { return set.size() != 1; })) return true;
    for (auto& set : element->sets) element->exprs.push_back(std::move(set[0]));
    element->sets.clear();
    return true;
  }
  if (Is(kGrouping) && Is(kSets, 1) && Is(TokenKind::kLeftParen, 2)) {
    next_ += 2;
    element->kind = Kind::kSets;
    return ParseNestedSets(element);
  }
  element->kind = Kind::kSimple;
  element->exprs.push_back(ParseExpression());
  return element->exprs.back() != nullptr;
}

bool Parser::ParseGroupingSets(std::vector<std::vector<plan::ExprPtr>>* sets) {
  if (!Expect(TokenKind::kLeftParen)) return false;
  do {
    if (!ParseGroupingSet(&sets->emplace_back())) return false;
  } while (Take(TokenKind::kComma));
  return Expect(TokenKind::kRightParen);
}

// (a, b), () or a. A parenthesis may also only begin an expression.
bool Parser::ParseGroupingSet(std::vector<plan::ExprPtr>* set) {
  const TokenKind after = Is(TokenKind::kLeftParen) && AfterParen(next_) < tokens_.size()
                              ? tokens_[AfterParen(next_)].kind
                              : TokenKind::kEnd;
  const bool whole = after == TokenKind::kComma || after == TokenKind::kRightParen;
  if (!whole) {
    set->push_back(ParseExpression());
    return set->back() != nullptr;
  }
  Advance();
  if (Take(TokenKind::kRightParen)) return true;
  return ParseExpressions(set) && Expect(TokenKind::kRightParen);
}

// GROUPING SETS may hold ROLLUP, CUBE and GROUPING SETS; then `elements` holds all members in order, plain ones as
// kSets of one set.
bool Parser::ParseNestedSets(plan::Grouping* grouping) {
  const Level level(this);
  if (failed() || !Expect(TokenKind::kLeftParen)) return false;
  bool nested = false;
  do {
    plan::Grouping& element = grouping->elements.emplace_back();
    const bool analytic = (IsAny({kRollup, kCube}) && Is(TokenKind::kLeftParen, 1)) || (Is(kGrouping) && Is(kSets, 1));
    nested |= analytic;
    element.kind = plan::Grouping::Kind::kSets;
    if (analytic ? !ParseGroupingElement(&element) : !ParseGroupingSet(&element.sets.emplace_back())) return false;
  } while (Take(TokenKind::kComma));
  if (!nested) {
    for (auto& element : grouping->elements) grouping->sets.push_back(std::move(element.sets[0]));
    grouping->elements.clear();
  }
  return Expect(TokenKind::kRightParen);
}

bool Parser::ParseWindows(std::vector<std::pair<std::string, plan::WindowSpec>>* windows) {
  Advance();
  do {
    auto& [name, spec] = windows->emplace_back();
    if (!ParseName(&name, "the name of a window") || !Expect(kAs) || !ParseWindowSpec(&spec)) return false;
  } while (Take(TokenKind::kComma));
  return true;
}

// name, (name), or ([PARTITION BY ...] [ORDER BY ...] [frame]).
bool Parser::ParseWindowSpec(plan::WindowSpec* spec) {
  if (!Is(TokenKind::kLeftParen)) return ParseName(&spec->reference, "a window");
  Advance();
  if (IsName() && Is(TokenKind::kRightParen, 1)) return ParseName(&spec->reference) && Take(TokenKind::kRightParen);
  if (Take(kCluster, kBy)) {
    if (!ParseExpressions(&spec->partition_by)) return false;
    for (const auto& expr : spec->partition_by) spec->order_by.push_back({.expr = expr});
  } else {
    if ((Take(kPartition, kBy) || Take(kDistribute, kBy)) && !ParseExpressions(&spec->partition_by)) return false;
    if ((Take(kOrder, kBy) || Take(kSort, kBy)) && !ParseSortKeys(&spec->order_by)) return false;
  }
  if (IsAny({kRows, kRange}) && !ParseWindowFrame(&spec->frame.emplace())) return false;
  return Take(TokenKind::kRightParen) || FailSyntax("PARTITION BY, ORDER BY, ROWS, RANGE or ')'");
}

bool Parser::ParseWindowFrame(plan::WindowFrame* frame) {
  frame->rows = Is(kRows);
  Advance();
  if (!Take(kBetween)) return ParseFrameBound(&frame->start);
  return ParseFrameBound(&frame->start) && Expect(kAnd) && ParseFrameBound(&frame->end);
}

bool Parser::ParseFrameBound(plan::FrameBound* bound) {
  using Kind = plan::FrameBound::Kind;
  if (Take(kCurrent, kRow)) {
    bound->kind = Kind::kCurrentRow;
    return true;
  }
  const bool unbounded = Is(kUnbounded) && IsAny({kPreceding, kFollowing}, 1);
  if (unbounded) {
    Advance();
  } else {
    bound->offset = ParseValue();
    if (!bound->offset) return false;
  }
  if (!Is(kPreceding) && !Is(kFollowing)) return FailSyntax("PRECEDING or FOLLOWING");
  const bool preceding = Is(kPreceding);
  Advance();
  if (unbounded) {
    bound->kind = preceding ? Kind::kUnboundedPreceding : Kind::kUnboundedFollowing;
  } else {
    bound->kind = preceding ? Kind::kPreceding : Kind::kFollowing;
  }
  return true;
}

}  // namespace tidemill::sql
