// Pipe syntax: input |> WHERE ... |> AGGREGATE ... and so on. A step that means what a relation already means becomes
// that relation; the others become a plan::Pipe.
#include <fmt/format.h>

#include "base/names.h"
#include "sql/detail/parser_impl.h"

namespace tidemill::sql {
namespace {
using enum Keyword;

// What |> AGGREGATE cannot hold, found in an expression; empty when there is nothing.
std::string_view UnsupportedInAggregate(const plan::ExprPtr& expr) {
  if (const auto* alias = std::get_if<plan::Alias>(&expr->node)) return UnsupportedInAggregate(alias->child);
  if (const auto* cast = std::get_if<plan::Cast>(&expr->node)) return UnsupportedInAggregate(cast->child);
  const auto* call = std::get_if<plan::Call>(&expr->node);
  if (!call) return {};
  if (call->over) return "window functions";
  const std::string_view name = call->name.back();
  if (FindKeyword(name) == kGrouping) return "GROUPING";
  if (SameIgnoringCase(name, "grouping_id")) return "GROUPING_ID";
  for (const auto& arg : call->args) {
    if (const auto what = UnsupportedInAggregate(arg); !what.empty()) return what;
  }
  return {};
}

}  // namespace

plan::RelationPtr Parser::ParsePipe(plan::RelationPtr input) {
  Advance();
  const Position at = Peek().at;
  if (IsAny({kOrder, kSort, kCluster, kDistribute, kLimit, kOffset})) {
    return ParseQueryOrganization(std::move(input), /*piped=*/true);
  }
  if (IsAny({kUnion, kIntersect, kExcept, kMinus})) {
    const auto kind = Is(kUnion)       ? plan::SetOpKind::kUnion
                      : Is(kIntersect) ? plan::SetOpKind::kIntersect
                                       : plan::SetOpKind::kExcept;
    Advance();
    plan::SetOp op{.kind = kind, .left = std::move(input)};
    op.all = Take(kAll);
    if (!op.all) Take(kDistinct);
    op.right = ParseQueryPrimary();
    return op.right ? plan::MakeRelation(std::move(op), at) : nullptr;
  }
  if (StartsJoin()) return ParseJoin(std::move(input));
  if (Is(kPivot)) return ParsePivot(std::move(input));
  if (Is(kUnpivot)) return ParseUnpivot(std::move(input));
  if (Is(kTablesample)) return ParseOptionalSample(std::move(input));
  plan::Pipe pipe{.input = std::move(input)};
  return ParsePipePart(&pipe) ? plan::MakeRelation(std::move(pipe), at) : nullptr;
}

bool Parser::ParsePipePart(plan::Pipe* pipe) {
  if (Take(kWhere)) {
    auto& where = pipe->part.emplace<plan::Pipe::Where>();
    where.condition = ParseExpression();
    if (where.condition && Is(kWindow) && IsName(1) && Is(kAs, 2)) {
      return Fail("NOT_ALLOWED_IN_PIPE_OPERATOR_WHERE.WINDOW_CLAUSE", "42601",
                  "The SQL pipe operator syntax using |> WHERE does not support a WINDOW clause.", Peek().at);
    }
    return where.condition != nullptr;
  }
  if (Take(kSelect)) {
    auto& select = pipe->part.emplace<plan::Pipe::SelectList>();
    std::vector<plan::Hint> hints;
    if (!ParseHints(&hints)) return false;
    if (!Take(kAll)) select.distinct = Take(kDistinct);
    if (!ParseNamedExpressions(&select.list)) return false;
    return !(Is(kWindow) && IsName(1) && Is(kAs, 2)) || ParseWindows(&select.windows);
  }
  if (Take(kExtend)) return ParseNamedExpressions(&pipe->part.emplace<plan::Pipe::Extend>().list);
  if (Take(kSet)) return ParsePipeSet(&pipe->part.emplace<plan::Pipe::Set>());
  if (Take(kDrop)) {
    auto& drop = pipe->part.emplace<plan::Pipe::Drop>();
    do {
      if (!ParseName(&drop.columns.emplace_back().emplace_back(), "the name of a column")) return false;
    } while (Take(TokenKind::kComma));
    return true;
  }
  if (Take(kAs)) return ParseName(&pipe->part.emplace<plan::Pipe::As>().alias, "an alias");
  if (Take(kAggregate)) return ParsePipeAggregate(&pipe->part.emplace<plan::Pipe::Aggregate>());
  return FailSyntax(
      "a pipe operator (WHERE, SELECT, EXTEND, SET, DROP, AS, AGGREGATE, JOIN, UNION, ORDER BY, LIMIT, PIVOT, ...)");
}

// a = expr, b = expr
bool Parser::ParsePipeSet(plan::Pipe::Set* set) {
  do {
    auto& [column, value] = set->assignments.emplace_back();
    const Position at = Peek().at;
    if (!ParseQualifiedName(&column, "the name of a column") || !Expect(TokenKind::kEqual)) return false;
    if (column.size() > 1) {
      return Fail("_LEGACY_ERROR_TEMP_0035", "",
                  "Operation not allowed: SQL pipe syntax |> SET operator with multi-part assignment key.", at);
    }
    value = ParseExpression();
    if (!value) return false;
  } while (Take(TokenKind::kComma));
  return true;
}

// [list] [GROUP BY ...]; one of the two must be there. Grouping expressions may have aliases.
bool Parser::ParsePipeAggregate(plan::Pipe::Aggregate* aggregate) {
  const Position at = Last().at;
  const bool groups = Is(kGroup) && Is(kBy, 1);
  const bool ends =
      Is(TokenKind::kPipeForward) || Is(TokenKind::kEnd) || Is(TokenKind::kRightParen) || Is(TokenKind::kSemicolon);
  if (ends) {
    return Fail("_LEGACY_ERROR_TEMP_0035", "",
                "Operation not allowed: The AGGREGATE clause requires a list of aggregate expressions or a list of "
                "grouping expressions, or both.",
                at);
  }
  if (!groups && !ParseNamedExpressions(&aggregate->list)) return false;
  for (const auto& expr : aggregate->list) {
    if (const auto what = UnsupportedInAggregate(expr); !what.empty()) return RefusePipeAggregate(what, expr->at);
  }
  if (!Is(kGroup) || !Is(kBy, 1)) return true;
  next_ += 2;
  if (Is(kAll) && !Is(TokenKind::kDot, 1)) return RefusePipeAggregate("GROUP BY ALL", Peek().at);
  if (IsAny({kRollup, kCube}) && Is(TokenKind::kLeftParen, 1)) return RefusePipeAggregate(Peek().text, Peek().at);
  if (Is(kGrouping) && Is(kSets, 1)) return RefusePipeAggregate("GROUPING SETS", Peek().at);
  aggregate->group_by.kind = plan::Grouping::Kind::kSimple;
  if (!ParseNamedExpressions(&aggregate->group_by.exprs)) return false;
  if (Is(kGrouping) && Is(kSets, 1)) return RefusePipeAggregate("GROUPING SETS", Peek().at);
  return true;
}

bool Parser::RefusePipeAggregate(std::string_view what, Position at) {
  return Fail("UNSUPPORTED_FEATURE.PIPE_OPERATOR_AGGREGATE_UNSUPPORTED_CASE", "0A000",
              fmt::format("The feature is not supported: The SQL pipe operator syntax with aggregation (using |> "
                          "AGGREGATE) does not support {}. Use SELECT ... GROUP BY.",
                          what),
              at);
}

}  // namespace tidemill::sql
