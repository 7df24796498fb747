// OVER: window definitions, frames, and sort keys.
#include <optional>
#include <set>

#include "plan/variant.h"
#include "sql/coercion.h"
#include "sql/detail/resolver_core.h"
#include "sql/detail/resolver_error.h"
#include "sql/detail/resolver_typed.h"

namespace tidemill::sql {

using typed::ExprPtr;

namespace {

// Functions of a row's place in its partition: they have frames of their own.
bool HasOwnFrame(const std::string& function) {
  static const auto* names = new std::set<std::string>{"row_number",   "rank",  "dense_rank", "cume_dist",
                                                       "percent_rank", "ntile", "lead",       "lag"};
  return names->contains(function);
}

using Bound = plan::FrameBound::Kind;

// How many rows or units after the current one a bound written as an offset lies.
std::optional<int64_t> Place(const typed::FrameBound& bound) {
  auto offset = bound.offset ? ConstantInteger(bound.offset) : std::nullopt;
  if (!offset) return std::nullopt;
  return bound.kind == Bound::kPreceding ? -*offset : *offset;
}

bool IsOffset(Bound kind) { return kind == Bound::kPreceding || kind == Bound::kFollowing; }

}  // namespace

Result<typed::SortKey> Resolver::Key(const plan::SortKey& key, const Names& names) {
  ASSIGN_OR_RETURN(auto expr, Expression(key.expr, names));
  if (expr->type.is(TypeId::kMap) || expr->type.is(TypeId::kCalendarInterval) || plan::HoldsVariant(expr->type)) {
    return Mismatch("INVALID_ORDERING_TYPE", SparkName(key.expr),
                    "The <functionName> does not support ordering on type <dataType>.",
                    {{"functionName", "`sortorder`"}, {"dataType", QuotedType(expr->type)}}, key.expr->at);
  }
  ASSIGN_OR_RETURN(expr, CollationKey(expr));
  return typed::SortKey{expr, key.ascending, key.nulls_first};
}

Result<plan::WindowSpec> Resolver::NamedWindow(const plan::WindowSpec& spec, Position at, const Names& names) {
  if (spec.reference.empty()) return spec;
  if (names.windows) {
    for (const auto& [name, definition] : *names.windows) {
      if (SameName(name, spec.reference)) return NamedWindow(definition, at, names);
    }
  }
  return AnalysisError("MISSING_WINDOW_SPECIFICATION", "42P20",
                       "Window specification is not defined in the WINDOW clause for <windowName>.",
                       {{"windowName", spec.reference}}, at);
}

Result<ExprPtr> Resolver::Over(typed::Call call, DataType type, bool nullable, const plan::Call& written,
                               const plan::Expr& expr, const Names& names) {
  ASSIGN_OR_RETURN(auto spec, NamedWindow(*written.over, expr.at, names));
  typed::WindowCall window;
  ASSIGN_OR_RETURN(window.partition_by, Expressions(spec.partition_by, names));
  for (auto& part : window.partition_by) {
    if (plan::HoldsVariant(part->type)) return Refused("PARTITION BY of VARIANT", expr.at);
    ASSIGN_OR_RETURN(part, CollationKey(part));
  }
  for (const auto& key : spec.order_by) {
    ASSIGN_OR_RETURN(auto resolved, Key(key, names));
    window.order_by.push_back(resolved);
  }
  if (call.distinct) {
    return AnalysisError("DISTINCT_WINDOW_FUNCTION_UNSUPPORTED", "0A000",
                         "Distinct window functions are not supported: <windowExpr>.",
                         {{"windowExpr", QuotedSql(SparkName(plan::MakeExpr(written, expr.at)))}}, expr.at);
  }
  if (call.filter) {
    return AnalysisError("_LEGACY_ERROR_TEMP_1030", "",
                         "Window aggregate function with filter predicate is not supported yet. Put the condition into "
                         "the argument.",
                         {}, expr.at);
  }
  bool own_frame = HasOwnFrame(call.function);
  const std::string& name = written.name.back();
  bool whole_only = SameName(name, "percentile_cont") || SameName(name, "percentile_disc") || SameName(name, "median");
  if (whole_only && (spec.frame || !window.order_by.empty())) {
    return AnalysisError("INVALID_WINDOW_SPEC_FOR_AGGREGATION_FUNC", "42601",
                         "Cannot specify ORDER BY or a window frame for <aggFunc>.",
                         {{"aggFunc", QuotedSql(written.name.back())}}, expr.at);
  }
  if (own_frame && window.order_by.empty()) {
    return AnalysisError("_LEGACY_ERROR_TEMP_1037", "",
                         "Window function <function> requires window to be ordered, please add ORDER BY clause.",
                         {{"function", QuotedSql(call.function)}}, expr.at);
  }
  window.has_frame = !own_frame;
  window.rows = window.order_by.empty();
  window.start.kind = Bound::kUnboundedPreceding;
  window.end.kind = window.order_by.empty() ? Bound::kUnboundedFollowing : Bound::kCurrentRow;
  if (spec.frame && !own_frame) {
    window.rows = spec.frame->rows;
    window.start.kind = spec.frame->start.kind;
    window.end.kind = spec.frame->end.kind;
    bool offsets = IsOffset(window.start.kind) || IsOffset(window.end.kind);
    if (!window.rows && offsets && window.order_by.size() != 1) {
      return Mismatch("RANGE_FRAME_MULTI_ORDER", SparkName(plan::MakeExpr(written, expr.at)),
                      "A range window frame with value boundaries cannot be used in a window specification with "
                      "multiple order by expressions.",
                      {}, expr.at);
    }
    for (auto [from, to] : {std::pair(&spec.frame->start, &window.start), std::pair(&spec.frame->end, &window.end)}) {
      if (!from->offset) continue;
      ASSIGN_OR_RETURN(to->offset, Expression(from->offset, names));
      if (!IsConstant(to->offset)) return Refused("a window frame's offset that is not a constant", expr.at);
      if (window.rows) {
        if (!to->offset->type.is_integral()) {
          return Mismatch("SPECIFIED_WINDOW_FRAME_UNACCEPTED_TYPE", SparkName(plan::MakeExpr(written, expr.at)),
                          "The data type of the bound does not match the expected type \"INT\".", {}, expr.at);
        }
        to->offset = CastTo(to->offset, TypeId::kInt);
      } else if (window.order_by[0].expr->type.is_numeric()) {
        to->offset = CastTo(to->offset, window.order_by[0].expr->type);
      }
    }
    auto start = Place(window.start), end = Place(window.end);
    if (start && end && *start > *end) {
      return Mismatch("SPECIFIED_WINDOW_FRAME_WRONG_COMPARISON", SparkName(plan::MakeExpr(written, expr.at)),
                      "The lower bound of a window frame must be less than or equal to the upper bound.", {}, expr.at);
    }
  }
  window.call = std::move(call);
  return typed::MakeExpr(std::move(window), std::move(type), nullable, expr.at);
}

}  // namespace tidemill::sql
